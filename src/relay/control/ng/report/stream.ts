import { type Address, familyOf, udpPort } from '../../../../../model/kernel/index.js';
import { COMPONENTS, type Side } from '../../../../../model/session/side.js';
import { isMuxed, type Leg, type SessionState } from '../../../../../model/session/state.js';
import {
  BYTES,
  type Counters,
  DROPPED,
  EARLY,
  HEARD_AT,
  IGNORED,
  RECEIVED,
  RELAYED,
  rowBase,
} from '../../../../media/counters.js';
import { type ComponentIndex, peerOf, rowOf } from '../../../../media/streams.js';
import { legIndexOf, type Session } from '../../../session/session.js';
import { type Detail, type Draft, placeOf, secondsOf } from './draft.js';
import { learnedOf } from './learned.js';

/** Of one component of a whole report. */
export type Total = { packets: number; bytes: number; errors: number };

export type StreamWorld = { readonly counters: Counters; readonly detail: Detail };

/** One socket of a side: what it hears and what is sent by it. `ssrc`: of who is heard on it now. `total` is added to. */
export function describeStream(
  { slot, snapshot }: Session,
  side: Side,
  component: ComponentIndex,
  ssrc: number | null,
  { counters: { values }, detail }: StreamWorld,
  total: Total,
): Draft {
  const state = snapshot.context;
  const leg = state.legs[side];
  const name = COMPONENTS[component]!;
  const row = rowOf(slot, legIndexOf(side), component);
  const base = rowBase(row);
  const isOnRtpPort = component === 1 && isMuxed(state, side);
  const { address } = leg[name];
  const signalled = signalledOf(leg, component, isOnRtpPort);
  const [packets, bytes, errors] = [values[base + RECEIVED]!, values[base + BYTES]!, values[base + DROPPED]!];
  total.packets += packets;
  total.bytes += bytes;
  total.errors += errors;
  const stream: Draft = {};
  if (leg.local !== null) {
    if (!isOnRtpPort) stream['local port'] = leg.local.port + component;
    stream['local address'] = leg.local.host;
    stream['family'] = familyOf(leg.local.host);
  }
  if (address !== null) stream['endpoint'] = placeOf(address);
  if (signalled !== null) stream['advertised endpoint'] = placeOf(signalled);
  const heardAt = secondsOf(values[base + HEARD_AT]!);
  stream['last packet'] = heardAt;
  stream['last kernel packet'] = 0;
  stream['last user packet'] = heardAt;
  if (ssrc !== null) stream['SSRC'] = ssrc;
  stream['flags'] = flagsOf(state, side, component);
  stream['stats'] = { packets, bytes, errors };
  stream['stats_out'] = sentOf(values, rowBase(peerOf(row)));
  const arrivals = { received: packets, refused: values[base + IGNORED]!, early: values[base + EARLY]! };
  if (detail !== 'lean') stream['learned'] = learnedOf(leg, name, signalled, arrivals, detail);
  return stream;
}

/** RTCP goes to the next port (RFC 3550 §11), unless something else was said: then that is where it is sent, or was until packets came. */
function signalledOf(leg: Leg, component: ComponentIndex, isOnRtpPort: boolean): Address | null {
  const signalled = leg.lastSignal?.address ?? null;
  if (signalled === null || component === 0 || isOnRtpPort) return signalled;
  const { address, untrusted } = leg.rtcp;
  return address !== null && !untrusted ? address : { host: signalled.host, port: udpPort((signalled.port + 1) % 65_536) };
}

function flagsOf(state: SessionState, side: Side, component: ComponentIndex): string[] {
  const leg = state.legs[side];
  const { address, latched } = leg[COMPONENTS[component]!];
  const flags = component === 0 ? ['RTP'] : ['RTCP'];
  if (component === 0 && isMuxed(state, side)) flags.push('RTCP');
  if (address !== null) flags.push('filled');
  if (latched) flags.push('confirmed');
  flags.push('no kernel support');
  if (leg.asymmetric || leg.sources === 'strict') flags.push('strict source address');
  if (leg.sources === 'handover') flags.push('media handover');
  return flags;
}

/** What was relayed of the other side. Its bytes are counted when they come in: of what was not sent on they are taken off in proportion. */
function sentOf(values: Float64Array, peer: number): Draft {
  const [received, relayed, bytes] = [values[peer + RECEIVED]!, values[peer + RELAYED]!, values[peer + BYTES]!];
  const sent = relayed >= received ? bytes : Math.round((bytes * relayed) / received);
  return { packets: relayed, bytes: sent, errors: 0 };
}
