import { type MessagePort, receiveMessageOnPort, threadId, workerData } from 'node:worker_threads';
import { config } from 'rxjs';
import type { Family } from '../model/kernel/index.js';
import { clock } from '../src/io/clock.js';
import { openThreadLog, type ThreadLog } from '../src/io/log/threadLog.js';
import { openTapePort, type TapePort } from '../src/io/recording/tapePort.js';
import { loadRouteTo } from '../src/io/route.js';
import { threadBusyMs } from '../src/io/threadLoad.js';
import { Lines } from '../src/io/threads/lines.js';
import { engineRows, type ShardStart, type ThreadRequest } from '../src/io/threads/shardStart.js';
import { freeOtherPorts, type Inheritance, readInheritance, takeUp } from '../src/io/threads/takeUp.js';
import { loadWake } from '../src/io/threads/wake.js';
import { type WorkerSetting, warmUp } from '../src/io/threads/warmUp.js';
import { chooseEngine } from '../src/io/udp/chooseEngine.js';
import type { EngineHost, PacketEngine } from '../src/media/engine.js';
import type { ExecutionWorld } from '../src/relay/control/execution.js';
import { Outlet } from '../src/relay/events/outlet.js';
import { PortTable } from '../src/relay/portalloc/portTable.js';
import { Shard, type ShardWorld } from '../src/relay/session/shard.js';
import type { ShardNotice, TakenUp } from '../src/relay/supervisor/messages.js';
import { ShardServer } from '../src/relay/supervisor/shardServer.js';

/** The receive queue of a media socket, bytes: as rtpproxy sets it. */
const RECEIVE_BUFFER_BYTES = 256 << 10;
/** Datagrams of one batch. */
const RECEIVE_BUFFERS = 2048;

// Before the pool takes the thread for one that is ready.
await warmUp(workerData as WorkerSetting | null);

type Notify = (notice: ShardNotice) => void;

/** One media thread from start to end: puts a shard, its engine and its log together, and runs until it is told to stop. */
export default async function serveShard(start: ShardStart): Promise<void> {
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
  const shard = new Shard(options, worldOf(engine, portWorld, tape, notify, warn));
  const log = openThreadLog(start, shard, warn, () => {
    for (const table of Object.values(portWorld)) table.settle();
  });
  try {
    const takenUp = await recover(start, shard, log, inherited, notify);
    freeOtherPorts(shard, portWorld);
    const world = { shard, setting: setting.control, routeTo: await loadRouteTo(), warn };
    const lines = new Lines(shard, await loadWake(), engine.poke !== undefined);
    const outlet = new Outlet((batch) => notify({ kind: 'records', batch }));
    shard.records.subscribe((record) => outlet.take(record));
    notify({ kind: 'ready', engine: engine.name, refused, threadId, takenUp });
    await engine.run(hostOf(start, world, engine, { log, lines, outlet, tape }, notify));
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

/** The profiler is loaded where it is asked for only: it takes memory. */
async function profileOf({ setting, shard }: ShardStart) {
  if (setting.profileFolder === null) return null;
  const { startProfile } = await import('../src/io/process/profile.js');
  return startProfile(setting.profileFolder, `media-${shard}`);
}

function portsOf({ shard, shards, setting, memory }: ShardStart): Readonly<Record<Family, PortTable>> {
  const tableOf = (family: Family): PortTable =>
    new PortTable(
      setting.range,
      memory.ports[family],
      shard,
      shards,
      setting.sequentialPorts ? null : Math.random,
      setting.log !== null,
    );
  return { IPv4: tableOf('IPv4'), IPv6: tableOf('IPv6') };
}

const worldOf = (
  engine: PacketEngine,
  ports: Readonly<Record<Family, PortTable>>,
  tape: TapePort,
  notify: Notify,
  warn: (text: string) => void,
): ShardWorld => ({
  ...{ engine, ports, clock, busyMs: threadBusyMs, warn, recorder: tape.port, random: Math.random },
  notify: (notification) => notify({ kind: 'notify', notification }),
  account: (account) => notify({ kind: 'account', account }),
  reportRtcp: (report) => notify({ kind: 'rtcp', report }),
  openLine: (line, source) => notify({ kind: 'openLine', line, source }),
  closeLine: (line, source) => notify({ kind: 'closeLine', line, source }),
});

/** Where a thread says what happens. */
type Outlets = { readonly log: ThreadLog; readonly lines: Lines; readonly outlet: Outlet; readonly tape: TapePort };

/** What the engine calls: packets go to the plane, requests to the shard, time to the timers and the log. */
function hostOf(
  start: ShardStart,
  world: ExecutionWorld,
  engine: PacketEngine,
  { log, lines, outlet, tape }: Outlets,
  notify: Notify,
): EngineHost {
  const { shard } = world;
  const server = new ShardServer(world, notify);
  let isTimerChanged = false;
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
      case 'stop':
        server.take(request);
        if (!request.leave) log.end();
        engine.stop();
        break;
      default:
        server.take(request);
    }
  };
  const serve = (requests: readonly ThreadRequest[]): void => {
    isTimerChanged = true; // Commands arm timers.
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
    isTimerChanged = false;
    const nextMs = Math.min(shard.turn(nowMs), log.turn(nowMs), tape.turn(nowMs));
    outlet.flush();
    return nextMs;
  };
  const isTurnDue = (): boolean => isTimerChanged || log.isWaiting() || shard.isTurnDue || outlet.isDue;
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
