/** What tests of recordings have in common: packets, addresses, orders and the sounds in them. */
import { udpPort } from '../../model/kernel/index.js';
import type { TapeWriter } from '../../src/media/recording/tape.js';
import type { AudioCodec, AudioCodecs } from '../../src/protocol/audio/codec.js';
import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from '../../src/protocol/audio/g711.js';
import { encodeSockaddr, SOCKADDR_WORDS } from '../../src/protocol/bytes/sockaddr.js';
import type { RecorderOrder } from '../../src/relay/recording/orders.js';

/** 2027-01-15, in the middle of a second. */
export const START_MS = 1_800_000_000_250;

export function wordsOf(host: string, port: number): Uint32Array {
  const words = new Uint32Array(SOCKADDR_WORDS);
  encodeSockaddr({ host, port: udpPort(port) }, words, 0);
  return words;
}

export type RtpFields = {
  readonly payloadType?: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc?: number;
  readonly payload?: Uint8Array;
};

export function rtpPacket({ payloadType = 0, sequence, timestamp, ssrc = 0x1234, payload }: RtpFields): Uint8Array {
  const body = payload ?? new Uint8Array(160).fill(0xff);
  const packet = new Uint8Array(12 + body.length);
  const view = new DataView(packet.buffer);
  view.setUint16(0, 0x8000 | payloadType);
  view.setUint16(2, sequence & 0xffff);
  view.setUint32(4, timestamp >>> 0);
  view.setUint32(8, ssrc);
  packet.set(body, 12);
  return packet;
}

type OpenOrder = Extract<RecorderOrder, { kind: 'open' }>;

/** Of the only recording of a call, four files, unless it says otherwise. */
export const openOrder = (over: Partial<OpenOrder> = {}): OpenOrder => ({
  kind: 'open',
  number: 1,
  place: { shard: 0, session: 1, call: 'a84b@host', id: 1 },
  tag: 'from1;1',
  name: null,
  form: 'ad-hoc',
  single: false,
  sides: ['caller', 'callee'],
  rtcp: true,
  startedAt: START_MS,
  locals: [35_000, 35_001, 36_000, 36_001].map((port) => ({ host: '127.0.0.1', port: udpPort(port) })),
  files: [],
  ...over,
});

/** A packet on a tape, from the source that is the same in all tests. */
export function tapePacket(writer: TapeWriter, number: number, stream: 0 | 1 | 2 | 3, atMs: number, bytes: Uint8Array): boolean {
  return writer.packet(number, stream, atMs, SOURCE, 0, bytes, 0, bytes.length);
}

const SOURCE = wordsOf('192.0.2.1', 4000);

const codecOf = (
  name: string,
  payloadType: number,
  sampleRate: 8000 | 16000,
  decode: (payload: Uint8Array) => Int16Array,
  encode: (samples: Int16Array) => Uint8Array,
): AudioCodec => ({ name, payloadType, sampleRate, decoder: () => ({ decode }), encoder: () => ({ encode }) });

/** G.711, and as payload type 9 a codec of 16 kHz that is as plain: one octet of µ-law for two samples. */
export const TEST_CODECS: AudioCodecs = new Map(
  [
    codecOf('PCMU', 0, 8000, decodeMulaw, encodeMulaw),
    codecOf('PCMA', 8, 8000, decodeAlaw, encodeAlaw),
    codecOf('wide', 9, 16000, (payload) => twice(decodeMulaw(payload)), encodeMulaw),
  ].map((codec) => [codec.payloadType, codec]),
);

const twice = (samples: Int16Array): Int16Array => Int16Array.from({ length: samples.length * 2 }, (_, i) => samples[i >> 1]!);
