import type { SdpLine } from './sdp.js';

export const textOf = ({ type, value, end }: SdpLine): string => (type === '' ? value + end : `${type}=${value}${end}`);

/** The words of a value, which blanks part. */
export function wordsOf(value: string): string[] {
  const words = (value.includes('\t') ? value.replaceAll('\t', ' ') : value).split(' ');
  return words.includes('') ? words.filter((word) => word !== '') : words;
}

const ZERO = 48;
const LARGEST = 65_535;

/** Decimal digits and nothing else between two places, as a number up to 65535. -1: they are none. */
export function numberIn(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
    if (value > LARGEST) return -1;
  }
  return from < to ? value : -1;
}

const isBlank = (text: string, at: number): boolean => text.charCodeAt(at) === 32 || text.charCodeAt(at) === 9;

/** The first place from `at` on that is no blank. */
export function skipBlanks(text: string, at: number): number {
  let i = at;
  while (i < text.length && isBlank(text, i)) i++;
  return i;
}

/** The first place from `at` on that is a blank, or the end. */
export function wordEnd(text: string, at: number): number {
  let i = at;
  while (i < text.length && !isBlank(text, i)) i++;
  return i;
}

/** A text of somebody's for a message: short, and without line ends. */
export const quoted = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

/** Whether a text can stand in one line. */
export const isOneLine = (text: string): boolean => !/[\r\n\0]/.test(text);

/** Puts lines at the end of a section, before empty ones that follow it. */
export function append(lines: readonly SdpLine[], added: readonly SdpLine[]): readonly SdpLine[] {
  if (added.length === 0) return lines;
  const end = endOf(lines);
  return [...lines.slice(0, end), ...added, ...lines.slice(end)];
}

/** Behind the last line that is one. */
export function endOf(lines: readonly SdpLine[]): number {
  let end = lines.length;
  while (end > 1 && lines[end - 1]!.type === '') end--;
  return end;
}
