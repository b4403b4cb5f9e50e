import type { ControlRun, ControlVariant, LoadRun, Results } from './bench.js';
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
/** Calls per second over UDP. */
const CALL_RATE_RATIOS: readonly (Pick<ControlVariant, 'walk' | 'clients'> & { readonly ratio: number })[] = [
  { walk: 'U+L', clients: 1, ratio: 0.25 },
  { walk: 'U+L', clients: 8, ratio: 0.25 },
  { walk: 'U+L+D', clients: 1, ratio: 0.25 },
  { walk: 'U+L+D', clients: 8, ratio: 0.5 },
];
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

export function controlFigure(
  runs: readonly ControlRun[],
  relay: string,
  { walk, transport, clients }: ControlVariant,
  figure: (run: ControlRun) => number,
): number | null {
  const values = runs
    .filter((run) => run.relay === relay && run.walk === walk && run.transport === transport && run.clients === clients)
    .map(figure);
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

function rateGoals({ control }: Results): Goal[] {
  return Object.keys(CPU_RATIO).flatMap((relay) =>
    CALL_RATE_RATIOS.flatMap(({ walk, clients, ratio }) => {
      const rate = (of: string): number | null =>
        controlFigure(control, of, { walk, transport: 'udp', clients }, (run) => run.result.perSecond);
      if (rate(relay) === null) return [];
      const value = ratioOf(rate(relay), rate(PEER));
      const met = value === null ? null : value >= ratio;
      const figure = `calls per second, ${walk}, ${clients} client(s), of ${PEER}'s`;
      return [{ relay, figure, goal: `>= ${ratio.toFixed(2)}`, value, met }];
    }),
  );
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
