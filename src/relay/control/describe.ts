import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { NetworkWish } from '../../../model/session/command.js';
import type { Notify } from '../../../model/session/notify.js';
import type { Refusal } from '../../../model/session/refusal.js';
import { otherSide, type Side } from '../../../model/session/side.js';
import type { Description, NetworkChoice } from '../../protocol/rtpproxy/command.js';
import { ERROR_CODES as E, type ErrorCode } from '../../protocol/rtpproxy/errors.js';
import { formatLocal } from '../../protocol/rtpproxy/format.js';
import { chooseNetworks } from '../networks/choose.js';
import type { Session } from '../session/session.js';
import type { Execution } from './execution.js';

/** What a refusal is called in this protocol; `isNew`: it was the first command of the session. */
const REFUSAL_CODES: Readonly<Record<Refusal, (isNew: boolean) => ErrorCode>> = {
  'no-such-session': () => E.noSuchSession,
  'session-closed': () => E.noSuchSession,
  'no-notification': () => E.notifyNotPermitted,
  'not-ipv4': () => E.noSuchFamily,
  'own-media': () => E.copy,
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

/** What a command wishes of the networks. E31, E32 or E36: there is no such network. */
export function wishOf(choice: NetworkChoice, { setting, routeTo }: Execution): Result<NetworkWish, ErrorCode> {
  const chosen = chooseNetworks(setting.networks, choice, routeTo);
  if (!chosen.ok) return chosen;
  const { caller, callee } = chosen.value;
  if (caller === null) return ok(null);
  if (choice.kind === 'bridge') return ok({ kind: 'each', caller: bare(caller), callee: callee === null ? null : bare(callee) });
  return ok({ kind: 'both', network: bare(caller) });
}

/** The label is the configuration's, not the session's. */
const bare = ({ host, advertised }: { readonly host: string; readonly advertised: string | null }) => ({ host, advertised });
