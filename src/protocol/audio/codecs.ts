import type { AudioCodec, AudioCodecs } from './codec.js';
import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from './g711.js';
import { g722Decoder, g722Encoder } from './g722.js';
import { gsmDecoder, gsmEncoder } from './gsm.js';

const pcmu: AudioCodec = {
  name: 'PCMU',
  payloadType: 0,
  sampleRate: 8000,
  decoder: () => ({ decode: decodeMulaw }),
  encoder: () => ({ encode: encodeMulaw }),
};

const gsm: AudioCodec = { name: 'GSM', payloadType: 3, sampleRate: 8000, decoder: gsmDecoder, encoder: gsmEncoder };

const pcma: AudioCodec = {
  name: 'PCMA',
  payloadType: 8,
  sampleRate: 8000,
  decoder: () => ({ decode: decodeAlaw }),
  encoder: () => ({ encode: encodeAlaw }),
};

const g722: AudioCodec = {
  name: 'G722',
  payloadType: 9,
  sampleRate: 16000,
  decoder: () => g722Decoder(16000),
  encoder: () => g722Encoder(16000),
};

/**
 * G.722 for sound that has 8000 samples a second anyway: only the lower band, one octet a sample. Its octets are good for any decoder
 * of G.722; its decoder leaves the upper band of theirs out.
 */
export const g722Narrowband: AudioCodec = {
  name: 'G722',
  payloadType: 9,
  sampleRate: 8000,
  decoder: () => g722Decoder(8000),
  encoder: () => g722Encoder(8000),
};

/** The codecs that need no library: PCMU, GSM, PCMA and G722 under the payload types of RFC 3551. */
export function plainCodecs(): AudioCodecs {
  return new Map([pcmu, gsm, pcma, g722].map((codec) => [codec.payloadType, codec]));
}
