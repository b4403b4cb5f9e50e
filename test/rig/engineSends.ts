import { udpPort } from '../../model/kernel/index.js';
import type { PacketEngine } from '../../src/media/engine.js';
import { encodeSockaddr, SOCKADDR_WORDS } from '../../src/protocol/bytes/sockaddr.js';
import { draftBytes } from './draftBytes.js';
import type { EngineRequest, Place } from './engineThread.js';

/** From now on a row sends there. */
export function setRemote(engine: PacketEngine, row: number, at: Place): void {
  encodeSockaddr({ ...at, port: udpPort(at.port) }, engine.remotes, row * SOCKADDR_WORDS);
}

/** See the request of this name. */
export function turnAway(engine: PacketEngine, { row, idle, sends }: Extract<EngineRequest, { kind: 'turnAway' }>): void {
  const [before, after] = sends;
  setRemote(engine, row, before.to);
  sendDrafts(engine, row, 0, before.count);
  engine.close(idle);
  setRemote(engine, row, after.to);
  sendDrafts(engine, row, before.count, after.count);
}

/** Packets of our own leave a row: `count` of them, numbered from `from`, as `draftBytes` makes them. */
export function sendDrafts(engine: PacketEngine, row: number, from: number, count: number): void {
  for (let n = from; n < from + count; n++) {
    const draft = engine.draft();
    const bytes = draftBytes(n);
    draft.bytes.set(bytes, draft.start);
    draft.length = bytes.length;
    draft.row = row;
    engine.send(row, draft);
  }
}
