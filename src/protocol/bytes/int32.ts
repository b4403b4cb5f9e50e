/**
 * Four bytes in network order, as a signed number. For the packet path: V8 keeps every signed 32-bit integer in the word that refers
 * to it, but makes an object of an unsigned one from 2^31 on wherever it is handed from function to function. `>>> 0` gives the
 * unsigned value. The bytes must be there.
 */
export const int32At = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
