/** A media thread without a shard, which plays to many listeners and may relay beside it: see `jitter.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Address, udpPort } from '../../model/kernel/index.js';
import { clock } from '../../src/io/clock.js';
import { realtimeUs, threadCpuUs } from '../../src/io/sys/clock.js';
import { RING_MEMORY_BYTES } from '../../src/io/threads/shardStart.js';
import { openWaker } from '../../src/io/threads/wake.js';
import { chooseEngine } from '../../src/io/udp/chooseEngine.js';
import { Counters, countersBytes, type ShardCounter } from '../../src/media/counters.js';
import type { EngineName, PacketEngine } from '../../src/media/engine.js';
import { MediaPlane } from '../../src/media/plane.js';
import { rowOf } from '../../src/media/streams.js';
import { encodeSockaddr, SOCKADDR_WORDS } from '../../src/protocol/bytes/sockaddr.js';

export type PlayingStart = {
  readonly engine: EngineName;
  readonly players: number;
  /** Sessions that relay beside the players. */
  readonly relays: number;
  readonly ptimeMs: number;
  /** All players begin in the same millisecond, instead of one after the other in the time of a packet. */
  readonly together: boolean;
  readonly listenerPort: number;
  readonly relayedPort: number;
  readonly seconds: number;
};

export type PlayingNotice =
  /** Where packets to be relayed are sent; when each player begins, µs of the clock of the kernel's stamps. */
  | { readonly kind: 'playing'; readonly relayPorts: readonly number[]; readonly startsUs: readonly number[] }
  | { readonly kind: 'ended'; readonly counters: Readonly<Record<string, number>>; readonly busyPercent: number };

const LOOPBACK = '127.0.0.1';
const FIRST_PORT = 40_000;
const LAST_PORT = 65_000;
const RECEIVE_BUFFER_BYTES = 256 << 10;
const RECEIVE_BUFFERS = 2048;
const BEGIN_IN_MS = 300;
const CLOCK_READINGS = 50;
const PCMU = 0;
const SILENCE = 0xff;
const WISHES = { resize: false, mute: false, prompt: false, dtmf: false };
const TOLD: readonly ShardCounter[] = ['packetsPlayed', 'packetsReceived', 'packetsRelayed'];

const start = workerData as PlayingStart;
const { players, relays } = start;
const slots = players + relays;
let port = FIRST_PORT;

function openRow(engine: PacketEngine, row: number): number {
  for (; port < LAST_PORT; port++) {
    if (engine.open(row, { host: LOOPBACK, port: udpPort(port) }).ok) return port++;
  }
  throw new Error(`no port of ${FIRST_PORT}..${LAST_PORT} is free for row ${row}`);
}

const placeAt = (remotePort: number): Address => ({ host: LOOPBACK, port: udpPort(remotePort) });

function direct(plane: MediaPlane, row: number, to: number): void {
  encodeSockaddr(placeAt(to), plane.engine.remotes, row * SOCKADDR_WORDS);
  plane.latch.install(row, { asymmetric: false, latched: true, hasPrevious: false, signalledAtMs: 0 });
}

/** By how much the clock of the stamps is ahead of the thread's, µs: the least that was read. */
function clockLeadUs(): number {
  const readings = Array.from({ length: CLOCK_READINGS }, () => realtimeUs() - clock() * 1000);
  return Math.min(...readings);
}

function startPlayers(plane: MediaPlane): number[] {
  const frames = new Uint8Array(new SharedArrayBuffer(8 * start.ptimeMs * 50)).fill(SILENCE);
  const beginMs = clock() + BEGIN_IN_MS;
  return Array.from({ length: players }, (_, slot) => {
    const row = rowOf(slot, 0, 0);
    openRow(plane.engine, row);
    direct(plane, row, start.listenerPort);
    const atMs = start.together ? beginMs : beginMs + (slot * start.ptimeMs) / players;
    const voice = { ssrc: slot, sequence: 0, timestamp: 0 };
    plane.players.start(row, { prompt: { payloadType: PCMU, frames }, ptimeMs: start.ptimeMs, count: -1, voice, sent: 0 }, atMs);
    return atMs * 1000;
  });
}

function startRelays(plane: MediaPlane): number[] {
  return Array.from({ length: relays }, (_, i) => {
    const ports = ([0, 1] as const).map((leg) => {
      const row = rowOf(players + i, leg, 0);
      direct(plane, row, start.relayedPort);
      plane.route(row, WISHES);
      return openRow(plane.engine, row);
    });
    return ports[0]!;
  });
}

async function play(): Promise<void> {
  const rows = slots * 4;
  const { engine } = await chooseEngine(start.engine, rows, {
    descriptors: new Int32Array(rows),
    ring: new Float64Array(RING_MEMORY_BYTES / 8),
    wakeFd: (await openWaker()).fd,
    ...{ clock, receiveBufferBytes: RECEIVE_BUFFER_BYTES, receiveBuffers: RECEIVE_BUFFERS, tos: null },
  });
  const counters = new Counters(new SharedArrayBuffer(countersBytes(slots)));
  const deaf = {
    onSource: () => {},
    onRefused: () => {},
    onUnreachable: () => {},
    onDigit: () => {},
    onReport: () => {},
    onStray: () => {},
  };
  const plane = new MediaPlane(engine, counters, slots, { doubling: false, reporting: false }, { ...deaf, onPlayed: () => {} });
  for (let slot = 0; slot < slots; slot++) plane.clear(slot);
  const relayPorts = startRelays(plane);
  const leadUs = clockLeadUs();
  const startsUs = startPlayers(plane).map((us) => us + leadUs);
  parentPort!.postMessage({ kind: 'playing', relayPorts, startsUs } satisfies PlayingNotice);
  const [fromMs, fromUs] = [clock(), threadCpuUs()];
  const endMs = fromMs + BEGIN_IN_MS + start.seconds * 1000;
  await engine.run({
    ...{ onDatagram: plane.onDatagram, onUnreachable: plane.onUnreachable, onWake: () => {} },
    isTurnDue: () => plane.players.isEarlier,
    onTurn: (nowMs) => {
      if (nowMs >= endMs) engine.stop();
      return Math.min(plane.players.turn(nowMs), endMs);
    },
  });
  const busyPercent = (threadCpuUs() - fromUs) / 10 / (clock() - fromMs);
  const told = Object.fromEntries(TOLD.map((name) => [name, counters.shard(name)]));
  parentPort!.postMessage({ kind: 'ended', counters: told, busyPercent } satisfies PlayingNotice);
}

await play();
