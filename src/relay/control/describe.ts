import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { NetworkWish } from '../../../model/session/command.js';
import { type Network, sameNetwork } from '../../../model/session/network.js';
import type { Notify } from '../../../model/session/notify.js';
import type { Refusal } from '../../../model/session/refusal.js';
import { otherSide, type Side } from '../../../model/session/side.js';
import type { Description, NetworkChoice } from '../../protocol/rtpproxy/command.js';
import { ERROR_CODES as E, type ErrorCode } from '../../protocol/rtpproxy/errors.js';
import { formatLocal } from '../../protocol/rtpproxy/format.js';
import { chooseNetworks, standardNetwork } from '../networks/choose.js';
import type { Session } from '../session/session.js';
import { shardOf } from '../supervisor/dispatch.js';
import type { Execution } from './execution.js';
import { asymmetricIn, markLegs } from './policy.js';

/** What a refusal is called in this protocol; `isNew`: it was the first command of the session. */
const REFUSAL_CODES: Readonly<Record<Refusal, (isNew: boolean) => ErrorCode>> = {
  'no-such-session': () => E.noSuchSession,
  'session-closed': () => E.noSuchSession,
  'no-notification': () => E.notifyNotPermitted,
  'not-ipv4': () => E.noSuchFamily,
  'own-media': () => E.copy,
  subscription: () => E.copy,
  'already-recorded': () => E.copy,
  'no-free-port': (isNew) => (isNew ? E.noPortForSession : E.noPortForLeg),
  defect: (isNew) => (isNew ? E.noPortForSession : E.noPortForLeg),
};

/** What a command says of a side. */
export type Said = {
  readonly side: Side;
  readonly verb: 'update' | 'lookup';
  readonly description: Description;
  /** Whom to tell of a timeout; `keep`: as before. */
  readonly notify: Notify | null | 'keep';
  /** The session does not exist yet. */
  readonly isNew: boolean;
};

const toMs = (seconds: number | null): number | null => (seconds === null ? null : seconds * 1000);

/** Tells a session what a description says of a side. Answers where the other side is to send, as the protocol writes it. */
export function describe(session: Session, said: Said, execution: Execution): Result<string, ErrorCode> {
  const { side, verb, description, notify, isNew } = said;
  const networks = wishOf(description.network, { call: session.call, isNew }, execution);
  if (!networks.ok) return networks;
  const { shard, setting } = execution;
  const stands = wishedFor(networks.value, side) ?? (isNew ? shard.network : session.snapshot.context.legs[side].network);
  const decision = shard.command(session, {
    type: 'Signal',
    side,
    address: description.remote,
    held: description.held,
    asymmetric: description.asymmetric ?? asymmetricIn(setting, stands),
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
  markLegs(session, execution);
  const { local, network } = session.snapshot.context.legs[otherSide(side)];
  return local === null ? refuse(E.noPortForLeg) : ok(formatLocal(local, network.advertised));
}

/** A call that a command is about, and whether the command is the first of its session. */
export type Asked = { readonly call: string; readonly isNew: boolean };

/** Of so many calls each address of a network may have its turn. */
const TURNS = 1 << 20;

/** Whose turn it is among the addresses of a network: the same one's for all streams of a call. */
export const turnOf = (call: string): number => shardOf(call, TURNS);

/** What a command wishes of the networks. E31, E32 or E36: there is no such network. */
export function wishOf(choice: NetworkChoice, asked: Asked, execution: Execution): Result<NetworkWish, ErrorCode> {
  const { setting, routeTo } = execution;
  const chosen = chooseNetworks(setting.networks, choice, routeTo, turnOf(asked.call));
  if (!chosen.ok) return chosen;
  const { caller, callee } = chosen.value;
  const standard = asked.isNew ? otherStandard(asked.call, execution) : null;
  if (caller === null) return ok(standard === null ? null : { kind: 'both', network: standard });
  if (choice.kind !== 'bridge') return ok({ kind: 'both', network: bare(caller) });
  return ok({ kind: 'each', caller: bare(caller), callee: callee === null ? standard : bare(callee) });
}

/**
 * The network of a new session for which none is named, where it is not the one that the shard began with: that one stands in the event log,
 * and whatever else is decided by has to stand in the command. Null: it is.
 */
function otherStandard(call: string, { shard, setting }: Execution): Network | null {
  const standard = bare(standardNetwork(setting.networks, turnOf(call)));
  return sameNetwork(standard, shard.network) ? null : standard;
}

function wishedFor(wish: NetworkWish, side: Side): Network | null {
  if (wish === null) return null;
  return wish.kind === 'both' ? wish.network : wish[side];
}

/** The label is the configuration's, not the session's. */
const bare = ({ host, advertised }: Network): Network => ({ host, advertised });
