/** The primitives that SRTP is made of. Floor 4 has them from the system's library; here nobody computes a cipher. */
export type CryptoPort = {
  /** AES-128 in counter mode (RFC 3711 §4.1.1): `data` with the key stream over it. `key` and `iv` are of 16 bytes. */
  readonly aesCtr: (key: Uint8Array, iv: Uint8Array, data: Uint8Array) => Uint8Array;
  /** HMAC-SHA1 (RFC 2104) over the parts one behind the other: 20 bytes. */
  readonly hmacSha1: (key: Uint8Array, parts: readonly Uint8Array[]) => Uint8Array;
};
