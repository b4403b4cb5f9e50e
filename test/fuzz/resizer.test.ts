/** Any packets to the resizer, and to its knowledge of payloads: nothing throws, grows, or takes long. */
import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LONGEST_DATAGRAM } from '../../src/media/engine.js';
import { MOST_HELD_PACKETS, Resizer } from '../../src/media/stages/resizer.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { framingOf } from '../../src/protocol/rtp/framing.js';
import { isRtp, rtpPayloadLength } from '../../src/protocol/rtp/header.js';
import { damaged, damages, FUZZ_BOUND, isQuick, search } from './budget.js';

/** For fifty packets, of which each may be 8 KB of the shortest frames there are. */
const LIMIT_MS = 50;

type Input =
  | { readonly kind: 'packet'; readonly bytes: Uint8Array; readonly waitMs: number }
  | { readonly kind: 'flush'; readonly waitMs: number }
  | { readonly kind: 'target'; readonly ms: number };

const waitMs = fc.oneof(fc.nat(60), fc.constantFrom(0, 1e6, -50));
/** Few values, so that packets meet; edges, so that they wrap. */
const edges = (width: number) =>
  fc.oneof(
    fc.nat(12),
    fc.integer({ min: -12, max: 12 }).map((it) => it & (width - 1)),
  );
const timestamp = fc.oneof(
  fc.nat(40).map((it) => it * 80),
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.constantFrom(0xffff_ff00, 0x7fff_ff00, 0x8000_0000),
);
const payload = fc.oneof(
  fc
    .tuple(fc.constantFrom(1, 2, 10, 20, 24, 33, 66, 80, 160, 480, 1600, 8180), fc.nat(255))
    .map(([length, byte]) => new Uint8Array(length).fill(byte)),
  fc.uint8Array({ maxLength: 200 }),
);
const header = fc.record({
  payloadType: fc.oneof(fc.constantFrom(0, 3, 4, 8, 9, 18, 101), fc.nat(127)),
  marker: fc.boolean(),
  sequence: edges(2 ** 16),
  timestamp,
  ssrc: fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.nat(3) }),
  csrc: fc.array(fc.nat(9), { maxLength: 2 }),
  padding: fc.boolean(),
});
const rtp = fc.tuple(header, payload).map(([fields, content]) => buildRtp(fields, content));
const bytes = fc.oneof(
  { weight: 8, arbitrary: rtp },
  { weight: 2, arbitrary: fc.tuple(rtp, damages()).map(([packet, harm]) => damaged(packet, harm)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
);
const input: fc.Arbitrary<Input> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('packet' as const), bytes, waitMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const), waitMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('target' as const), ms: fc.integer({ min: -3, max: 2000 }) }) },
);
const inputs = fc.tuple(fc.integer({ min: 1, max: 999 }), fc.array(input, { maxLength: 50 }));

function drive(resizer: Resizer, list: readonly Input[], emit: (bytes: Uint8Array, length: number) => void): number {
  let nowMs = 1000;
  let takenBytes = 0;
  for (const it of list) {
    if (it.kind === 'target') {
      resizer.setTarget(it.ms);
      continue;
    }
    nowMs += it.waitMs;
    if (it.kind === 'flush') resizer.flush(nowMs, emit);
    else if (resizer.take(it.bytes, 0, it.bytes.length, nowMs, emit) === 'taken') {
      takenBytes += rtpPayloadLength(it.bytes, 0, it.bytes.length);
    }
  }
  return takenBytes;
}

test('any packets in any order come out as RTP, byte for byte as many as were taken, and few are held', FUZZ_BOUND, async (t) => {
  await search(t, inputs, ([targetMs, list]) => {
    const resizer = new Resizer(targetMs);
    let emitted = 0;
    let emittedBytes = 0;
    const emit = (packet: Uint8Array, length: number) => {
      ok(length <= LONGEST_DATAGRAM && isRtp(packet, 0, length), `an output of ${length} bytes`);
      emitted++;
      emittedBytes += rtpPayloadLength(packet, 0, length);
      ok(resizer.held <= MOST_HELD_PACKETS + 1);
    };
    const takenBytes = drive(resizer, list, emit);
    ok(resizer.held <= MOST_HELD_PACKETS);
    equal(resizer.held > 0, resizer.dueAtMs < Number.POSITIVE_INFINITY);
    resizer.flush(Number.POSITIVE_INFINITY, emit);
    equal(emittedBytes, takenBytes);
    equal(resizer.emitted, emitted);
    equal(resizer.held, 0);
  });
});

test('no packets keep the resizer busy for long', FUZZ_BOUND, async (t) => {
  await search(t, inputs, ([targetMs, list]) => isQuick(LIMIT_MS, () => drive(new Resizer(targetMs), list, () => {})));
});

test('a payload of any bytes is measured and cut within its bounds', FUZZ_BOUND, async (t) => {
  const cases = fc.record({
    payloadType: fc.constantFrom(0, 3, 4, 8, 9, 18),
    content: fc.oneof(fc.uint8Array({ maxLength: 200 }), payload),
    start: fc.nat(220),
    length: fc.nat(9000),
    wanted: fc.nat(9000),
  });
  await search(t, cases, ({ payloadType, content, start, length, wanted }) => {
    const framing = framingOf(payloadType) ?? { samplesOf: () => null, bytesFor: () => -1 };
    const within = Math.max(0, Math.min(length, content.length - start));
    const samples = framing.samplesOf(content, start, within);
    if (samples === null) return;
    ok(samples > 0);
    const cut = framing.bytesFor(content, start, within, wanted);
    ok(cut >= 0 && cut <= within, `${cut} of ${within}`);
    const first = cut === 0 ? 0 : (framing.samplesOf(content, start, cut) ?? -1);
    const rest = cut === within ? 0 : (framing.samplesOf(content, start + cut, within - cut) ?? -1);
    ok(first >= 0 && rest >= 0 && first + rest === samples && first <= wanted, `${first} and ${rest} of ${samples}`);
  });
});
