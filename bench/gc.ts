import { type Bench, type GcRun, type GcThread, PPS_PER_CALL, setUpStanding, withRelay } from './bench.js';
import type { Relay } from './relays.js';

const GC_PPS = 50_000;

/** A line that V8 prints under --trace-gc. */
type Collection = {
  /** Address of the isolate: one a thread. */
  readonly isolate: string;
  /** When the isolate began, on our clock, ms. */
  readonly bornMs: number;
  readonly kind: string;
  /** How long the thread stood still, incremental steps included, ms. */
  readonly pauseMs: number;
};

// [6917:0x2ab28c00]   272 ms: Mark-Compact 14.2 (30.7) -> 3.4 (21.5) MB, 1.10 / 0.00 ms  (+ 2.1 ms in 30 steps since …
const LINE =
  /^\[\d+:(0x[0-9a-f]+)\]\s+(\d+) ms: (.+?) [\d.]+ \([\d.]+\) -> [\d.]+ \([\d.]+\) MB, ([\d.]+) \/ [\d.]+ ms(?:\s+\(\+ ([\d.]+) ms in)?/;

/** Collections of every thread of rtpbridge while it relays 50,000 packets a second. */
export async function measureCollections(bench: Bench): Promise<GcRun[]> {
  const runs: GcRun[] = [];
  for (const relay of bench.relays.filter(({ ours }) => ours)) {
    const run = await measureRelay(bench, relay);
    if (run !== null) runs.push(run);
  }
  return runs;
}

async function measureRelay(bench: Bench, relay: Relay): Promise<GcRun | null> {
  const { gcSeconds, warmupSeconds, batch } = bench.options;
  return withRelay(
    bench,
    relay,
    async (running, _pids) => {
      const seen: Collection[] = [];
      let rest = '';
      running.onStdout((chunk) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop()!;
        for (const line of lines) {
          const collection = parseLine(line, performance.now());
          if (collection !== null) seen.push(collection);
        }
      });
      await setUpStanding(bench, relay, running.controlPort, GC_PPS / PPS_PER_CALL);
      await bench.generator.send({ path: 'relay', pps: GC_PPS, seconds: warmupSeconds, batch, directCalls: 0 });
      const first = seen.length;
      const traffic = await bench.generator.send({ path: 'relay', pps: GC_PPS, seconds: gcSeconds, batch, directCalls: 0 });
      const threads = count(seen, first);
      const total = threads.reduce((sum, { count }) => sum + count, 0);
      bench.say(`garbage collections, ${relay.name}: ${total} in ${gcSeconds} s at ${GC_PPS} pps`);
      return { relay: relay.name, seconds: gcSeconds, pps: GC_PPS, traffic, threads };
    },
    { traceGc: true },
  );
}

/** Reads one line of --trace-gc that arrived at `nowMs`; null for any other line. */
export function parseLine(line: string, nowMs: number): Collection | null {
  const [, isolate, ageMs, kind, pause, steps] = LINE.exec(line) ?? [];
  if (isolate === undefined || kind === undefined) return null;
  return { isolate, kind, bornMs: nowMs - Number(ageMs), pauseMs: Number(pause) + Number(steps ?? 0) };
}

/** Counts what was seen from `first` on, per thread and kind. The thread that began first is the main one. */
function count(seen: readonly Collection[], first: number): GcThread[] {
  const born = new Map<string, number>();
  for (const { isolate, bornMs } of seen) born.set(isolate, Math.min(bornMs, born.get(isolate) ?? bornMs));
  const order = [...born].sort((a, b) => a[1] - b[1]).map(([isolate]) => isolate);
  const rows = new Map<string, GcThread>();
  for (const { isolate, kind, pauseMs } of seen.slice(first)) {
    const place = order.indexOf(isolate);
    const thread = place === 0 ? 'main' : `thread ${place + 1}`;
    const row = rows.get(`${thread} ${kind}`) ?? { thread, kind, count: 0, totalMs: 0, longestMs: 0 };
    rows.set(`${thread} ${kind}`, {
      ...row,
      count: row.count + 1,
      totalMs: row.totalMs + pauseMs,
      longestMs: Math.max(row.longestMs, pauseMs),
    });
  }
  return [...rows.values()].sort((a, b) => a.thread.localeCompare(b.thread) || a.kind.localeCompare(b.kind));
}
