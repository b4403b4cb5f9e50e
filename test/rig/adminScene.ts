/** An admin socket without a relay behind it, and clients that speak to it as they like. */
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Observable, Subject } from 'rxjs';
import { openAdmin } from '../../src/io/admin/server.js';
import type { AdminWorld } from '../../src/io/admin/world.js';
import type { Listener, UnixFileOptions } from '../../src/io/control/listener.js';
import { Counters, countersBytes } from '../../src/media/counters.js';
import { type AdminStatus, shardStatus } from '../../src/relay/admin/status.js';
import type { Told } from '../../src/relay/events/told.js';
import { temporaryFolder } from './startAttempt.js';
import { snapshotOf } from './toldRecords.js';

/** How long a client waits for what must come. */
const PATIENCE_MS = 5000;

export function statusOf(shards: number): AdminStatus {
  const each = Array.from({ length: shards }, (_, shard) => {
    const counters = new Counters(new ArrayBuffer(countersBytes(1)));
    counters.setShard('sessionsActive', shard + 3);
    counters.setShard('load', 0.25);
    counters.setShard('packetsPerSecond', 5012.4);
    counters.setShard('logErrors', shard);
    return shardStatus(shard, counters);
  });
  const facts = { version: '9.8.7', pid: 4711, run: 1_700_000_000_000, startedAtMs: 1_700_000_000_500 };
  return { ...facts, shards: each, durability: 'os', logFolder: '/var/lib/rtpbridge/log', networks: [], lost: 12 };
}

/** Waits until something is so; rejects after a while. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await isSo()); await delay(5)) {
    if (Date.now() > end) throw new Error(`it is not so after ${PATIENCE_MS} ms: ${isSo}`);
  }
}

/** A relay with one call, `known`, of two sessions; what happens in it is what the test says. */
export type AdminScene = {
  readonly path: string;
  readonly listener: Listener;
  readonly happens: Subject<Told>;
  /** The Call-IDs of those who watch now; null: all. */
  readonly watched: (string | null)[];
};

export type SceneOptions = {
  readonly world?: Partial<AdminWorld>;
  readonly owner?: UnixFileOptions;
  readonly path?: string;
  readonly fd?: number;
};

export async function openScene(t: TestContext, options: SceneOptions = {}): Promise<AdminScene> {
  const path = options.path ?? join(await temporaryFolder(t), 'admin.sock');
  const happens = new Subject<Told>();
  const watched: (string | null)[] = [];
  const world: AdminWorld = {
    logFolder: '/var/lib/rtpbridge/log',
    inspect: async (call) => (call === 'known' ? [1, 2].map((session) => snapshotOf(call, { session })) : []),
    status: async () => statusOf(2),
    reload: async (isCheck) => ({ problems: [], changes: ['limits.calls: none -> 5'], notes: isCheck ? ['only looked'] : [] }),
    watch: (call) =>
      new Observable<Told>((subscriber) => {
        watched.push(call);
        subscriber.add(happens.subscribe(subscriber));
        subscriber.add(() => watched.splice(watched.indexOf(call), 1));
      }),
    ...options.world,
  };
  const opened = await openAdmin(path, world, options.owner, options.fd);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= opened.close();
    return closing;
  };
  t.after(close);
  return { path, listener: { close }, happens, watched };
}

/** A client that sends whatever bytes it is told, and reads lines. */
export class RawClient {
  readonly socket: Socket;
  /** Fulfilled when nothing more comes. */
  readonly closed: Promise<void>;
  readonly lines: string[] = [];
  #rest = '';
  #look: () => void = () => {};
  #isClosed = false;

  constructor(path: string) {
    this.socket = connect({ path, allowHalfOpen: true });
    this.socket.setEncoding('utf8');
    this.socket.on('error', () => {});
    this.socket.on('data', (chunk) => {
      const [first, ...others] = (this.#rest + String(chunk)).split('\n');
      this.lines.push(...[first!, ...others].slice(0, -1));
      this.#rest = others.at(-1) ?? first!;
      this.#look();
    });
    this.closed = new Promise((resolve) => {
      const over = (): void => {
        this.#isClosed = true;
        this.#look();
        resolve();
      };
      this.socket.on('end', over);
      this.socket.on('close', over);
    });
  }

  static async open(t: TestContext, path: string): Promise<RawClient> {
    const client = new RawClient(path);
    t.after(() => client.socket.destroy());
    await new Promise((resolve, reject) => client.socket.once('connect', resolve).once('error', reject));
    return client;
  }

  say(text: string | Uint8Array): void {
    this.socket.write(text);
  }

  /** The next line, parsed. Rejects after a while, or if the connection ends before. */
  line(): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no line within ${PATIENCE_MS} ms`)), PATIENCE_MS);
      this.#look = () => {
        const line = this.lines.shift();
        if (line === undefined && !this.#isClosed) return;
        this.#look = () => {};
        clearTimeout(timer);
        if (line === undefined) reject(new Error('the connection ended'));
        else resolve(JSON.parse(line) as Record<string, unknown>);
      };
      this.#look();
    });
  }

  ask(request: unknown): Promise<Record<string, unknown>> {
    this.say(`${JSON.stringify(request)}\n`);
    return this.line();
  }
}
