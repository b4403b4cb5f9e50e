import { isDictionary, isList } from './bencode.js';
import { MAX_NG_DEPTH } from './bounds.js';
import type { Reading } from './reading.js';
import { keyNamed, readKey, readWord } from './readKey.js';
import { normalName, unescaped } from './spelling.js';
import type { NgDictionary, NgValue } from './value.js';

/** A word of the string; `value` null: it has none. */
export type FlagWord = { readonly name: string; readonly value: NgValue | null };

/**
 * Takes apart what an operator writes in one line: words with blanks between them, `flag` or `key=value`; a value in brackets is a list, or, with
 * a `=` in it, a dictionary, and both may stand in one another. What is open at the end is closed there. Deeper than `bounds.ts` says nothing is
 * read. Never fails; linear in the length.
 */
export function splitRtppFlags(text: string): FlagWord[] {
  return new FlagWords(text).words(0);
}

const OPEN = '[';
const CLOSE = ']';

class FlagWords {
  #at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** Up to the end, or to the bracket that closes. */
  words(depth: number): FlagWord[] {
    const words: FlagWord[] = [];
    while (this.#at < this.#text.length) {
      const next = this.#text[this.#at]!;
      if (isBlank(next)) this.#at++;
      else if (next === CLOSE && depth > 0) break;
      else words.push(this.#word(depth));
    }
    this.#at++;
    return words;
  }

  #word(depth: number): FlagWord {
    if (depth > 0 && this.#text[this.#at] === OPEN) return { name: '', value: this.#brackets(depth) };
    const start = this.#at;
    while (this.#at < this.#text.length && !this.#endsWord(depth) && this.#text[this.#at] !== '=') this.#at++;
    const name = this.#text.slice(start, this.#at);
    if (this.#text[this.#at] !== '=') return { name, value: null };
    this.#at++;
    return { name, value: this.#text[this.#at] === OPEN ? this.#brackets(depth) : this.#rest(depth) };
  }

  #rest(depth: number): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !this.#endsWord(depth)) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  #endsWord(depth: number): boolean {
    const next = this.#text[this.#at]!;
    return isBlank(next) || (next === CLOSE && depth > 0);
  }

  #brackets(depth: number): NgValue {
    this.#at++;
    if (depth < MAX_NG_DEPTH) return bracketsOf(this.words(depth + 1));
    this.#at = this.#text.length;
    return [];
  }
}

const isBlank = (character: string): boolean =>
  character === ' ' || character === '\t' || character === '\r' || character === '\n';

/** A list, unless one of its words has a value: then the others are switched on. */
function bracketsOf(words: readonly FlagWord[]): NgValue {
  if (words.every(({ name, value }) => value === null || name === '')) return words.map(({ name, value }) => value ?? name);
  const dictionary: Record<string, NgValue> = Object.create(null);
  for (const { name, value } of words) dictionary[name] = value ?? 'yes';
  return dictionary;
}

/** Reads `rtpp-flags`: each word as if it were a key or a flag. */
export function readRtppFlags(reading: Reading, text: string): void {
  for (const { name, value } of splitRtppFlags(text)) {
    if (value === null) readWord(reading, name);
    else if (!isControl(name)) readKey(reading, name, isVerbatim(name) ? value : withoutEscapes(value));
    if (value !== null && normalName(name) === 'from-tag') reading.request.flags.add('directional');
  }
}

/** Keys that say what the message is, and are none of an operator's. */
const isControl = (name: string): boolean => ['command', 'flags', 'rtpp-flags', 'sdp'].includes(normalName(name));

/** Names, addresses and paths may have in them what elsewhere is an escape. */
function isVerbatim(name: string): boolean {
  const kind = keyNamed(name)?.kind;
  return kind === 'name' || kind === 'names';
}

function withoutEscapes(value: NgValue): NgValue {
  if (typeof value === 'string') return unescaped(value);
  if (isList(value)) return value.map(withoutEscapes);
  if (!isDictionary(value)) return value;
  const plain: Record<string, NgValue> = Object.create(null);
  for (const key of Object.keys(value)) plain[unescaped(key)] = withoutEscapes((value as NgDictionary)[key]!);
  return plain;
}
