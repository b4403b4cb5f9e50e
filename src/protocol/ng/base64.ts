const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Map([...LETTERS].map((letter, value) => [letter.charCodeAt(0), value]));
/** The letters of RFC 4648 §5 stand for the same. */
VALUES.set('-'.charCodeAt(0), 62).set('_'.charCodeAt(0), 63);

/** Bytes that are made into a string at once: as many arguments as a call may surely have. */
const PIECE = 8192;

/** Undoes base64 (RFC 4648), line ends let pass, `=` at the end optional; one character a byte. Null: something else stands there. */
export function decodeBase64(text: string): string | null {
  const letters = text.replace(/[\r\n]/g, '').replace(/={0,2}$/, '');
  if (letters.length % 4 === 1) return null;
  const bytes = new Uint8Array(Math.floor((letters.length * 3) / 4));
  let [held, bits, count] = [0, 0, 0];
  for (let at = 0; at < letters.length; at++) {
    const value = VALUES.get(letters.charCodeAt(at));
    if (value === undefined) return null;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[count++] = (held >> bits) & 0xff;
  }
  let decoded = '';
  for (let at = 0; at < count; at += PIECE) decoded += String.fromCharCode(...bytes.subarray(at, at + PIECE));
  return decoded;
}
