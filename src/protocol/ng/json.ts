import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { MAX_NG_DEPTH, MAX_NG_VALUES } from './bounds.js';
import { asUtf8, utf8OfCodePoint } from './utf8.js';
import type { NgDictionary, NgValue } from './value.js';

/** `syntax`: it is no JSON. `content`: it is, but nothing that can be a message. */
export type JsonProblem = { readonly kind: 'syntax' | 'content'; readonly reason: string };

/**
 * Reads a JSON object (RFC 8259), one character a byte: its strings are the UTF-8 that stands there, escapes included, so that a text is the
 * same in both encodings. What NG has no value for: `true` and `false` are `yes` and `no`, `null` is as if it was not there, a number with a
 * fraction loses it, and one that is too big for exactness becomes the string of its digits. Of a key that comes twice the last counts.
 * Linear in the length, see `bounds.ts`.
 */
export function decodeJson(text: string): Result<NgDictionary, JsonProblem> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.includes('\\u') ? withoutEscapes(text) : text);
  } catch (error) {
    return refuse({ kind: 'syntax', reason: error instanceof Error ? error.message : String(error) });
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    return refuse({ kind: 'content', reason: 'an object expected' });
  const reader = new JsonReader();
  const value = reader.value(parsed, 0);
  return value === undefined ? refuse({ kind: 'content', reason: reader.problem }) : ok(value as NgDictionary);
}

/** A pair of surrogates, any other character by its number, or any other escape: so that `\\u` is not taken for one. */
const ESCAPES = /\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\./gs;
const REPLACEMENT = 0xfffd;

/** Characters beyond ASCII as bytes, where they were escapes. A surrogate without the other one is U+FFFD. */
function withoutEscapes(text: string): string {
  return text.replace(ESCAPES, (whole: string, high: string | undefined, low: string | undefined, one: string | undefined) => {
    if (high !== undefined && low !== undefined)
      return utf8OfCodePoint(0x10000 + ((Number.parseInt(high, 16) - 0xd800) << 10) + (Number.parseInt(low, 16) - 0xdc00));
    if (one === undefined) return whole;
    const point = Number.parseInt(one, 16);
    if (point < 0x80) return whole;
    return utf8OfCodePoint(point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point);
  });
}

class JsonReader {
  problem = '';
  #values = 0;

  /** What `JSON.parse` made, as a value of NG. Undefined: see `problem`. */
  value(parsed: unknown, depth: number): NgValue | undefined {
    if (++this.#values > MAX_NG_VALUES) return this.#fail(`more than ${MAX_NG_VALUES} values`);
    if (typeof parsed === 'string') return parsed;
    if (typeof parsed === 'number') return this.#number(parsed);
    if (typeof parsed === 'boolean') return parsed ? 'yes' : 'no';
    if (depth === MAX_NG_DEPTH) return this.#fail(`deeper than ${MAX_NG_DEPTH}`);
    return Array.isArray(parsed) ? this.#list(parsed, depth + 1) : this.#dictionary(Object(parsed), depth + 1);
  }

  #dictionary(parsed: Readonly<Record<string, unknown>>, depth: number): NgDictionary | undefined {
    const read: Record<string, NgValue> = Object.create(null);
    for (const key of Object.keys(parsed)) {
      const each = parsed[key];
      if (each === null) continue;
      const value = this.value(each, depth);
      if (value === undefined) return undefined;
      read[key] = value;
    }
    return read;
  }

  #list(parsed: readonly unknown[], depth: number): NgValue[] | undefined {
    const read: NgValue[] = [];
    for (const each of parsed) {
      if (each === null) continue;
      const value = this.value(each, depth);
      if (value === undefined) return undefined;
      read.push(value);
    }
    return read;
  }

  #number(parsed: number): NgValue | undefined {
    if (!Number.isFinite(parsed)) return this.#fail('a number beyond all bounds');
    const whole = Math.trunc(parsed);
    if (!Number.isSafeInteger(whole)) return `${BigInt(whole)}`;
    return whole === 0 ? 0 : whole;
  }

  #fail(reason: string): undefined {
    this.problem = reason;
  }
}

/**
 * Writes a dictionary in JSON, one character a byte. Its strings are taken for UTF-8; bytes that are none become the characters of the same
 * numbers. Keys stay in the order they have.
 */
export const encodeJson = (value: NgDictionary): string => asUtf8(JSON.stringify(value));
