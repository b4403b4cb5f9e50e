import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { realtimeUs } from '../../src/io/sys/clock.js';
import { shardOf } from '../../src/relay/supervisor/dispatch.js';
import { processTree } from '../measure.js';

const RTPBRIDGE = fileURLToPath(new URL('../../src/cli/rtpbridge.js', import.meta.url));
const MORTAL = new URL('./mortal.js', import.meta.url).href;
const LIMIT_MS = 20_000;
const LOOK_MS = 1;
const READY = /^rtpbridge is ready/gm;
const SERVES_AGAIN = /media thread \d+ serves again/g;
/** The thread that dies. */
export const VICTIM_SHARD = 0;

/** Who dies: the process, the process below its supervisor, or one media thread. */
export const SCENES = ['process', 'supervised', 'thread'] as const;
export type Scene = (typeof SCENES)[number];

export type VictimOptions = {
  readonly scene: Scene;
  /** Null: the best that works. */
  readonly engine: string | null;
  readonly workers: number;
  readonly minPort: number;
  readonly maxPort: number;
  /** Further arguments of `serve`. */
  readonly args: readonly string[];
};

/** When it happened, µs since the epoch. */
export type Death = {
  readonly killedAtUs: number;
  /** When the next process was started, or where that is not known, when the one before was killed. */
  readonly startedAtUs: number;
  readonly readyAtUs: number;
};

/** A relay that is to die, and to come back with the same command line. */
export class Victim {
  readonly #options: VictimOptions;
  readonly #dir = mkdtempSync(join(tmpdir(), 'rtpbridge-recovery-'));
  readonly controlPort: number;
  #child: ChildProcess;
  #output = '';

  private constructor(options: VictimOptions, controlPort: number) {
    this.#options = options;
    this.controlPort = controlPort;
    this.#child = this.#launch();
  }

  /** Rejects with the last it said if it does not come up. */
  static async start(options: VictimOptions): Promise<Victim> {
    const victim = new Victim(options, await freePort());
    try {
      await victim.#said(READY, 1);
      return victim;
    } catch (error) {
      await victim.stop();
      throw error;
    }
  }

  /** Kills what is to die. Settles when it serves again. */
  die(): Promise<Death> {
    switch (this.#options.scene) {
      case 'process':
        return this.#dieWhole();
      case 'supervised':
        return this.#dieBelow();
      case 'thread':
        return this.#dieInPart();
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
      await exited;
      clearTimeout(limit);
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #dieWhole(): Promise<Death> {
    const exited = once(this.#child, 'exit');
    const killedAtUs = realtimeUs();
    this.#child.kill('SIGKILL');
    await exited;
    this.#output = '';
    const startedAtUs = realtimeUs();
    this.#child = this.#launch();
    return { killedAtUs, startedAtUs, readyAtUs: await this.#said(READY, 1) };
  }

  async #dieBelow(): Promise<Death> {
    const [, relay] = processTree(this.#child.pid!);
    if (relay === undefined) throw new Error('the supervisor has no child');
    const killedAtUs = realtimeUs();
    process.kill(relay, 'SIGKILL');
    return { killedAtUs, startedAtUs: killedAtUs, readyAtUs: await this.#said(READY, 2) };
  }

  async #dieInPart(): Promise<Death> {
    let number = 0;
    while (shardOf(`die-now-${number}`, this.#options.workers) !== VICTIM_SHARD) number++;
    const socket = createSocket('udp4');
    const killedAtUs = realtimeUs();
    socket.send(`bench_death U die-now-${number} 127.0.0.1 4000 from`, this.controlPort, '127.0.0.1');
    const readyAtUs = await this.#said(SERVES_AGAIN, 1).finally(() => socket.close());
    return { killedAtUs, startedAtUs: killedAtUs, readyAtUs };
  }

  #launch(): ChildProcess {
    const { scene, engine, workers, minPort, maxPort, args } = this.#options;
    const child = spawn(
      process.execPath,
      [
        ...(scene === 'thread' ? ['--import', MORTAL] : []),
        ...[RTPBRIDGE, 'serve', '-s', `udp:127.0.0.1:${this.controlPort}`, '-l', '127.0.0.1'],
        ...['-m', `${minPort}`, '-M', `${maxPort}`, '--workers', `${workers}`, '--data-dir', join(this.#dir, 'data')],
        ...(engine === null ? [] : ['--engine', engine]),
        ...(scene === 'supervised' ? ['--supervise'] : []),
        ...args,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, RTPBRIDGE_BENCH_DEATH: join(this.#dir, 'death') } },
    );
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('latin1').on('data', (chunk: string) => {
        this.#output += chunk;
      });
    }
    return child;
  }

  /** Waits until it has said something so many times; answers when that was seen, µs since the epoch. */
  async #said(words: RegExp, times: number): Promise<number> {
    for (const beganAt = performance.now(); performance.now() - beganAt < LIMIT_MS; await wait(LOOK_MS)) {
      if ((this.#output.match(words) ?? []).length >= times) return realtimeUs();
      if (this.#child.exitCode !== null) break;
    }
    throw new Error(`the relay did not say ${words.source}, but ${this.#output.trim().split('\n').slice(-3).join(' | ')}`);
  }
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}
