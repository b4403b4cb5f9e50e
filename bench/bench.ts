import { setTimeout as wait } from 'node:timers/promises';
import type { GeneratorProcess } from './generatorProcess.js';
import { processTree } from './measure.js';
import type { ControlResult, NgResult, TrafficResult, Transport, Walk } from './messages.js';
import type { Options } from './options.js';
import { type Relay, type RunningRelay, startRelay } from './relays.js';

/** What every section works with. */
export type Bench = {
  readonly options: Options;
  readonly relays: readonly Relay[];
  readonly generator: GeneratorProcess;
  /** Names of relays that did not start: they are not tried again. */
  readonly unavailable: Set<string>;
  /** Says how far the run is. */
  readonly say: (line: string) => void;
  /** Notes what somebody who reads the figures must know. */
  readonly note: (line: string) => void;
  /** Notes what went wrong: it makes the run fail at its end. */
  readonly complain: (line: string) => void;
};

export type LoadRun = {
  /** Name of the relay; `direct` is the generator without any. */
  readonly relay: string;
  readonly pps: number;
  readonly round: number;
  readonly calls: number;
  readonly failures: ControlResult['failures'];
  /** Packets lost in the warm-up. */
  readonly warmupLost: number;
  readonly traffic: TrafficResult;
  /** CPU of the relay per packet that came through it, µs: by schedstat, and by clock ticks as a check. */
  readonly cpuUsPerPacket: number;
  readonly tickUsPerPacket: number;
  /** CPU of the kernel's ksoftirqd threads per packet, µs: part of it is the relay's, part the generator's. */
  readonly softirqUsPerPacket: number;
  readonly machineBusyPercent: number;
  readonly machineStolenPercent: number;
};

export type RecordingRun = LoadRun & {
  /** Packets that the relay says it has recorded, and that there was no room for. */
  readonly recorded: number;
  readonly unrecorded: number;
};

/** What was sent to the control socket, and how. */
export type ControlVariant = { readonly walk: Walk; readonly transport: Transport; readonly clients: number };

export type ControlRun = ControlVariant & {
  readonly relay: string;
  readonly round: number;
  readonly result: ControlResult;
  /** CPU of the relay per walk, µs. */
  readonly cpuUsEach: number;
};

export type NgRun = {
  readonly relay: string;
  readonly clients: number;
  readonly round: number;
  /** What a request costs at least. */
  readonly ping: NgResult;
  readonly rate: NgResult;
  /** At half of that rate. */
  readonly paced: NgResult;
  /** CPU of the relay per call, µs. */
  readonly cpuUsEach: number;
};

export type RssRun = {
  readonly relay: string;
  /** After the warm-up, with no call standing. */
  readonly baseBytes: number;
  readonly steps: readonly { readonly sessions: number; readonly bytes: number; readonly growthPerSessionBytes: number }[];
};

export type GcRun = {
  readonly relay: string;
  readonly seconds: number;
  readonly pps: number;
  readonly traffic: TrafficResult;
  readonly threads: readonly GcThread[];
};
export type GcThread = {
  /** `main`, or `thread 2`… in the order in which they began. */
  readonly thread: string;
  readonly kind: string;
  readonly count: number;
  readonly totalMs: number;
  readonly longestMs: number;
};

export type Results = {
  readonly loads: readonly LoadRun[];
  /** Of our relay alone, without recording and with each of its forms. */
  readonly recording: readonly RecordingRun[];
  /** Calls first, then commands that set none up. */
  readonly control: readonly ControlRun[];
  readonly ng: readonly NgRun[];
  readonly rss: readonly RssRun[];
  readonly gc: readonly GcRun[];
};

/** The name under which the generator alone is reported. */
export const DIRECT = 'direct';
/** Streams send 50 packets a second each, two streams a call. */
export const PPS_PER_CALL = 100;
/** Calls that are set up and ended before anything is measured. */
export const WARMUP_CALLS = 300;
/** By then the hot functions of a media thread are compiled; each compiles its own. */
const WARMUP_ROUNDS = 30;

/** What rtpbridge says where a kernel or a container forbids an engine: not an error of ours, as in most containers. */
const SYSTEM_REFUSES_ENGINE = /no packet engine works here \(io_uring: io_uring_setup: (EPERM|EACCES|ENOSYS)\)/;

/** Runs `measure` on a freshly started relay, and ends it. Answers null, with a complaint, if the relay or the measurement fails. */
export async function withRelay<T>(
  bench: Bench,
  relay: Relay,
  measure: (relay: RunningRelay, pids: readonly number[]) => Promise<T>,
  { traceGc = false } = {},
): Promise<T | null> {
  if (bench.unavailable.has(relay.name)) return null;
  const started = await startRelay(relay, { traceGc });
  if (!started.ok) {
    bench.unavailable.add(relay.name);
    if (SYSTEM_REFUSES_ENGINE.test(started.error)) bench.note(started.error);
    else bench.complain(started.error);
    return null;
  }
  const running = started.value;
  try {
    return await measure(running, processTree(running.pid));
  } catch (error) {
    const last = running.output().trim().split('\n').at(-1);
    bench.complain(`${relay.name}: ${error instanceof Error ? error.message : error}${last ? ` (its last line: ${last})` : ''}`);
    return null;
  } finally {
    await running.stop();
    await bench.generator.forget();
  }
}

/** Sets up calls that are to stay; complains about each that does not stand. */
export async function setUpStanding(bench: Bench, relay: Relay, controlPort: number, calls: number): Promise<ControlResult> {
  const result = await bench.generator.control({ transport: 'udp', port: controlPort, walk: 'U+L', count: calls, clients: 8 });
  complainOfFailures(bench, relay.name, result);
  return result;
}

/**
 * How often the calls of the warm-up are made. A peer is compiled already, and rtpengine keeps the ports for 30 s. Nobody reads the rates of a
 * smoke run: once is enough there.
 */
export const warmupRounds = ({ options }: Bench, relay: Relay): number =>
  relay.ours && !options.smoke ? WARMUP_ROUNDS * options.workers : 1;

/** Throws if the relay cannot even do this: nothing that follows would mean anything. */
export async function warmUpControl(bench: Bench, relay: Relay, port: number, transport: Transport = 'udp'): Promise<void> {
  for (let round = warmupRounds(bench, relay); round > 0; round--) {
    const result = await bench.generator.control({ transport, port, walk: 'U+L+D', count: WARMUP_CALLS, clients: 8 });
    complainOfFailures(bench, relay.name, result);
    if (result.completed === 0) throw new Error('no call of the warm-up succeeded');
  }
  await wait(200);
}

export function complainOfFailures(bench: Bench, relay: string, result: ControlResult, what = 'calls'): void {
  for (const [reason, count] of Object.entries(result.failures))
    bench.complain(`${relay}: ${count} of ${result.completed + result.failed} ${what} failed: ${reason}`);
}
