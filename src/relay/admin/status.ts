import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { type Counters, SHARD_COUNTERS, type ShardCounter } from '../../media/counters.js';
import { isObject } from './protocol.js';

/** How a media thread is: its number, how many sessions it has now, and its counters (see `SHARD_COUNTERS`). */
export type ShardStatus = { readonly shard: number; readonly sessions: number } & Readonly<Record<ShardCounter, number>>;

/** How a relay is. Plain JSON. */
export type AdminStatus = {
  readonly version: string;
  readonly pid: number;
  /** As in the headers of the event log: when the run began, milliseconds. */
  readonly run: number;
  /** When this process began to serve, milliseconds. */
  readonly startedAtMs: number;
  readonly shards: readonly ShardStatus[];
  /** What an answer waits for: none, os or fsync. */
  readonly durability: string;
  readonly logFolder: string | null;
  /** The networks in force, a line each for people. */
  readonly networks: readonly string[];
  /** Records that those who watched did not get, because they came too fast. */
  readonly lost: number;
};

/** A shard as its counters in shared memory have it now. */
export function shardStatus(shard: number, counters: Counters): ShardStatus {
  const values = Object.fromEntries(SHARD_COUNTERS.map((name) => [name, counters.shard(name)])) as Record<ShardCounter, number>;
  return { shard, sessions: values.sessionsActive, ...values };
}

/** What somebody answered who says that he is a relay. A counter that is not told, as by another version, is zero. */
export function readStatus(value: unknown): Result<AdminStatus, string> {
  if (!isObject(value) || !Array.isArray(value['shards'])) return refuse('the answer is not the status of a relay');
  const { version, durability, logFolder, shards, networks } = value;
  const number = (given: unknown): number => (typeof given === 'number' ? given : 0);
  const shardOf = (given: unknown): ShardStatus => {
    const told = isObject(given) ? given : {};
    const counters = Object.fromEntries(SHARD_COUNTERS.map((name) => [name, number(told[name])]));
    return { shard: number(told['shard']), sessions: number(told['sessions']), ...(counters as Record<ShardCounter, number>) };
  };
  return ok({
    version: typeof version === 'string' ? version : '?',
    ...{ pid: number(value['pid']), run: number(value['run']), startedAtMs: number(value['startedAtMs']) },
    shards: shards.map(shardOf),
    durability: typeof durability === 'string' ? durability : '?',
    logFolder: typeof logFolder === 'string' ? logFolder : null,
    networks: Array.isArray(networks) ? networks.filter((line): line is string => typeof line === 'string') : [],
    lost: number(value['lost']),
  });
}

type Column = { readonly title: string; readonly of: (shard: ShardStatus) => string };

const COLUMNS: readonly Column[] = [
  { title: 'thread', of: ({ shard }) => String(shard) },
  { title: 'sessions', of: ({ sessions }) => String(sessions) },
  { title: 'load', of: ({ load }) => `${Math.round(load * 100)} %` },
  { title: 'packets/s', of: ({ packetsPerSecond }) => String(Math.round(packetsPerSecond)) },
  { title: 'prompts', of: (shard) => String(playersOf(shard)) },
  { title: 'recordings', of: ({ recordingsOpen }) => String(recordingsOpen) },
  { title: 'timed out', of: ({ sessionsTimedOut }) => String(sessionsTimedOut) },
  { title: 'refused', of: ({ sessionsRefused }) => String(sessionsRefused) },
  { title: 'log errors', of: ({ logErrors }) => String(logErrors) },
  { title: 'defects', of: ({ defects }) => String(defects) },
];
const GAP = '  ';

/** Prompts that are heard now. */
const playersOf = ({ playersStarted, playersEnded }: ShardStatus): number => playersStarted - playersEnded;

const count = (many: number, thing: string): string => `${many} ${thing}${many === 1 ? '' : 's'}`;

/** What was played and recorded, of all threads; nothing where nothing was. */
function soundLines(shards: readonly ShardStatus[]): string[] {
  const sum = (of: (shard: ShardStatus) => number): number => shards.reduce((total, shard) => total + of(shard), 0);
  const [begun, open] = [sum(({ playersStarted }) => playersStarted), sum(({ recordingsOpen }) => recordingsOpen)];
  const [recorded, missing] = [sum(({ packetsRecorded }) => packetsRecorded), sum(({ packetsUnrecorded }) => packetsUnrecorded)];
  const errors = sum(({ recordingErrors }) => recordingErrors);
  const played = sum(({ packetsPlayed }) => packetsPlayed);
  const lines =
    begun > 0 ? [`${count(sum(playersOf), 'prompt')} heard now, ${begun} begun so far, ${count(played, 'packet')} played`] : [];
  if (open + recorded + missing + errors === 0) return lines;
  const made = `${count(open, 'recording')} being made, ${count(recorded, 'packet')} recorded, ${missing} not recorded`;
  return [...lines, `${made}, ${count(errors, 'recording error')}`];
}

/** The status as a short table for people. `nowMs`: milliseconds since the Unix epoch. */
export function formatStatus(status: AdminStatus, nowMs: number): string[] {
  const { version, pid, startedAtMs, shards, durability, logFolder, networks, lost } = status;
  const log = logFolder === null ? 'no event log' : `event log in ${printable(logFolder)}, durability ${printable(durability)}`;
  const head = `rtpbridge ${printable(version)}, process ${pid}, up ${formatSpan(nowMs - startedAtMs)}`;
  const watched = lost > 0 ? [`${lost} records came too fast for those who watched`] : [];
  const rows = COLUMNS.map(({ title, of }) => {
    const cells = [title, ...shards.map(of)];
    const width = Math.max(...cells.map((cell) => cell.length));
    return cells.map((cell) => cell.padStart(width));
  });
  const lines = Array.from({ length: shards.length + 1 }, (_, line) => rows.map((cells) => cells[line]!).join(GAP));
  const stands = networks.map((line) => `network ${printable(line)}`);
  return [head, log, ...stands, ...soundLines(shards), ...watched, '', ...lines];
}

/** A span in its two largest units, such as `3 h 12 min`. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

/** A terminal is left alone, whoever answers. */
const printable = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '?');
