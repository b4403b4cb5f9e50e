import { crc32 } from '../bytes/crc32.js';

/**
 * How records stand in the event log: little-endian length of the body, CRC-32 of the body, body.
 *
 *      0      4      8
 *     | length | crc  | body, `length` bytes …
 */
export const FRAME_HEADER_BYTES = 8;
/** A length beyond this is damage, not a record. So is none at all: a crash may leave zeros at the end of a file. */
export const MAX_BODY_BYTES = 1 << 20;

/** Writes a frame at `at`; `target` must have room, `body` at least a byte. Answers where it ends. */
export function writeFrame(target: Uint8Array, at: number, body: Uint8Array): number {
  const end = at + FRAME_HEADER_BYTES + body.length;
  target.set(body, at + FRAME_HEADER_BYTES);
  closeFrame(target, at, end);
  return end;
}

/** Writes the header of a frame that begins at `at`, whose body stands already where it belongs and ends at `end`. */
export function closeFrame(target: Uint8Array, at: number, end: number): void {
  const length = end - at - FRAME_HEADER_BYTES;
  writeUint32(target, at, length);
  writeUint32(target, at + 4, crc32(target, at + FRAME_HEADER_BYTES, length));
}

export type ReadFrame =
  | { readonly kind: 'body'; readonly start: number; readonly end: number }
  /** The checksum is wrong: what stands there is not what was written. The next frame may still be good. */
  | { readonly kind: 'damaged'; readonly end: number }
  /** The bytes end within the frame, or its length cannot be: nothing behind it can be read. */
  | { readonly kind: 'torn' };

/** Reads the frame at `at`, of `bytes` that end at `bytes.length`. */
export function readFrame(bytes: Uint8Array, at: number): ReadFrame {
  const start = at + FRAME_HEADER_BYTES;
  if (start > bytes.length) return { kind: 'torn' };
  const length = readUint32(bytes, at);
  const end = start + length;
  if (length === 0 || length > MAX_BODY_BYTES || end > bytes.length) return { kind: 'torn' };
  return crc32(bytes, start, length) === readUint32(bytes, at + 4) ? { kind: 'body', start, end } : { kind: 'damaged', end };
}

function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = value >>> (i * 8);
}

const readUint32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
