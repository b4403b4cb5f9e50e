import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { COLON, D, E, I, L, MINUS, ZERO } from './bencodeLetters.js';
import { MAX_NG_DEPTH, MAX_NG_VALUES } from './bounds.js';
import type { NgDictionary, NgValue } from './value.js';

/** The longest string has fewer bytes than this has digits. */
const MAX_LENGTH_DIGITS = 10;
/** Of a signed integer of 64 bits, without its sign. */
const MAX_INTEGER_DIGITS = 19;
const LOWEST = -(2n ** 63n);
const HIGHEST = 2n ** 63n - 1n;

/**
 * Reads a dictionary in bencode (BEP 3: `d…e`, `l…e`, `i…e`, `LENGTH:BYTES`), one character a byte. Keys need not be sorted; of a key that comes
 * twice the last counts. Blanks and line ends behind it are let pass, nothing else. Integers have 64 bits at most; one that a number cannot hold
 * exactly becomes the string of its digits. Whole lengths and integers only as they are written properly: no `+`, no `-0`, no leading zeros.
 * What is wrong is one sentence with its place. Linear in the length, see `bounds.ts`.
 */
export function decodeBencode(text: string): Result<NgDictionary, string> {
  if (text.charCodeAt(0) !== D) return refuse('a dictionary begins with d');
  const reader = new BencodeReader(text);
  const value = reader.value(0);
  if (value === undefined) return refuse(reader.problem);
  for (let at = reader.at; at < text.length; at++)
    if (!' \r\n'.includes(text[at]!)) return refuse(`byte ${at}: nothing expected behind the end`);
  return ok(value as NgDictionary);
}

class BencodeReader {
  at = 0;
  problem = '';
  #values = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** Undefined: see `problem`. */
  value(depth: number): NgValue | undefined {
    if (++this.#values > MAX_NG_VALUES) return this.#fail(`more than ${MAX_NG_VALUES} values`);
    switch (this.#text.charCodeAt(this.at)) {
      case D:
        return this.#dictionary(depth + 1);
      case L:
        return this.#list(depth + 1);
      case I:
        return this.#integer();
      default:
        return this.#string();
    }
  }

  #dictionary(depth: number): NgDictionary | undefined {
    if (depth > MAX_NG_DEPTH) return this.#fail(`deeper than ${MAX_NG_DEPTH}`);
    const read: Record<string, NgValue> = Object.create(null);
    this.at++;
    while (this.#text.charCodeAt(this.at) !== E) {
      const key = this.#string();
      if (key === undefined) return undefined;
      const value = this.value(depth);
      if (value === undefined) return undefined;
      read[key] = value;
    }
    this.at++;
    return read;
  }

  #list(depth: number): NgValue[] | undefined {
    if (depth > MAX_NG_DEPTH) return this.#fail(`deeper than ${MAX_NG_DEPTH}`);
    const read: NgValue[] = [];
    this.at++;
    while (this.#text.charCodeAt(this.at) !== E) {
      const value = this.value(depth);
      if (value === undefined) return undefined;
      read.push(value);
    }
    this.at++;
    return read;
  }

  #string(): string | undefined {
    const text = this.#text;
    const first = text.charCodeAt(this.at) - ZERO;
    if (!(first >= 0 && first <= 9)) return this.#fail(this.at < text.length ? 'no value begins so' : 'the end is missing');
    let at = this.at + 1;
    let length = first;
    for (let digit = text.charCodeAt(at) - ZERO; digit >= 0 && digit <= 9; digit = text.charCodeAt(++at) - ZERO) {
      if (first === 0) return this.#fail('a length has no leading zeros');
      if (at - this.at >= MAX_LENGTH_DIGITS) return this.#fail('a length with too many digits');
      length = length * 10 + digit;
    }
    if (text.charCodeAt(at) !== COLON) return this.#fail('a length and : expected');
    const end = at + 1 + length;
    if (end > text.length) return this.#fail(`a string of ${length} bytes goes beyond the end`);
    this.at = end;
    return text.slice(at + 1, end);
  }

  #integer(): NgValue | undefined {
    const text = this.#text;
    const start = this.at + 1;
    const isNegative = text.charCodeAt(start) === MINUS;
    const digits = isNegative ? start + 1 : start;
    let at = digits;
    let value = 0;
    for (let digit = text.charCodeAt(at) - ZERO; digit >= 0 && digit <= 9; digit = text.charCodeAt(++at) - ZERO) {
      if (at - digits >= MAX_INTEGER_DIGITS) return this.#fail('an integer of more than 64 bits');
      value = value * 10 + digit;
    }
    if (at === digits || text.charCodeAt(at) !== E) return this.#fail('an integer and e expected');
    if (text.charCodeAt(digits) === ZERO && (isNegative || at > digits + 1))
      return this.#fail('an integer has no leading zeros and no -0');
    if (value > Number.MAX_SAFE_INTEGER) {
      const exact = BigInt(text.slice(start, at));
      if (exact < LOWEST || exact > HIGHEST) return this.#fail('an integer of more than 64 bits');
      this.at = at + 1;
      return `${exact}`;
    }
    this.at = at + 1;
    return isNegative ? -value : value;
  }

  #fail(reason: string): undefined {
    this.problem = `byte ${this.at}: ${reason}`;
  }
}

/**
 * Writes a value in bencode. Strings hold one character a byte, numbers are whole (a fraction is cut off), keys stay in the order they have.
 */
export const encodeBencode = (value: NgValue): string => appended('', value);

/** One text that grows, not one of each part: V8 makes an object of every text on the way. */
function appended(before: string, value: NgValue): string {
  if (typeof value === 'string') return before + lengthOf(value) + value;
  if (typeof value === 'number') return `${before}i${wholeNumber(value)}e`;
  if (isList(value)) {
    let text = `${before}l`;
    for (const each of value) text = appended(text, each);
    return `${text}e`;
  }
  let text = `${before}d`;
  for (const key of Object.keys(value)) text = appended(text + lengthOf(key) + key, value[key]!);
  return `${text}e`;
}

/** `0:`, `1:`, …: what stands before a string, of the usual lengths. */
const LENGTHS = Array.from({ length: 64 }, (_, length) => `${length}:`);

const lengthOf = ({ length }: string): string => LENGTHS[length] ?? `${length}:`;

/** Without an exponent. What is no number is 0. */
function wholeNumber(value: number): string {
  const whole = Math.trunc(value);
  if (Number.isSafeInteger(whole)) return `${whole === 0 ? 0 : whole}`;
  return Number.isFinite(whole) ? `${BigInt(whole)}` : '0';
}

/** `Array.isArray` for lists that are read only. */
export const isList = (value: NgValue): value is readonly NgValue[] => Array.isArray(value);
export const isDictionary = (value: NgValue): value is NgDictionary => typeof value === 'object' && !Array.isArray(value);
