import { millis } from '../../../model/kernel/index.js';
import type { Refusal } from '../../../model/session/refusal.js';
import { otherSide, SIDES, type Side } from '../../../model/session/side.js';
import { currentTtlMs } from '../../../model/session/state.js';
import { type LegIndex, rowOf } from '../../media/streams.js';
import { QUERY_COUNTERS, type QueryCounter, type RtpproxyCommand, type UpdateCommand } from '../../protocol/rtpproxy/command.js';
import { ERROR_CODES as E, type ErrorCode } from '../../protocol/rtpproxy/errors.js';
import { formatCounters, formatLocal } from '../../protocol/rtpproxy/format.js';
import type { Clock } from '../ports.js';
import type { Direction, Found } from '../session/directory.js';
import type { Session, Shard } from '../session/shard.js';

/** The commands that concern sessions, and so are carried out by the shard that holds them. */
export type SessionVerb = 'update' | 'lookup' | 'delete' | 'query';
export type ShardCommand = Extract<RtpproxyCommand, { verb: SessionVerb }>;

const UNKNOWN_TO_LOOKUP = '0';

/** What a refusal is called in this protocol; `isNew`: it was the first command of the session. */
const REFUSAL_CODES = {
  'no-such-session': () => E.noSuchSession,
  'session-closed': () => E.noSuchSession,
  'no-free-port': (isNew: boolean) => (isNew ? E.noPortForSession : E.noPortForLeg),
  defect: (isNew: boolean) => (isNew ? E.noPortForSession : E.noPortForLeg),
} as const satisfies Record<Refusal, (isNew: boolean) => ErrorCode>;

/** Carries a command out on a shard. Answers the reply, without its cookie and line feed. */
export function execute(command: ShardCommand, shard: Shard, clock: Clock): string {
  switch (command.verb) {
    case 'update':
    case 'lookup':
      return update(command, shard);
    case 'delete':
      return remove(command, shard);
    case 'query':
      return query(command, shard, clock);
  }
}

function update(command: UpdateCommand, shard: Shard): string {
  const found = shard.directory.find(command.call, command.tags);
  if (found === null && command.verb === 'lookup') return UNKNOWN_TO_LOOKUP;
  const session = found?.session ?? shard.draft(command.call, command.tags.from);
  if (session === null) return E.noPortForSession;
  const side = speaker(command.verb, found?.direction ?? 'forward');
  const decision = shard.command(session, {
    type: 'Signal',
    side,
    address: command.remote,
    held: command.held,
    asymmetric: command.asymmetric ?? false,
    codecs: command.codecs,
    reference: command.weak ? otherSide(side) : command.verb === 'update' ? 'strong' : null,
    opening: found === null ? { call: session.call, tag: session.tag } : null,
  });
  if (!decision.ok) return REFUSAL_CODES[decision.error](found === null);
  const { local } = session.snapshot.context.legs[otherSide(side)];
  return local === null ? E.noPortForLeg : formatLocal(local);
}

/** U carries the words of who owns the From tag, L the answer of the other one. */
function speaker(verb: 'update' | 'lookup', direction: Direction): Side {
  return (verb === 'update') === (direction === 'forward') ? 'caller' : 'callee';
}

function remove(command: Extract<ShardCommand, { verb: 'delete' }>, shard: Shard): string {
  const found = shard.directory.findEach(command.call, command.tags);
  for (const { session, direction } of found) {
    const weak = direction === 'forward' ? 'caller' : 'callee';
    shard.command(session, { type: 'Release', reference: command.weak ? weak : 'strong' });
  }
  return found.length > 0 ? '0' : E.noSuchSession;
}

function query(command: Extract<ShardCommand, { verb: 'query' }>, shard: Shard, clock: Clock): string {
  const found = shard.directory.find(command.call, command.tags);
  if (found === null) return E.noSuchSession;
  for (const letter of command.modifiers) if (letter !== 'v' && letter !== 'V') return E.queryModifier;
  const names = command.names.length > 0 ? command.names : QUERY_COUNTERS;
  const values: [QueryCounter, number][] = [];
  for (const name of names) {
    if (!isCounter(name)) return E.queryCounter;
    values.push([name, READERS[name](shard, found, clock)]);
  }
  return formatCounters(values, command.modifiers !== '');
}

const isCounter = (name: string): name is QueryCounter => (QUERY_COUNTERS as readonly string[]).includes(name);

type Reader = (shard: Shard, found: Found<Session>, clock: Clock) => number;

/** RTP only: RTCP does not show. `ina` is the side of the first tag, `ino` the other. */
const READERS: Readonly<Record<QueryCounter, Reader>> = {
  ttl: (shard, { session }, clock) => {
    const endsAt = millis(shard.lastHeardAt(session) + currentTtlMs(session.snapshot.context));
    return Math.max(0, Math.ceil((endsAt - clock()) / 1000));
  },
  npkts_ina: (shard, { session, direction }) =>
    rtpCounter(shard, session, direction === 'forward' ? 'caller' : 'callee', 'received'),
  npkts_ino: (shard, { session, direction }) =>
    rtpCounter(shard, session, direction === 'forward' ? 'callee' : 'caller', 'received'),
  nrelayed: (shard, { session }) => bothLegs(shard, session, 'relayed'),
  ndropped: (shard, { session }) => bothLegs(shard, session, 'dropped'),
};

function rtpCounter(shard: Shard, session: Session, side: Side, name: 'received' | 'relayed' | 'dropped'): number {
  return shard.counters.stream(rowOf(session.slot, SIDES.indexOf(side) as LegIndex, 0), name);
}

const bothLegs = (shard: Shard, session: Session, name: 'relayed' | 'dropped'): number =>
  rtpCounter(shard, session, 'caller', name) + rtpCounter(shard, session, 'callee', name);
