import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Family } from '../model/kernel/index.js';
import { clock } from '../src/io/clock.js';
import { SegmentWriter, type SegmentWriterOptions } from '../src/io/log/segmentWriter.js';
import { loadRouteTo } from '../src/io/route.js';
import { threadBusyMs } from '../src/io/threadLoad.js';
import { Lines } from '../src/io/threads/lines.js';
import { engineRows, type ShardStart, type ThreadRequest } from '../src/io/threads/shardStart.js';
import { loadWake } from '../src/io/threads/wake.js';
import { chooseEngine } from '../src/io/udp/chooseEngine.js';
import type { EngineHost, PacketEngine } from '../src/media/engine.js';
import type { ExecutionWorld } from '../src/relay/control/execution.js';
import { GroupCommit } from '../src/relay/events/groupCommit.js';
import { PortTable } from '../src/relay/portalloc/portTable.js';
import type { EventLog } from '../src/relay/ports.js';
import { Shard, type ShardWorld } from '../src/relay/session/shard.js';
import type { ShardNotice } from '../src/relay/supervisor/messages.js';
import { ShardServer } from '../src/relay/supervisor/shardServer.js';

/** The receive queue of a media socket, bytes: as rtpproxy sets it. */
const RECEIVE_BUFFER_BYTES = 256 << 10;
/** Datagrams of one batch. */
const RECEIVE_BUFFERS = 2048;

/** One media thread from start to end: puts a shard, its engine and its log together, and runs until it is told to stop. */
export default async function serveShard(start: ShardStart): Promise<void> {
  const { setting, memory } = start;
  const profile = await profileOf(start);
  const notify = (notice: ShardNotice): void => start.mailbox.postMessage(notice);
  const warn = (text: string): void => notify({ kind: 'warning', text: `shard ${start.shard}: ${text}` });
  const { engine, refused } = await chooseEngine(setting.engine, engineRows(setting.slots), {
    descriptors: new Int32Array(memory.descriptors),
    ring: new Float64Array(memory.ring),
    wakeFd: start.wakeFd,
    clock,
    receiveBufferBytes: RECEIVE_BUFFER_BYTES,
    receiveBuffers: RECEIVE_BUFFERS,
    tos: setting.tos,
  });
  const options = { ...setting, shard: start.shard, counterMemory: memory.counters };
  const shard = new Shard(options, worldOf(start, engine, notify, warn));
  const log = openLog(start, shard, warn);
  const world = { shard, setting: setting.control, routeTo: await loadRouteTo(), warn };
  const lines = new Lines(shard, await loadWake(), engine.poke !== undefined);
  try {
    notify({ kind: 'ready', engine: engine.name, refused });
    await engine.run(hostOf(start, world, engine, log, lines, notify));
  } finally {
    log.close();
    const unwritten = profile?.ok ? profile.value() : null;
    if (unwritten !== null) warn(unwritten);
    start.mailbox.close();
  }
}

/** The profiler is loaded where it is asked for only: it takes memory. */
async function profileOf({ setting, shard }: ShardStart) {
  if (setting.profileFolder === null) return null;
  const { startProfile } = await import('../src/io/process/profile.js');
  return startProfile(setting.profileFolder, `media-${shard}`);
}

function worldOf(
  { shard, shards, setting, memory }: ShardStart,
  engine: PacketEngine,
  notify: (notice: ShardNotice) => void,
  warn: (text: string) => void,
): ShardWorld {
  const portsOf = (family: Family): PortTable =>
    new PortTable(setting.range, memory.ports[family], shard, shards, setting.sequentialPorts ? null : Math.random);
  return {
    engine,
    ports: { IPv4: portsOf('IPv4'), IPv6: portsOf('IPv6') },
    clock,
    busyMs: threadBusyMs,
    warn,
    notify: (notification) => notify({ kind: 'notify', notification }),
    account: (account) => notify({ kind: 'account', account }),
    reportRtcp: (report) => notify({ kind: 'rtcp', report }),
    openLine: (line, source) => notify({ kind: 'openLine', line, source }),
    closeLine: (line, source) => notify({ kind: 'closeLine', line, source }),
  };
}

function openLog(start: ShardStart, shard: Shard, warn: (text: string) => void): EventLog {
  const onError = (records: number, reason: string): void => {
    if (shard.counters.shard('logErrors') === 0) warn(`the event log cannot be written: ${reason}`);
    shard.counters.addToShard('logErrors', records);
  };
  const log = openSegment({ folder: start.setting.logFolder, shard: start.shard, now: clock, onError });
  shard.steps.subscribe((record) => log.append(record));
  return log;
}

function openSegment(options: SegmentWriterOptions): EventLog {
  try {
    return new SegmentWriter(options);
  } catch (error) {
    throw new Error(`event log in ${options.folder}: ${(error as Error).message}`);
  }
}

/** What the engine calls: packets go to the plane, requests to the shard, time to the timers and the log. */
function hostOf(
  start: ShardStart,
  world: ExecutionWorld,
  engine: PacketEngine,
  log: EventLog,
  lines: Lines,
  notify: (notice: ShardNotice) => void,
): EngineHost {
  const { shard } = world;
  const commit = new GroupCommit(log);
  const server = new ShardServer(world, notify);
  let isTimerChanged = false;
  const serve = (requests: readonly ThreadRequest[]): void => {
    isTimerChanged = true; // Commands arm timers.
    for (const request of requests) {
      switch (request.kind) {
        case 'tap':
        case 'listen':
        case 'untap':
        case 'unlisten':
          lines.take(request);
          break;
        default:
          if (!server.take(request)) engine.stop();
      }
    }
    server.sendReplies();
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
    return Math.min(shard.turn(nowMs), commit.turn(nowMs));
  };
  const isTurnDue = (): boolean => isTimerChanged || commit.isDue || shard.isTurnDue;
  return { onDatagram: shard.plane.onDatagram, onWake, isTurnDue, onTurn };
}

function takeAll(mailbox: MessagePort): ThreadRequest[] {
  const requests: ThreadRequest[] = [];
  for (let got = receiveMessageOnPort(mailbox); got !== undefined; got = receiveMessageOnPort(mailbox)) {
    requests.push(...(got.message as ThreadRequest[]));
  }
  return requests;
}
