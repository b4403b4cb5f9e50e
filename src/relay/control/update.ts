import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { NetworkWish } from '../../../model/session/command.js';
import type { Notify } from '../../../model/session/notify.js';
import type { Refusal } from '../../../model/session/refusal.js';
import { otherSide, type Side } from '../../../model/session/side.js';
import type { Description, NetworkChoice, UpdateCommand } from '../../protocol/rtpproxy/command.js';
import { ERROR_CODES as E, type ErrorCode } from '../../protocol/rtpproxy/errors.js';
import { formatLocal, formatSubresults } from '../../protocol/rtpproxy/format.js';
import { chooseNetworks } from '../networks/choose.js';
import { matchTarget } from '../notify/targets.js';
import type { Direction } from '../session/directory.js';
import type { Session } from '../session/session.js';
import type { Execution } from './execution.js';
import { runSubcommands } from './subcommands.js';

const UNKNOWN_TO_LOOKUP = '0';

/** What a refusal is called in this protocol; `isNew`: it was the first command of the session. */
const REFUSAL_CODES: Readonly<Record<Refusal, (isNew: boolean) => ErrorCode>> = {
  'no-such-session': () => E.noSuchSession,
  'session-closed': () => E.noSuchSession,
  'no-notification': () => E.notifyNotPermitted,
  'not-ipv4': () => E.noSuchFamily,
  'own-media': () => E.copy,
  'no-free-port': (isNew) => (isNew ? E.noPortForSession : E.noPortForLeg),
  defect: (isNew) => (isNew ? E.noPortForSession : E.noPortForLeg),
};

const CLOSED_CODES = { draining: E.leaving, overloaded: E.overloaded } as const;

/** U carries the words of who owns the From tag, L the answer of the other one. */
export function speaker(verb: 'update' | 'lookup', direction: Direction): Side {
  return (verb === 'update') === (direction === 'forward') ? 'caller' : 'callee';
}

/** U and L: the port of the leg that faces the other side, then what the sub-commands say. */
export function update(command: UpdateCommand, execution: Execution): string {
  const { shard } = execution;
  const found = shard.directory.find(command.call, command.tags);
  if (found === null && command.verb === 'lookup') return UNKNOWN_TO_LOOKUP;
  if (found === null && shard.closedTo !== null) {
    if (shard.closedTo === 'overloaded') shard.counters.addToShard('sessionsRefused', 1);
    return CLOSED_CODES[shard.closedTo];
  }
  const session = found?.session ?? shard.draft(command.call, command.tags.from);
  if (session === null) return E.noPortForSession;
  const side = speaker(command.verb, found?.direction ?? 'forward');
  const notify = command.verb === 'update' ? notifyOf(command, execution) : 'keep';
  const isNew = found === null;
  const local = describe(session, side, command.verb, command, notify, isNew, execution);
  if (!local.ok) return local.error;
  return formatSubresults(local.value, runSubcommands(command.subcommands, session, side, execution));
}

const toMs = (seconds: number | null): number | null => (seconds === null ? null : seconds * 1000);

/** Tells a session what a description says of a side. Answers where the other side is to send, as the protocol writes it. */
export function describe(
  session: Session,
  side: Side,
  verb: 'update' | 'lookup',
  description: Description,
  notify: Notify | null | 'keep',
  isNew: boolean,
  execution: Execution,
): Result<string, ErrorCode> {
  const networks = wishOf(description.network, execution);
  if (!networks.ok) return networks;
  const { shard, setting } = execution;
  const decision = shard.command(session, {
    type: 'Signal',
    side,
    address: description.remote,
    held: description.held,
    asymmetric: description.asymmetric ?? setting.asymmetric,
    codecs: description.codecs,
    resizeMs: description.resizeMs,
    newPort: description.newPort,
    networks: networks.value,
    notify,
    ttlMs: { caller: toMs(description.callerTtlSeconds), callee: toMs(description.calleeTtlSeconds) },
    reference: description.weak ? otherSide(side) : verb === 'update' ? 'strong' : null,
    opening: isNew ? { call: session.call, tag: session.tag } : null,
  });
  if (!decision.ok) return refuse(REFUSAL_CODES[decision.error](isNew));
  const { local, network } = session.snapshot.context.legs[otherSide(side)];
  return local === null ? refuse(E.noPortForLeg) : ok(formatLocal(local, network.advertised));
}

function wishOf(choice: NetworkChoice, { setting, routeTo }: Execution): Result<NetworkWish, ErrorCode> {
  const chosen = chooseNetworks(setting.networks, choice, routeTo);
  if (!chosen.ok) return chosen;
  const { caller, callee } = chosen.value;
  if (caller === null) return ok(null);
  if (choice.kind === 'bridge') return ok({ kind: 'each', caller: bare(caller), callee: callee === null ? null : bare(callee) });
  return ok({ kind: 'both', network: bare(caller) });
}

/** The label is the configuration's, not the session's. */
const bare = ({ host, advertised }: { readonly host: string; readonly advertised: string | null }) => ({ host, advertised });

/** Whom to notify, if that is permitted; otherwise nobody, and it is said. */
function notifyOf({ notify, tags, call }: UpdateCommand, { setting, origin, warn }: Execution): Notify | null {
  if (notify === null) return null;
  const target = matchTarget(setting.permitted, notify.socket, origin);
  if (target === null) warn(`${call} is not notified of its timeout: no -n permits ${notify.socket}`);
  // Who asks without a tag is told the Call-ID.
  return target === null ? null : { target, tag: notify.tag ?? call, toTag: tags.to };
}
