import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Driver } from '../../model/spec/driver.js';
import { follow, histories } from '../../model/spec/histories.js';
import { portRange } from '../../src/relay/portalloc/portTable.js';
import { START_MS, settingOf } from '../property/pureRelay.js';
import { runs } from '../property/runs.js';
import { ControlClient } from './controlClient.js';
import { SimulatedRelay } from './simulatedRelay.js';
import { SimulatedNetwork, SimulatedTime, type Weather } from './world.js';

/**
 * Time passes while a lost datagram is asked for again, and the oracle's clock stands still then: so times to live are long, and
 * the silences between so long that the difference cannot matter.
 */
const WAITS_MS = [800_000];
const TTL_SECONDS = [400, 1200, 2000, 10_000];
const DRIFT_S = 300;
const SETTING = { ...settingOf(4, 2_000_000, 1_200_000), ttlToleranceS: DRIFT_S };

class SimulatedDriver implements Driver {
  readonly time = new SimulatedTime(START_MS);
  readonly network: SimulatedNetwork;
  readonly relay: SimulatedRelay;
  readonly client: ControlClient;

  constructor(weather: Weather, shards: number, seed: number) {
    this.network = new SimulatedNetwork(this.time, weather, seed);
    this.relay = new SimulatedRelay(this.network, portRange(SETTING.first, SETTING.last + 1), shards, SETTING);
    this.client = new ControlClient(this.network, 5000);
  }

  send(command: string): string {
    return this.client.ask(command);
  }

  advance(ms: number): void {
    this.time.runFor(ms);
  }

  heldPairs(): number {
    return this.relay.sockets.length / 2;
  }
}

const weather: fc.Arbitrary<Weather> = fc.record({
  lost: fc.constantFrom(0, 0.1, 0.3),
  duplicated: fc.constantFrom(0, 0.2, 0.5),
  shortestMs: fc.constantFrom(0, 5),
  longestMs: fc.constantFrom(5, 800),
});

test('over a network that loses, doubles and reorders commands and replies, the relay answers any history as the oracle does', async () => {
  let repeated = 0;
  const property = fc.asyncProperty(
    weather,
    fc.integer({ min: 1, max: 4 }),
    fc.integer(),
    histories({ maxCommands: 60, waitsMs: WAITS_MS, ttlSeconds: TTL_SECONDS }),
    async (sky, shards, seed, history) => {
      const driver = new SimulatedDriver(sky, shards, seed);
      await follow(SETTING, driver, history);
      assert.deepEqual(driver.relay.broken, []);
      repeated += driver.client.sent - driver.client.asked;
    },
  );
  await fc.assert(property, { numRuns: runs(200) });
  assert.ok(repeated > 0, 'no command had to be repeated: the weather was too fair to show anything');
});
