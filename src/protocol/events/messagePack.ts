/**
 * As much of MessagePack (msgpack.org, spec.md) as it takes to look into a record without decoding it, and to say beforehand that a decoder
 * will neither fail at it nor make more of it than its bytes can hold. Extension types and binary data are not among what records hold.
 */

/** Records are no deeper than this; who nests deeper wants to see a decoder fall over. */
const MAX_DEPTH = 16;

/** Whether the bytes from `start` to `end` are one whole value that records may hold. */
export const isPlainValue = (bytes: Uint8Array, start: number, end: number): boolean => skip(bytes, start, end, 0) === end;

/**
 * Where the value of a field begins, if the bytes from `start` to `end` are a map that has it; -1 if not. `name`: at most 31 bytes of
 * ASCII. What stands behind the field is not looked at.
 */
export function fieldAt(bytes: Uint8Array, start: number, end: number, name: Uint8Array): number {
  let [at, fields] = mapAt(bytes, start, end);
  for (; fields > 0 && at >= 0; fields--) {
    const isIt = bytes[at] === (0xa0 | name.length) && sameBytes(bytes, at + 1, name);
    at = skip(bytes, at, end, 0);
    if (isIt) return at < end ? at : -1;
    if (at >= 0) at = skip(bytes, at, end, 0);
  }
  return -1;
}

/** The number at `at`: an unsigned integer of at most 32 bits, or a float64. NaN: something else stands there. */
export function numberAt(bytes: Uint8Array, at: number, end: number): number {
  const type = bytes[at]!;
  if (at < 0 || at >= end) return Number.NaN;
  if (type < 0x80) return type;
  if (type === 0xcc && at + 1 < end) return bytes[at + 1]!;
  if (type === 0xcd && at + 2 < end) return uint(bytes, at + 1, 2);
  if (type === 0xce && at + 4 < end) return uint(bytes, at + 1, 4);
  if (type !== 0xcb || at + 8 >= end) return Number.NaN;
  return new DataView(bytes.buffer, bytes.byteOffset + at + 1, 8).getFloat64(0);
}

/** Whether a string of at most 31 bytes stands at `at`, and is this one. */
export const isTextAt = (bytes: Uint8Array, at: number, text: Uint8Array): boolean =>
  at >= 0 && bytes[at] === (0xa0 | text.length) && sameBytes(bytes, at + 1, text);

/** Where the first key of a map stands, and how many it has. */
function mapAt(bytes: Uint8Array, at: number, end: number): [number, number] {
  if (at >= end) return [-1, 0];
  const type = bytes[at]!;
  if (type >> 4 === 8) return [at + 1, type & 15];
  if (type === 0xde && at + 2 < end) return [at + 3, uint(bytes, at + 1, 2)];
  return [-1, 0];
}

/** Bytes behind the type, by type from 0xc0; -1: not among what records hold, -2: the length stands behind the type. */
const SIZES = [
  ...[0, -1, 0, 0, -1, -1, -1, -1, -1, -1], // nil, never used, false, true, bin, ext
  ...[4, 8, 1, 2, 4, 8, 1, 2, 4, 8], // float, uint, int
  ...[-1, -1, -1, -1, -1], // fixext
  ...[-2, -2, -2, -2, -2, -2, -2], // str, array, map
];

/** The end of the value at `at`, or -1 if it has none before `end` or is not among what records hold. */
function skip(bytes: Uint8Array, at: number, end: number, depth: number): number {
  if (at >= end || depth > MAX_DEPTH) return -1;
  const type = bytes[at]!;
  if (type < 0x80 || type >= 0xe0) return at + 1;
  if (type < 0x90) return skipMany(bytes, at + 1, end, (type & 15) * 2, depth);
  if (type < 0xa0) return skipMany(bytes, at + 1, end, type & 15, depth);
  if (type < 0xc0) return within(at + 1 + (type & 31), end);
  const size = SIZES[type - 0xc0]!;
  return size >= 0 ? within(at + 1 + size, end) : size === -2 ? skipSized(bytes, at, end, depth) : -1;
}

function skipSized(bytes: Uint8Array, at: number, end: number, depth: number): number {
  const type = bytes[at]!;
  const width = type <= 0xdb ? 1 << (type - 0xd9) : (type & 1) === 0 ? 2 : 4;
  const start = at + 1 + width;
  if (start > end) return -1;
  const length = uint(bytes, at + 1, width);
  if (type <= 0xdb) return within(start + length, end);
  return skipMany(bytes, start, end, type >= 0xde ? length * 2 : length, depth);
}

function skipMany(bytes: Uint8Array, start: number, end: number, count: number, depth: number): number {
  let at = start;
  for (let i = 0; i < count && at >= 0; i++) at = skip(bytes, at, end, depth + 1);
  return at;
}

const within = (at: number, end: number): number => (at <= end ? at : -1);

function uint(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = 0; i < width; i++) value = value * 256 + bytes[at + i]!;
  return value;
}

function sameBytes(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}
