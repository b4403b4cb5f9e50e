import { SIDES, type Side } from '../../../../model/session/side.js';
import { STREAM_COUNTERS } from '../../../media/counters.js';
import { rowWords } from '../momentRows.js';
import type { Moment, Retold } from '../moments.js';
import { readNgExchange } from '../ngWords.js';
import type { SessionSample } from '../record.js';
import { compareDescriptions, formatDifference } from '../sdpDifference.js';
import { isoTime } from '../words.js';
import { type StateView, viewOf } from './stateView.js';

export const SHOWN_COUNTERS = ['received', 'relayed', 'dropped', 'ignored'] as const;
export type ShownCounter = (typeof SHOWN_COUNTERS)[number];

/** What was counted of a lane, RTP and RTCP together. All lists are as long as `times`. */
export type Series = {
  readonly times: readonly number[];
  readonly counts: Readonly<Record<Side, Readonly<Record<ShownCounter, readonly number[]>>>>;
};

/** All that the page's own script needs: it reckons nothing, it only shows. */
export type PageData = {
  readonly start: number;
  readonly end: number;
  readonly moments: readonly {
    readonly at: number;
    readonly time: string;
    readonly text: string;
    readonly lane: number | null;
    /** Which of `states` the lane is in from here on; -1: it is where it was. */
    readonly state: number;
    /** Which of `descriptions` was handed on; -1: none. */
    readonly description: number;
  }[];
  readonly states: readonly StateView[];
  /** Session descriptions, line by line: as they came (`-`), and what became of them (`+`). */
  readonly descriptions: readonly string[];
  readonly series: readonly Series[];
};

/** Samples of a lane that are shown: a call of a day has more than anybody can look at. */
const MOST_SAMPLES = 400;

/** The moments that a page has places for: all that a ladder shows, and as many samples as can be told apart. */
export function shownMoments({ lanes, moments }: Retold): readonly Moment[] {
  const totals = lanes.map((_, lane) => moments.filter((moment) => isSample(moment) && moment.lane === lane).length);
  const seen = lanes.map(() => 0);
  return moments.filter((moment) => {
    if (!isSample(moment) || moment.lane === null) return true;
    const [total, i] = [totals[moment.lane] ?? 0, seen[moment.lane] ?? 0];
    seen[moment.lane] = i + 1;
    return i === total - 1 || i % Math.ceil(total / MOST_SAMPLES) === 0;
  });
}

const isSample = ({ rows, told }: Moment): boolean => rows.length === 0 && told?.record.kind === 'sample';

export function pageData({ lanes }: Retold, moments: readonly Moment[]): PageData {
  const states = new Numbered<StateView>(JSON.stringify);
  const descriptions = new Numbered<string>((text) => text);
  const told = moments.map(({ at, lane, rows, after, told }) => ({
    ...{ at, lane, time: isoTime(at).time },
    text: told?.record.kind === 'sample' ? 'counted' : rows.map(rowWords).join('; '),
    state: after === null ? -1 : states.indexOf(viewOf(after.snapshot)),
    description: descriptionOf(told, (text) => descriptions.indexOf(text)),
  }));
  const times = moments.map(({ at }) => at);
  return {
    start: times.reduce((first, at) => Math.min(first, at), times[0] ?? 0),
    end: times.reduce((last, at) => Math.max(last, at), 0),
    ...{ moments: told, states: states.all, descriptions: descriptions.all },
    series: lanes.map((_, lane) => seriesOf(moments.filter((moment) => moment.lane === lane))),
  };
}

/** Each value once. */
class Numbered<T> {
  readonly all: T[] = [];
  readonly #known = new Map<string, number>();
  readonly #keyOf: (value: T) => string;

  constructor(keyOf: (value: T) => string) {
    this.#keyOf = keyOf;
  }

  indexOf(value: T): number {
    const key = this.#keyOf(value);
    const index = this.#known.get(key) ?? this.all.push(value) - 1;
    this.#known.set(key, index);
    return index;
  }
}

function descriptionOf(told: Moment['told'], indexOf: (text: string) => number): number {
  const exchange = told?.record.kind === 'exchange' ? readNgExchange(told.record) : null;
  if (exchange === null || (exchange.before ?? exchange.after) === null) return -1;
  return indexOf(formatDifference(compareDescriptions(exchange.before, exchange.after)).join('\n'));
}

function seriesOf(moments: readonly Moment[]): Series {
  const [first] = moments;
  const taken = moments.flatMap(({ at, told }) => {
    const record = told?.record;
    return record?.kind === 'sample' || record?.kind === 'snapshot' ? [{ at, sample: record.sample }] : [];
  });
  // Nothing was counted when it began.
  const begins = first !== undefined && first.told?.record.kind === 'step';
  const times = [...(begins ? [first.at] : []), ...taken.map(({ at }) => at)];
  const of = (side: Side, counter: ShownCounter): number[] => [
    ...(begins ? [0] : []),
    ...taken.map(({ sample }) => countOf(sample, side, counter)),
  ];
  const ofSide = (side: Side) => ({
    received: of(side, 'received'),
    relayed: of(side, 'relayed'),
    dropped: of(side, 'dropped'),
    ignored: of(side, 'ignored'),
  });
  return { times, counts: { caller: ofSide('caller'), callee: ofSide('callee') } };
}

/** Of both streams of a side. */
function countOf({ streams }: SessionSample, side: Side, counter: ShownCounter): number {
  const first = SIDES.indexOf(side) * 2;
  const place = STREAM_COUNTERS.indexOf(counter);
  return (streams[first]?.counters[place] ?? 0) + (streams[first + 1]?.counters[place] ?? 0);
}
