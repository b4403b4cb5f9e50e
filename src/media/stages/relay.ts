import { SOCKADDR_WORDS } from '../../protocol/bytes/sockaddr.js';
import { BYTES, type Counters, HEARD_AT, RECEIVED, RELAYED, rowBase, SHARD_COUNTERS } from '../counters.js';
import type { PacketEngine } from '../engine.js';
import { DROPPED, NEXT, type Stage, TAKEN } from '../path.js';
import { peerOf } from '../streams.js';

/** Of a row: itself; the RTP row of its leg. */
const OWN_ROW = -1;
const RTP_ROW = ~1;

const PACKETS_RELAYED = SHARD_COUNTERS.indexOf('packetsRelayed');
const BYTES_RELAYED = SHARD_COUNTERS.indexOf('bytesRelayed');

/** Packets shorter than this are sent twice where `doubling` is on, bytes: as rtpproxy does. */
const DOUBLED_BELOW_BYTES = 128;

/** Counts what the latching rule has accepted. */
export function countStage(counters: Counters): Stage {
  const { values } = counters;
  return (packet) => {
    const base = rowBase(packet.row);
    values[base + RECEIVED]!++;
    values[base + BYTES]! += packet.length;
    return NEXT;
  };
}

/**
 * Sends through the other leg. A packet that has nowhere to go still shows that the call is alive. `doubling`: short packets, which carry
 * low-rate codecs, are sent twice, so that a lossy link loses fewer of them.
 */
export const sendStage = (engine: PacketEngine, counters: Counters, doubling: boolean): Stage =>
  relayStage(engine, counters, doubling, OWN_ROW);

/** The same from and to the RTP port of the other leg, for RTCP towards who takes both on one (RFC 5761). */
export const muxStage = (engine: PacketEngine, counters: Counters, doubling: boolean): Stage =>
  relayStage(engine, counters, doubling, RTP_ROW);

function relayStage(engine: PacketEngine, counters: Counters, doubling: boolean, rows: number): Stage {
  const { values } = counters;
  const { remotes } = engine;
  return (packet) => {
    const peer = peerOf(packet.row) & rows;
    const base = rowBase(packet.row);
    values[base + HEARD_AT] = packet.nowMs;
    if (remotes[peer * SOCKADDR_WORDS] === 0) return DROPPED;
    engine.send(peer, packet);
    if (doubling && packet.length < DOUBLED_BELOW_BYTES) engine.send(peer, packet);
    values[base + RELAYED]!++;
    values[PACKETS_RELAYED]!++;
    values[BYTES_RELAYED]! += packet.length;
    return TAKEN;
  };
}
