import { type MessagePort, receiveMessageOnPort, threadId, workerData } from 'node:worker_threads';
import { config } from 'rxjs';
import { clock } from '../src/io/clock.js';
import { openThreadLog, type ThreadLog } from '../src/io/log/threadLog.js';
import { CallInHand } from '../src/io/ng/callInHand.js';
import { NOT_LISTED, RefusalLog } from '../src/io/ng/refusals.js';
import type { ThreadUdp } from '../src/io/ng/threadUdp.js';
import { openTapePort, type TapePort } from '../src/io/recording/tapePort.js';
import { loadRouteTo } from '../src/io/route.js';
import { threadBusyMs } from '../src/io/threadLoad.js';
import { Lines } from '../src/io/threads/lines.js';
import {
  engineRows,
  type RecoveryStart,
  type ShardMemory,
  type ShardStart,
  type ThreadRequest,
} from '../src/io/threads/shardStart.js';
import { freeOtherPorts, type Inheritance, readInheritance, takeUp } from '../src/io/threads/takeUp.js';
import { loadWake } from '../src/io/threads/wake.js';
import { importThreadUdp, type WorkerSetting, warmUp } from '../src/io/threads/warmUp.js';
import { chooseEngine } from '../src/io/udp/chooseEngine.js';
import type { EngineHost, PacketEngine } from '../src/media/engine.js';
import { ThreadExecutor } from '../src/relay/control/ng/threadExecutor.js';
import { Outlet } from '../src/relay/events/outlet.js';
import { Admission } from '../src/relay/limits/admission.js';
import { NgClientTable } from '../src/relay/ng/clientTable.js';
import type { NgSender } from '../src/relay/ng/ngDatagrams.js';
import type { NgExecutor } from '../src/relay/ng/ngExecutor.js';
import { type PortRange, PortTable } from '../src/relay/portalloc/portTable.js';
import { PortTables } from '../src/relay/portalloc/portTables.js';
import { Shard, type ShardWorld } from '../src/relay/session/shard.js';
import type { ShardNotice, TakenUp } from '../src/relay/supervisor/messages.js';
import { ShardServer } from '../src/relay/supervisor/shardServer.js';

/** The receive queue of a media socket, bytes: as rtpproxy sets it. */
const RECEIVE_BUFFER_BYTES = 256 << 10;
/** Datagrams of one batch. */
const RECEIVE_BUFFERS = 2048;
const TICKETS_OF_A_THREAD = 2 ** 32;

// Before the pool takes the thread for one that is ready.
await warmUp(workerData as WorkerSetting | null);

type Notify = (notice: ShardNotice) => void;

/** What answers the NG requests that a media thread takes itself. */
export type NgHosting = {
  readonly executor: NgExecutor;
  /** Whether a client may ask at all. */
  readonly admits: (sender: NgSender) => boolean;
  /** One has asked that may not. */
  readonly onRefused: (sender: NgSender) => void;
  readonly onDuplicate: () => void;
};
type HostNg = (server: ShardServer, memory: ShardMemory) => NgHosting;

/** The relay itself. */
const hostRelay: HostNg = (server, { ngClients }) => {
  const executor = new ThreadExecutor(server, new NgClientTable(ngClients));
  const refusals = new RefusalLog(server.world.warn);
  return {
    executor,
    admits: ({ origin }) => executor.admits(origin.client),
    onRefused: ({ key, origin }) => refusals.note(key.slice(0, key.indexOf(' ')), origin.client, NOT_LISTED, clock()),
    onDuplicate: () => server.world.shard.counters.addToShard('ngDuplicates', 1),
  };
};

/** One media thread from start to end: puts a shard, its engine and its log together, and runs until it is told to stop. */
export default function serveShard(start: ShardStart): Promise<void> {
  return runShard(start, hostRelay);
}

/** `hostNg`: asked once, where the thread is given NG sockets. */
export async function runShard(start: ShardStart, hostNg: HostNg): Promise<void> {
  const { setting, memory } = start;
  new Int32Array(memory.threadId)[0] = threadId;
  const profile = await profileOf(start);
  const notify: Notify = (notice) => start.mailbox.postMessage(notice);
  const warn = (text: string): void => notify({ kind: 'warning', text: `shard ${start.shard}: ${text}` });
  config.onUnhandledError = (error) => warn(`somebody who listened to events failed: ${(error as Error).message}`);
  const inherited = readInheritance(start, clock());
  const { engine, refused } = await chooseEngine(setting.engine, engineRows(setting.slots), {
    descriptors: new Int32Array(memory.descriptors),
    ring: new Float64Array(memory.ring),
    wakeFd: start.wakeFd,
    clock,
    receiveBufferBytes: RECEIVE_BUFFER_BYTES,
    receiveBuffers: RECEIVE_BUFFERS,
    tos: setting.tos,
  });
  const options = { ...setting, shard: start.shard, counterMemory: memory.counters, lastSeq: inherited.lastSeq };
  const portWorld = portsOf(start);
  const tape = openTapePort(memory.tape);
  const admission = new Admission(memory.admission, start.shard);
  const shard = new Shard(options, { ...worldOf(engine, tape, notify, warn), ports: portWorld, admission });
  const log = openThreadLog(start, shard, warn, () => portWorld.settle());
  try {
    const takenUp = await recover(start, shard, log, inherited, notify);
    freeOtherPorts(shard, portWorld);
    const world = { shard, setting: setting.control, routeTo: await loadRouteTo(), warn };
    const server = new ShardServer(world, notify);
    const lines = new Lines(shard, await loadWake(), engine.poke !== undefined);
    const outlet = new Outlet((batch) => notify({ kind: 'records', batch }));
    shard.records.subscribe((record) => outlet.take(record));
    const served = { isTimerChanged: false };
    const ng = await openNg(start, hostNg(server, memory), engine, inherited, notify, () => {
      served.isTimerChanged = true; // Commands arm timers.
      log.flush();
    });
    notify({ kind: 'ready', engine: engine.name, refused, threadId, takenUp });
    await engine.run(hostOf(start, server, engine, { log, lines, outlet, tape, ng, served }));
  } finally {
    tape.close();
    log.close();
    const unwritten = profile?.ok ? profile.value() : null;
    if (unwritten !== null) warn(unwritten);
    start.mailbox.close();
  }
}

/** Takes up what a crash has left behind. The log begins with it before anything is done about it: a crash in the middle loses nothing. */
async function recover(
  start: ShardStart,
  shard: Shard,
  log: ThreadLog,
  inherited: Inheritance,
  notify: Notify,
): Promise<TakenUp> {
  const { lost, downMs, exchanges, problems } = inherited;
  const sessions = shard.recovery.adopt(lost, downMs);
  log.begin();
  const done = await takeUp(shard, sessions, inherited, start, notify);
  log.flush();
  return { ...done, lost: done.lost + lost.length - sessions.length, downMs, exchanges, problems };
}

/** The NG sockets of a thread, and what lets them be served. */
type ThreadNg = { readonly udp: ThreadUdp; readonly begin: () => void };

/** Serves the NG sockets of the thread; null where it has none. Throws where the engine cannot. */
async function openNg(
  { shard, ng, memory, recovery }: ShardStart,
  hosting: NgHosting,
  engine: PacketEngine,
  { exchanges, inHand }: Inheritance,
  notify: Notify,
  flush: () => void,
): Promise<ThreadNg | null> {
  if (ng === null) return null;
  const { ThreadUdp } = await importThreadUdp();
  const callInHand = new CallInHand(memory.callInHand);
  const opened = new ThreadUdp(ng, engine, {
    ...{ shard, ...hosting, now: clock, flush },
    forward: (ticket, payload, origin) => notify({ kind: 'ngForward', ticket, payload, origin }),
    onHand: (call) => callInHand.note(call),
    setAside: recovery?.cause === 'thread' ? setAsideCalls(recovery, inHand) : new Set(),
    firstTicket: threadId * TICKETS_OF_A_THREAD,
  });
  let hasBegun = false;
  const begin = (): void => {
    if (!hasBegun && !opened.begin(exchanges)) throw new Error(`the packet engine ${engine.name} cannot serve NG sockets`);
    hasBegun = true;
  };
  // Until all threads have taken up what a relay left behind, a new call could be given a port of one of theirs.
  if (recovery?.cause === 'thread') begin();
  return { udp: opened, begin };
}

/** The calls that threads have died over twice, the one that the last died over among them if it is one. */
const setAsideCalls = (
  { struck, setAside }: Extract<RecoveryStart, { cause: 'thread' }>,
  inHand: Inheritance['inHand'],
): ReadonlySet<string> => new Set(inHand !== null && struck.includes(inHand) ? [...setAside, inHand] : setAside);

/** The profiler is loaded where it is asked for only: it takes memory. */
async function profileOf({ setting, shard }: ShardStart) {
  if (setting.profileFolder === null) return null;
  const { startProfile } = await import('../src/io/process/profile.js');
  return startProfile(setting.profileFolder, `media-${shard}`);
}

function portsOf({ shard, shards, setting, memory, ownPorts }: ShardStart): PortTables {
  const { range, sequentialPorts, log } = setting;
  const make = (of: PortRange, shared: ArrayBufferLike): PortTable =>
    new PortTable(of, shared, shard, shards, sequentialPorts ? null : Math.random, log !== null);
  const { IPv4, IPv6 } = memory.ports;
  return new PortTables({ IPv4: make(range, IPv4), IPv6: make(range, IPv6) }, make, ownPorts);
}

const worldOf = (
  engine: PacketEngine,
  tape: TapePort,
  notify: Notify,
  warn: (text: string) => void,
): Omit<ShardWorld, 'ports' | 'admission'> => ({
  ...{ engine, clock, busyMs: threadBusyMs, warn, recorder: tape.port, random: Math.random },
  notify: (notification) => notify({ kind: 'notify', notification }),
  tell: (owned) => notify({ kind: 'event', owned }),
  account: (account) => notify({ kind: 'account', account }),
  reportRtcp: (report) => notify({ kind: 'rtcp', report }),
  openLine: (line, source) => notify({ kind: 'openLine', line, source }),
  closeLine: (line, source) => notify({ kind: 'closeLine', line, source }),
});

/** Where a thread says what happens. */
type Outlets = {
  readonly log: ThreadLog;
  readonly lines: Lines;
  readonly outlet: Outlet;
  readonly tape: TapePort;
  readonly ng: ThreadNg | null;
  /** Whether something was carried out since the last turn that may have changed when the next is due. */
  readonly served: { isTimerChanged: boolean };
};

/** What the engine calls: packets go to the plane, requests to the shard, time to the timers and the log. */
function hostOf(
  start: ShardStart,
  server: ShardServer,
  engine: PacketEngine,
  { log, lines, outlet, tape, ng, served }: Outlets,
): EngineHost {
  const { shard } = server.world;
  const take = (request: ThreadRequest): void => {
    switch (request.kind) {
      case 'tap':
      case 'listen':
      case 'untap':
      case 'unlisten':
        lines.take(request);
        break;
      case 'watch':
        outlet.start();
        break;
      case 'unwatch':
        outlet.stop();
        break;
      case 'grant':
        outlet.grant(request.credit);
        break;
      case 'ngBegin':
        ng?.begin();
        break;
      case 'ngAnswer':
        ng?.udp.answer(request.ticket, request.reply);
        break;
      case 'stop':
        ng?.udp.close(); // First: a session that begins now would not be ended.
        server.take(request);
        if (!request.leave) log.end();
        engine.stop();
        break;
      default:
        server.take(request);
    }
  };
  const serve = (requests: readonly ThreadRequest[]): void => {
    served.isTimerChanged = true; // Commands arm timers.
    for (const request of requests) take(request);
    // An answer goes out only after what it tells of is with the operating system.
    if (server.hasReplies) log.flush();
    server.sendReplies(log.takeWritten());
  };
  const onWake = (): void => {
    const got = takeAll(start.mailbox);
    if (got.length > 0) serve(got);
    lines.drain();
  };
  // An engine that does not block the thread leaves the mailbox to the event loop.
  if (engine.poke) {
    start.mailbox.on('message', (requests: ThreadRequest[]) => {
      serve(requests);
      engine.poke?.();
    });
  }
  const onTurn = (nowMs: number): number => {
    served.isTimerChanged = false;
    const nextMs = Math.min(shard.turn(nowMs), log.turn(nowMs), tape.turn(nowMs));
    outlet.flush();
    return nextMs;
  };
  const isTurnDue = (): boolean => served.isTimerChanged || log.isWaiting() || shard.isTurnDue || outlet.isDue;
  const { onDatagram, onUnreachable } = shard.plane;
  return { onDatagram, onUnreachable, onWake, isTurnDue, onTurn };
}

function takeAll(mailbox: MessagePort): ThreadRequest[] {
  const requests: ThreadRequest[] = [];
  for (let got = receiveMessageOnPort(mailbox); got !== undefined; got = receiveMessageOnPort(mailbox)) {
    requests.push(...(got.message as ThreadRequest[]));
  }
  return requests;
}
