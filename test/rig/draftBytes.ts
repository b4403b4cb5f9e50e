/** Bytes of the n-th packet that an engine makes itself: lengths from 1 to 200, content that tells it from its neighbours. */
export const draftBytes = (n: number): Uint8Array =>
  Uint8Array.from({ length: ((n * 37) % 200) + 1 }, (_, i) => (i * 7 + n) & 0xff);
