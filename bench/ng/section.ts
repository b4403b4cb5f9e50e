import { setTimeout as wait } from 'node:timers/promises';
import { type Bench, complainOfFailures, type NgRun, WARMUP_CALLS, warmupRounds, withRelay } from '../bench.js';
import { cpuBetweenUs, readCpu } from '../measure.js';
import type { NgLoad, NgResult } from '../messages.js';
import type { Relay } from '../relays.js';

const CLIENTS = [1, 8];
const SMOKE_CLIENTS = [8];
/** Of the measured rate, for the latency of an offer. */
const PACED_PART = 0.5;
const READY_TRIES = 50;

type Variant = { readonly relay: Relay; readonly clients: number };
/** A relay that is ready for a variant. */
type Ready = Variant & { readonly ngPort: number; readonly pids: readonly number[] };
type Measured = Pick<NgRun, 'ping' | 'rate' | 'cpuUsEach'>;

/**
 * Calls per second over NG, and how long an offer takes at half of that rate. Each is measured with a relay that has just been started and
 * warmed, the relays in turn: the peer keeps the ports of a call for 30 s, and the fewer it has left the longer it looks for one.
 */
export async function measureNg(bench: Bench): Promise<NgRun[]> {
  const runs: NgRun[] = [];
  for (let round = 1; round <= bench.options.rounds; round++) {
    for (const clients of bench.options.smoke ? SMOKE_CLIENTS : CLIENTS) {
      for (const relay of bench.relays.filter(({ takesNg }) => takesNg)) {
        const measured = await withReady(bench, { relay, clients }, (ready) => measureRate(bench, ready));
        if (measured === null) continue;
        const perSecond = Math.max(1, measured.rate.perSecond * PACED_PART);
        const paced = await withReady(bench, { relay, clients }, (ready) => load(bench, ready, { walk: 'call', perSecond }));
        if (paced === null) continue;
        const run: NgRun = { relay: relay.name, clients, round, paced, ...measured };
        report(bench, run);
        runs.push(run);
      }
    }
  }
  return runs;
}

const withReady = <T>(bench: Bench, variant: Variant, measure: (ready: Ready) => Promise<T>): Promise<T | null> =>
  withRelay(bench, withNg(variant.relay), async ({ ngPort }, pids) => {
    const ready = { ngPort, pids, ...variant };
    await untilAnswered(bench, ngPort);
    for (let round = warmupRounds(bench, variant.relay); round > 0; round--)
      await load(bench, ready, { walk: 'call', count: WARMUP_CALLS, clients: 8 });
    await wait(200);
    return measure(ready);
  });

/** The peer listens for NG anyway. */
const withNg = (relay: Relay): Relay =>
  relay.ours
    ? { ...relay, command: (where) => [...relay.command(where), '--listen-ng', `udp:127.0.0.1:${where.ngPort}`] }
    : relay;

async function load(
  bench: Bench,
  { relay, ngPort, clients }: Ready,
  more: Pick<NgLoad, 'walk'> & Partial<NgLoad>,
): Promise<NgResult> {
  const result = await bench.generator.ng({ port: ngPort, clients, count: bench.options.calls, perSecond: null, ...more });
  complainOfFailures(bench, relay.name, result, more.walk === 'ping' ? 'pings' : 'NG calls');
  return result;
}

async function measureRate(bench: Bench, ready: Ready): Promise<Measured> {
  const ping = await load(bench, ready, { walk: 'ping' });
  const before = readCpu(ready.pids);
  const rate = await load(bench, ready, { walk: 'call' });
  return { ping, rate, cpuUsEach: cpuBetweenUs(before, readCpu(ready.pids)) / Math.max(1, rate.completed) };
}

function report({ say }: Bench, { relay, clients, round, ping, rate, paced, cpuUsEach }: NgRun): void {
  say(
    `NG, ${clients} client${clients > 1 ? 's' : ''}, round ${round}, ${relay}: ${Math.round(rate.perSecond)} calls a second, ` +
      `${Math.round(cpuUsEach)} us CPU each, ${rate.failed + paced.failed} failed; at half of that an offer takes ` +
      `p50 ${paced.firstP50Us} p99 ${paced.firstP99Us} us; ${Math.round(ping.perSecond)} pings a second; ` +
      `generator ${Math.round(rate.generatorCpuPercent)} %`,
  );
}

/** Asks until the relay answers. Throws if it does not. */
async function untilAnswered(bench: Bench, port: number): Promise<void> {
  for (let i = 0; i < READY_TRIES; i++) {
    const { completed } = await bench.generator.ng({ port, walk: 'ping', count: 1, clients: 1, perSecond: null });
    if (completed > 0) return;
    await wait(100);
  }
  throw new Error('it does not answer a ping');
}
