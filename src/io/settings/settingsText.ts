import { isUtf8 } from 'node:buffer';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';

/** Something that is wrong with a file, from line 1: what was found, and what was expected. */
export type LineProblem = { readonly line: number; readonly text: string };

const LINE_FEED = 0x0a;

/**
 * The text of a file, which must be UTF-8 (YAML 1.2 §5.2 allows others, but no editor of these days writes them unasked). A byte order mark in
 * front is no part of it. Works in a time that is linear in the size.
 */
export function textOf(bytes: Buffer): Result<string, LineProblem> {
  const other = otherEncoding(bytes);
  if (other !== null) return refuse({ line: 1, text: `the file is ${other}: expected UTF-8` });
  if (isUtf8(bytes)) {
    const text = bytes.toString('utf8');
    return ok(text.startsWith('\ufeff') ? text.slice(1) : text);
  }
  const line = firstBadLine(bytes);
  return refuse({ line, text: 'bytes that are no UTF-8 (Latin-1, perhaps): expected UTF-8' });
}

/** By its byte order mark, or by the zeros that plain letters have in it (YAML 1.2 §5.2); null: it is none of these. */
function otherEncoding(bytes: Buffer): string | null {
  const [a, b, c, d] = bytes;
  if ((a === 0xff && b === 0xfe && c === 0 && d === 0) || (a === 0 && b === 0 && c === 0xfe && d === 0xff)) return 'UTF-32';
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) return 'UTF-16';
  if (bytes.length < 4) return null;
  if ((a === 0 && b === 0 && c === 0) || (b === 0 && c === 0 && d === 0)) return 'UTF-32';
  return (a === 0 && c === 0) || (b === 0 && d === 0) ? 'UTF-16' : null;
}

function firstBadLine(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const feed = bytes.indexOf(LINE_FEED, start);
    const end = feed < 0 ? bytes.length : feed + 1;
    if (!isUtf8(bytes.subarray(start, end))) return line;
    start = end;
  }
  return line;
}

/** What YAML does not allow (1.2 §5.1), or has another meaning than it seems to. */
const STRAY = /(?![\t\n\r\u0085])\p{Cc}|[\ufeff\ufffe\uffff]|\r(?!\n)/u;

/** The first character of a text that cannot be meant; null: there is none. */
export function strayIn(text: string): LineProblem | null {
  const found = STRAY.exec(text);
  if (found === null) return null;
  const line = text.slice(0, found.index).split('\n').length;
  if (found[0] === '\r') return { line, text: 'a line that ends in a carriage return alone: expected a line feed' };
  if (found[0] === '\ufeff')
    return { line, text: 'a byte order mark (U+FEFF) amid the text: expected one in front of it, if any' };
  const code = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  return { line, text: `the control character U+${code}: expected text` };
}
