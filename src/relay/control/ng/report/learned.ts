import { type Address, formatAddress, sameAddress } from '../../../../../model/kernel/index.js';
import type { Component } from '../../../../../model/session/side.js';
import type { Leg } from '../../../../../model/session/state.js';
import { type Detail, type Draft, placeOf } from './draft.js';

/** What was counted of what came in on a stream, by what became of it. */
export type Arrivals = { readonly received: number; readonly refused: number; readonly early: number };

/**
 * What is known of the place that a stream comes from and is sent back to, and by what: so that silence explains itself. `state` is one of
 *
 * - `unknown`: nothing was signalled, and no packet has come: there is nowhere to send to;
 * - `signalled`: sent to where signalling said; no packet has come from anywhere yet;
 * - `confirmed`: packets come from where signalling said;
 * - `learned`: packets come from elsewhere (a NAT), and that is where it is sent to;
 * - `asymmetric`: packets are taken from the signalled host, and nothing is learned from them.
 */
export function learnedOf(leg: Leg, component: Component, signalled: Address | null, arrivals: Arrivals, detail: Detail): Draft {
  const { address, latched, untrusted } = leg[component];
  const state = stateOf(leg, component);
  const told: Draft = { state, why: whyOf(leg, component, signalled, arrivals) };
  // The stream has them as its endpoints, too.
  if (detail === 'whole' && signalled !== null) told['signalled'] = placeOf(signalled);
  if (detail === 'whole' && address !== null && (latched || untrusted) && !leg.asymmetric) told['observed'] = placeOf(address);
  told['latched'] = latched ? 1 : 0;
  if (arrivals.refused > 0) told['refused packets'] = arrivals.refused;
  if (arrivals.early > 0) told['early packets'] = arrivals.early;
  // They are kept by leg, not by component.
  if (component === 'rtp' && leg.refused.length > 0) told['refused sources'] = leg.refused.map(placeOf);
  const dead = leg.unreachable[component];
  if (dead !== null) told['unreachable'] = placeOf(dead);
  return told;
}

type State = 'unknown' | 'signalled' | 'confirmed' | 'learned' | 'asymmetric';

function stateOf(leg: Leg, component: Component): State {
  const { address, latched, untrusted } = leg[component];
  if (address === null) return 'unknown';
  if (leg.asymmetric) return 'asymmetric';
  if (untrusted) return 'learned';
  return latched ? 'confirmed' : 'signalled';
}

function whyOf(leg: Leg, component: Component, signalled: Address | null, { received, refused, early }: Arrivals): string {
  const { address } = leg[component];
  if (received > 0) return placeWhy(leg, component, signalled, refused);
  if (refused > 0 && address !== null)
    return leg.asymmetric
      ? `all packets were refused: none came from the signalled host ${address.host}, and the side is declared asymmetric`
      : `all packets were refused: none came from ${formatAddress(address)}, which is confirmed`;
  if (early > 0) return 'packets came only before both sides were known';
  const dead = leg.unreachable[component];
  if (dead !== null) return `no packet has come, and the network says that nobody receives at ${formatAddress(dead)}`;
  if (leg.held) return 'no packet has come: the side is on hold';
  return address === null ? 'no packet has come, and no address was signalled' : 'no packet has come';
}

function placeWhy(leg: Leg, component: Component, signalled: Address | null, refused: number): string {
  const strangers = refused > 0 ? '; packets from other places were refused' : '';
  const { address, untrusted } = leg[component];
  if (leg.asymmetric) return `declared asymmetric: what comes from the signalled host is taken${strangers}`;
  if (!untrusted || address === null) return `packets come from where it was signalled${strangers}`;
  if (signalled === null) return `learned from packets: no address was signalled${strangers}`;
  if (sameAddress(address, signalled)) return `packets come from where it was signalled${strangers}`;
  const port = address.host === signalled.host ? 'port' : 'address';
  return `learned from packets, which come from another ${port} than the signalled one${strangers}`;
}
