import type { CryptoPort } from './cryptoPort.js';

export const MASTER_KEY_BYTES = 16;
export const MASTER_SALT_BYTES = 14;
const CIPHER_KEY_BYTES = 16;
const CIPHER_SALT_BYTES = 14;
const AUTH_KEY_BYTES = 20;

/** RFC 3711 §4.3.2: what a key is derived for. Those of SRTCP are 3 to 5. */
const LABEL_CIPHER_KEY = 0;
const LABEL_AUTH_KEY = 1;
const LABEL_CIPHER_SALT = 2;

/** The label stands in front of the 48 bits of the packet index, which are zero where keys are derived once. */
const LABEL_AT = 7;
const IV_BYTES = 16;

/** What the packets of a session are protected with. */
export type SessionKeys = {
  readonly cipherKey: Uint8Array;
  readonly cipherSalt: Uint8Array;
  readonly authKey: Uint8Array;
};

/** The session keys of SRTP, derived once (key derivation rate 0, RFC 3711 §4.3.1, with the pseudo-random function of §4.3.3). */
export function deriveSessionKeys(crypto: CryptoPort, masterKey: Uint8Array, masterSalt: Uint8Array): SessionKeys {
  const derive = (label: number, bytes: number): Uint8Array => {
    const iv = new Uint8Array(IV_BYTES);
    iv.set(masterSalt.subarray(0, MASTER_SALT_BYTES));
    iv[LABEL_AT]! ^= label;
    return crypto.aesCtr(masterKey, iv, new Uint8Array(bytes));
  };
  return {
    cipherKey: derive(LABEL_CIPHER_KEY, CIPHER_KEY_BYTES),
    cipherSalt: derive(LABEL_CIPHER_SALT, CIPHER_SALT_BYTES),
    authKey: derive(LABEL_AUTH_KEY, AUTH_KEY_BYTES),
  };
}

/** RFC 3711 §4.1.1: the counter with which the packet begins. `rollover`: 0…2^32-1, how often its sequence number has wrapped. */
export function packetIv(cipherSalt: Uint8Array, ssrc: number, rollover: number, sequence: number): Uint8Array {
  const iv = new Uint8Array(IV_BYTES);
  iv.set(cipherSalt);
  const words = [
    [4, ssrc],
    [8, rollover],
  ] as const;
  for (const [at, word] of words) for (let i = 0; i < 4; i++) iv[at + i]! ^= (word >>> (24 - 8 * i)) & 0xff;
  iv[12]! ^= sequence >> 8;
  iv[13]! ^= sequence & 0xff;
  return iv;
}
