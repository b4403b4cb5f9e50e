import { SOCKADDR_WORDS } from '../../protocol/bytes/sockaddr.js';
import { BYTES, type Counters, HEARD_AT, RECEIVED, RELAYED, rowBase } from '../counters.js';
import type { PacketEngine } from '../engine.js';
import { DROPPED, NEXT, type Stage, TAKEN } from '../path.js';
import { peerOf } from '../streams.js';

/** Counts what the latching rule has accepted. */
export function analyseStage(counters: Counters): Stage {
  const { values } = counters;
  return (packet) => {
    const base = rowBase(packet.row);
    values[base + RECEIVED]!++;
    values[base + BYTES]! += packet.length;
    return NEXT;
  };
}

/** Sends through the other leg. A packet that has nowhere to go still shows that the call is alive. */
export function sendStage(engine: PacketEngine, counters: Counters): Stage {
  const { values } = counters;
  const { remotes } = engine;
  return (packet) => {
    const peer = peerOf(packet.row);
    const base = rowBase(packet.row);
    values[base + HEARD_AT] = packet.nowMs;
    if (remotes[peer * SOCKADDR_WORDS] === 0) return DROPPED;
    engine.send(peer, packet);
    values[base + RELAYED]!++;
    return TAKEN;
  };
}
