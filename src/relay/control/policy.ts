import { familyOf } from '../../../model/kernel/index.js';
import { SIDES, type Side } from '../../../model/session/side.js';
import { networkAt } from '../networks/table.js';
import type { Session } from '../session/session.js';
import type { NetworkAddress } from '../settings/settings.js';
import type { ExecutionWorld } from './execution.js';
import type { ControlSetting } from './setting.js';

/** Whether a side is asymmetric that does not say what it is, where its leg stands in this network. */
export function asymmetricIn({ networks, asymmetric }: ControlSetting, network: NetworkAddress): boolean {
  const latching = networkAt(networks, network)?.policy.latching ?? null;
  return latching === null ? asymmetric : latching === 'asymmetric';
}

/**
 * Gives the legs of a session the TOS byte of the networks they stand in, where nobody has said another one. To be called when legs may have
 * come to stand. The sockets of IPv6 have none.
 */
export function markLegs(session: Session, { shard, setting }: ExecutionWorld): void {
  const marks = (side: Side): number | null => {
    const { local, tos, network } = session.snapshot.context.legs[side];
    if (local === null || tos !== null || familyOf(local.host) !== 'IPv4') return null;
    return networkAt(setting.networks, network)?.policy.tos ?? null;
  };
  for (const side of SIDES) {
    const tos = marks(side);
    if (tos !== null) shard.command(session, { type: 'SetTos', side, tos });
  }
}
