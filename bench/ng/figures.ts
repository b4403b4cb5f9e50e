import type { NgRun } from '../bench.js';
import { type Goal, PEER, ratioOf } from '../goals.js';
import { median } from '../measure.js';
import { figure, table } from '../tables.js';

/** What is promised of calls per second, by clients. */
const RATIOS: Readonly<Record<number, number>> = { 1: 0.7, 8: 1 };
const OFFER_P99_US = 5000;
const ENGINES = ['io_uring', 'epoll'];

type Read = (run: NgRun) => number;

/** The median over the rounds; null if there is none. */
function ngFigure(runs: readonly NgRun[], relay: string, clients: number, read: Read): number | null {
  const values = runs.filter((run) => run.relay === relay && run.clients === clients).map(read);
  return values.length === 0 ? null : median(values);
}

const RATE: Read = ({ rate }) => rate.perSecond;
const P99: Read = ({ paced }) => paced.firstP99Us;

export function ngTable(runs: readonly NgRun[]): string {
  const shown = new Map(runs.map((run) => [`${run.clients} client${run.clients > 1 ? 's' : ''}, ${run.relay}`, run]));
  const rows = [...shown].map(([name, { relay, clients }]) => {
    const of = (read: Read, digits = 0): string => figure(ngFigure(runs, relay, clients, read), digits);
    return [
      name,
      of(RATE),
      figure(ratioOf(ngFigure(runs, relay, clients, RATE), ngFigure(runs, PEER, clients, RATE)), 2),
      of(({ cpuUsEach }) => cpuUsEach),
      of(({ rate, paced }) => rate.failed + paced.failed),
      of(({ paced }) => paced.firstP50Us),
      of(P99),
      of(({ paced }) => paced.firstAnswerP99Us),
      of(({ ping }) => ping.perSecond),
      of(({ rate }) => rate.generatorCpuPercent),
    ];
  });
  const head = [
    'clients, relay',
    'calls/s',
    `of ${PEER}'s`,
    'CPU us each',
    'failed',
    'offer p50 us',
    'p99 us',
    'sent to answered, p99 us',
    'pings/s',
    'generator %',
  ];
  return table('NG over UDP: calls of offer, answer, delete; an offer at half of that rate; pings', head, rows);
}

/** Every goal for which rtpbridge was measured. */
export function ngGoals(runs: readonly NgRun[]): Goal[] {
  return ENGINES.flatMap((relay) =>
    Object.entries(RATIOS).flatMap(([name, ratio]) => {
      const clients = Number(name);
      const own = ngFigure(runs, relay, clients, RATE);
      const p99 = ngFigure(runs, relay, clients, P99);
      if (own === null || p99 === null) return [];
      const value = ratioOf(own, ngFigure(runs, PEER, clients, RATE));
      const met = value === null ? null : value >= ratio;
      return [
        { relay, figure: `NG calls per second, ${clients} client(s), of ${PEER}'s`, goal: `>= ${ratio.toFixed(2)}`, value, met },
        {
          ...{ relay, figure: `NG: p99 of an offer at half rate, ${clients} client(s), us`, goal: `< ${OFFER_P99_US}` },
          ...{ value: p99, met: p99 < OFFER_P99_US },
        },
      ];
    }),
  );
}
