import { type Bench, type ControlRun, type ControlVariant, complainOfFailures, warmUpControl, withRelay } from './bench.js';
import { cpuBetweenUs, readCpu } from './measure.js';
import type { Relay, RunningRelay } from './relays.js';

const MANY_CLIENTS = 8;
/** Sent before each measurement of V and Q, and not measured. */
const WARMUP_COMMANDS = 2_000;

const CALLS: readonly ControlVariant[] = [
  { walk: 'U+L', transport: 'udp', clients: 1 },
  { walk: 'U+L', transport: 'udp', clients: MANY_CLIENTS },
  { walk: 'U+L+D', transport: 'udp', clients: 1 },
  { walk: 'U+L+D', transport: 'udp', clients: MANY_CLIENTS },
  { walk: 'U+L+D', transport: 'tcp', clients: 1 },
  { walk: 'U+L+D', transport: 'tcp', clients: MANY_CLIENTS },
];
/** V is what a command costs that does nothing; Q is answered by the session. */
const COMMANDS: readonly ControlVariant[] = (['V', 'Q'] as const).flatMap((walk) =>
  (['udp', 'tcp'] as const).flatMap((transport) => [1, MANY_CLIENTS].map((clients) => ({ walk, transport, clients }))),
);
/** What does for a smoke run; U+L+D over UDP is in every warm-up. */
const SMOKE_CALLS = [CALLS[0]!, CALLS[5]!];
const SMOKE_COMMANDS = COMMANDS.filter(({ clients }) => clients === MANY_CLIENTS);

/** Calls per second, each time by a relay that has just been started and warmed: no peer is slowed by the calls it still keeps. */
export async function measureCallRates(bench: Bench): Promise<ControlRun[]> {
  const runs: ControlRun[] = [];
  for (let round = 1; round <= bench.options.rounds; round++) {
    for (const variant of bench.options.smoke ? SMOKE_CALLS : CALLS) {
      for (const relay of bench.relays.filter(({ transports }) => transports.includes(variant.transport))) {
        const run = await withRelay(bench, relay, async (running, pids) => {
          await warmUpControl(bench, relay, portOf(running, variant), variant.transport);
          return measure(bench, relay, running, pids, { ...variant, round, count: bench.options.calls });
        });
        if (run !== null) runs.push(run);
      }
    }
  }
  return runs;
}

/** Commands per second that leave nothing behind, so that one start of a relay does for all of them. */
export async function measureCommandRates(bench: Bench): Promise<ControlRun[]> {
  const runs: ControlRun[] = [];
  const { commands: count, rounds, smoke } = bench.options;
  for (let round = 1; round <= rounds; round++) {
    for (const relay of bench.relays) {
      const variants = (smoke ? SMOKE_COMMANDS : COMMANDS).filter(
        ({ walk, transport }) => relay.transports.includes(transport) && (walk !== 'Q' || relay.takesQueries),
      );
      const measured = await withRelay(bench, relay, async (running, pids) => {
        const own: ControlRun[] = [];
        await warmUpControl(bench, relay, running.controlPort);
        for (const variant of variants) {
          const port = portOf(running, variant);
          const warmup = await bench.generator.control({ ...variant, port, count: Math.min(WARMUP_COMMANDS, count) });
          complainOfFailures(bench, relay.name, warmup, variant.walk);
          own.push(await measure(bench, relay, running, pids, { ...variant, round, count }));
        }
        return own;
      });
      runs.push(...(measured ?? []));
    }
  }
  return runs;
}

/** `transport` is one of the relay's. */
const portOf = (running: RunningRelay, { transport }: ControlVariant): number =>
  transport === 'udp' ? running.controlPort : running.tcpPort;

async function measure(
  bench: Bench,
  relay: Relay,
  running: RunningRelay,
  pids: readonly number[],
  request: ControlVariant & { readonly round: number; readonly count: number },
): Promise<ControlRun> {
  const { walk, transport, clients, round, count } = request;
  const before = readCpu(pids);
  const result = await bench.generator.control({ walk, transport, clients, count, port: portOf(running, request) });
  const cpuUsEach = cpuBetweenUs(before, readCpu(pids)) / Math.max(1, result.completed);
  complainOfFailures(bench, relay.name, result, walk);
  bench.say(
    `${walk} over ${transport.toUpperCase()}, ${clients} client${clients > 1 ? 's' : ''}, round ${round}, ${relay.name}: ` +
      `${Math.round(result.perSecond)} a second, ${Math.round(cpuUsEach)} us CPU each, ${result.failed} failed`,
  );
  return { relay: relay.name, walk, transport, clients, round, result, cpuUsEach };
}
