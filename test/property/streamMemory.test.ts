import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AnalysisTable, readSavedAnalysis, type StreamAnalysis } from '../../src/media/stages/analyse.js';
import type { Judgement } from '../../src/media/stages/latch.js';
import { packetOf, rtp, type Sent } from '../pure/analysed.js';
import { at, Latched } from '../pure/latched.js';
import { runs } from './runs.js';

const PLACES = [at('192.0.2.1', 4000), at('192.0.2.1', 4700), at('198.51.100.7', 4000), at('203.0.113.9', 9000)];
const SECOND_MS = 1000;

type LatchAction =
  | { readonly kind: 'packet'; readonly place: number; readonly ssrc: number | null; readonly step: number; readonly ms: number }
  | { readonly kind: 'signal'; readonly place: number; readonly ms: number }
  | { readonly kind: 'asymmetric'; readonly asymmetric: boolean; readonly ms: number };

const waits = fc.oneof(
  { weight: 8, arbitrary: fc.constant(20) },
  { weight: 2, arbitrary: fc.constantFrom(400, 1000, 9_980, 10_000, 30_000) },
);
const place = fc.nat({ max: PLACES.length - 1 });
const ssrcs = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(0xaaaa, 0xaaaa, 0xffff_fff1) },
  { weight: 1, arbitrary: fc.constantFrom(null, 0) },
);
const kind = <K extends LatchAction['kind']>(name: K): fc.Arbitrary<K> => fc.constant(name);
const latchAction: fc.Arbitrary<LatchAction> = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.record({
      ...{ kind: kind('packet'), place, ssrc: ssrcs, ms: waits },
      step: fc.constantFrom(1, 1, 1, 2, 300, 536, 537, -1, -200),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kind('signal'), place, ms: waits }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('asymmetric'), asymmetric: fc.boolean(), ms: waits }) },
);

/** A stream with its time and numbers, before a table that learns its addresses. */
class Stream {
  latched = new Latched();
  nowMs = 100_000;
  sequence = 65_000;

  take(action: LatchAction): Judgement | null {
    this.nowMs += action.ms;
    const given = this.latched.given(0);
    if (action.kind === 'signal') {
      const previous = given.address;
      this.latched.install(0, { ...given, address: PLACES[action.place]!, previous, latched: false, signalledAtMs: this.nowMs });
      return null;
    }
    if (action.kind === 'asymmetric') {
      this.latched.install(0, { ...given, asymmetric: action.asymmetric });
      return null;
    }
    this.sequence = (this.sequence + action.step) & 0xffff;
    const { ssrc } = action;
    return this.latched.take({ source: PLACES[action.place]!, ssrc, sequence: this.sequence, atMs: this.nowMs });
  }

  /** As after a crash: a new table, given the same addresses, before or after what was saved. */
  restart(saved: readonly number[] | null, installedFirst: boolean): void {
    const given = this.latched.given(0);
    this.latched = new Latched();
    if (installedFirst) this.latched.install(0, given);
    if (saved !== null) this.latched.table.restore(0, saved);
    if (!installedFirst) this.latched.install(0, given);
  }
}

test('a stream whose table is restored at any point is judged as by a table that went on', () => {
  const actions = fc.array(latchAction, { maxLength: 60, size: 'max' });
  const property = fc.property(actions, actions, fc.boolean(), (before, after, installedFirst) => {
    const [went, was] = [new Stream(), new Stream()];
    for (const action of before) equal(was.take(action), went.take(action));
    was.restart(was.latched.table.save(0), installedFirst);
    // The number by which a stream is known is brought up to date once a second: afterwards in both.
    for (const stream of [went, was]) stream.nowMs += SECOND_MS;
    for (const [i, action] of after.entries()) {
      equal(was.take(action), went.take(action), `${i}: ${JSON.stringify(action)}`);
      deepEqual(was.latched.given(0), went.latched.given(0));
    }
  });
  fc.assert(property, { numRuns: runs(1500) });
});

test('three seconds of packets may pass unheard between the last sample and the new table', () => {
  const near = fc.integer({ min: 1, max: 100 });
  const later = fc.array(fc.tuple(place, fc.constantFrom(0xaaaa, 0xaaaa, 0xbbbb), near), { maxLength: 8 });
  const property = fc.property(fc.integer({ min: 0, max: 150 }), later, fc.nat({ max: 90 }), (unheard, packets, sinceSync) => {
    const [went, was] = [new Stream(), new Stream()];
    const own = { kind: 'packet', place: 0, ssrc: 0xaaaa, step: 1, ms: 20 } as const;
    for (const stream of [went, was]) {
      stream.take({ kind: 'signal', place: 0, ms: 0 });
      stream.nowMs += 20_000;
      for (let n = 0; n <= sinceSync; n++) stream.take(own);
    }
    was.restart(was.latched.table.save(0), true);
    for (let n = 0; n < unheard; n++) went.take(own);
    [was.nowMs, was.sequence] = [went.nowMs, went.sequence];
    // The first packet may come from elsewhere already; then the stream is heard again.
    for (const [i, [from, ssrc, step]] of packets.entries()) {
      if (ssrc !== 0xaaaa && PLACES[from] === went.latched.given(0).address) continue; // Whoever is believed may change.
      const action = { kind: 'packet', place: from, ssrc, step: i === 0 ? step : 1, ms: 20 } as const;
      equal(was.take(action), went.take(action), `${i}: ${JSON.stringify(action)} after ${unheard}`);
    }
  });
  fc.assert(property, { numRuns: runs(1500) });
});

type Heard =
  | {
      readonly kind: 'rtp';
      readonly step: number;
      readonly marker: boolean;
      readonly payloadType: number;
      readonly source: number;
      readonly ms: number;
    }
  | { readonly kind: 'garbage'; readonly ms: number };

const heard: fc.Arbitrary<Heard> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant('rtp' as const),
      step: fc.oneof(
        { weight: 8, arbitrary: fc.constant(1) },
        { weight: 3, arbitrary: fc.constantFrom(0, 2, 5, -1, -3, 536, 700, -600) },
      ),
      marker: fc.nat({ max: 9 }).map((n) => n === 0),
      payloadType: fc.constantFrom(0, 0, 0, 8, 101),
      source: fc.constantFrom(0, 0, 0, 0, 0, 1, 2),
      ms: fc.oneof(
        { weight: 4, arbitrary: fc.constant(20) },
        { weight: 2, arbitrary: fc.integer({ min: 0, max: 500 }).map((n) => n / 8) },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('garbage' as const), ms: fc.constant(20) }) },
);

/** Numbers and timestamps go on from packet to packet; sources that are not the present one are told apart by `life`. */
class Sender {
  sequence = 30_000;
  timestamp = 0;
  nowMs = 5000;
  life = 0;

  arrive(action: Heard, tables: readonly AnalysisTable[]): void {
    this.nowMs += action.ms;
    if (action.kind === 'garbage') {
      for (const table of tables) table.take(packetOf(Uint8Array.of(7), 0, this.nowMs));
      return;
    }
    this.sequence = (this.sequence + action.step) & 0xffff;
    this.timestamp = (this.timestamp + 160 * action.step + 2 ** 32) % 2 ** 32;
    const ssrc = action.source === 0 ? 0xffff_0001 : this.life * 10 + action.source;
    const { sequence, timestamp, nowMs: atMs } = this;
    const { marker, payloadType } = action;
    const sent: Sent = { sequence, timestamp, atMs, marker, payloadType, ssrc };
    for (const table of tables) table.take(rtp(sent));
  }
}

function isClose(a: StreamAnalysis, b: StreamAnalysis, what: string): void {
  const { jitterLast, jitterMax, jitterAverage, ...counts } = a;
  const { jitterLast: last, jitterMax: max, jitterAverage: average, ...wanted } = b;
  deepEqual(counts, wanted, what);
  for (const [is, be] of [
    [jitterLast, last],
    [jitterMax, max],
    [jitterAverage, average],
  ] as const) {
    ok(Math.abs(is - be) <= 1e-9 * Math.max(1, be), `${what}: jitter ${is}, wanted ${be}`);
  }
}

test('an analysis that is restored at any point counts on as one that went on and found that the numbers began anew', () => {
  const actions = fc.array(heard, { maxLength: 60, size: 'max' });
  const property = fc.property(actions, actions, (before, after) => {
    const sender = new Sender();
    const went = new AnalysisTable(4);
    for (const action of [...before, { kind: 'rtp', step: 1, marker: false, payloadType: 0, source: 0, ms: 20 } as const]) {
      sender.arrive(action, [went]);
    }
    const saved = went.save(0)!;
    deepEqual(readSavedAnalysis(saved), went.read(0));
    const was = new AnalysisTable(4);
    was.restore(0, saved);
    deepEqual(was.read(0), went.read(0));
    // A leap of numbers and timestamps, which both take for a new beginning; and sources that neither has met before.
    sender.sequence = (sender.sequence + 10_000) & 0xffff;
    sender.timestamp = (sender.timestamp + 2 ** 30) % 2 ** 32;
    sender.life = 1;
    const first = { kind: 'rtp', step: 1, marker: false, payloadType: 0, source: 0, ms: 2000 } as const;
    for (const [i, action] of [first, ...after].entries()) {
      sender.arrive(action, [was, went]);
      isClose(was.read(0), went.read(0), `${i}: ${JSON.stringify(action)}`);
    }
  });
  fc.assert(property, { numRuns: runs(800) });
});
