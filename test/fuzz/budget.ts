import { ok } from 'node:assert/strict';
import type { TestContext } from 'node:test';
import fc from 'fast-check';

const DEFAULT_SECONDS = 2;
/** A search that tries fewer inputs has searched nothing: the machine is stuck, or the property is too slow. */
const FEWEST_RUNS = 20;

/** How long the search for one parser may take: RTPBRIDGE_FUZZ_SECONDS, two seconds without it. */
export function fuzzSeconds(): number {
  const given = Number(process.env['RTPBRIDGE_FUZZ_SECONDS'] ?? DEFAULT_SECONDS);
  return Number.isFinite(given) && given > 0 ? given : DEFAULT_SECONDS;
}

/**
 * The same for the parsers that read what control clients and command lines say (RTPBRIDGE_FUZZ_PARSER_SECONDS): they face strangers, and are
 * given more where there is time.
 */
export function parserSeconds(): number {
  const given = Number(process.env['RTPBRIDGE_FUZZ_PARSER_SECONDS'] ?? fuzzSeconds());
  return Number.isFinite(given) && given > 0 ? given : fuzzSeconds();
}

/** The limit for a test that searches once, for at most twice the time. */
export const FUZZ_BOUND = { timeout: Math.max(fuzzSeconds(), parserSeconds()) * 2_000 + 60_000 };

/** Searches for an input that breaks the property until the time is up; a failure names the seed and the smallest input found. */
export async function search<T>(
  t: TestContext,
  inputs: fc.Arbitrary<T>,
  holds: (input: T) => void | Promise<void>,
  seconds: number = fuzzSeconds(),
): Promise<void> {
  let runs = 0;
  // fast-check does not wait for the run that it interrupts, but the next search must.
  let last: Promise<void> = Promise.resolve();
  const property = fc.asyncProperty(inputs, (input) => {
    runs++;
    last = (async () => holds(input))();
    return last;
  });
  const interruptAfterTimeLimit = seconds * 1000;
  await fc.assert(property, { numRuns: 2 ** 31 - 1, interruptAfterTimeLimit, markInterruptAsFailure: false });
  await last;
  ok(runs >= FEWEST_RUNS, `only ${runs} inputs were tried`);
  t.diagnostic(`${t.name}: ${runs} inputs`);
}

const ATTEMPTS = 5;

/**
 * Checks that the call does not take more than `limitMs`, whatever else the machine and the process do meanwhile. What counts is the smaller of
 * the time on the clock, which other processes lengthen, and the processor time, which garbage collection on threads beside lengthens; and the
 * best of some attempts, because a collection of garbage may come in between. A call that is slow by itself is so each time.
 */
export function isQuick(limitMs: number, call: () => unknown): void {
  const took: number[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const [start, startedAt] = [process.cpuUsage(), performance.now()];
    call();
    const elapsed = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(start);
    took.push(Math.min(elapsed, (user + system) / 1000));
    if (took.at(-1)! < limitMs) return;
  }
  ok(false, `it took ${took.map((ms) => ms.toFixed(1)).join(', ')} ms; less than ${limitMs} ms expected`);
}

/** Small damage to something that was right: what was cut, doubled, overwritten or put in, applied in turn. */
export type Damage = {
  readonly kind: 'cut' | 'double' | 'overwrite' | 'insert';
  readonly at: number;
  readonly length: number;
  readonly bytes: Uint8Array;
};

export const damages = (maxLength = 8): fc.Arbitrary<Damage[]> =>
  fc.array(
    fc.record({
      kind: fc.constantFrom('cut', 'double', 'overwrite', 'insert'),
      at: fc.nat({ max: 2 ** 16 }),
      length: fc.integer({ min: 1, max: 40 }),
      bytes: fc.uint8Array({ minLength: 1, maxLength }),
    }),
    { minLength: 1, maxLength: 4 },
  );

export function damaged(original: Uint8Array, list: readonly Damage[]): Uint8Array {
  let bytes = original;
  for (const { kind, at: anywhere, length, bytes: put } of list) {
    const at = anywhere % (bytes.length + 1);
    const [head, middle, tail] = [bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at + length)];
    const parts = {
      cut: [head, tail],
      double: [head, middle, middle, tail],
      overwrite: [head, put, bytes.subarray(at + put.length)],
      insert: [head, put, middle, tail],
    }[kind];
    bytes = Uint8Array.from(parts.flatMap((part) => [...part]));
  }
  return bytes;
}
