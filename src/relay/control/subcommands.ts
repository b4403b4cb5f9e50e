import { callId } from '../../../model/kernel/index.js';
import type { SessionCommand } from '../../../model/session/command.js';
import type { ForkSource } from '../../../model/session/event.js';
import { otherSide, type Side } from '../../../model/session/side.js';
import type { Subcommand } from '../../protocol/rtpproxy/command.js';
import { parseDtmfArguments } from '../../protocol/rtpproxy/dtmfArguments.js';
import { MODULES } from '../modules/names.js';
import type { SessionPlace } from '../session/forks.js';
import type { Session } from '../session/session.js';
import type { Shard } from '../session/shard.js';
import { describe } from './describe.js';
import type { Execution } from './execution.js';

const DONE = 0;
const FAILED = -1;

/** What a sub-command says: a number, which is a failure unless it is zero, or a text. */
export type Subresult = number | string;

/**
 * Carries out what stands behind `&&`, in order, until one fails. `side`: whom the command before it describes ("in"); a lookup turns to
 * the other one.
 */
export function runSubcommands(
  subcommands: readonly Subcommand[],
  session: Session,
  side: Side,
  execution: Execution,
): readonly Subresult[] {
  const results: Subresult[] = [];
  let inward = side;
  let forks = 0;
  for (const subcommand of subcommands) {
    if (subcommand.kind === 'fork') {
      results.push(fork(subcommand, session, inward, forks, execution));
      forks++;
    } else results.push(run(subcommand, session, inward, execution));
    const last = results.at(-1);
    if (typeof last === 'number' && last !== DONE) break;
    if (subcommand.kind === 'lookup') inward = otherSide(inward);
  }
  return results;
}

function run(subcommand: Exclude<Subcommand, { kind: 'fork' }>, session: Session, inward: Side, execution: Execution): Subresult {
  const tell = (command: SessionCommand): number => (execution.shard.command(session, command).ok ? DONE : FAILED);
  switch (subcommand.kind) {
    case 'delete':
      // As a D with the tag that made the session: the weak reference it means is the caller's.
      return tell({ type: 'Release', reference: subcommand.weak ? 'caller' : 'strong' });
    case 'set': {
      const side = subcommand.reverse ? otherSide(inward) : inward;
      if (subcommand.name === 'ttl') return tell({ type: 'SetTtl', side, ttlMs: subcommand.value * 1000 });
      return tell({ type: 'SetTos', side, tos: subcommand.value });
    }
    case 'lookup': {
      if (session.snapshot.context.closed !== null) return FAILED;
      const { description } = subcommand;
      const said = { side: otherSide(inward), verb: 'lookup', description, notify: 'keep', isNew: false } as const;
      const local = describe(session, said, execution);
      return local.ok ? local.value : FAILED;
    }
    case 'module': {
      const dtmf = subcommand.module === MODULES.catch_dtmf.id ? parseDtmfArguments(subcommand.args) : null;
      return dtmf === null ? FAILED : tell({ type: 'CatchDtmf', side: inward, dtmf });
    }
  }
}

/** Whether a session of this shard has ended since it was found: another may stand in its slot. Other shards look for themselves. */
const hasGone = ({ shard: number, slot, session }: SessionPlace, shard: Shard): boolean =>
  number === shard.number && shard.sessionAt(slot, session) === null;

/** What the callee of the source says goes to `inward` if its tags name it forward; what the caller says to the other side. */
function fork(
  { call }: Extract<Subcommand, { kind: 'fork' }>,
  session: Session,
  inward: Side,
  index: number,
  { shard, sources }: Execution,
): Subresult {
  const found = sources[index] ?? null;
  if (found === null || hasGone(found.place, shard)) return FAILED;
  const first: Side = found.direction === 'forward' ? 'callee' : 'caller';
  const hears = inward === 'caller' ? { caller: first, callee: otherSide(first) } : { caller: otherSide(first), callee: first };
  const source: ForkSource = { call: callId(call), tag: found.tag, hears };
  if (!shard.command(session, { type: 'Fork', source }).ok) return FAILED;
  shard.forks.start(session, source, found.place);
  return DONE;
}
