import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SourceReport } from '../../src/media/streamReport.js';
import { StreamSources } from '../../src/media/streamSources.js';
import { Reception } from '../../src/protocol/rtp/reception.js';
import { rtp } from '../pure/analysed.js';
import { runs } from './runs.js';

type Arrival = { readonly source: number; readonly step: number; readonly leap: boolean; readonly ms: number };

const arrival: fc.Arbitrary<Arrival> = fc.record({
  source: fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 5 }) }),
  step: fc.oneof(
    { weight: 12, arbitrary: fc.constant(1) },
    { weight: 4, arbitrary: fc.constantFrom(0, 2, 3, -1, -2, -5, 7) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(-98, -99, -100, -101, 99, 127, 128, 129, 130, 2998, 2999, 3000, 3001, 20_000, -3000),
    },
  ),
  leap: fc.nat({ max: 30 }).map((n) => n === 0),
  ms: fc.oneof(
    { weight: 3, arbitrary: fc.constant(20) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 500 }).map((n) => n / 8) },
  ),
});

/** RFC 3550 as lists of everything that came: nothing is forgotten, and a number is extended by looking at all before it. */
class NaiveSource {
  packets = 0;
  duplicates = 0;
  reordered = 0;
  /** Each count since the numbers began anew. */
  readonly #counts: Set<number>[] = [];
  #suspect: number | null = null;

  take(sequence: number): void {
    this.packets++;
    const count = this.#counts.at(-1);
    if (count === undefined) {
      this.#counts.push(new Set([sequence]));
      return;
    }
    const highest = Math.max(...count);
    const number = highest - 32_768 + ((sequence - ((highest - 32_768) & 0xffff)) & 0xffff);
    const ahead = number - highest;
    if (ahead >= 3000 || ahead <= -100) this.#leap(sequence);
    else if (count.has(number)) this.duplicates++;
    else {
      if (ahead < 0) this.reordered++;
      count.add(number);
    }
  }

  #leap(sequence: number): void {
    if (this.#suspect !== null && ((this.#suspect + 1) & 0xffff) === sequence) {
      this.#counts.push(new Set([sequence - 1, sequence]));
      this.#suspect = null;
    } else this.#suspect = sequence;
  }

  get counts() {
    const received = this.#counts.reduce((sum, count) => sum + count.size, 0);
    const expected = this.#counts.reduce((sum, count) => sum + Math.max(...count) - Math.min(...count) + 1, 0);
    return {
      packets: this.packets,
      expected,
      received,
      lost: expected - received,
      duplicates: this.duplicates,
      reordered: this.reordered,
    };
  }
}

const countsOf = ({ packets, expected, received, lost, duplicates, reordered }: SourceReport) => ({
  ...{ packets, expected, received, lost, duplicates, reordered },
});

/** Takes arrivals to the sources of row 0, and to a naive account of each SSRC. */
class Comparison {
  readonly sources = new StreamSources(4);
  readonly naive = new Map<number, NaiveSource>();
  readonly #sequences = new Map<number, number>();
  #nowMs = 1000;

  take({ source, step, leap, ms }: Arrival): void {
    this.#nowMs += ms;
    const sequence = ((this.#sequences.get(source) ?? 65_300 + source) + (leap ? 30_000 : step)) & 0xffff;
    this.#sequences.set(source, sequence);
    const ssrc = 0xffff_fff0 + source;
    this.sources.table.take(rtp({ ssrc, sequence, timestamp: (sequence * 160) % 2 ** 32, atMs: this.#nowMs }));
    const naive = this.naive.get(ssrc) ?? new NaiveSource();
    naive.take(sequence);
    this.naive.set(ssrc, naive);
  }
}

test('[NG-37] packets, loss, copies and disorder of every SSRC are those of a naive account', () => {
  const property = fc.property(fc.array(arrival, { maxLength: 300, size: 'max' }), (arrivals) => {
    const comparison = new Comparison();
    for (const one of arrivals) comparison.take(one);
    const { sources } = comparison.sources.read(0);
    equal(sources.length, comparison.naive.size);
    for (const source of sources) {
      deepEqual(countsOf(source), comparison.naive.get(source.ssrc)!.counts, JSON.stringify(arrivals));
    }
  });
  fc.assert(property, { numRuns: runs(1500) });
});

test('the jitter of a voice, in milliseconds, is what a receiver of RTCP reports', () => {
  const delays = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 2, maxLength: 200 });
  const property = fc.property(delays, (eighths) => {
    const sources = new StreamSources(4);
    const reception = new Reception();
    for (const [sequence, delay] of eighths.entries()) {
      const [timestamp, atMs] = [2 ** 32 - 800 + sequence * 160, sequence * 20 + delay / 8];
      sources.table.take(rtp({ sequence, timestamp: timestamp % 2 ** 32, atMs }));
      reception.count(sequence, timestamp % 2 ** 32, atMs * 8);
    }
    const { jitterMs } = sources.read(0).sources[0]!;
    ok(Math.abs(jitterMs - reception.jitter / 8) < 1e-9, `${jitterMs}, wanted ${reception.jitter / 8}`);
  });
  fc.assert(property, { numRuns: runs(300) });
});

test('sources that are restored read as they did, are saved the same again, and count on', () => {
  const arrivals = fc.array(arrival, { minLength: 1, maxLength: 120, size: 'max' });
  const property = fc.property(arrivals, fc.nat({ max: 4 }), (list, turns) => {
    const before = new Comparison();
    for (const [i, one] of list.entries()) {
      before.take({ ...one, ms: Math.round(one.ms) });
      if (turns > 0 && i % 40 === 39) before.sources.turn(0, 1000 + (i + 1) * 1500);
    }
    const saved = JSON.parse(JSON.stringify(before.sources.save(0))) as number[];
    const after = new StreamSources(4);
    after.restore(0, saved);
    deepEqual(after.save(0), saved);
    const [was, is] = [before.sources.read(0), after.read(0)];
    equal(is.forgotten, was.forgotten);
    for (const [i, source] of is.sources.entries()) {
      const { jitterMs, quality, bitrate, ...rest } = source;
      const { jitterMs: jitter, quality: wanted, bitrate: _, ...counted } = was.sources[i]!;
      deepEqual([rest, bitrate], [counted, null]);
      ok(Math.abs(jitterMs - jitter) <= 0.0051);
      if (wanted !== null && wanted.samples > 1) deepEqual([quality?.samples, quality?.lowest], [wanted.samples, wanted.lowest]);
    }
    const { ssrc, lost, packets } = is.sources[0]!;
    after.table.take(rtp({ ssrc, sequence: 31_000, atMs: 1e6 }));
    const next = after.read(0).sources[0]!;
    deepEqual([next.ssrc, next.lost, next.packets], [ssrc, lost, packets + 1], 'what passed unheard is not lost');
  });
  fc.assert(property, { numRuns: runs(500) });
});
