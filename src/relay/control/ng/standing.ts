import { type Address, type Family, familyOf, ok, type Result, refuse } from '../../../../model/kernel/index.js';
import type { NetworkWish } from '../../../../model/session/command.js';
import type { Network } from '../../../../model/session/network.js';
import { otherSide, type Side } from '../../../../model/session/side.js';
import type { Leg } from '../../../../model/session/state.js';
import type { NgRequest } from '../../../protocol/ng/request.js';
import { isWildcard } from '../../../protocol/rtpproxy/numericHost.js';
import type { Sdp, SdpPlace } from '../../../protocol/sdp/sdp.js';
import { chooseNamed, type NetworkFound } from '../../networks/chooseNamed.js';
import { isConfigured } from '../../networks/table.js';
import type { Session } from '../../session/session.js';
import type { FoundDialogue } from './dialogues.js';
import { familyOfMedia } from './mediaOffer.js';
import type { NgExecution } from './ngExecution.js';

/** Where the legs of a new dialogue are to stand: facing who offers, and who is offered to. */
export type Standing = { readonly caller: NetworkFound; readonly callee: NetworkFound };

/** Chooses by name, by the way to a peer, or by family: who offers gets the family it speaks, the other side the one that is asked for. */
export function chooseStanding(request: NgRequest, sdp: Sdp, turn: number, execution: NgExecution): Result<Standing, string> {
  const { networks, peers } = request;
  const { setting, routeTo } = execution;
  let offered: Family | null = null;
  for (const media of sdp.media) offered ??= familyOfMedia(media, request);
  const caller = chooseNamed(setting.networks, { name: networks.from, family: offered, towards: peers.from, turn }, routeTo);
  if (!caller.ok) return caller;
  const callee = placeOfCallee(networks.to, familyOf(caller.value.network.host), request, turn, execution);
  return callee.ok ? ok({ caller: caller.value, callee: callee.value }) : callee;
}

/** Without a wish the side that is offered to gets `family`, where its network has it. */
function placeOfCallee(
  name: string | null,
  family: Family,
  { peers, addressFamily }: NgRequest,
  turn: number,
  { setting, routeTo }: NgExecution,
): Result<NetworkFound, string> {
  const towards = { name, towards: peers.to, turn };
  const found = chooseNamed(setting.networks, { ...towards, family: addressFamily ?? family }, routeTo);
  if (found.ok || addressFamily !== null) return found;
  const other = chooseNamed(setting.networks, { ...towards, family: null }, routeTo);
  return other.ok ? other : found;
}

/**
 * Where the leg that faces the callee is to stand from now on, because the same INVITE goes on to somebody else: it is offered again outside the
 * dialogue, and to another network or family. Null: where it does.
 */
export function standingElsewhere(
  request: NgRequest,
  { dialogue, side, streams }: FoundDialogue,
  execution: NgExecution,
): Result<NetworkFound | null, string> {
  const { toTag, networks, peers, addressFamily } = request;
  const [first] = streams.values();
  if (toTag !== null || side !== 'caller' || first === undefined) return ok(null);
  const { legs } = first.snapshot.context;
  // A line that only the callee has offered has no port yet that faces it.
  const stands = legs.callee.local?.host ?? legs.callee.network.host;
  const before = dialogue.networks.callee;
  const isOther = networks.to === null ? peers.to !== null : networks.to !== before;
  const isOtherFamily = addressFamily !== null && addressFamily !== familyOf(stands);
  if (!isOther && !isOtherFamily) return ok(null);
  const name = networks.to ?? (peers.to === null ? before : null);
  const turn = execution.shard.counters.shard('lastSession');
  const found = placeOfCallee(name, familyOf(legs.caller.network.host), request, turn, execution);
  if (!found.ok) return found;
  return ok(found.value.name === before && !isOtherFamily ? null : found.value);
}

export const wishOf = ({ caller, callee }: Standing): NetworkWish => ({
  kind: 'each',
  caller: caller.network,
  callee: callee.network,
});

/**
 * A media line that is added later stands where the others do, also where that is in no network any more; or facing the callee where those go to
 * (`other`). The error says that such a place had
 * ports of its own, and that it is not known any more which: others would most likely be behind a firewall.
 */
export function networkLike(
  streams: ReadonlyMap<number, Session>,
  { setting, shard }: NgExecution,
  other: NetworkFound | null,
): Result<NetworkWish, string> {
  const [first] = streams.values();
  if (first === undefined) return ok(null);
  const { caller, callee } = first.snapshot.context.legs;
  for (const { local } of other === null ? [caller, callee] : [caller]) {
    if (local === null || shard.knowsPorts(local) || isConfigured(setting.networks, local.host)) continue;
    return refuse(
      `no network has ${local.host} any more, and its ports are not known: no media line can be added to a call there`,
    );
  }
  return ok({ kind: 'each', caller: caller.network, callee: other?.network ?? callee.network });
}

/**
 * Where in its network (`name`) a leg would have to stand to reach an address; null: where it does, or it does not matter. The error says that
 * the network has no address of that family.
 */
export function networkOf(
  { local, network }: Leg,
  address: Address | null,
  name: string,
  { setting, routeTo }: NgExecution,
): Result<Network | null, string> {
  const stands = local?.host ?? network.host;
  if (address === null || stands === '' || familyOf(address.host) === familyOf(stands)) return ok(null);
  const wanted = { name, family: familyOf(address.host), towards: null, turn: 0 };
  const found = chooseNamed(setting.networks, wanted, routeTo);
  return found.ok ? ok(found.value.network) : found;
}

/** Where the other side is to send what it sends to `speaker`: what goes into the description that is sent on. Null: there is no such leg. */
export function placeFacing(session: Session, speaker: Side, { routeTo, origin }: NgExecution): SdpPlace | null {
  const facing = otherSide(speaker);
  const { legs } = session.snapshot.context;
  const { local, network, rtp } = legs[facing];
  if (local === null) return null;
  const host =
    network.advertised ??
    (isWildcard(local.host)
      ? concrete(local.host, rtp.address?.host ?? null, legs[speaker].rtp.address?.host ?? null, routeTo, origin.local)
      : local.host);
  const isNumeric = host.includes(':') || /^[0-9.]+$/.test(host);
  const family = familyOf(isNumeric ? host : local.host) === 'IPv4' ? 'IP4' : 'IP6';
  return { host, family, port: local.port, rtcpPort: local.port + 1 };
}

/** Of a socket that stands on all addresses the one that leads to a party, or that the client has asked. */
function concrete(
  wildcard: string,
  recipient: string | null,
  speaker: string | null,
  routeTo: (host: string) => string | null,
  asked: string | null,
): string {
  const family = familyOf(wildcard);
  for (const host of [recipient, speaker]) {
    const found = host !== null && familyOf(host) === family ? routeTo(host) : null;
    if (found !== null) return found;
  }
  return asked !== null && familyOf(asked) === family ? asked : family === 'IPv4' ? '127.0.0.1' : '::1';
}
