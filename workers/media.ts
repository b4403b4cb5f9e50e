import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { clock } from '../src/io/clock.js';
import { SegmentWriter, type SegmentWriterOptions } from '../src/io/log/segmentWriter.js';
import type { ShardStart } from '../src/io/threads/shardStart.js';
import { chooseEngine } from '../src/io/udp/chooseEngine.js';
import type { EngineHost, PacketEngine } from '../src/media/engine.js';
import { ROWS_PER_SESSION } from '../src/media/streams.js';
import { execute } from '../src/relay/control/rtpproxy.js';
import { GroupCommit } from '../src/relay/events/groupCommit.js';
import { PortTable } from '../src/relay/portalloc/portTable.js';
import type { EventLog } from '../src/relay/ports.js';
import { Shard } from '../src/relay/session/shard.js';
import type { ShardNotice, ShardRequest } from '../src/relay/supervisor/messages.js';

/** The receive queue of a media socket, bytes: as rtpproxy sets it. */
const RECEIVE_BUFFER_BYTES = 256 << 10;
/** Datagrams of one batch. */
const RECEIVE_BUFFERS = 2048;
/** Expedited forwarding and a bit of history: rtpproxy's default TOS. */
const DEFAULT_TOS = 0xb8;

/** One media thread from start to end: puts a shard, its engine and its log together, and runs until it is told to stop. */
export default async function serveShard(start: ShardStart): Promise<void> {
  const notify = (notice: ShardNotice): void => start.mailbox.postMessage(notice);
  const warn = (text: string): void => notify({ kind: 'warning', text: `shard ${start.shard}: ${text}` });
  const { engine, refused } = await chooseEngine(start.engine, start.slots * ROWS_PER_SESSION, {
    descriptors: new Int32Array(start.memory.descriptors),
    ring: new Float64Array(start.memory.ring),
    wakeFd: start.wakeFd,
    clock,
    receiveBufferBytes: RECEIVE_BUFFER_BYTES,
    receiveBuffers: RECEIVE_BUFFERS,
    tos: DEFAULT_TOS,
  });
  const { shard: number, shards, range, slots, host, ttlMs, setupTtlMs, memory } = start;
  const ports = new PortTable(range, memory.ports, number, shards, Math.random);
  const options = { shard: number, slots, host, ttlMs, setupTtlMs, counterMemory: memory.counters };
  const shard = new Shard(options, { engine, ports, clock, warn });
  const log = openLog(start, shard, warn);
  try {
    notify({ kind: 'ready', engine: engine.name, refused });
    await engine.run(hostOf(start, shard, engine, log, notify));
  } finally {
    log.close();
    start.mailbox.close();
  }
}

function openLog(start: ShardStart, shard: Shard, warn: (text: string) => void): EventLog {
  const onError = (records: number, reason: string): void => {
    if (shard.counters.shard('logErrors') === 0) warn(`the event log cannot be written: ${reason}`);
    shard.counters.addToShard('logErrors', records);
  };
  const log = openSegment({ folder: start.logFolder, shard: start.shard, now: clock, onError });
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
  shard: Shard,
  engine: PacketEngine,
  log: EventLog,
  notify: (notice: ShardNotice) => void,
): EngineHost {
  const commit = new GroupCommit(log);
  let isTimerChanged = false;
  const serve = (requests: readonly ShardRequest[]): void => {
    isTimerChanged = true; // Commands arm timers.
    const replies: [number, string][] = [];
    for (const request of requests) {
      if (request.kind === 'command') replies.push([request.id, execute(request.command, shard, clock)]);
      else if (request.kind === 'deleteAll') {
        shard.closeAll('purged');
        replies.push([request.id, '']);
      } else {
        shard.closeAll('shutdown');
        engine.stop();
      }
    }
    if (replies.length > 0) notify({ kind: 'replies', replies });
  };
  const onWake = (): void => {
    const got = takeAll(start.mailbox);
    if (got.length > 0) serve(got);
  };
  // An engine that does not block the thread leaves the mailbox to the event loop.
  if (engine.poke) {
    start.mailbox.on('message', (requests: ShardRequest[]) => {
      serve(requests);
      engine.poke?.();
    });
  }
  const onTurn = (nowMs: number): number => {
    isTimerChanged = false;
    return Math.min(shard.turn(nowMs), commit.turn(nowMs));
  };
  return { onDatagram: shard.plane.onDatagram, onWake, isTurnDue: () => isTimerChanged || commit.isDue, onTurn };
}

function takeAll(mailbox: MessagePort): ShardRequest[] {
  const requests: ShardRequest[] = [];
  for (let got = receiveMessageOnPort(mailbox); got !== undefined; got = receiveMessageOnPort(mailbox)) {
    requests.push(...(got.message as ShardRequest[]));
  }
  return requests;
}
