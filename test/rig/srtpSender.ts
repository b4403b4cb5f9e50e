/** The sending side of SRTP (RFC 3711), written for the tests alone and from OpenSSL directly: our receiver is measured against it. */
import { createCipheriv, createHmac } from 'node:crypto';

/** Those of RFC 3711 B.3. */
export const SRTP_KEY = Uint8Array.from(Buffer.from('E1F97A0D3E018BE0D64FA32C06DE4139', 'hex'));
export const SRTP_SALT = Uint8Array.from(Buffer.from('0EC675AD498AFEEBB6960B3AABE6', 'hex'));

/** As `--alice-crypto` takes it. */
export const keySpec = (suite = 'AES_CM_128_HMAC_SHA1_80'): string =>
  `${suite}:${Buffer.concat([SRTP_KEY, SRTP_SALT]).toString('base64')}`;

export type Protection = { readonly rollover: number; readonly suite?: string; readonly key?: Uint8Array };

const xor = (bytes: Buffer, with_: Uint8Array, at: number): Buffer => {
  for (const [i, byte] of with_.entries()) bytes[at + i]! ^= byte;
  return bytes;
};

function derive(key: Uint8Array, label: number, length: number): Buffer {
  const iv = xor(Buffer.concat([SRTP_SALT, Buffer.alloc(2)]), Uint8Array.of(label), 7);
  return createCipheriv('aes-128-ctr', key, iv).update(Buffer.alloc(length));
}

/** The SRTP packet of an RTP packet. */
export function protect(
  rtp: Uint8Array,
  { rollover, suite = 'AES_CM_128_HMAC_SHA1_80', key = SRTP_KEY }: Protection,
): Uint8Array {
  const packet = Buffer.from(rtp);
  const extension = 12 + (packet[0]! & 15) * 4;
  const header = (packet[0]! & 16) === 0 ? extension : extension + 4 + packet.readUInt16BE(extension + 2) * 4;
  const counter = Buffer.alloc(4);
  counter.writeUInt32BE(rollover);
  // (salt * 2^16) XOR (SSRC * 2^64) XOR (index * 2^16), the index being rollover counter and sequence number.
  const iv = Buffer.concat([derive(key, 2, 14), Buffer.alloc(2)]);
  xor(iv, packet.subarray(8, 12), 4);
  xor(iv, Buffer.concat([counter, packet.subarray(2, 4)]), 8);
  const payload = createCipheriv('aes-128-ctr', derive(key, 0, 16), iv).update(packet.subarray(header));
  const hidden = Buffer.concat([packet.subarray(0, header), payload]);
  const tag = createHmac('sha1', derive(key, 1, 20))
    .update(hidden)
    .update(counter)
    .digest();
  return Uint8Array.from(Buffer.concat([hidden, tag.subarray(0, suite.endsWith('32') ? 4 : 10)]));
}
