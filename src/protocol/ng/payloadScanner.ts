import { COLON, D, E, I, L, MINUS, ZERO } from './bencodeLetters.js';
import { MAX_NG_DEPTH } from './bounds.js';

/** `end`: behind the last character that was looked at and belongs to the payload. */
export type Scanned = { readonly kind: 'complete' | 'more' | 'broken'; readonly end: number };

/**
 * Finds the end of one payload in a stream (TCP has no other frames), one character a byte. It keeps where it is, so that a payload that comes
 * byte by byte costs no more than one that comes at once. `broken`: it is none, or one that `decodeNg` refuses for how it is built; where the
 * next one would begin cannot be relied on. What is complete may be refused all the same: nothing inside of strings and numbers is judged.
 */
export type PayloadScanner = {
  /** Looks at what has come, from `at`. Not to be called again when it is complete or broken. */
  readonly scan: (text: string, at: number) => Scanned;
};

/** For the payload that begins with this byte, which is the first to be scanned. Null: none begins so. */
export function payloadScanner(first: number): PayloadScanner | null {
  if (first === OPENING_BRACE) return new JsonScanner();
  return first === D ? new BencodeScanner() : null;
}

const QUOTE = 0x22;
const OPENING_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

const isDigit = (code: number): boolean => code >= ZERO && code <= ZERO + 9;

/** RFC 8259: braces and brackets count, but not inside of strings. */
class JsonScanner implements PayloadScanner {
  #depth = 0;
  #isInString = false;
  #isEscaped = false;

  scan(text: string, start: number): Scanned {
    let at = start;
    while (at < text.length) {
      if (this.#isInString) {
        at = this.#skipString(text, at);
        continue;
      }
      const code = text.charCodeAt(at++);
      if (code === QUOTE) this.#isInString = true;
      else if (code === OPENING_BRACE || code === OPENING_BRACKET) {
        if (++this.#depth > MAX_NG_DEPTH) return { kind: 'broken', end: at - 1 };
      } else if ((code === CLOSING_BRACE || code === CLOSING_BRACKET) && --this.#depth === 0)
        return { kind: 'complete', end: at };
    }
    return { kind: 'more', end: text.length };
  }

  /** Behind the end of the string, or of the text. */
  #skipString(text: string, start: number): number {
    let at = this.#isEscaped ? start + 1 : start;
    this.#isEscaped = false;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.#isInString = false;
        return at + 1;
      }
      if (code === BACKSLASH && ++at === text.length) this.#isEscaped = true;
    }
    return text.length;
  }
}

/** Bytes of a string, more than any message may have, and letters of an integer (64 bit and a sign). */
const MAX_STRING_BYTES = 1 << 24;
const MAX_INTEGER_LETTERS = 20;

/** What may stand next in a list (anything, or its end), and in a dictionary (a key or its end; the value of the key). */
const ELEMENT = 0;
const KEY = 1;
const VALUE = 2;

class BencodeScanner implements PayloadScanner {
  /** Of each list and dictionary that is open, what may stand next in it. */
  readonly #open: number[] = [];
  /** Left of a string. */
  #skip = 0;
  /** The length of a string as far as it was read; -1: none is being read. */
  #length = -1;
  /** Letters of an integer that were read; -1: none is being read. */
  #integer = -1;

  scan(text: string, start: number): Scanned {
    let at = start;
    while (at < text.length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, text.length - at);
        this.#skip -= skipped;
        at += skipped;
        if (this.#skip === 0) this.#pass();
        continue;
      }
      if (!this.#read(text.charCodeAt(at))) return { kind: 'broken', end: at };
      at++;
      if (this.#open.length === 0) return { kind: 'complete', end: at };
    }
    return { kind: 'more', end: at };
  }

  /** Whether the byte may stand here. */
  #read(code: number): boolean {
    if (this.#integer >= 0) return this.#readInteger(code);
    if (this.#length >= 0) return this.#readLength(code);
    const next = this.#open.at(-1);
    if (isDigit(code)) this.#length = code - ZERO;
    else if (code === E) {
      if (next === VALUE) return false;
      this.#open.pop();
      this.#pass();
    } else if (next === KEY) return false;
    else if (code === I) this.#integer = 0;
    else if ((code !== D && code !== L) || this.#open.length === MAX_NG_DEPTH) return false;
    else this.#open.push(code === D ? KEY : ELEMENT);
    return true;
  }

  #readInteger(code: number): boolean {
    if (code === E && this.#integer > 0) {
      this.#integer = -1;
      this.#pass();
      return true;
    }
    const isPart = isDigit(code) || (code === MINUS && this.#integer === 0);
    return isPart && ++this.#integer <= MAX_INTEGER_LETTERS;
  }

  #readLength(code: number): boolean {
    if (code === COLON) {
      this.#skip = this.#length;
      this.#length = -1;
      if (this.#skip === 0) this.#pass();
      return true;
    }
    // A length has no leading zeros.
    if (!isDigit(code) || this.#length === 0) return false;
    this.#length = this.#length * 10 + code - ZERO;
    return this.#length <= MAX_STRING_BYTES;
  }

  /** A key or a value has ended. */
  #pass(): void {
    const last = this.#open.length - 1;
    if (last >= 0 && this.#open[last] !== ELEMENT) this.#open[last] = this.#open[last] === KEY ? VALUE : KEY;
  }
}
