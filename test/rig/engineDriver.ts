import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { RING_MEMORY_BYTES } from '../../src/io/threads/shardStart.js';
import { openWaker, type Waker } from '../../src/io/threads/wake.js';
import type { EngineName, Errno } from '../../src/media/engine.js';
import type { ArrivedDatagram, EngineLook, EngineNotice, EngineRequest, EngineThreadData, Place } from './engineThread.js';

export type { ArrivedDatagram, Place } from './engineThread.js';

/** How long a test waits for an engine to say something. */
const NOTICE_LIMIT_MS = 5_000;
const ROWS = 128;
const RECEIVE_BUFFERS = 2048;

/** What a system may lack, as the engines say it; anything else they say is a fault of theirs. */
const LACKING = /io_uring_(setup|register)|cannot be loaded|needs a little-endian machine|epoll_create1|eventfd/;

/** A packet engine in a thread of its own, asked by messages and an eventfd, as the relay does it. */
export class EngineThread {
  readonly name: EngineName;
  /** Every datagram that was reported and not taken yet. */
  readonly arrived: ArrivedDatagram[] = [];
  readonly #worker: Worker;
  readonly #port: MessagePort;
  #waker: Waker;
  readonly #gate = new Int32Array(new SharedArrayBuffer(4));
  readonly #memory: { readonly descriptors: SharedArrayBuffer; readonly ring: SharedArrayBuffer };
  readonly #notices: EngineNotice[] = [];
  readonly #exited: Promise<number>;
  #look: () => void = () => {};
  /** What killed the thread, if something did. */
  #death: string | null = null;

  private constructor(name: EngineName, waker: Waker, receiveBuffers: number) {
    this.name = name;
    this.#waker = waker;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#memory = { descriptors: new SharedArrayBuffer(ROWS * 4), ring: new SharedArrayBuffer(RING_MEMORY_BYTES) };
    port1.on('message', (notice: EngineNotice) => {
      if (notice.kind === 'datagram') this.arrived.push(notice);
      else this.#notices.push(notice);
      this.#look();
    });
    const workerData: EngineThreadData = {
      ...{ name, rows: ROWS, wakeFd: waker.fd, port: port2, gate: this.#gate.buffer as SharedArrayBuffer },
      ...this.#memory,
      receiveBuffers,
    };
    this.#worker = new Worker(new URL('./engineThread.js', import.meta.url), { workerData, transferList: [port2] });
    this.#worker.once('error', (error) => {
      this.#death = error.message;
      this.#look();
    });
    this.#exited = new Promise((resolve) => this.#worker.once('exit', resolve));
  }

  /**
   * Starts the engine; a text says why this machine cannot have it.
   * @throws when it fails for another reason
   */
  static async start(name: EngineName, receiveBuffers = RECEIVE_BUFFERS): Promise<EngineThread | string> {
    const thread = new EngineThread(name, await openWaker(), receiveBuffers);
    const notice = await thread.#next((one) => one.kind === 'running' || one.kind === 'refused', 'its start');
    if (notice.kind === 'running') return thread;
    await thread.#end();
    const reason = notice.kind === 'refused' ? notice.reason : '';
    if (!LACKING.test(reason)) throw new Error(`the engine ${name} failed: ${reason}`);
    return reason;
  }

  /** Sends a request and, where it has one, awaits its answer: an errno, or null. */
  async ask(request: Exclude<EngineRequest, { kind: 'block' | 'deadline' | 'look' | 'stop' }>) {
    this.#send(request);
    return this.answer();
  }

  /** The next answer to a request that was told earlier. */
  async answer(): Promise<Errno | null> {
    const notice = await this.#next((one) => one.kind === 'answer', 'an answer');
    return notice.kind === 'answer' ? notice.errno : 'no answer';
  }

  open(row: number, at: Place): Promise<Errno | null> {
    return this.ask({ kind: 'open', row, at });
  }

  close(row: number): Promise<Errno | null> {
    return this.ask({ kind: 'close', row });
  }

  /** Sends requests without waiting: the answers of a blocked thread come once it goes on. */
  tell(...requests: readonly EngineRequest[]): void {
    for (const request of requests) this.#send(request);
  }

  async look(): Promise<EngineLook> {
    this.#send({ kind: 'look' });
    const notice = await this.#next((one) => one.kind === 'looked', 'its counters');
    if (notice.kind !== 'looked') throw new Error('unreachable');
    return notice.look;
  }

  /** Waits until `count` datagrams lie in `arrived` that fit, takes them out and answers them. */
  async take(count: number, fits: (datagram: ArrivedDatagram) => boolean = () => true): Promise<ArrivedDatagram[]> {
    await this.#until(() => this.arrived.filter(fits).length >= count, `${count} datagrams`);
    const taken = this.arrived.filter(fits);
    this.arrived.splice(0, this.arrived.length, ...this.arrived.filter((one) => !fits(one)));
    return taken;
  }

  /** Asks for a turn in so many milliseconds and awaits it. */
  async rings(inMs: number): Promise<{ readonly askedFor: number; readonly at: number; readonly early: number }> {
    this.#send({ kind: 'deadline', inMs });
    const notice = await this.#next((one) => one.kind === 'rang', `a turn in ${inMs} ms`);
    if (notice.kind !== 'rang') throw new Error('unreachable');
    return notice;
  }

  /** Blocks the thread; it goes on when the function that is answered is called. */
  async block(): Promise<() => void> {
    Atomics.store(this.#gate, 0, 0);
    this.#send({ kind: 'block' });
    await this.#next((one) => one.kind === 'blocked', 'its being blocked');
    return () => {
      Atomics.store(this.#gate, 0, 1);
      Atomics.notify(this.#gate, 0);
    };
  }

  /** Whether every descriptor and mapping has been given back. */
  get isClean(): boolean {
    return (
      new Int32Array(this.#memory.descriptors).every((one) => one === 0) &&
      new Float64Array(this.#memory.ring).every((one) => one === 0)
    );
  }

  /** Ends the engine the way the relay does, and answers how its thread ended. May be called again. */
  async stop(): Promise<number> {
    this.#send({ kind: 'stop' });
    const killer = setTimeout(() => void this.#worker.terminate(), NOTICE_LIMIT_MS);
    try {
      return await this.#exited;
    } finally {
      clearTimeout(killer);
      await this.#end();
    }
  }

  async #end(): Promise<void> {
    await this.#exited;
    this.#port.close();
    const { fd } = this.#waker;
    this.#waker = { fd: -1, wake: () => {} };
    if (fd < 0) return;
    const { closeDescriptor } = await import('../../src/io/sys/socket.js');
    closeDescriptor(fd);
  }

  #send(request: EngineRequest): void {
    this.#port.postMessage(request);
    this.#waker.wake();
  }

  async #next(fits: (notice: EngineNotice) => boolean, what: string): Promise<EngineNotice> {
    await this.#until(() => this.#notices.some(fits), what);
    return this.#notices.splice(this.#notices.findIndex(fits), 1)[0]!;
  }

  async #until(isTrue: () => boolean, what: string): Promise<void> {
    const end = Date.now() + NOTICE_LIMIT_MS;
    while (!isTrue()) {
      if (this.#death !== null) throw new Error(`the engine ${this.name} died waiting for ${what}: ${this.#death}`);
      const leftMs = end - Date.now();
      if (leftMs <= 0) throw new Error(`the engine ${this.name} did not give ${what} in ${NOTICE_LIMIT_MS} ms`);
      const news = new Promise<void>((resolve) => {
        this.#look = resolve;
      });
      await Promise.race([news, delay(Math.min(leftMs, 50), undefined, { ref: true })]);
    }
  }
}

/** Why this machine cannot have an engine, as the system says it; null if it can. */
export async function lackOf(name: EngineName): Promise<string | null> {
  const engine = await EngineThread.start(name);
  if (typeof engine === 'string') return engine;
  await engine.stop();
  return null;
}

/** Of the receive queue of a UDP socket: bytes that wait, datagrams that did not fit. */
type UdpQueue = { readonly waitingBytes: number; readonly drops: number };

/** What the kernel says of a bound UDP port (`/proc/net/udp`). */
export function udpQueue(port: number): UdpQueue {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (let attempt = 0; attempt < 10; attempt++) {
    // The kernel may leave a line out while sockets come and go elsewhere.
    const [found] = ['/proc/net/udp', '/proc/net/udp6'].flatMap((file) => queuesIn(file, (place) => place.endsWith(end)));
    if (found !== undefined) return found;
  }
  throw new Error(`nobody is bound to UDP port ${port}`);
}

/** The same of each of several IPv4 sockets on a port of one host. The kernel may leave a line out while sockets come and go elsewhere. */
export function udpQueues(port: number, host: string): readonly UdpQueue[] {
  const hex = (value: number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');
  const bytes = host.split('.').map((part) => hex(Number(part), 2));
  const wanted = `${bytes.reverse().join('')}:${hex(port, 4)}`;
  return queuesIn('/proc/net/udp', (place) => place === wanted);
}

function queuesIn(file: string, isMeant: (place: string) => boolean): UdpQueue[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(1);
  const fields = lines.map((line) => line.trim().split(/\s+/)).filter(([, place = '']) => isMeant(place));
  return fields.map((each) => ({ waitingBytes: Number.parseInt(each[4]?.split(':')[1] ?? '', 16), drops: Number(each[12]) }));
}
