/** The UTF-8 (RFC 3629) of a Unicode scalar value, one character a byte. */
export function utf8OfCodePoint(point: number): string {
  const tail = (shift: number): number => 0x80 | ((point >> shift) & 0x3f);
  if (point < 0x80) return String.fromCharCode(point);
  if (point < 0x800) return String.fromCharCode(0xc0 | (point >> 6), tail(0));
  if (point < 0x10000) return String.fromCharCode(0xe0 | (point >> 12), tail(6), tail(0));
  return String.fromCharCode(0xf0 | (point >> 18), tail(12), tail(6), tail(0));
}

/**
 * Well-formed sequences of more than one byte (Unicode 16, table 3-7), one after the other, or else one byte above ASCII that belongs to none.
 */
const BEYOND_ASCII =
  /(?:[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})|([\x80-\xff])/g;

/** Bytes as UTF-8: what is none of it is taken for the character of the same number (Latin-1). Well-formed text stays what it is. */
export function asUtf8(bytes: string): string {
  if (!/[\x80-\xff]/.test(bytes)) return bytes;
  return bytes.replace(BEYOND_ASCII, (sequence: string, stray: string | undefined) =>
    stray === undefined ? sequence : utf8OfCodePoint(stray.charCodeAt(0)),
  );
}
