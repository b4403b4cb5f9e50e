import type { CallRun, LoadRun, Results } from './bench.js';
import { median } from './measure.js';

export const PEER = 'rtpengine';

/** A figure that we promised, and what it came to. */
export type Goal = {
  readonly relay: string;
  readonly figure: string;
  readonly goal: string;
  /** Null when what it is compared with was not measured. */
  readonly value: number | null;
  readonly met: boolean | null;
};

const CPU_RATIO = { io_uring: 0.4, epoll: 0.6 } as const;
const CPU_LOADS = [50_000, 100_000];
const CALL_RATE_RATIO = 0.25;
const SESSION_KB = 20;
const P99_US = 1000;
const P99_LOAD = 50_000;
const LOSSLESS_LOAD = 100_000;

/** A figure over the rounds, the median unless `over` says otherwise; null if there is none. */
export function loadFigure(
  runs: readonly LoadRun[],
  relay: string,
  pps: number,
  figure: (run: LoadRun) => number,
  over: (values: readonly number[]) => number = median,
): number | null {
  const values = runs.filter((run) => run.relay === relay && run.pps === pps).map(figure);
  return values.length === 0 ? null : over(values);
}

export function callFigure(
  runs: readonly CallRun[],
  relay: string,
  { verbs, clients }: Pick<CallRun, 'verbs' | 'clients'>,
  figure: (run: CallRun) => number,
): number | null {
  const values = runs.filter((run) => run.relay === relay && run.verbs === verbs && run.clients === clients).map(figure);
  return values.length === 0 ? null : median(values);
}

export const ratioOf = (ours: number | null, theirs: number | null): number | null =>
  ours === null || theirs === null || theirs === 0 ? null : ours / theirs;

/** Every goal for which rtpbridge was measured. */
export function goalsOf(results: Results, workers: number): Goal[] {
  return [
    ...cpuGoals(results),
    ...latencyGoals(results),
    ...lossGoals(results, workers),
    ...rateGoals(results),
    ...memoryGoals(results),
  ];
}

function atMost(relay: string, figure: string, value: number | null, limit: number, text: string): Goal {
  return { relay, figure, goal: text, value, met: value === null ? null : value <= limit };
}

function cpuGoals({ loads }: Results): Goal[] {
  const cpu = (relay: string, pps: number): number | null => loadFigure(loads, relay, pps, (run) => run.cpuUsPerPacket);
  return Object.entries(CPU_RATIO).flatMap(([relay, limit]) =>
    CPU_LOADS.filter((pps) => cpu(relay, pps) !== null).map((pps) =>
      atMost(
        relay,
        `CPU per packet at ${pps} pps, of ${PEER}'s`,
        ratioOf(cpu(relay, pps), cpu(PEER, pps)),
        limit,
        `<= ${limit.toFixed(2)}`,
      ),
    ),
  );
}

function latencyGoals({ loads }: Results): Goal[] {
  return Object.keys(CPU_RATIO).flatMap((relay) => {
    const p99 = loadFigure(loads, relay, P99_LOAD, (run) => run.traffic.p99Us);
    return p99 === null ? [] : [atMost(relay, `p99 latency at ${P99_LOAD} pps, us`, p99, P99_US - 1, `< ${P99_US}`)];
  });
}

/** One media thread, 1,000 sessions, nothing lost: the worst round counts, not the median. */
function lossGoals({ loads }: Results, workers: number): Goal[] {
  if (workers !== 1) return [];
  return Object.keys(CPU_RATIO).flatMap((relay) => {
    const lost = loads
      .filter((run) => run.relay === relay && run.pps === LOSSLESS_LOAD)
      .map((run) => run.traffic.sent - run.traffic.received);
    const figure = `packets lost at ${LOSSLESS_LOAD} pps, 1,000 sessions, one media thread`;
    return lost.length === 0 ? [] : [atMost(relay, figure, Math.max(...lost), 0, '0')];
  });
}

function rateGoals({ calls }: Results): Goal[] {
  const goals: Goal[] = [];
  for (const relay of Object.keys(CPU_RATIO)) {
    const variants = new Map(
      calls.filter((run) => run.relay === relay).map((run) => [`${run.verbs}, ${run.clients} client(s)`, run]),
    );
    for (const [name, variant] of variants) {
      const rate = (of: string): number | null => callFigure(calls, of, variant, (run) => run.setup.callsPerSecond);
      const value = ratioOf(rate(relay), rate(PEER));
      const met = value === null ? null : value >= CALL_RATE_RATIO;
      goals.push({ relay, figure: `calls per second, ${name}, of ${PEER}'s`, goal: `>= ${CALL_RATE_RATIO}`, value, met });
    }
  }
  return goals;
}

function memoryGoals({ rss }: Results): Goal[] {
  return rss.flatMap(({ relay, steps }) => {
    const last = steps.at(-1);
    if (!(relay in CPU_RATIO) || last === undefined) return [];
    const kilobytes = last.growthPerSessionBytes / 1000;
    const met = kilobytes < SESSION_KB;
    return [
      { relay, figure: `memory per session at ${last.sessions} sessions, KB`, goal: `< ${SESSION_KB}`, value: kilobytes, met },
    ];
  });
}
