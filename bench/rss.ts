import { setTimeout as wait } from 'node:timers/promises';
import { type Bench, type RssRun, setUpStanding, warmUpControl, withRelay } from './bench.js';
import { readRssBytes } from './measure.js';

const SETTLE_MS = 1500;

/** How resident memory grows with sessions that stand, without media. */
export async function measureRss(bench: Bench): Promise<RssRun[]> {
  const runs: RssRun[] = [];
  for (const relay of bench.relays) {
    const run = await withRelay(bench, relay, async ({ controlPort }, pids) => {
      await warmUpControl(bench, relay, controlPort);
      await wait(SETTLE_MS);
      const baseBytes = readRssBytes(pids);
      const steps: RssRun['steps'][number][] = [];
      let standing = 0;
      for (const wanted of bench.options.rssCalls) {
        const setup = await setUpStanding(bench, relay, controlPort, wanted - standing);
        if (setup.failed > 0) throw new Error(`memory is not measured: ${setup.failed} calls failed`);
        standing = wanted;
        await wait(SETTLE_MS);
        const bytes = readRssBytes(pids);
        steps.push({ sessions: wanted, bytes, growthPerSessionBytes: (bytes - baseBytes) / wanted });
        bench.say(`memory, ${relay.name}: ${wanted} sessions, ${((bytes - baseBytes) / wanted / 1000).toFixed(1)} KB each`);
      }
      return { relay: relay.name, baseBytes, steps };
    });
    if (run !== null) runs.push(run);
  }
  return runs;
}
