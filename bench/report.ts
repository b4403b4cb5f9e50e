import { type ControlRun, DIRECT, type GcRun, type LoadRun, type RecordingRun, type Results, type RssRun } from './bench.js';
import { controlFigure, type Goal, loadFigure, PEER, ratioOf } from './goals.js';
import { median } from './measure.js';
import { ngTable } from './ng/figures.js';
import { HISTOGRAM_US } from './packets.js';
import { figure, table } from './tables.js';

/** The tables of a run, as Markdown that is readable as it stands. */
export function reportText(results: Results, goals: readonly Goal[]): string {
  const parts: string[] = [];
  if (results.loads.length > 0) parts.push(loadTable(results.loads));
  if (comparable(results.loads).length > 0) parts.push(ratioTable(results.loads));
  if (results.recording.length > 0) parts.push(recordingTable(results.recording));
  if (results.control.length > 0) parts.push(controlTable(results.control));
  if (results.ng.length > 0) parts.push(ngTable(results.ng));
  if (results.rss.length > 0) parts.push(rssTable(results.rss));
  if (results.gc.length > 0) parts.push(gcTable(results.gc));
  if (goals.length > 0) parts.push(goalTable(goals));
  return parts.join('\n\n');
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
const microseconds = (value: number | null): string =>
  value !== null && value >= HISTOGRAM_US ? `>= ${HISTOGRAM_US}` : figure(value, 0);

type LoadColumn = {
  readonly head: string;
  readonly of: (run: LoadRun) => number;
  readonly show: (value: number | null) => string;
  /** Makes one figure of several rounds; the median unless given. */
  readonly over?: (values: readonly number[]) => number;
};

const digits = (count: number) => (value: number | null) => figure(value, count);
const RELAY_COLUMNS: readonly LoadColumn[] = [
  { head: 'CPU us/packet', of: (run) => run.cpuUsPerPacket, show: digits(2) },
  { head: 'ksoftirqd us', of: (run) => run.softirqUsPerPacket, show: digits(2) },
];
const TRAFFIC_COLUMNS: readonly LoadColumn[] = [
  { head: 'loss %', of: (run) => run.traffic.lossPercent, show: digits(4), over: (values) => Math.max(...values) },
  { head: 'p50 us', of: (run) => run.traffic.p50Us, show: microseconds },
  { head: 'p99 us', of: (run) => run.traffic.p99Us, show: microseconds },
  { head: 'p999 us', of: (run) => run.traffic.p999Us, show: microseconds },
  { head: 'machine %', of: (run) => run.machineBusyPercent, show: digits(0) },
  { head: 'generator %', of: (run) => run.traffic.generatorCpuPercent, show: digits(0) },
  { head: 'offered pps', of: (run) => run.traffic.offeredPps, show: digits(0) },
];

function loadTable(runs: readonly LoadRun[]): string {
  const rows = unique(runs.map(({ pps }) => pps)).flatMap((pps) =>
    unique(runs.filter((run) => run.pps === pps).map(({ relay }) => relay)).map((relay) => {
      const cell = ({ of, show, over }: LoadColumn): string => show(loadFigure(runs, relay, pps, of, over));
      const own = RELAY_COLUMNS.map((column) => (relay === DIRECT ? '-' : cell(column)));
      return [`${pps} ${relay}`, ...own, ...TRAFFIC_COLUMNS.map(cell)];
    }),
  );
  const head = ['pps, relay', ...[...RELAY_COLUMNS, ...TRAFFIC_COLUMNS].map((column) => column.head)];
  return table(`Packets (medians of the rounds, for losses the worst; "${DIRECT}" is the generator without a relay)`, head, rows);
}

/** The relays that can be set against the peer. */
function comparable(runs: readonly LoadRun[]): string[] {
  const relays = unique(runs.map(({ relay }) => relay));
  return relays.includes(PEER) ? relays.filter((relay) => relay !== DIRECT && relay !== PEER) : [];
}

function ratioTable(runs: readonly LoadRun[]): string {
  const relays = comparable(runs);
  const rows = unique(runs.map(({ pps }) => pps)).map((pps) => {
    const cpu = (relay: string): number | null => loadFigure(runs, relay, pps, (run) => run.cpuUsPerPacket);
    return [`${pps}`, ...relays.map((relay) => figure(ratioOf(cpu(relay), cpu(PEER)), 2))];
  });
  return table(`CPU per packet, of ${PEER}'s`, ['pps', ...relays], rows);
}

function recordingTable(runs: readonly RecordingRun[]): string {
  const rows = unique(runs.map(({ relay }) => relay)).map((relay) => {
    const own = runs.filter((run) => run.relay === relay);
    const of = (read: (run: RecordingRun) => number): number => median(own.map(read));
    const cpu = of((run) => run.cpuUsPerPacket);
    const plain = median(runs.filter((run) => run.relay === runs[0]!.relay).map((run) => run.cpuUsPerPacket));
    const lost = Math.max(...own.map(({ traffic }) => traffic.lossPercent));
    return [
      relay,
      ...[figure(cpu, 2), figure(cpu / plain, 2), figure(lost, 4), microseconds(of(({ traffic }) => traffic.p99Us))],
      ...[
        figure(
          of(({ recorded }) => recorded),
          0,
        ),
        figure(
          of(({ unrecorded }) => unrecorded),
          0,
        ),
      ],
    ];
  });
  const head = ['recording', 'CPU us/packet', 'of without', 'loss %', 'p99 us', 'recorded', 'not recorded'];
  const { pps, calls } = runs[0]!;
  return table(
    `Recording every one of ${calls} calls at ${pps} pps (CPU: of the whole relay, the recorder's thread included)`,
    head,
    rows,
  );
}

type ControlColumn = { readonly head: string; readonly of: (run: ControlRun) => number };

const RATE: ControlColumn = { head: 'per second', of: (run) => run.result.perSecond };
const CONTROL_COLUMNS: readonly ControlColumn[] = [
  { head: 'CPU us each', of: (run) => run.cpuUsEach },
  { head: 'failed', of: (run) => run.result.failed },
];

function controlTable(runs: readonly ControlRun[]): string {
  const nameOf = ({ walk, transport, clients }: ControlRun): string =>
    `${walk}, ${transport.toUpperCase()}, ${clients} client${clients > 1 ? 's' : ''}`;
  // Of each variant and relay one run, whatever the round.
  const shown = new Map(runs.map((run) => [`${nameOf(run)}, ${run.relay}`, run]));
  const inOrder = unique(runs.map(nameOf)).flatMap((name) => [...shown].filter(([, run]) => nameOf(run) === name));
  const rows = inOrder.map(([name, run]) => {
    const of = (relay: string, column: ControlColumn): number | null => controlFigure(runs, relay, run, column.of);
    return [
      name,
      figure(of(run.relay, RATE), 0),
      figure(ratioOf(of(run.relay, RATE), of(PEER, RATE)), 2),
      ...CONTROL_COLUMNS.map((column) => figure(of(run.relay, column), 0)),
    ];
  });
  const head = [
    'commands, transport, clients, relay',
    RATE.head,
    `of ${PEER}'s`,
    ...CONTROL_COLUMNS.map((column) => column.head),
  ];
  return table('Control commands (U+L and U+L+D: calls; V and Q: commands)', head, rows);
}

function rssTable(runs: readonly RssRun[]): string {
  const rows = runs.flatMap(({ relay, baseBytes, steps }) =>
    steps.map(({ sessions, bytes, growthPerSessionBytes }) => [
      `${relay}, ${sessions} sessions`,
      (baseBytes / 1e6).toFixed(1),
      (bytes / 1e6).toFixed(1),
      (growthPerSessionBytes / 1000).toFixed(1),
    ]),
  );
  return table('Resident memory', ['relay, sessions', 'before, MB', 'after, MB', 'growth per session, KB'], rows);
}

function gcTable(runs: readonly GcRun[]): string {
  const rows = runs.flatMap(({ relay, seconds, pps, threads }) => {
    const run = `${relay}, ${seconds} s at ${pps} pps`;
    if (threads.length === 0) return [[`${run}: none`, '0', '0.0', '0.0']];
    return threads.map(({ thread, kind, count, totalMs, longestMs }) => [
      `${run}: ${thread}, ${kind}`,
      `${count}`,
      totalMs.toFixed(1),
      longestMs.toFixed(1),
    ]);
  });
  return table('Garbage collections', ['relay: thread, kind', 'count', 'total ms', 'longest ms'], rows);
}

function goalTable(goals: readonly Goal[]): string {
  const rows = goals.map(({ relay, figure: what, goal, value, met }) => [
    `${relay}: ${what}`,
    goal,
    figure(value, value !== null && Math.abs(value) >= 100 ? 0 : 2),
    met === null ? 'not measured' : met ? 'met' : 'MISSED',
  ]);
  return table('Goals', ['figure', 'goal', 'measured', ''], rows);
}
