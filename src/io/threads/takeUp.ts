import { setTimeout as delay } from 'node:timers/promises';
import type { CallId } from '../../../model/kernel/index.js';
import { SIDES, type Side } from '../../../model/session/side.js';
import type { Leg } from '../../../model/session/state.js';
import { Counters, type ShardCounter } from '../../media/counters.js';
import { REPLY_LIFETIME_MS } from '../../relay/control/replyCache.js';
import type { ExchangeRecord } from '../../relay/events/record.js';
import type { PortTables } from '../../relay/portalloc/portTables.js';
import type { SessionPlace } from '../../relay/session/forks.js';
import { type LostSession, lostSessions } from '../../relay/session/recovery.js';
import { addressesHeld, type Session } from '../../relay/session/session.js';
import type { Shard } from '../../relay/session/shard.js';
import { shardOf } from '../../relay/supervisor/dispatch.js';
import type { ShardNotice } from '../../relay/supervisor/messages.js';
import { type LeftBehind, readLeftBehind } from '../log/recoveryReader.js';
import type { RecoveryStart, ShardStart } from './shardStart.js';

/**
 * A port may still belong to what has just died: so long it is tried again, and all calls wait for it. Of a thread that has left nothing is
 * held any more; an io_uring of a process may still be on its way out.
 */
const PATIENCE_MS = { process: 250, thread: 100 } as const;
const RETRY_MS = 5;

/** Counters that tell how a thread is, not what it has done. */
const PRESENT: readonly ShardCounter[] = [
  ...(['lastSession', 'sessionsActive', 'load', 'overloaded'] as const),
  ...(['packetsPerSecond', 'relayedPerSecond', 'bytesPerSecond', 'errorsPerSecond'] as const),
  ...(['requestInHand', 'sessionInHand'] as const),
];

/** What a thread finds when it starts. */
export type Inheritance = {
  readonly lost: readonly LostSession[];
  /** How long nothing was relayed, milliseconds. */
  readonly downMs: number;
  /** The number of the last record of the shard in this run. */
  readonly lastSeq: number;
  /** The answers that clients got last. */
  readonly exchanges: readonly ExchangeRecord[];
  /** The call that the dead thread had in hand; null: none, or it was not a thread that died. */
  readonly inHand: CallId | null;
  readonly problems: readonly string[];
};

export const NOTHING: Inheritance = { lost: [], downMs: 0, lastSeq: 0, exchanges: [], inHand: null, problems: [] };

/** Reads from the event log what a crash has left behind for this shard, and restores its counters. Before the shard is made. */
export function readInheritance(start: ShardStart, nowMs: number): Inheritance {
  const { recovery, setting, shard } = start;
  if (recovery === null) return NOTHING;
  const counters = new Counters(start.memory.counters);
  const isThread = recovery.cause === 'thread';
  const left = readLog(start, recovery);
  const folded = left.shards.flatMap(({ fold }) => [...fold.sessions.values()]);
  const mine = folded.filter(({ call }) => shardOf(call, start.shards) === shard);
  const places = isThread ? placesOf(counters, setting.slots) : null;
  const numberInHand = counters.shard('sessionInHand');
  counters.setShard('sessionInHand', 0);
  if (!isThread) restoreCounters(counters, left, start);
  const callInHand = (): CallId | null => folded.find(({ session }) => session === numberInHand)?.call ?? null;
  return {
    lost: lostSessions(mine, (session) => (places === null ? undefined : (places.get(session) ?? null))),
    downMs: Math.max(0, nowMs - (isThread ? recovery.diedAtMs : left.lastAtMs)),
    lastSeq: isThread ? Math.max(0, ...left.shards.map(({ fold }) => fold.lastSeq)) : 0,
    exchanges: left.exchanges.filter(({ call, at }) => at >= nowMs - REPLY_LIFETIME_MS && shardOf(call, start.shards) === shard),
    inHand: isThread ? (recovery.inHand?.call ?? callInHand()) : null,
    problems: left.problems.map(({ path, text }) => `${path} ${text}`),
  };
}

/** A thread goes on without its sessions if it must, as the others do with theirs. */
function readLog({ setting, shard }: ShardStart, recovery: RecoveryStart): LeftBehind {
  const { folder } = setting.log!;
  if (recovery.cause === 'process') return readLeftBehind(folder, { kind: 'process', run: recovery.run });
  const left = readLeftBehind(folder, { kind: 'thread', shard, run: setting.run });
  if (left.shards.length > 0) return left;
  const text = 'tells nothing of this run any more: the sessions are lost';
  return { ...left, problems: [...left.problems, { path: folder, offset: null, text }] };
}

/** Which slot of a dead thread each session had. */
function placesOf(counters: Counters, slots: number): ReadonlyMap<number, number> {
  const places = new Map<number, number>();
  for (let slot = 0; slot < slots; slot++) if (counters.sessionAt(slot) !== 0) places.set(counters.sessionAt(slot), slot);
  return places;
}

/** The counters of a relay go on where they were. The number of shards may be another than it was, so each takes its part of them. */
function restoreCounters(counters: Counters, left: LeftBehind, { shard, shards }: ShardStart): void {
  for (const { shard: former, fold } of left.shards) {
    if (former % shards !== shard) continue;
    for (const [name, value] of Object.entries(fold.counters) as [ShardCounter, number][]) {
      if (counters.knows(name) && !PRESENT.includes(name)) counters.addToShard(name, value);
    }
    counters.addToShard('sessionsOpened', fold.openedSince);
    counters.addToShard('sessionsClosed', fold.closedSince);
  }
}

/**
 * Gives sessions their ports again and lets them relay; those that cannot have them are ended, and so is the one whose command made the
 * thread die before.
 */
export async function takeUp(
  shard: Shard,
  sessions: readonly Session[],
  inherited: Inheritance,
  start: ShardStart,
  notify: (notice: ShardNotice) => void,
): Promise<{ readonly sessions: number; readonly lost: number }> {
  const cause = start.recovery?.cause ?? 'process';
  const downMs = Math.round(inherited.downMs);
  if (cause === 'thread') settleTotals(shard.counters);
  // Players end with their thread; those that go on are begun anew.
  shard.counters.setShard('playersEnded', shard.counters.shard('playersStarted'));
  const isSetAside = judge(inherited.inHand, start, notify);
  tellLost(shard, start);
  for (const session of sessions.filter(isSetAside)) shard.command(session, { type: 'Close', reason: 'set-aside' });
  const untilMs = shard.now() + PATIENCE_MS[cause];
  await eachWithPatience(shard, untilMs, sessions.filter(isOpen), (session, isLastTry) => {
    // It may have ended with another one meanwhile.
    if (!isOpen(session)) return true;
    const bound = shard.recovery.rebind(session);
    if (bound.ok) shard.command(session, { type: 'Recover', cause, downMs });
    else if (bound.error === 'EADDRINUSE' && !isLastTry) return false;
    else shard.command(session, { type: 'Close', reason: 'port-lost' });
    return true;
  });
  const copies = eachSide(sessions).flatMap(({ session, side }) =>
    legOf(session, side).copies.map((copy) => ({ session, side, copy })),
  );
  await eachWithPatience(shard, untilMs, copies, ({ session, side, copy }, isLastTry) => {
    const restored = shard.copies.restore(session, side, copy);
    if (!restored.ok && restored.error === 'EADDRINUSE' && !isLastTry) return false;
    if (!restored.ok) shard.command(session, { type: 'StopCopy', side, local: copy.local });
    return true;
  });
  for (const session of sessions.filter(isOpen)) {
    const { fork: source } = session.snapshot.context;
    if (!shard.subscriptions.resume(session) && source !== null)
      notify({ kind: 'seek', target: placeOf(shard, session), source });
  }
  for (const { session, side } of eachSide(sessions)) {
    const { playback } = legOf(session, side);
    if (playback === null) continue;
    const { prompt, payloadType } = playback;
    notify({ kind: 'seekPrompt', target: placeOf(shard, session), side, prompt, payloadType });
  }
  const lost = sessions.filter((session) => !isOpen(session)).length;
  return { sessions: sessions.length - lost, lost };
}

const eachSide = (sessions: readonly Session[]): { readonly session: Session; readonly side: Side }[] =>
  sessions.filter(isOpen).flatMap((session) => SIDES.map((side) => ({ session, side })));

const legOf = ({ snapshot }: Session, side: Side): Leg => snapshot.context.legs[side];

const placeOf = ({ number }: Shard, { session, slot }: Session): SessionPlace => ({ shard: number, session, slot });

const isOpen = ({ snapshot }: Session): boolean => snapshot.context.closed === null;

/** What a dead thread did and could not write down any more is undone: a session of which nobody knows any more has ended with it. */
function settleTotals(counters: Counters): void {
  const missing = counters.shard('sessionsOpened') - counters.shard('sessionsClosed') - counters.shard('sessionsActive');
  counters.addToShard(missing > 0 ? 'sessionsClosed' : 'sessionsOpened', Math.abs(missing));
}

/** The command that the thread died over stands in the log, too, with what the client was told. */
function tellLost(shard: Shard, { recovery }: ShardStart): void {
  if (recovery?.cause !== 'thread' || recovery.inHand === null || recovery.inHand.exchange === null) return;
  const { call, exchange } = recovery.inHand;
  const { from, text, reply } = exchange;
  shard.write({ kind: 'exchange', at: shard.now(), call, from, command: text, reply });
}

/** Who is set aside: the call that the thread died over, if one died over it before. It is told either way. */
function judge(
  inHand: CallId | null,
  { recovery }: ShardStart,
  notify: (notice: ShardNotice) => void,
): (session: Session) => boolean {
  if (inHand === null || recovery?.cause !== 'thread') return () => false;
  const setAside = recovery.struck.includes(inHand);
  notify({ kind: 'struck', call: inHand, setAside });
  return ({ call }) => setAside && call === inHand;
}

/** Tries each until it answers true, and again a moment later where it does not. */
async function eachWithPatience<T>(
  shard: Shard,
  untilMs: number,
  all: readonly T[],
  attempt: (one: T, isLastTry: boolean) => boolean,
): Promise<void> {
  for (let waiting = all; ; await delay(RETRY_MS)) {
    const isLastTry = shard.now() >= untilMs;
    waiting = waiting.filter((one) => !attempt(one, isLastTry));
    if (waiting.length === 0) return;
  }
}

/** What a dead thread held, and no session of ours has now, is free again. */
export function freeOtherPorts(shard: Shard, ports: PortTables): void {
  ports.releaseAllBut(addressesHeld(shard.directory.all()));
}
