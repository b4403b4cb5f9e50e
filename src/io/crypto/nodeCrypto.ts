import { createCipheriv, createHmac } from 'node:crypto';
import type { CryptoPort } from '../../protocol/srtp/cryptoPort.js';

/** The primitives of SRTP from the OpenSSL of Node. */
export const nodeCrypto: CryptoPort = {
  aesCtr: (key, iv, data) => createCipheriv('aes-128-ctr', key, iv).update(data),
  hmacSha1: (key, parts) => {
    const hmac = createHmac('sha1', key);
    for (const part of parts) hmac.update(part);
    return hmac.digest();
  },
};
