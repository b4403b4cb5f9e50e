import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JITTER_SLACK_MS, MOST_HELD_PACKETS } from '../../src/media/stages/resizer.js';
import { decodeAlaw, decodeMulaw } from '../../src/protocol/audio/g711.js';
import { type Framing, framingOf } from '../../src/protocol/rtp/framing.js';
import {
  G722,
  G723,
  G729,
  GSM,
  type Output,
  PCMA,
  PCMU,
  payloadsOf,
  ResizedStream,
  TELEPHONE_EVENT,
} from '../pure/resizedStream.js';
import { type Arrival, arrivalsOf, FRAMES, packetsOf, type Stream, streams } from './resizerStreams.js';
import { runs } from './runs.js';

type Run = {
  readonly outputs: readonly Output[];
  readonly taken: readonly Arrival[];
  /** With what had been emitted when it came, positions. */
  readonly discarded: readonly (Arrival & { readonly emittedTo: number })[];
  readonly stream: ResizedStream;
};

const endOf = (start: number, output: Output): number => positionOf(start, output) + (output.samples ?? 0);
/** Pauses are short against the half of the timestamps. */
const positionOf = (start: number, { timestamp }: Output): number => (timestamp - start) >>> 0;

function run(given: Stream): Run {
  const stream = new ResizedStream(given.targetMs);
  const taken: Arrival[] = [];
  const discarded: (Arrival & { emittedTo: number })[] = [];
  for (const arrival of arrivalsOf(given)) {
    stream.runTo(arrival.atMs);
    const last = stream.outputs.at(-1);
    const emittedTo = last === undefined ? 0 : endOf(given.firstTimestamp, last);
    const taking = stream.take(arrival.sent.packet, arrival.atMs);
    if (taking === 'taken') taken.push(arrival);
    else discarded.push({ ...arrival, emittedTo });
    assert.notEqual(taking, 'passed');
    assert.ok(stream.resizer.held <= MOST_HELD_PACKETS);
    assert.equal(stream.resizer.held > 0, stream.resizer.dueAtMs < Number.POSITIVE_INFINITY);
  }
  stream.runOut();
  return { outputs: stream.outputs, taken, discarded, stream };
}

const known = (payloadType: number): Framing => framingOf(payloadType) ?? assert.fail(`payload type ${payloadType}`);

/** Every frame with its position, in the order of positions. */
function framesOf(payloadType: number, position: number, payload: Uint8Array): string[] {
  const [, frameSamples] = FRAMES[payloadType]!;
  const { bytesFor } = known(payloadType);
  const frames: string[] = [];
  for (let at = 0; at < payload.length; ) {
    const size = bytesFor(payload, at, payload.length - at, frameSamples);
    frames.push(`${position + frames.length * frameSamples}: ${Buffer.from(payload.subarray(at, at + size)).toString('hex')}`);
    at += size;
  }
  return frames;
}

const targetSamples = ({ targetMs, payloadType }: Stream): number => {
  const { unitSamples } = known(payloadType);
  return Math.ceil((targetMs * 8) / unitSamples) * unitSamples;
};

const ALL = [PCMU, PCMA, G722, G729, GSM, G723];
const wildDelay = fc.oneof(fc.constant(0), fc.nat(40), fc.nat(200));

test('[PN-04] whatever the network does, each frame leaves once and at its place, except what came too late', () => {
  fc.assert(
    fc.property(streams(ALL, wildDelay), (given) => {
      const { outputs, taken, discarded, stream } = run(given);
      const inOrder = [...taken].sort((a, b) => a.sent.position - b.sent.position);
      const expected = inOrder.flatMap(({ sent }) => framesOf(given.payloadType, sent.position, sent.payload));
      const start = given.firstTimestamp;
      const actual = outputs.flatMap((it) => framesOf(given.payloadType, positionOf(start, it), it.payload));
      assert.deepEqual(actual, expected);
      for (const { sent, emittedTo, atMs } of discarded) {
        const isCopy = taken.some((other) => other.sent === sent && other.atMs <= atMs);
        assert.ok(isCopy || sent.position < emittedTo, `position ${sent.position}, emitted to ${emittedTo}`);
      }
      const { resizer } = stream;
      assert.equal(resizer.taken, taken.length + discarded.length);
      assert.equal(resizer.emitted, outputs.length);
      assert.equal(resizer.discarded, discarded.length);
    }),
    { numRuns: runs(400) },
  );
});

test('[PN-04 KM-55] outputs are numbered without a gap and have the target size, or what should follow had not come', () => {
  fc.assert(
    fc.property(streams(ALL, wildDelay), (given) => {
      const { outputs, taken } = run(given);
      const target = targetSamples(given);
      outputs.forEach((output, i) => {
        assert.equal(output.sequence, (outputs[0]!.sequence + i) & 0xffff);
        assert.equal(output.payloadType, given.payloadType);
        assert.equal(output.ssrc, 77);
        const samples = output.samples ?? assert.fail('an output of broken frames');
        assert.ok(samples > 0 && samples <= target, `${samples} samples of ${target}`);
        if (samples === target || !known(given.payloadType).mayAppend(output.payload.length)) return;
        const end = endOf(given.firstTimestamp, output);
        const follower = taken.find(({ sent }) => sent.position <= end && sent.position + sent.samples > end);
        assert.ok(follower === undefined || follower.atMs >= output.atMs, `cut short at ${end} though all was there`);
      });
    }),
    { numRuns: runs(400) },
  );
});

test('[PN-04] the marker of an output is that of the packet that begins it, and never that of a rest', () => {
  fc.assert(
    fc.property(streams(ALL, wildDelay), (given) => {
      const { outputs, taken } = run(given);
      for (const output of outputs) {
        const position = positionOf(given.firstTimestamp, output);
        const first = taken.find(({ sent }) => sent.position === position);
        assert.equal(output.marker, first !== undefined && (first.sent.packet[1]! & 0x80) !== 0, `at ${position}`);
      }
    }),
    { numRuns: runs(200) },
  );
});

test('[PN-04] nothing is held for longer than the target, a packet of the sender and the slack', () => {
  fc.assert(
    fc.property(streams(ALL, wildDelay), (given) => {
      const { outputs, taken } = run(given);
      const longestPacketMs = Math.max(...taken.map(({ sent }) => sent.samples / 8), 0);
      const boundMs = targetSamples(given) / 8 + longestPacketMs + JITTER_SLACK_MS;
      for (const { sent, atMs } of taken) {
        const end = sent.position + sent.samples;
        const leaving = outputs.find((output) => endOf(given.firstTimestamp, output) >= end) ?? assert.fail('never emitted');
        assert.ok(leaving.atMs >= atMs && leaving.atMs <= atMs + boundMs, `${leaving.atMs - atMs} ms, ${boundMs} at most`);
      }
    }),
    { numRuns: runs(400) },
  );
});

test('[PN-04] jitter below the slack cuts nothing short: all outputs but the last have the target size', () => {
  const jitter = fc.integer({ min: 0, max: JITTER_SLACK_MS - 1 });
  fc.assert(
    fc.property(streams([PCMU, G722, G729, GSM, G723], jitter).map(steady), (given) => {
      const { outputs, discarded } = run(given);
      assert.equal(discarded.length, 0);
      const sizes = outputs.slice(0, -1).map(({ samples }) => samples);
      assert.deepEqual(sizes, new Array<number>(sizes.length).fill(targetSamples(given)));
    }),
    { numRuns: runs(400) },
  );
});

/** The same stream without loss, copies, pauses and comfort noise, in packets of one length that do not overtake each other. */
function steady(given: Stream): Stream {
  const { frames } = given.steps[0]!;
  const packetMs = (frames * FRAMES[given.payloadType]![1]) / 8;
  let delayMs = 0;
  const steps = given.steps.map((it) => {
    delayMs = Math.max(it.delayMs, delayMs - packetMs);
    return { ...it, frames, delayMs, pauseFrames: 0, isLost: false, copyDelayMs: null, noise: it.noise * 7 + 1 };
  });
  return { ...given, steps };
}

test('[PN-04] what arrives in order sounds as it was sent: decoded, output and input of G.711 are the same', () => {
  const lossless = streams([PCMU, PCMA], fc.constant(0)).map((given) => ({
    ...given,
    steps: given.steps.map((it) => ({ ...it, isLost: false })),
  }));
  fc.assert(
    fc.property(lossless, (given) => {
      const decode = given.payloadType === PCMU ? decodeMulaw : decodeAlaw;
      const sound = (pieces: readonly { position: number; payload: Uint8Array }[], length: number): Int16Array => {
        const samples = new Int16Array(length);
        for (const { position, payload } of pieces) samples.set(decode(payload), position);
        return samples;
      };
      const sent = packetsOf(given);
      const length = sent.at(-1)!.position + sent.at(-1)!.samples;
      const { outputs } = run(given);
      const heard = outputs.map((it) => ({ position: positionOf(given.firstTimestamp, it), payload: it.payload }));
      assert.deepEqual(sound(heard, length), sound(sent, length));
      const inARow = sent.flatMap(({ payload }) => [...payload]);
      assert.deepEqual(decode(Uint8Array.from(payloadsOf(outputs))), decode(Uint8Array.from(inARow)));
    }),
    { numRuns: runs(200) },
  );
});

test('[PN-04] telephone events and changes of codec among audio leave in their order, and the numbers have no gap', () => {
  const packet = fc.record({
    payloadType: fc.constantFrom(PCMU, PCMU, PCMU, PCMA, TELEPHONE_EVENT),
    ms: fc.constantFrom(10, 20, 30, 60),
    waitMs: fc.nat(80),
  });
  const inputs = fc.record({ targetMs: fc.integer({ min: 1, max: 120 }), packets: fc.array(packet, { maxLength: 40 }) });
  fc.assert(
    fc.property(inputs, ({ targetMs, packets }) => {
      const stream = new ResizedStream(targetMs);
      let atMs = 0;
      let timestamp = 0xffff_ff00;
      const sent: string[] = [];
      packets.forEach(({ payloadType, ms, waitMs }, n) => {
        const isAudio = payloadType !== TELEPHONE_EVENT;
        const payload = new Uint8Array(isAudio ? ms * 8 : 4).fill(n);
        const taking = stream.send(atMs, { payloadType, sequence: 65_530 + n, timestamp }, payload);
        assert.equal(taking, sent.length === 0 && !isAudio ? 'passed' : 'taken');
        if (taking === 'taken') sent.push(...Array.from(payload, (byte) => `${payloadType}: ${byte}`));
        if (isAudio) timestamp = (timestamp + ms * 8) >>> 0;
        atMs += waitMs;
      });
      stream.runOut();
      const { outputs } = stream;
      assert.deepEqual(
        outputs.flatMap(({ payload, payloadType }) => Array.from(payload, (byte) => `${payloadType}: ${byte}`)),
        sent,
      );
      outputs.forEach(({ sequence }, i) => {
        assert.equal(sequence, (outputs[0]!.sequence + i) & 0xffff);
      });
    }),
    { numRuns: runs(300) },
  );
});
