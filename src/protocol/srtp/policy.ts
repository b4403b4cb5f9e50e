import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { MASTER_KEY_BYTES, MASTER_SALT_BYTES } from './keys.js';

/** Crypto suites of RFC 4568 §6.2, by the bytes of their authentication tags. */
const SUITES: Readonly<Record<string, number>> = {
  AES_CM_128_HMAC_SHA1_80: 10,
  AES_CM_128_HMAC_SHA1_32: 4,
};

const KEYING_BYTES = MASTER_KEY_BYTES + MASTER_SALT_BYTES;
const KEYING_CHARACTERS = (KEYING_BYTES / 3) * 4;
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** How a stream is protected: RFC 3711 with AES in counter mode and HMAC-SHA1. */
export type SrtpPolicy = {
  readonly tagBytes: number;
  readonly masterKey: Uint8Array;
  readonly masterSalt: Uint8Array;
};

/**
 * Reads `<suite>:<key and salt in base64>`, as an SDP `a=crypto` line has them (RFC 4568 §9.1) but without `inline:`. The suite in any case;
 * 40 characters for key and salt, so no padding. The error does not repeat the key.
 */
export function parseSrtpPolicy(text: string): Result<SrtpPolicy, string> {
  const colon = text.indexOf(':');
  if (colon < 0) return refuse('expected SUITE:KEY, a crypto suite and 40 characters of base64');
  const suite = text.slice(0, colon);
  const tagBytes = Object.hasOwn(SUITES, suite.toUpperCase()) ? SUITES[suite.toUpperCase()] : undefined;
  if (tagBytes === undefined) return refuse(`crypto suite ${suite}: ${Object.keys(SUITES).join(' or ')} expected`);
  const encoded = text.slice(colon + 1);
  if (encoded.length !== KEYING_CHARACTERS) {
    return refuse(`a key of ${encoded.length} characters: ${KEYING_CHARACTERS} of base64 expected`);
  }
  const keying = decodeBase64(encoded);
  if (keying === null) return refuse('a key that is not base64 throughout: A-Z a-z 0-9 + / expected, and no padding');
  return ok({ tagBytes, masterKey: keying.slice(0, MASTER_KEY_BYTES), masterSalt: keying.slice(MASTER_KEY_BYTES) });
}

/** RFC 4648 §4, of whole groups of four characters. */
function decodeBase64(text: string): Uint8Array | null {
  const bytes = new Uint8Array((text.length / 4) * 3);
  for (let group = 0; group < text.length / 4; group++) {
    let bits = 0;
    for (const character of text.slice(group * 4, group * 4 + 4)) {
      const value = BASE64.indexOf(character);
      if (value < 0) return null;
      bits = (bits << 6) | value;
    }
    for (let i = 0; i < 3; i++) bytes[group * 3 + i] = bits >> (16 - 8 * i);
  }
  return bytes;
}
