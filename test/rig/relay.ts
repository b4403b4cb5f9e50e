import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Child, type ChildExit, startChild } from './child.js';
import { leasePorts } from './ports.js';

const RTPBRIDGE = fileURLToPath(new URL('../../src/cli/rtpbridge.js', import.meta.url));
const READY_TIMEOUT_MS = 10_000;
const READY = /^rtpbridge is ready/m;
const MEDIA_PORTS = 100;

export interface RelayOptions {
  /**
   * Control sockets as `-s` takes them; `PORT` stands for a free port (each time another), `DIR` for the temporary
   * directory. One UDP socket on 127.0.0.1 when left out.
   */
  readonly control?: readonly string[];
  /** What follows `-l`. */
  readonly address?: string;
  /** Size of the media range, both ends even: half as many RTP sockets. */
  readonly mediaPorts?: number;
  /** Further arguments of `serve`, with the same placeholders. */
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** A relay in a process of its own. */
export interface RunningRelay {
  readonly pid: number;
  /** The control sockets as they were opened, in the order of the options. */
  readonly control: readonly string[];
  readonly media: { readonly min: number; readonly max: number };
  /** Temporary directory of this relay, gone after `stop`. */
  readonly dir: string;
  /** The event log of this relay, within `dir`. */
  readonly dataDir: string;
  readonly exited: Promise<ChildExit>;
  running(): boolean;
  stdout(): string;
  stderr(): string;
  /** Kills the process (SIGKILL), and starts it again with the same command line and `more` behind it, at once, or when `prepare` is done. */
  killAndRestart(prepare?: (dataDir: string) => void | Promise<void>, more?: readonly string[]): Promise<Restart>;
  /** Ends the relay by SIGTERM (by SIGKILL if it does not obey) and removes its directory. May be called again. */
  stop(): Promise<ChildExit>;
}

/** How long it took until the new process said that it is ready, milliseconds since it was started. */
export type Restart = { readonly readyMs: number };

/**
 * Starts `rtpbridge serve` on free loopback ports and waits until it says that it is ready.
 * @throws with everything the relay wrote when it ends before that or is silent for ten seconds
 */
export async function startRelay(options: RelayOptions = {}): Promise<RunningRelay> {
  const mediaPorts = options.mediaPorts ?? MEDIA_PORTS;
  const control = options.control ?? ['udp:127.0.0.1:PORT'];
  const lease = await leasePorts(mediaPorts + control.length * 2 + 20);
  const dir = await mkdtemp(join(tmpdir(), 'rtpbridge-test-'));
  const discard = async () => {
    await lease.release();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const fill = async (text: string) => {
      const placed = text.replaceAll('DIR', dir);
      return placed.includes('PORT') ? placed.replace('PORT', String(await lease.port())) : placed;
    };
    const media = lease.range(mediaPorts);
    const sockets = await inTurn(control, fill);
    const dataDir = join(dir, 'data');
    const args = [
      ...[RTPBRIDGE, 'serve'],
      ...sockets.flatMap((socket) => ['-s', socket]),
      ...['-l', options.address ?? '127.0.0.1', '-m', String(media.min), '-M', String(media.max)],
      ...['--data-dir', dataDir, '-p', join(dir, 'pid')],
      ...(await inTurn(options.args ?? [], fill)),
    ];
    const env = options.env === undefined ? {} : { env: { ...process.env, ...options.env } };
    const launch = (more: readonly string[] = []) => startChild(process.execPath, [...args, ...more], { cwd: dir, ...env });
    return await run(launch, discard, { control: sockets, media, dir, dataDir });
  } catch (error) {
    await discard();
    throw error;
  }
}

type Facts = Pick<RunningRelay, 'control' | 'media' | 'dir' | 'dataDir'>;

async function run(
  launch: (more?: readonly string[]) => Promise<Child>,
  discard: () => Promise<void>,
  facts: Facts,
): Promise<RunningRelay> {
  let relay = await launch();
  let stopped: Promise<ChildExit> | undefined;
  const stop = () => {
    stopped ??= relay.stop().finally(discard);
    return stopped;
  };
  const ready = async () => {
    try {
      await relay.output(READY, READY_TIMEOUT_MS);
    } catch (error) {
      await stop();
      throw error;
    }
  };
  await ready();
  return {
    ...facts,
    get pid() {
      return relay.pid;
    },
    get exited() {
      return relay.exited;
    },
    running: () => relay.running(),
    stdout: () => relay.stdout(),
    stderr: () => relay.stderr(),
    killAndRestart: async (prepare = () => {}, more = []) => {
      process.kill(relay.pid, 'SIGKILL');
      await relay.exited;
      await prepare(facts.dataDir);
      const startedAt = performance.now();
      relay = await launch(more);
      await ready();
      return { readyMs: performance.now() - startedAt };
    },
    stop,
  };
}

/** Free ports are taken one after the other: two at a time would be given the same one. */
async function inTurn(texts: readonly string[], fill: (text: string) => Promise<string>): Promise<string[]> {
  const filled: string[] = [];
  for (const text of texts) filled.push(await fill(text));
  return filled;
}
