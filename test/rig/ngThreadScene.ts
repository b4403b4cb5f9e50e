/** Two media threads that take NG requests by sockets of their own: see `ngShard.ts`. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { udpPort } from '../../model/kernel/index.js';
import { type NgUdpAddress, nameOfShared, openThreadSockets } from '../../src/io/ng/threadSockets.js';
import type { EngineName } from '../../src/media/engine.js';
import type { NgHandler, NgOrigin } from '../../src/relay/ng/ngOrigin.js';
import { lackOf } from './engineDriver.js';
import { leasePorts } from './ports.js';
import { type SceneOptions, SHARDS, startThreads, type ThreadScene } from './threadScene.js';

/** What the main thread was asked. */
export type Forward = { readonly payload: string; readonly origin: NgOrigin; readonly answer: (reply: string) => void };

export type NgScene = ThreadScene & {
  readonly port: number;
  /** Those that were not answered at once: see `answersAtOnce`. */
  readonly forwards: Forward[];
  readonly duplicates: () => number;
};

const BOUND = { timeout: 30_000 };
/** The engines that wait in the kernel. */
const NAMES: readonly EngineName[] = ['io_uring', 'epoll'];

export function onEachNgEngine(title: string, body: (t: TestContext, engine: EngineName) => Promise<void>): void {
  for (const name of NAMES) {
    test(`${name}: ${title}`, BOUND, async (t) => {
      const reason = await lackOf(name);
      if (reason !== null) return t.skip(reason);
      await body(t, name);
    });
  }
}

/**
 * `hosts`: what the sockets are bound to, all at one port. `handle`: what the main thread does; otherwise it is only kept. `held`: so many sockets
 * of each host stand open already, as a supervisor holds them.
 */
export async function startNg(
  t: TestContext,
  engine: EngineName,
  hosts: readonly string[] = ['127.0.0.1'],
  { handle, held = 0, ...options }: SceneOptions & { readonly handle?: NgHandler; readonly held?: number } = {},
): Promise<NgScene> {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const port = await lease.port();
  const addresses = hosts.map((host): NgUdpAddress => {
    const ipv6 = host.includes(':');
    return { name: `udp:${host}:${port}`, host, port, ipv6 };
  });
  const opened = await openThreadSockets(addresses, SHARDS, await hold(t, addresses, held));
  if (!opened.ok || opened.value === null) throw new Error(opened.ok ? 'no system calls' : opened.error);
  const sockets = opened.value;
  const forwards: Forward[] = [];
  const keep: NgHandler = (payload, origin, answer) => void forwards.push({ payload, origin, answer });
  let duplicates = 0;
  const scene = await startThreads(t, engine, {
    worker: './ngShard.js',
    ng: { starts: sockets.starts, handle: handle ?? keep },
    ...options,
    onWarning: (text) => {
      if (text === 'duplicate') duplicates++;
      options.onWarning?.(text);
    },
  });
  t.after(() => sockets.close()); // Behind the end of the threads.
  return { ...scene, port, forwards, duplicates: () => duplicates };
}

async function hold(t: TestContext, addresses: readonly NgUdpAddress[], count: number): Promise<ReadonlyMap<string, number>> {
  const inherited = new Map<string, number>();
  if (count === 0) return inherited;
  const { openSharedSockets } = await import('../../src/io/sys/boundSocket.js');
  const { closeDescriptor } = await import('../../src/io/sys/socket.js');
  for (const { name, host, port, ipv6 } of addresses) {
    const opened = openSharedSockets({ host, port: udpPort(port) }, ipv6, 1 << 16, count);
    if (!opened.ok) throw new Error(opened.error);
    for (const [i, fd] of opened.value.entries()) inherited.set(nameOfShared(name, i), fd);
  }
  t.after(() => {
    for (const fd of inherited.values()) closeDescriptor(fd);
  });
  return inherited;
}

/** A client whose socket is connected, as Kamailio's is: an answer from another address than the one it asked is not heard. */
export class ConnectedClient {
  readonly #socket: Socket;
  readonly heard: string[] = [];
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes) => {
      this.heard.push(bytes.toString('latin1'));
      this.#wake();
    });
    socket.on('error', () => {});
  }

  static async open(t: TestContext, host: string, port: number, from?: string): Promise<ConnectedClient> {
    const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 });
    t.after(() => socket.close());
    if (from !== undefined) {
      socket.bind(0, from);
      await once(socket, 'listening');
    }
    socket.connect(port, host);
    await once(socket, 'connect');
    return new ConnectedClient(socket);
  }

  send(text: string): void {
    this.#socket.send(Buffer.from(text, 'latin1'));
  }

  /** The answer to a cookie, without it. Rejects after `limitMs`. */
  async ask(cookie: string, payload: string, limitMs = 5_000): Promise<string> {
    this.send(`${cookie} ${payload}`);
    return this.hears(cookie, limitMs);
  }

  async hears(cookie: string, limitMs = 5_000): Promise<string> {
    for (const end = performance.now() + limitMs; ; ) {
      const at = this.heard.findIndex((text) => text.startsWith(`${cookie} `));
      if (at >= 0) return this.heard.splice(at, 1)[0]!.slice(cookie.length + 1);
      const leftMs = end - performance.now();
      if (leftMs <= 0) throw new Error(`nothing was answered to ${cookie} in ${limitMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
