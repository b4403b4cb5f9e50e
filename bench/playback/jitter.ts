/**
 * How evenly prompts are sent: `node dist/bench/playback/jitter.js --help`. One media thread's engine plays to many listeners over loopback;
 * the kernel stamps what arrives, and each packet is held against the schedule: start + n × packet time. Ends with 1 if the goal is missed.
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { udpPort } from '../../model/kernel/index.js';
import { timespecUs } from '../../src/io/sys/clock.js';
import { mapMemory } from '../../src/io/sys/memory.js';
import { raiseFileLimit } from '../../src/io/sys/resourceLimit.js';
import { closeDescriptor, MSG_DONTWAIT, openUdpSocket, recvmmsg, sendto } from '../../src/io/sys/socket.js';
import { forceSocketQueues, localPort, stampArrivals } from '../../src/io/sys/socketProperties.js';
import type { EngineName } from '../../src/media/engine.js';
import { encodeSockaddr, SOCKADDR_WORDS } from '../../src/protocol/bytes/sockaddr.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { MAX_BATCH } from '../messages.js';
import { makeMessageVector, monotonicUs, packetWord, stampWord, swap16 } from '../packets.js';
import { table } from '../tables.js';
import type { PlayingNotice, PlayingStart } from './playingThread.js';

const GOAL_P99_MS = 2;
const LOOPBACK = '127.0.0.1';
const QUEUE_BYTES = 16 << 20;
const NAP_MS = 0.5;
const SPARE_FILES = 200;
const LONGEST_CATCH_UP_US = 20_000;
const RELAYED_BYTES = 160;
const HELP = `node dist/bench/playback/jitter.js [options]
  --players N     listeners (500)
  --ptime MS      how long a packet is (20)
  --relay PPS     packets a second that the thread relays beside it (0)
  --together      all begin in the same millisecond (one after the other in the time of a packet)
  --engines LIST  io_uring, epoll, dgram (io_uring,epoll)
  --seconds N     how long each (5)
  --help          this text`;

type Options = {
  readonly players: number;
  readonly ptimeMs: number;
  readonly relayPps: number;
  readonly together: boolean;
  readonly engines: readonly string[];
  readonly seconds: number;
};

type Measured = { readonly lateUs: readonly number[]; readonly unevenUs: readonly number[]; readonly lost: number };

const text = (fallback: string) => ({ type: 'string', default: fallback }) as const;
const flag = { type: 'boolean', default: false } as const;

/** Null: only the help is wanted. */
function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      ...{ players: text('500'), ptime: text('20'), relay: text('0'), engines: text('io_uring,epoll'), seconds: text('5') },
      ...{ together: flag, help: flag },
    },
  });
  if (values.help) return null;
  const { players, ptime, relay, seconds, together } = values;
  const engines = values.engines.split(',');
  return {
    ...{ players: Number(players), ptimeMs: Number(ptime), relayPps: Number(relay), seconds: Number(seconds) },
    ...{ together, engines },
  };
}

function openSocket(): { readonly fd: number; readonly port: number } {
  const opened = openUdpSocket({ host: LOOPBACK, port: udpPort(0) }, { receiveBufferBytes: QUEUE_BYTES, tos: null });
  if (!opened.ok) throw new Error(`no socket to listen with: ${opened.error}`);
  forceSocketQueues(opened.value, QUEUE_BYTES);
  stampArrivals(opened.value);
  return { fd: opened.value, port: localPort(opened.value) };
}

/** What came to a socket: when, and which packet of which player. */
class Listener {
  readonly #vector = makeMessageVector('receive');
  /** Player → packet → time of arrival, µs. */
  readonly arrivals: Map<number, number>[];

  constructor(players: number) {
    this.arrivals = Array.from({ length: players }, () => new Map());
  }

  empty(fd: number, isCounted: boolean): void {
    for (let count = MAX_BATCH; count === MAX_BATCH; ) {
      count = recvmmsg(fd, this.#vector.address, MAX_BATCH, MSG_DONTWAIT, 0);
      for (let i = 0; isCounted && i < count; i++) this.#note(i);
    }
  }

  #note(i: number): void {
    const { words } = this.#vector;
    const ssrc = words[packetWord(i) + 2]!;
    const player = swap16(ssrc >>> 16);
    this.arrivals[player]!.set(swap16(words[packetWord(i)]! >>> 16), timespecUs(words, stampWord(i)));
  }
}

/** Packets to be relayed, sent evenly by whoever calls often. */
class RelayLoad {
  readonly #memory = mapMemory(4096);
  readonly #fd: number;
  readonly #ports: readonly number[];
  readonly #pps: number;
  #dueUs = 0;
  #sent = 0;

  constructor(fd: number, ports: readonly number[], pps: number) {
    this.#fd = fd;
    this.#ports = ports;
    this.#pps = pps;
  }

  send(): void {
    if (this.#pps === 0) return;
    const nowUs = monotonicUs();
    if (nowUs - this.#dueUs > LONGEST_CATCH_UP_US) this.#dueUs = nowUs;
    for (; this.#dueUs <= nowUs; this.#dueUs += 1e6 / this.#pps) this.#sendOne();
  }

  #sendOne(): void {
    const { buffer, address } = this.#memory;
    const round = Math.floor(this.#sent / this.#ports.length);
    const header = { payloadType: 0, marker: false, sequence: round, timestamp: round * 160, ssrc: 7 };
    const packet = buildRtp(header, new Uint8Array(RELAYED_BYTES));
    new Uint8Array(buffer).set(packet, 64);
    encodeSockaddr(
      { host: LOOPBACK, port: udpPort(this.#ports[this.#sent++ % this.#ports.length]!) },
      new Uint32Array(buffer),
      0,
    );
    sendto(this.#fd, address + 64, packet.length, MSG_DONTWAIT, address, SOCKADDR_WORDS * 2);
  }
}

function measure(listener: Listener, startsUs: readonly number[], ptimeMs: number): Measured {
  const lateUs: number[] = [];
  const unevenUs: number[] = [];
  let lost = 0;
  for (const [player, arrivals] of listener.arrivals.entries()) {
    let before: number | null = null;
    let last = -1;
    for (const [sequence, atUs] of arrivals) {
      const late = atUs - startsUs[player]! - sequence * ptimeMs * 1000;
      lateUs.push(late);
      if (before !== null) unevenUs.push(Math.abs(late - before));
      lost += sequence - last - 1;
      last = sequence;
      before = late;
    }
  }
  return { lateUs: lateUs.sort((a, b) => a - b), unevenUs: unevenUs.sort((a, b) => a - b), lost };
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
const ms = (us: number): string => (us / 1000).toFixed(2);

/** Answers the row of the table, and whether the goal was met. */
async function run(engine: string, options: Options): Promise<{ readonly row: readonly string[]; readonly isMet: boolean }> {
  const { players, ptimeMs, relayPps, together, seconds } = options;
  const [heard, relayed] = [openSocket(), openSocket()];
  const workerData: PlayingStart = {
    ...{ engine: engine as EngineName, players, relays: relayPps > 0 ? 100 : 0, ptimeMs, together, seconds },
    ...{ listenerPort: heard.port, relayedPort: relayed.port },
  };
  const worker = new Worker(new URL('./playingThread.js', import.meta.url), { workerData });
  const [playing] = (await once(worker, 'message')) as [PlayingNotice];
  if (playing.kind !== 'playing') throw new Error('it ended before it began');
  const ended = once(worker, 'message') as Promise<[PlayingNotice]>;
  const listener = new Listener(players);
  const load = new RelayLoad(relayed.fd, playing.relayPorts, relayPps);
  const napping = new Int32Array(new SharedArrayBuffer(4));
  const endUs = monotonicUs() + (seconds + 0.6) * 1e6;
  while (monotonicUs() < endUs) {
    load.send();
    listener.empty(heard.fd, true);
    listener.empty(relayed.fd, false);
    Atomics.wait(napping, 0, 0, NAP_MS);
  }
  const [end] = await ended;
  if (end.kind !== 'ended') throw new Error('it did not end');
  for (const { fd } of [heard, relayed]) closeDescriptor(fd);
  const { lateUs, unevenUs, lost } = measure(listener, playing.startsUs, ptimeMs);
  const late = [0.5, 0.99, 0.999, 1].map((share) => ms(quantile(lateUs, share)));
  const { packetsPlayed = 0, packetsRelayed = 0 } = end.counters;
  const counts = [packetsPlayed, lateUs.length, lost, Math.round(packetsRelayed / seconds)].map(String);
  const row = [engine, ...counts, ...late, ms(quantile(unevenUs, 0.99)), `${end.busyPercent.toFixed(0)} %`];
  return { row, isMet: quantile(lateUs, 0.99) < GOAL_P99_MS * 1000 };
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === null) {
    console.log(HELP);
    return;
  }
  raiseFileLimit(options.players + SPARE_FILES * 3);
  const head = ['engine', 'played', 'heard', 'lost', 'relayed pps', 'p50 ms', 'p99', 'p99.9', 'max', 'uneven p99', 'busy'];
  const rows: (readonly string[])[] = [];
  for (const engine of options.engines) {
    const { row, isMet } = await run(engine, options);
    rows.push(row);
    if (!isMet) process.exitCode = 1;
  }
  const title = `${options.players} players, ${options.ptimeMs} ms a packet, ${options.seconds} s: how late packets came, ms`;
  console.log(table(title, head, rows));
}

await main();
