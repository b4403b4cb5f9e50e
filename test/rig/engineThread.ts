/** Runs one packet engine in a worker thread and does what a test asks of it: see `engineDriver.ts`. */
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { udpPort } from '../../model/kernel/index.js';
import { clock } from '../../src/io/clock.js';
import { chooseEngine } from '../../src/io/udp/chooseEngine.js';
import type { EngineCounters, EngineName, Errno, Packet, PacketEngine } from '../../src/media/engine.js';
import { decodeSockaddr } from '../../src/protocol/bytes/sockaddr.js';
import { sendDrafts, setRemote, turnAway } from './engineSends.js';

/** A transport address as a test writes it. */
export type Place = { readonly host: string; readonly port: number };

export type EngineRequest =
  | { readonly kind: 'open'; readonly row: number; readonly at: Place }
  | { readonly kind: 'close'; readonly row: number }
  /** Closes and opens a row again and again, without a pause. */
  | { readonly kind: 'reopen'; readonly row: number; readonly at: Place; readonly times: number }
  /** Where `send` from that row goes. */
  | { readonly kind: 'remote'; readonly row: number; readonly at: Place }
  /** What arrives on the row leaves from the other. */
  | { readonly kind: 'forward'; readonly row: number; readonly to: number }
  /** The next datagram on the row closes another row, which is opened again elsewhere at once. */
  | { readonly kind: 'closeOn'; readonly row: number; readonly victim: number; readonly at: Place }
  | { readonly kind: 'move'; readonly from: number; readonly to: number }
  /** The same by the next datagram on the row. */
  | { readonly kind: 'moveOn'; readonly row: number; readonly from: number; readonly to: number }
  /** Opens a spare row on one port and the other by turns, and moves it to the row, without a pause. */
  | {
      readonly kind: 'moves';
      readonly spare: number;
      readonly row: number;
      readonly at: readonly [Place, Place];
      readonly times: number;
    }
  /** Whether something waits to be delivered at these rows, `EAGAIN` if so: now, or when the next datagram on the row `on` is delivered. */
  | { readonly kind: 'quiet'; readonly row: number; readonly count: number; readonly on?: number }
  | { readonly kind: 'tos'; readonly row: number; readonly tos: number }
  /** In the next turn so many packets of our own leave the row: see `draftBytes`. */
  | { readonly kind: 'drafts'; readonly row: number; readonly count: number }
  /** The next datagram on the row leaves by it, in the middle of so many packets of our own. */
  | { readonly kind: 'draftsOn'; readonly row: number; readonly count: number }
  | { readonly kind: 'watch'; readonly row: number }
  /**
   * Packets of our own leave the row for one address and, when the kernel has them, more for another, as `draftBytes` numbers them. The
   * socket of `idle` is closed in between, which an engine does not put off.
   */
  | { readonly kind: 'turnAway'; readonly row: number; readonly idle: number; readonly sends: readonly [Sends, Sends] }
  /** Packets of our own leave a row, whose socket is moved to another one right after. */
  | { readonly kind: 'sendAndMove'; readonly row: number; readonly count: number; readonly to: number }
  /** Says of every datagram where it came from and what was in it; otherwise they are only counted. */
  | { readonly kind: 'report'; readonly on: boolean }
  /** Blocks the thread until the gate is opened. */
  | { readonly kind: 'block' }
  | { readonly kind: 'deadline'; readonly inMs: number }
  | { readonly kind: 'look' }
  | { readonly kind: 'stop' };

export type Sends = { readonly count: number; readonly to: Place };

/** Row → datagrams that were delivered; how often it was said that nobody receives what the row sends. */
export type EngineLook = {
  readonly counters: EngineCounters;
  readonly delivered: readonly number[];
  readonly unreachable: readonly number[];
};

export type EngineNotice =
  | { readonly kind: 'running' }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'answer'; readonly errno: Errno | null }
  | { readonly kind: 'looked'; readonly look: EngineLook }
  | { readonly kind: 'blocked' }
  | ArrivedDatagram
  /** The first turn at or after a deadline; `early`: turns that came after it was asked for and before it was due. */
  | { readonly kind: 'rang'; readonly askedFor: number; readonly at: number; readonly early: number }
  | { readonly kind: 'stopped' };

export type ArrivedDatagram = {
  readonly kind: 'datagram';
  readonly row: number;
  readonly bytes: Uint8Array;
  readonly from: Place | null;
  /** Of the thread's clock. */
  readonly at: number;
};

export type EngineThreadData = {
  readonly name: EngineName;
  readonly rows: number;
  readonly descriptors: SharedArrayBuffer;
  readonly ring: SharedArrayBuffer;
  /** Word 0: not 0 while a blocked thread shall go on. */
  readonly gate: SharedArrayBuffer;
  readonly wakeFd: number;
  readonly receiveBuffers: number;
  readonly port: MessagePort;
};

const RECEIVE_BUFFER_BYTES = 256 << 10;
const BLOCK_LIMIT_MS = 10_000;

const data = workerData as EngineThreadData;
const forwards = new Map<number, number>();
const closings = new Map<number, { victim: number; at: Place }>();
const moves = new Map<number, { from: number; to: number }>();
const quietOn = new Map<number, { row: number; count: number }>();
const draftings = new Map<number, number>();
let dueDrafts: { row: number; count: number } | null = null;
const delivered = new Array<number>(data.rows).fill(0);
const unreachable = new Array<number>(data.rows).fill(0);
let isReporting = true;
let deadline = Number.POSITIVE_INFINITY;
let earlyTurns = 0;

const notify = (notice: EngineNotice): void => data.port.postMessage(notice);

/** Carries a request out. Undefined: it has no answer, or one of its own. */
function carryOut(engine: PacketEngine, request: EngineRequest): Errno | null | undefined {
  switch (request.kind) {
    case 'open':
      return open(engine, request.row, request.at);
    case 'close':
      engine.close(request.row);
      return null;
    case 'reopen':
      return reopen(engine, request);
    case 'remote':
      setRemote(engine, request.row, request.at);
      return null;
    case 'forward':
      forwards.set(request.row, request.to);
      return null;
    case 'closeOn':
      closings.set(request.row, request);
      return null;
    case 'move':
      engine.move(request.from, request.to);
      return null;
    case 'moveOn':
      moves.set(request.row, request);
      return null;
    case 'moves':
      return moveAgainAndAgain(engine, request);
    case 'quiet':
      if (request.on === undefined) return quiet(engine, request);
      quietOn.set(request.on, request);
      return undefined;
    case 'tos':
      engine.setTos(request.row, request.tos);
      return null;
    case 'watch':
      engine.watchUnreachable(request.row);
      return null;
    case 'turnAway':
      turnAway(engine, request);
      return null;
    case 'sendAndMove':
      sendDrafts(engine, request.row, 0, request.count);
      engine.move(request.row, request.to);
      return null;
    case 'drafts':
      dueDrafts = request;
      return null;
    case 'draftsOn':
      draftings.set(request.row, request.count);
      return null;
    case 'report':
      isReporting = request.on;
      return null;
    case 'block':
      notify({ kind: 'blocked' });
      Atomics.wait(new Int32Array(data.gate), 0, 0, BLOCK_LIMIT_MS);
      return undefined;
    case 'deadline':
      deadline = clock() + request.inMs;
      earlyTurns = 0;
      return undefined;
    case 'look':
      notify({ kind: 'looked', look: { counters: { ...engine.counters }, delivered, unreachable } });
      return undefined;
    case 'stop':
      engine.stop();
      return undefined;
  }
}

const quiet = (engine: PacketEngine, { row, count }: { readonly row: number; readonly count: number }): Errno | null =>
  engine.isQuiet(row, count) ? null : 'EAGAIN';

function obey(engine: PacketEngine, request: EngineRequest): void {
  const errno = carryOut(engine, request);
  if (errno !== undefined) notify({ kind: 'answer', errno });
}

function open(engine: PacketEngine, row: number, at: Place): Errno | null {
  const opened = engine.open(row, { host: at.host, port: udpPort(at.port) });
  return opened.ok ? null : opened.error;
}

function reopen(engine: PacketEngine, { row, at, times }: Extract<EngineRequest, { kind: 'reopen' }>): Errno | null {
  for (let turn = 0; turn < times; turn++) {
    engine.close(row);
    const errno = open(engine, row, at);
    if (errno !== null) return `${errno} in turn ${turn}`;
  }
  return null;
}

function moveAgainAndAgain(engine: PacketEngine, request: Extract<EngineRequest, { kind: 'moves' }>): Errno | null {
  const { spare, row, at, times } = request;
  for (let turn = 0; turn < times; turn++) {
    const errno = open(engine, spare, at[turn % 2]!);
    if (errno !== null) return `${errno} in turn ${turn}`;
    engine.move(spare, row);
  }
  return null;
}

function onDatagram(engine: PacketEngine, packet: Packet): void {
  delivered[packet.row]!++;
  if (isReporting) {
    const bytes = packet.bytes.slice(packet.start, packet.start + packet.length);
    const from = decodeSockaddr(packet.words, packet.source);
    notify({ kind: 'datagram', row: packet.row, bytes, from, at: packet.nowMs });
  }
  const closing = closings.get(packet.row);
  if (closing !== undefined) {
    closings.delete(packet.row);
    engine.close(closing.victim);
    notify({ kind: 'answer', errno: open(engine, closing.victim, closing.at) });
  }
  const asked = quietOn.get(packet.row);
  if (asked !== undefined) {
    quietOn.delete(packet.row);
    notify({ kind: 'answer', errno: quiet(engine, asked) });
  }
  const move = moves.get(packet.row);
  if (move !== undefined) {
    moves.delete(packet.row);
    engine.move(move.from, move.to);
  }
  const drafts = draftings.get(packet.row);
  if (drafts !== undefined) {
    draftings.delete(packet.row);
    sendDrafts(engine, packet.row, 0, drafts);
    engine.send(packet.row, packet);
    sendDrafts(engine, packet.row, drafts, drafts);
  }
  const to = forwards.get(packet.row);
  if (to !== undefined) engine.send(to, packet);
}

function onTurn(engine: PacketEngine, nowMs: number): number {
  if (dueDrafts !== null) {
    sendDrafts(engine, dueDrafts.row, 0, dueDrafts.count);
    dueDrafts = null;
  }
  if (nowMs < deadline) earlyTurns++;
  else {
    notify({ kind: 'rang', askedFor: deadline, at: clock(), early: earlyTurns });
    deadline = Number.POSITIVE_INFINITY;
  }
  return deadline;
}

async function main(): Promise<void> {
  const { engine } = await chooseEngine(data.name, data.rows, {
    descriptors: new Int32Array(data.descriptors),
    ring: new Float64Array(data.ring),
    wakeFd: data.wakeFd,
    clock,
    receiveBufferBytes: RECEIVE_BUFFER_BYTES,
    receiveBuffers: data.receiveBuffers,
    tos: 0,
  });
  const onWake = (): void => {
    for (let got = receiveMessageOnPort(data.port); got !== undefined; got = receiveMessageOnPort(data.port))
      obey(engine, got.message as EngineRequest);
  };
  if (engine.name === 'dgram') {
    data.port.on('message', (request: EngineRequest) => {
      obey(engine, request);
      engine.poke?.();
    });
  }
  notify({ kind: 'running' });
  await engine.run({
    onDatagram: (packet) => onDatagram(engine, packet),
    onUnreachable: (row) => {
      unreachable[row]!++;
    },
    onWake,
    isTurnDue: () => true,
    onTurn: (nowMs) => onTurn(engine, nowMs),
  });
  notify({ kind: 'stopped' });
  data.port.close();
}

main().catch((error: Error) => {
  notify({ kind: 'refused', reason: error.message });
  data.port.close();
});
