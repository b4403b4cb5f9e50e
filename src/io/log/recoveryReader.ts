import { statSync } from 'node:fs';
import { uptime } from 'node:process';
import { REPLY_LIFETIME_MS } from '../../relay/control/replyCache.js';
import type { Fold } from '../../relay/events/fold.js';
import type { SegmentHeader } from '../../relay/events/logEntry.js';
import type { ExchangeRecord } from '../../relay/events/record.js';
import { readHeader } from './logPlaces.js';
import { type ExchangePlace, MOST_EXCHANGES } from './recoverySieve.js';
import { readRunMark } from './runMark.js';
import { listSegments } from './segment.js';
import { FIRST_WITH_OPENING } from './segmentCursor.js';
import { findExchanges, type Problem, readExchanges, recoverShard, type ShardRead } from './shardRecovery.js';

/** Whose sessions are to be taken up: of a run before this one (if it is not named, that of `findRunLeftBehind`), or of one shard of this run whose thread died. */
export type RecoveryRequest =
  | { readonly kind: 'process'; readonly run?: number }
  | { readonly kind: 'thread'; readonly shard: number; readonly run: number };

/** What a run left behind that did not end as it was told to. */
export type LeftBehind = {
  /** Null: nothing was left behind. */
  readonly run: number | null;
  /** Each that did not end as it was told to. */
  readonly shards: readonly { readonly shard: number; readonly fold: Fold }[];
  /** What clients were told shortly before the end, oldest first: they may ask again. */
  readonly exchanges: readonly ExchangeRecord[];
  /** When something was last written, milliseconds; 0: never. */
  readonly lastAtMs: number;
  readonly problems: readonly Problem[];
};

type Segments = {
  readonly shard: number;
  readonly segments: readonly { readonly path: string; readonly header: SegmentHeader | null }[];
};

/**
 * Reads what is to be recovered from a folder of segments. Runs of 0.1.0 and 0.2.0 are not taken up: they ended their sessions, and did not
 * say so. Never throws: what is damaged is among the problems, and the rest is answered.
 */
export function readLeftBehind(folder: string, request: RecoveryRequest): LeftBehind {
  const problems: Problem[] = [];
  const names = namesIn(folder, problems);
  const run = request.run ?? runToTakeUp(folder, names);
  if (run === null) return nothing(problems);
  const shards = new Set(names.flatMap(({ shard }) => (request.kind === 'process' || request.shard === shard ? [shard] : [])));
  const empty = names.filter(({ path }) => isEmpty(path));
  const filled = names.filter((name) => !empty.includes(name));
  const mark = readRunMark(folder);
  const marked = mark?.run === run ? mark.shards : 0;
  const all = [...shards].map((shard) => ({ shard, segments: segmentsOf(filled, shard, run, shard < marked) }));
  const found = all.filter(({ segments }) => segments.length > 0);
  const ofShards = filled.filter(({ shard }) => shards.has(shard));
  const left = recover(run, ofShards, found, problems);
  const lacking = request.kind === 'process' ? marked - found.length : 0;
  if (lacking > 0)
    problems.push({ path: folder, offset: null, text: `of ${lacking} of ${marked} media threads there is no segment` });
  for (const { path } of empty) if (isOfBefore(path)) problems.push({ path, offset: null, text: 'is empty: a crash' });
  return left;
}

/** Whether nobody has written to a file since this process began. */
const isOfBefore = (path: string): boolean =>
  (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY) < Date.now() - uptime() * 1000;

/**
 * A segment in which nothing stands yet may be one that another shard of this run has just begun, and soon looks as if the run that is read
 * had gone on with it.
 */
function isEmpty(path: string): boolean {
  try {
    const found = statSync(path);
    return found.isFile() && found.size === 0;
  } catch {
    return false; // Whoever reads it is told why it cannot be.
  }
}

/** The run that did not say that it ended, or null. To be asked before a segment of another run is begun. */
export const findRunLeftBehind = (folder: string): number | null => runToTakeUp(folder, namesIn(folder, []));

const nothing = (problems: readonly Problem[]): LeftBehind => ({ run: null, shards: [], exchanges: [], lastAtMs: 0, problems });

type Name = ReturnType<typeof listSegments>[number];

function namesIn(folder: string, problems: Problem[]): readonly Name[] {
  try {
    return listSegments(folder);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') problems.push({ path: folder, offset: null, text: `cannot be read: ${message}` });
    return [];
  }
}

function runToTakeUp(folder: string, names: readonly Name[]): number | null {
  const mark = readRunMark(folder);
  if (mark !== null && mark.endedAt !== null) return null;
  if (mark !== null && hasWritten(names, mark.run)) return mark.run;
  // There is no mark, or it is of a run that could write nothing but it. Only the newest segment of each shard can be of the newest run, but
  // for one whose header is damaged.
  const newest = [...new Set(names.map(({ shard }) => shard))].flatMap((shard) => {
    const own = names.filter((name) => name.shard === shard);
    for (let i = own.length - 1; i >= 0; i--) {
      const header = readHeader(own[i]!.path);
      if (header !== null) return isOfToday(header) ? [header.run] : [];
    }
    return [];
  });
  return newest.length === 0 ? (mark?.run ?? null) : Math.max(...newest);
}

const hasWritten = (names: readonly Name[], run: number): boolean =>
  names.toReversed().some(({ path }) => readHeader(path)?.run === run);

const isOfToday = ({ version }: SegmentHeader): boolean => version >= FIRST_WITH_OPENING;

/**
 * The segments of one shard of a run: they stand together, but not in the order of their runs where the clock was set back. One whose header
 * is damaged is of the run of that before it, if there is one. `isExpected`: the shard was one of the run. Then it has begun a segment, and
 * if none says so it is the newest, whose header is damaged.
 */
function segmentsOf(names: readonly Name[], shard: number, run: number, isExpected: boolean): Segments['segments'] {
  const own = names.filter((name) => name.shard === shard);
  let found: { path: string; header: SegmentHeader | null }[] = [];
  let newest: typeof found | null = null;
  for (let i = own.length - 1; i >= 0; i--) {
    const { path } = own[i]!;
    const header = readHeader(path);
    const first = found.findIndex(({ header }) => header !== null);
    if (header === null || (header.run === run && isOfToday(header))) found.unshift({ path, header });
    else if (first >= 0) return found.slice(first);
    else {
      newest ??= found;
      found = [];
    }
  }
  if (found.some(({ header }) => header !== null)) return found;
  return isExpected ? (newest ?? found) : [];
}

function recover(run: number, names: readonly Name[], found: readonly Segments[], problems: Problem[]): LeftBehind {
  const reads = found.map(({ shard, segments }) => ({ shard, segments, read: recoverShard(segments.map(({ path }) => path)) }));
  for (const { read } of reads) problems.push(...read.problems);
  const lastAtMs = Math.max(...reads.map(({ read }) => read.fold.lastAtMs), 0);
  const left = reads.filter(({ read }) => !read.fold.isEnded);
  if (left.length === 0) return { ...nothing(problems), lastAtMs };
  const sinceMs = lastAtMs - REPLY_LIFETIME_MS;
  const exchanges = [...new Set(names.map(({ shard }) => shard))]
    .flatMap((shard) =>
      readExchanges(
        newestExchanges(
          names,
          shard,
          reads.find((each) => each.shard === shard),
          sinceMs,
        ),
      ),
    )
    .sort((a, b) => a.at - b.at);
  return { run, shards: left.map(({ shard, read }) => ({ shard, fold: read.fold })), exchanges, lastAtMs, problems };
}

/**
 * Those of a shard since a time, of whatever run: a relay that dies twice in a row must remember what the first one answered. Segments
 * that are not folded are looked through, back to the one that was begun before that.
 */
function newestExchanges(
  names: readonly Name[],
  shard: number,
  folded: (Segments & { readonly read: ShardRead }) | undefined,
  sinceMs: number,
): readonly ExchangePlace[] {
  const begun = folded?.segments.slice(folded.read.begunIn) ?? [];
  const isFolded = new Set(begun.map(({ path }) => path));
  let places: readonly ExchangePlace[] = folded?.read.exchanges ?? [];
  let fromMs = begun[0]?.header?.startedAt ?? Number.POSITIVE_INFINITY;
  for (const { path } of names.filter((name) => name.shard === shard).toReversed()) {
    if (isFolded.has(path)) continue;
    if (places.length >= MOST_EXCHANGES || fromMs <= sinceMs) break;
    places = [...findExchanges(path), ...places];
    fromMs = Math.min(fromMs, readHeader(path)?.startedAt ?? fromMs);
  }
  return places.filter(({ atMs }) => atMs >= sinceMs).slice(-MOST_EXCHANGES);
}
