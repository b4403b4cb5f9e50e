import { type Bench, DIRECT, type LoadRun, PPS_PER_CALL, setUpStanding, withRelay } from './bench.js';
import { cpuBetweenUs, machineBetween, readCpu, readMachine, readTicksUs, softirqThreads } from './measure.js';
import type { TrafficResult } from './messages.js';
import type { Relay, RunningRelay } from './relays.js';

const DIRECT_SECONDS = 3;

/** Every load on every relay, the relays one after the other within a load, so that a ratio comes from the same minute. */
export async function measureLoads(bench: Bench): Promise<LoadRun[]> {
  const runs: LoadRun[] = [];
  for (let round = 1; round <= bench.options.rounds; round++) {
    for (const pps of bench.options.loads) {
      runs.push(await measureDirect(bench, pps, round));
      for (const relay of bench.relays) {
        const run = await measureRelay(bench, relay, pps, round);
        if (run !== null) runs.push(run);
      }
    }
  }
  return runs;
}

const callsFor = (pps: number): number => Math.ceil(pps / PPS_PER_CALL);

/** The generator alone, socket to socket: what it adds by itself. */
async function measureDirect(bench: Bench, pps: number, round: number): Promise<LoadRun> {
  const { batch, seconds } = bench.options;
  const directCalls = callsFor(pps);
  const before = readMachine();
  const traffic = await bench.generator.send({
    path: 'direct',
    pps,
    seconds: Math.min(DIRECT_SECONDS, seconds),
    batch,
    directCalls,
  });
  const machine = machineBetween(before, readMachine());
  const run = loadRun(DIRECT, pps, round, traffic, machine);
  report(bench, run);
  return run;
}

/** `finish`: asked of the relay when the load is over. */
export async function measureRelay(
  bench: Bench,
  relay: Relay,
  pps: number,
  round: number,
  finish: (running: RunningRelay) => Promise<void> = async () => {},
): Promise<LoadRun | null> {
  const { batch, seconds, warmupSeconds } = bench.options;
  return withRelay(bench, relay, async (running, pids) => {
    const { controlPort } = running;
    const setup = await setUpStanding(bench, relay, controlPort, callsFor(pps));
    const send = (length: number): Promise<TrafficResult> =>
      bench.generator.send({ path: 'relay', pps, seconds: length, batch, directCalls: 0 });
    const warmup = await send(warmupSeconds);
    const kernel = softirqThreads();
    const before = { cpu: readCpu(pids), softirq: readCpu(kernel), ticks: readTicksUs(pids), machine: readMachine() };
    const traffic = await send(seconds);
    const cpuUs = cpuBetweenUs(before.cpu, readCpu(pids));
    const softirqUs = cpuBetweenUs(before.softirq, readCpu(kernel));
    const tickUs = readTicksUs(pids) - before.ticks;
    const run: LoadRun = {
      ...loadRun(relay.name, pps, round, traffic, machineBetween(before.machine, readMachine())),
      failures: setup.failures,
      warmupLost: warmup.sent - warmup.received,
      cpuUsPerPacket: cpuUs / Math.max(1, traffic.received),
      tickUsPerPacket: tickUs / Math.max(1, traffic.received),
      softirqUsPerPacket: softirqUs / Math.max(1, traffic.received),
    };
    report(bench, run);
    if (bench.options.smoke) complainOfLoss(bench, run);
    await finish(running);
    return run;
  });
}

function loadRun(
  relay: string,
  pps: number,
  round: number,
  traffic: TrafficResult,
  machine: ReturnType<typeof machineBetween>,
): LoadRun {
  return {
    relay,
    pps,
    round,
    calls: callsFor(pps),
    failures: {},
    warmupLost: 0,
    traffic,
    cpuUsPerPacket: 0,
    tickUsPerPacket: 0,
    softirqUsPerPacket: 0,
    machineBusyPercent: machine.busyPercent,
    machineStolenPercent: machine.stolenPercent,
  };
}

function report(bench: Bench, { relay, pps, round, traffic, cpuUsPerPacket }: LoadRun): void {
  const cpu = relay === DIRECT ? '' : `${cpuUsPerPacket.toFixed(2)} us CPU per packet, `;
  const latency = `p50 ${traffic.p50Us} p99 ${traffic.p99Us} p999 ${traffic.p999Us} us`;
  bench.say(
    `load ${pps} pps, round ${round}, ${relay}: ${cpu}lost ${traffic.sent - traffic.received} of ${traffic.sent}, ${latency}`,
  );
}

function complainOfLoss(bench: Bench, { relay, pps, warmupLost, traffic }: LoadRun): void {
  const lost = traffic.sent - traffic.received;
  if (lost > 0) bench.complain(`${relay}: ${lost} of ${traffic.sent} packets lost at ${pps} pps (${traffic.strays} strays)`);
  if (traffic.repeated > 0) bench.complain(`${relay}: ${traffic.repeated} packets came twice at ${pps} pps`);
  if (warmupLost > 0) bench.complain(`${relay}: ${warmupLost} packets lost in the warm-up at ${pps} pps`);
  if (traffic.received === 0) bench.complain(`${relay}: no packet came through at ${pps} pps`);
}
