import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ChildExit, startChild } from './child.js';
import { leasePorts } from './ports.js';

const RTPBRIDGE = fileURLToPath(new URL('../../src/cli/rtpbridge.js', import.meta.url));
const READY_TIMEOUT_MS = 10_000;
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
  /** Ends the relay by SIGTERM (by SIGKILL if it does not obey) and removes its directory. May be called again. */
  stop(): Promise<ChildExit>;
}

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
    const relay = await startChild(
      process.execPath,
      [
        RTPBRIDGE,
        'serve',
        ...sockets.flatMap((socket) => ['-s', socket]),
        ...['-l', options.address ?? '127.0.0.1', '-m', String(media.min), '-M', String(media.max)],
        ...['--data-dir', dataDir, '-p', join(dir, 'pid')],
        ...(await inTurn(options.args ?? [], fill)),
      ],
      { cwd: dir, ...(options.env === undefined ? {} : { env: { ...process.env, ...options.env } }) },
    );
    let stopped: Promise<ChildExit> | undefined;
    const stop = () => {
      stopped ??= relay.stop().finally(discard);
      return stopped;
    };
    try {
      await relay.output(/^rtpbridge is ready/m, READY_TIMEOUT_MS);
    } catch (error) {
      await stop();
      throw error;
    }
    return { ...relay, control: sockets, media, dir, dataDir, stop };
  } catch (error) {
    await discard();
    throw error;
  }
}

/** Free ports are taken one after the other: two at a time would be given the same one. */
async function inTurn(texts: readonly string[], fill: (text: string) => Promise<string>): Promise<string[]> {
  const filled: string[] = [];
  for (const text of texts) filled.push(await fill(text));
  return filled;
}
