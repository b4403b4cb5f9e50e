import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ok, type Result, refuse } from '../model/kernel/index.js';
import type { Transport } from './messages.js';
import type { Options, RelayName } from './options.js';

const RTPBRIDGE = fileURLToPath(new URL('../src/cli/rtpbridge.js', import.meta.url));
const READY_LIMIT_MS = 15_000;
const PROBE_MS = 100;
const STOP_LIMIT_MS = 5_000;
const KEPT_OUTPUT_CHARS = 20_000;

/** How a relay is started. */
export type Relay = {
  readonly name: string;
  /** Whether it is ours, and so runs in Node and has the goals. */
  readonly ours: boolean;
  /** Over what it takes commands. */
  readonly transports: readonly Transport[];
  /** Whether it can be asked about a call again and again. */
  readonly takesQueries: boolean;
  /** Whether it takes the NG protocol over UDP, ours only where it is told to. */
  readonly takesNg: boolean;
  /** Program and arguments. */
  readonly command: (where: Where) => readonly string[];
};

type Where = {
  readonly port: number;
  readonly tcpPort: number;
  readonly ngPort: number;
  readonly dataDir: string;
  readonly traceGc: boolean;
};

/** A relay that runs, alone on its ports. */
export type RunningRelay = {
  readonly pid: number;
  readonly controlPort: number;
  readonly dataDir: string;
  /** Of NG over UDP, where it listens for that. */
  readonly ngPort: number;
  /** For a relay that has TCP among its transports. */
  readonly tcpPort: number;
  /** What it has printed so far, the beginning dropped when long. */
  readonly output: () => string;
  readonly onStdout: (listener: (chunk: string) => void) => void;
  readonly stop: () => Promise<void>;
};

const running = new Set<RunningRelay>();

/** Ends every relay that still runs: for an end by signal or by error. */
export const stopAll = async (): Promise<void> => void (await Promise.all([...running].map((relay) => relay.stop())));

/** Finds the relays that were asked for. `missing` says in a line each which are not here. */
export function findRelays(options: Options): { relays: Relay[]; missing: string[] } {
  const relays: Relay[] = [];
  const missing: string[] = [];
  for (const name of options.relays) {
    if (name !== 'rtpengine') relays.push(rtpbridge(name, options));
    else if (spawnSync('rtpengine', ['--version'], { stdio: 'ignore' }).error === undefined) relays.push(rtpengine(options));
    else
      missing.push(
        'rtpengine is not installed, so there is no comparison: apt-get install -y --no-install-recommends rtpengine-daemon',
      );
  }
  options.peerCommands.forEach((command, i) => {
    relays.push(peer(command, `${basename(command.trim().split(/\s+/)[0]!)}#${i + 1}`, options));
  });
  return { relays, missing };
}

/** Ours, with one of its engines. `more`: further arguments, and what they make of it is in its name. */
export function rtpbridge(
  engine: Exclude<RelayName, 'rtpengine'>,
  { minPort, maxPort, workers }: Pick<Options, 'minPort' | 'maxPort' | 'workers'>,
  more: { readonly name: string; readonly args: readonly string[] } = { name: engine, args: [] },
): Relay {
  return {
    name: more.name,
    ours: true,
    transports: ['udp', 'tcp'],
    takesQueries: true,
    takesNg: engine !== 'dgram',
    command: ({ port, tcpPort, dataDir, traceGc }) => [
      process.execPath,
      ...(traceGc ? ['--trace-gc'] : []),
      RTPBRIDGE,
      'serve',
      // UDP last: a relay that answers there has opened the other.
      ...[
        '-s',
        `tcp:127.0.0.1:${tcpPort}`,
        '-s',
        `udp:127.0.0.1:${port}`,
        '-l',
        '127.0.0.1',
        '-m',
        `${minPort}`,
        '-M',
        `${maxPort}`,
      ],
      ...['--workers', `${workers}`, '--engine', engine, '--data-dir', dataDir],
      ...more.args,
    ],
  };
}

function rtpengine({ minPort, maxPort }: Options): Relay {
  return {
    name: 'rtpengine',
    ours: false,
    transports: ['udp'],
    takesQueries: false, // Each Q of the classic protocol stops one of its threads for good (10.5.3).
    takesNg: true,
    command: ({ port, ngPort }) => [
      'rtpengine',
      ...['--config-file=none', '--foreground', '--log-stderr', '--log-level=3', '--table=-1', '--interface=127.0.0.1'],
      ...[`--listen-udp=127.0.0.1:${port}`, `--listen-ng=127.0.0.1:${ngPort}`],
      ...[`--port-min=${minPort}`, `--port-max=${maxPort}`, '--num-threads=2'],
    ],
  };
}

function peer(command: string, name: string, { minPort, maxPort }: Options): Relay {
  const filled = ({ port, tcpPort }: Where): string =>
    command
      .replaceAll('{port}', `${port}`)
      .replaceAll('{tcp}', `${tcpPort}`)
      .replaceAll('{min}', `${minPort}`)
      .replaceAll('{max}', `${maxPort}`);
  const transports: Transport[] = command.includes('{tcp}') ? ['udp', 'tcp'] : ['udp'];
  return {
    name,
    ours: false,
    transports,
    takesQueries: true,
    takesNg: false,
    command: (where) => ['/bin/sh', '-c', `exec ${filled(where)}`],
  };
}

/** Starts a relay and waits until it answers `V`. Refuses with what it printed last if it does not come up. */
export async function startRelay(relay: Relay, { traceGc = false } = {}): Promise<Result<RunningRelay, string>> {
  const dataDir = mkdtempSync(join(tmpdir(), 'rtpbridge-bench-'));
  const [port, ngPort, tcpPort] = [await freePort(), await freePort(), await freeTcpPort()];
  const [program, ...args] = relay.command({ port, tcpPort, ngPort, dataDir, traceGc });
  // A process group of its own, so that a relay that forks is ended as a whole.
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('latin1').on('data', (chunk: string) => {
      output = (output + chunk).slice(-KEPT_OUTPUT_CHARS);
    });
  }
  const stop = async (): Promise<void> => {
    running.delete(handle);
    await endGroup(child);
    rmSync(dataDir, { recursive: true, force: true });
  };
  const handle: RunningRelay = {
    pid: child.pid ?? 0,
    controlPort: port,
    dataDir,
    ngPort,
    tcpPort,
    output: () => output,
    onStdout: (listener) => void child.stdout.on('data', listener),
    stop,
  };
  running.add(handle);
  try {
    await answered(child, port);
  } catch (error) {
    await stop();
    const last = output.trim().split('\n').slice(-3).join(' | ');
    return refuse(`${relay.name} did not start: ${error instanceof Error ? error.message : error}${last && `: ${last}`}`);
  }
  return ok(handle);
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  const signal = (name: 'SIGTERM' | 'SIGKILL'): void => {
    try {
      process.kill(-child.pid!, name);
    } catch {
      // It ended by itself in this moment.
    }
  };
  signal('SIGTERM');
  const limit = setTimeout(() => signal('SIGKILL'), STOP_LIMIT_MS);
  await exited;
  clearTimeout(limit);
}

/** Asks for the version until the relay answers. */
async function answered(child: ChildProcess, port: number): Promise<void> {
  let failure: Error | null = null;
  child.once('error', (error) => {
    failure = error;
  });
  const socket = createSocket('udp4');
  let reply = false;
  socket.on('message', () => {
    reply = true;
  });
  socket.on('error', () => {}); // Nobody listens yet.
  try {
    for (let waited = 0; waited < READY_LIMIT_MS; waited += PROBE_MS) {
      socket.send(`bench_${process.pid}_${waited} V`, port, '127.0.0.1');
      await wait(PROBE_MS);
      if (reply) return;
      if (failure !== null) throw failure;
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`);
    }
    throw new Error(`no answer to V in ${READY_LIMIT_MS / 1000} s`);
  } finally {
    socket.close();
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

async function freeTcpPort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
