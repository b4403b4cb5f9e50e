import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AnalysisTable } from '../../src/media/stages/analyse.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { Reception } from '../../src/protocol/rtp/reception.js';
import { AnalysisOracle, type Heard } from './analysisOracle.js';
import { seededRandom } from './random.js';
import { runs } from './runs.js';

/** One sender and the way to us: what it sends next, and what becomes of it. */
type Action =
  | { readonly kind: 'send'; readonly step: number; readonly marker: boolean; readonly payloadType: number; readonly ms: number }
  /** A packet of before comes again, or late. */
  | { readonly kind: 'again'; readonly back: number; readonly step: number; readonly ms: number }
  /** The numbers or the timestamps begin elsewhere. */
  | { readonly kind: 'restart'; readonly sequence: number }
  | { readonly kind: 'leap'; readonly by: number }
  | { readonly kind: 'source'; readonly ssrc: number }
  | { readonly kind: 'garbage'; readonly bytes: Uint8Array; readonly ms: number }
  | { readonly kind: 'clear' };

const ms = fc.oneof(
  { weight: 8, arbitrary: fc.constant(20) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 500 }).map((eighths) => eighths / 8) },
  { weight: 1, arbitrary: fc.constantFrom(0, 0.125, 1, 400, 30_000) },
);
const steps = fc.oneof(
  { weight: 12, arbitrary: fc.constant(1) },
  { weight: 3, arbitrary: fc.constantFrom(0, 2, 3, 5, -1, -2, -7) },
  { weight: 2, arbitrary: fc.constantFrom(270, 534, 535, 536, 537, 700, -270, -534, -535, -536, -537, -700) },
);
const payloadTypes = fc.oneof(
  { weight: 12, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.constantFrom(8, 18, 6, 14, 10, 101, 1, 19, 34) },
);
/** Near the places where something changes, at both ends of the numbers. */
const sequences = fc.oneof(
  fc.constantFrom(0, 1, 500, 534, 535, 536, 537, 1000, 1100, 64_464, 64_999, 65_000, 65_001, 65_500, 65_535),
  fc.nat({ max: 65_535 }),
);
const kind = <K extends Action['kind']>(name: K): fc.Arbitrary<K> => fc.constant(name);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      ...{ kind: kind('send'), step: steps, payloadType: payloadTypes, ms },
      marker: fc.nat({ max: 9 }).map((n) => n === 0),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: kind('again'), back: fc.nat({ max: 13 }), step: fc.constantFrom(0, 0, -1, 3), ms }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('restart'), sequence: sequences }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: kind('leap'), by: fc.constantFrom(160, 1000, -200, -9000, 200_000, 2 ** 31, -(2 ** 30)) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kind('source'), ssrc: fc.constantFrom(0, 1, 2, 2 ** 31, 2 ** 32 - 1) }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('source'), ssrc: fc.nat({ max: 14 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('garbage'), bytes: fc.uint8Array({ maxLength: 11 }), ms }) },
  { weight: 1, arbitrary: kind('clear').map((name) => ({ kind: name })) },
);

const ROWS = [0, 2, 6] as const;

/** The table and an oracle for each row, taken through the same actions. */
class Comparison {
  readonly table = new AnalysisTable(8);
  readonly #streams = new Map(ROWS.map((row) => [row, { oracle: new AnalysisOracle(), sent: [] as NonNullable<Heard>[] }]));
  #nowMs = 0;
  #ssrc = 1;
  #sequence = 0;
  #timestamp = 2 ** 32 - 3000;

  take(row: (typeof ROWS)[number], action: Action): void {
    const stream = this.#streams.get(row)!;
    if ('ms' in action) this.#nowMs += action.ms;
    if (action.kind === 'clear') {
      this.table.clear(row);
      this.#streams.set(row, { oracle: new AnalysisOracle(), sent: [] });
    } else if (action.kind === 'restart') this.#sequence = action.sequence;
    else if (action.kind === 'leap') this.#timestamp = (this.#timestamp + action.by + 2 ** 32) % 2 ** 32;
    else if (action.kind === 'source') this.#ssrc = action.ssrc;
    else if (action.kind === 'garbage') this.#arrive(row, null, action.bytes);
    else {
      const packet = this.#packetOf(action, stream.sent);
      stream.sent.push(packet);
      this.#arrive(row, packet, buildRtp(packet, new Uint8Array(4)));
    }
    this.#compare(row);
  }

  #packetOf(action: Action & { kind: 'send' | 'again' }, sent: readonly NonNullable<Heard>[]): NonNullable<Heard> {
    const earlier = action.kind === 'again' ? sent.at(-1 - action.back) : undefined;
    if (earlier !== undefined) return { ...earlier, sequence: (earlier.sequence + action.step) & 0xffff };
    this.#sequence = (this.#sequence + action.step) & 0xffff;
    this.#timestamp = (this.#timestamp + 160 * action.step + 2 ** 32) % 2 ** 32;
    const { marker, payloadType } = action.kind === 'send' ? action : { marker: false, payloadType: 0 };
    return { ssrc: this.#ssrc, sequence: this.#sequence, timestamp: this.#timestamp, marker, payloadType };
  }

  #arrive(row: (typeof ROWS)[number], heard: Heard, bytes: Uint8Array): void {
    this.#streams.get(row)!.oracle.take(heard, this.#nowMs);
    this.table.take({ row, bytes, start: 0, length: bytes.length, words: new Uint32Array(8), source: 0, nowMs: this.#nowMs });
  }

  #compare(row: (typeof ROWS)[number]): void {
    const { oracle } = this.#streams.get(row)!;
    const { jitterLast, jitterMax, jitterAverage, longestIpiS, ...counts } = this.table.read(row);
    deepEqual(counts, oracle.counts);
    for (const [name, value] of Object.entries({ jitterLast, jitterMax, jitterAverage, longestIpiS })) {
      const wanted = oracle.measures[name as keyof AnalysisOracle['measures']];
      ok(Math.abs(value - wanted) <= 1e-9 * Math.max(1, wanted), `${name}: ${value}, wanted ${wanted}`);
    }
  }
}

test('[PN-54 SY-19] the analysis says what its rules say, for any loss, repetition, order, wrap, change of source and restart', () => {
  const row = fc.oneof({ weight: 5, arbitrary: fc.constant(0 as const) }, { weight: 1, arbitrary: fc.constantFrom(...ROWS) });
  const property = fc.property(fc.array(fc.tuple(row, action), { maxLength: 70, size: 'max' }), (actions) => {
    const comparison = new Comparison();
    for (const [where, one] of actions) comparison.take(where, one);
  });
  fc.assert(property, { numRuns: runs(800) });
});

type Arrival = { readonly sequence: number; readonly atMs: number };

const CLOSEST_MS = 0.5;

/** A call of one voice over a network that loses, repeats and delays, but not by more than a jitter buffer would take. */
function voiceCall(
  seed: number,
  packets: number,
  first: number,
): { readonly arrivals: readonly Arrival[]; readonly repeated: number } {
  const random = seededRandom(seed);
  const arrivals: Arrival[] = [];
  let repeated = 0;
  for (let i = 0; i < packets; i++) {
    const arrival = { sequence: (first + i) & 0xffff, atMs: 1000 + i * 20 + random() * 35 };
    // The ends always come: what was lost before the first or after the last packet, nobody can know.
    const isEnd = i === 0 || i === packets - 1;
    if (!isEnd && random() < 0.05) continue;
    arrivals.push(arrival);
    if (isEnd || random() >= 0.05) continue;
    repeated++;
    arrivals.push({ ...arrival, atMs: arrival.atMs + random() * 80 });
  }
  arrivals.sort((a, b) => a.atMs - b.atMs);
  // Closer together, a step of the timestamp may be too long for the time that passed, and the jitter leaves it out.
  return { arrivals: arrivals.map(({ sequence, atMs }, i) => ({ sequence, atMs: atMs + i * CLOSEST_MS })), repeated };
}

function relayed(arrivals: readonly Arrival[], first: number): AnalysisTable {
  const table = new AnalysisTable(4);
  for (const { sequence, atMs } of arrivals) {
    const timestamp = (4_294_960_000 + ((sequence - first) & 0xffff) * 160) % 2 ** 32;
    const bytes = buildRtp({ payloadType: 8, marker: false, sequence, timestamp, ssrc: 77 }, new Uint8Array(160));
    table.take({ row: 2, bytes, start: 0, length: bytes.length, words: new Uint32Array(8), source: 0, nowMs: atMs });
  }
  return table;
}

test('[PN-54 SY-19] what was sent, dropped and repeated in a call is counted to the packet', () => {
  const property = fc.property(
    fc.integer(),
    fc.integer({ min: 2, max: 700 }),
    fc.nat({ max: 65_535 }),
    (seed, packets, first) => {
      const { arrivals, repeated } = voiceCall(seed, packets, first);
      const { nsent, nrcvd, ndups, nlost } = relayed(arrivals, first).read(2);
      const received = arrivals.length - repeated;
      deepEqual([nsent, nrcvd, ndups, nlost], [packets, received, repeated, packets - received]);
    },
  );
  fc.assert(property, { numRuns: runs(60) });
});

test('[PN-54] the jitter of a voice is that of RFC 3550 A.8', () => {
  const property = fc.property(
    fc.integer(),
    fc.integer({ min: 2, max: 400 }),
    fc.nat({ max: 65_535 }),
    (seed, packets, first) => {
      const { arrivals } = voiceCall(seed, packets, first);
      // A.8 would measure a repeated packet too.
      const once = arrivals.filter(({ sequence }, i) => arrivals.findIndex((other) => other.sequence === sequence) === i);
      const { jitterLast, jitterMax, jitterAverage } = relayed(arrivals, first).read(2);
      const reception = new Reception();
      const values = once.map(({ sequence, atMs }) => {
        reception.count(sequence, (4_294_960_000 + ((sequence - first) & 0xffff) * 160) % 2 ** 32, atMs * 8);
        return reception.jitter;
      });
      const wanted = [
        values.at(-1)!,
        Math.max(...values),
        values.reduce((sum, value) => sum + value) / Math.max(1, values.length - 1),
      ];
      for (const [i, value] of [jitterLast, jitterMax, jitterAverage].entries()) {
        ok(Math.abs(value - wanted[i]!) < 1e-6, `${value}, wanted ${wanted[i]}`);
      }
    },
  );
  fc.assert(property, { numRuns: runs(60) });
  equal(relayed([{ sequence: 5, atMs: 10 }], 5).read(2).jitterLast, 0);
});
