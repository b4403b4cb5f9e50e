/** Files that somebody else made, as recordings: the readers and the whole tool end, quickly, and hold no more than the file is worth. */
import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nodeCrypto } from '../../src/io/crypto/nodeCrypto.js';
import { plainCodecs } from '../../src/protocol/audio/codecs.js';
import { readRecording } from '../../src/protocol/recording/readRecording.js';
import { recordingInMemory } from '../../src/protocol/recording/recordingBytes.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { parseSrtpPolicy } from '../../src/protocol/srtp/policy.js';
import { SrtpReceiver } from '../../src/protocol/srtp/receiver.js';
import { describeSide, unheardOf } from '../../src/relay/tools/describeSide.js';
import { parseExtractOptions } from '../../src/relay/tools/extractOptions.js';
import { mixDown } from '../../src/relay/tools/mixdown.js';
import { RecordedSide } from '../../src/relay/tools/recordedSide.js';
import { formatStatistics } from '../../src/relay/tools/sequenceStatistics.js';
import { adHocFile, EPOCH_MS, type PcapForm, pcapFile, type Recorded } from '../rig/recordings.js';
import { keySpec } from '../rig/srtpSender.js';
import { damaged, damages, FUZZ_BOUND, isQuick, search } from './budget.js';

/** For a file of a few kilobytes. */
const LIMIT_MS = 100;
/** A byte of G.722 or GSM is not more than five samples, at 16 kHz ten. */
const MOST_SAMPLES_A_BYTE = 10;
const MOST_SILENCE_S = 2 * 3600;

const atMs = fc.oneof(
  { weight: 6, arbitrary: fc.nat(3000).map((ms) => EPOCH_MS + ms) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, EPOCH_MS - 1e10, EPOCH_MS + 3.6e6, 4_294_967_295_000) },
);
const timestamp = fc.oneof(
  fc.nat(100).map((i) => i * 160),
  fc.nat(0xffff_ffff),
  fc.constantFrom(0x7fff_ffff, 0x8000_0000, 0xffff_ff00),
);
const rtp = fc
  .record({
    payloadType: fc.constantFrom(0, 3, 8, 9, 13, 18, 96, 101),
    marker: fc.boolean(),
    sequence: fc.oneof(fc.nat(60), fc.nat(65_535), fc.constantFrom(65_534, 65_535)),
    timestamp,
    ssrc: fc.oneof({ weight: 6, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.nat(0xffff_ffff) }),
    padding: fc.boolean(),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.constant(new Uint8Array(160)),
      fc.constant(new Uint8Array(33).fill(0xd5)),
    ),
  })
  .map(({ payload, ...header }) => buildRtp(header, payload));
const packet: fc.Arbitrary<Recorded> = fc.record({
  atMs,
  payload: fc.oneof({ weight: 8, arbitrary: rtp }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) }),
  host: fc.constantFrom('192.0.2.1', '2001:db8:0:0:0:0:0:1'),
});
const form: fc.Arbitrary<PcapForm> = fc.record({
  littleEndian: fc.boolean(),
  nanoseconds: fc.boolean(),
  link: fc.constantFrom(0, 1),
  vlans: fc.nat(3),
});
const whole = fc
  .tuple(fc.array(packet, { maxLength: 30 }), fc.option(form))
  .map(([packets, pcap]) => (pcap === null ? adHocFile(packets) : pcapFile(packets, pcap)));
const file = fc.oneof(
  { weight: 3, arbitrary: whole },
  { weight: 6, arbitrary: fc.tuple(whole, damages()).map(([bytes, harm]) => damaged(bytes, harm)) },
  { weight: 2, arbitrary: fc.tuple(whole, fc.nat()).map(([bytes, cut]) => bytes.subarray(0, cut % (bytes.length + 1))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
);

/** Reads to the end; answers how many packets there were. */
function readAll(bytes: Uint8Array): number {
  let [packets, payloads, isOver] = [0, 0, false];
  for (const read of readRecording(recordingInMemory(bytes))) {
    equal(isOver, false, 'nothing comes after a problem');
    if (!read.ok) {
      isOver = true;
      ok(read.error.offset >= 0 && read.error.offset <= bytes.length && read.error.message !== '');
    } else {
      packets++;
      payloads += read.value.payload.length;
      ok(Number.isFinite(read.value.atMs) && read.value.source.host !== '');
    }
  }
  ok(payloads <= bytes.length, 'no octet is read twice');
  return packets;
}

const key = parseSrtpPolicy(keySpec());

type Way = {
  readonly sampleRate: 8000 | 16_000;
  readonly keepsSilence: boolean;
  readonly stereo: boolean;
  readonly isProtected: boolean;
};
const way: fc.Arbitrary<Way> = fc.record({
  sampleRate: fc.constantFrom(8000 as const, 16_000 as const),
  keepsSilence: fc.boolean(),
  stereo: fc.boolean(),
  isProtected: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

function extractAll(files: readonly Uint8Array[], { isProtected, ...options }: Way): number {
  const sides = files.map((bytes) => {
    const srtp = isProtected && key.ok ? new SrtpReceiver(nodeCrypto, key.value) : null;
    const side = new RecordedSide({ ...options, codecs: plainCodecs(), srtp });
    for (const read of readRecording(recordingInMemory(bytes))) if (read.ok) side.take(read.value);
    side.end();
    for (const line of [...formatStatistics(side.statistics), ...describeSide(side), ...unheardOf(side.unheard)]) {
      ok(!/NaN|undefined|Infinity/.test(line), line);
    }
    return side.channels.map(({ track }) => track);
  });
  const mix = mixDown(sides[0]!, sides[1]!, options);
  ok(mix.ok);
  equal(mix.value.samples.length, mix.value.frames * (options.stereo ? 2 : 1));
  return mix.value.frames;
}

test('any bytes are read as a recording to their end, or to a problem with its place', FUZZ_BOUND, async (t) => {
  await search(t, file, (bytes) => isQuick(LIMIT_MS, () => readAll(bytes)));
});

test(
  'any two files become a sound that is as long as they are worth, and two hours of silence at most',
  FUZZ_BOUND,
  async (t) => {
    await search(t, fc.tuple(file, file, way), ([answer, originate, options]) => {
      const most = (answer.length + originate.length) * MOST_SAMPLES_A_BYTE + MOST_SILENCE_S * options.sampleRate;
      const frames = extractAll([answer, originate], options);
      ok(Number.isInteger(frames) && frames >= 0 && frames <= most, `${frames} frames`);
    });
  },
);

test('leaps of timestamps and clocks cost neither time nor memory', { timeout: 60_000 }, () => {
  const packets = Array.from({ length: 4000 }, (_, i): Recorded => {
    const header = { payloadType: 0, marker: false, sequence: i & 0xffff, timestamp: (i * 0x7fff_ff01) >>> 0, ssrc: i % 1500 };
    return { atMs: EPOCH_MS + i * 3_600_000, payload: buildRtp(header, new Uint8Array(160)) };
  });
  const before = process.memoryUsage().arrayBuffers;
  const options: Way = { sampleRate: 8000, keepsSilence: true, stereo: true, isProtected: false };
  const frames = extractAll([adHocFile(packets), adHocFile(packets.slice(0, 9))], options);
  ok(frames <= MOST_SILENCE_S * 8000 + 4009 * 160, `${frames} frames`);
  const grown = (process.memoryUsage().arrayBuffers - before) / 2 ** 20;
  ok(grown < 500, `${Math.round(grown)} MB`);
});

test('any command line is read, or refused with a reason', FUZZ_BOUND, async (t) => {
  const word = fc.oneof(
    fc.constantFrom(
      '-d',
      '-s',
      '-S',
      '-A',
      '-B',
      '-F',
      '-D',
      'wav',
      'pcm_16',
      '--',
      '-',
      '--rate',
      '--rate=8000',
      '--alice-crypto',
      keySpec(),
    ),
    fc.string({ maxLength: 12 }),
    fc.string({ maxLength: 8 }).map((text) => `-${text}`),
    fc.string({ maxLength: 8 }).map((text) => `--${text}`),
  );
  await search(t, fc.array(word, { maxLength: 8 }), (args) => {
    const parsed = parseExtractOptions(args);
    if (parsed.ok && parsed.value !== 'help') ok(parsed.value.scan || parsed.value.output !== null);
    if (!parsed.ok) ok(parsed.error !== '');
  });
});
