import { type Bench, type CallRun, complainOfFailures, warmUpControl, withRelay } from './bench.js';
import { cpuBetweenUs, readCpu } from './measure.js';
import type { Relay } from './relays.js';

const VARIANTS = [
  { verbs: 'U+L', clients: 1 },
  { verbs: 'U+L', clients: 8 },
  { verbs: 'U+L+D', clients: 1 },
  { verbs: 'U+L+D', clients: 8 },
] as const;
/** Of these, the ones that do for a smoke run. */
const SMOKE_VARIANTS = [VARIANTS[0], VARIANTS[3]];

/** Calls set up per second, each time by a relay that has just been started and warmed: no peer is slowed by the calls it still keeps. */
export async function measureCallRates(bench: Bench): Promise<CallRun[]> {
  const runs: CallRun[] = [];
  for (let round = 1; round <= bench.options.rounds; round++) {
    for (const variant of bench.options.smoke ? SMOKE_VARIANTS : VARIANTS) {
      for (const relay of bench.relays) {
        const run = await measureRate(bench, relay, variant, round);
        if (run !== null) runs.push(run);
      }
    }
  }
  return runs;
}

async function measureRate(
  bench: Bench,
  relay: Relay,
  { verbs, clients }: (typeof VARIANTS)[number],
  round: number,
): Promise<CallRun | null> {
  return withRelay(bench, relay, async ({ controlPort }, pids) => {
    await warmUpControl(bench, relay, controlPort);
    const before = readCpu(pids);
    const setup = await bench.generator.setUp({
      controlPort,
      calls: bench.options.calls,
      clients,
      deleteAfter: verbs === 'U+L+D',
    });
    const cpuUsPerCall = cpuBetweenUs(before, readCpu(pids)) / Math.max(1, setup.calls);
    complainOfFailures(bench, relay.name, setup);
    bench.say(
      `calls ${verbs}, ${clients} client${clients > 1 ? 's' : ''}, round ${round}, ${relay.name}: ` +
        `${Math.round(setup.callsPerSecond)} a second, ${Math.round(cpuUsPerCall)} us CPU per call, ${setup.failed} failed`,
    );
    return { relay: relay.name, verbs, clients, round, setup, cpuUsPerCall };
  });
}
