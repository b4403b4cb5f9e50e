/** What bencode is made of (BEP 3: `d…e`, `l…e`, `i…e`, `LENGTH:BYTES`), as character codes. */
export const D = 0x64;
export const E = 0x65;
export const I = 0x69;
export const L = 0x6c;
export const COLON = 0x3a;
export const MINUS = 0x2d;
export const ZERO = 0x30;
