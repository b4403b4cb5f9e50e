import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Death } from '../../model/spec/driver.js';
import { follow, type HistoryLimits, histories, QUIET_PROMPTS } from '../../model/spec/histories.js';
import { packr } from '../../src/io/log/segment.js';
import { checkHistories } from '../property/check.js';
import { settingOf } from '../property/pureRelay.js';
import { SimulatedDriver, type SimulatedWorld } from './simulatedDriver.js';
import { talkThrough } from './talkThrough.js';
import type { Weather } from './world.js';

const FILE = 'simulation/histories';
/**
 * Time passes while a lost datagram is asked for again, and the oracle's clock stands still then: so times to live are long, and
 * the silences between so long that the difference cannot matter.
 */
const LIMITS: HistoryLimits = { maxCommands: 60, waitsMs: [800_000], ttlSeconds: [400, 1200, 2000, 10_000] };
const DRIFT_S = 300;
/** A relay that lives writes something down every two seconds; what comes in its place counts from there. */
const GAIN_S = 2;
const SETTING = {
  ...settingOf(4, 2_000_000, 1_200_000),
  ...{ ttlToleranceS: DRIFT_S, ttlGainS: GAIN_S, prompts: QUIET_PROMPTS, recording: 'pcap' as const },
};

const weather: fc.Arbitrary<Weather> = fc.record({
  lost: fc.constantFrom(0, 0.1, 0.3),
  duplicated: fc.constantFrom(0, 0.2, 0.5),
  shortestMs: fc.constantFrom(0, 5),
  longestMs: fc.constantFrom(5, 800),
});
const world: fc.Arbitrary<SimulatedWorld> = fc.record({
  sky: weather,
  shards: fc.integer({ min: 1, max: 4 }),
  seed: fc.integer(),
});

/** From the first moment of a command to long after it; while one is taking up, another may die. */
const momentMs = fc.oneof({ weight: 4, arbitrary: fc.nat(12) }, { weight: 1, arbitrary: fc.nat(1500) });
const downMs = fc.constantFrom(0, 1, 3, 40, 700);
const relayDeath = fc.record({ who: fc.constant<Death['who']>('relay'), afterMs: momentMs, downMs });
const threadDeath = fc.record({ who: fc.nat(3).map((shard): Death['who'] => shard), afterMs: momentMs, downMs });
/** A thread that dies over a command, and the next one, too: then the command is to blame and is given up. So one thread at most. */
const deaths = fc.oneof(
  fc.tuple(relayDeath),
  fc.tuple(threadDeath),
  fc.tuple(relayDeath, relayDeath),
  fc.tuple(threadDeath, relayDeath),
  fc.tuple(relayDeath, relayDeath, threadDeath),
);
const MOST_DEADLY = 6;

/** Until then a prompt was found that is sought again after a death. */
const SEEKING_MS = 50;

const isDefect = (warning: string): boolean => warning.startsWith('defect');

/** What dies while the calls that are left are spoken in. */
const LAST_DEATHS = [
  { who: 'relay', downMs: 40 },
  { who: 0, downMs: 3 },
] as const;

async function play(where: SimulatedWorld, history: Parameters<typeof follow>[2]): Promise<SimulatedDriver> {
  const driver = new SimulatedDriver(where, SETTING);
  await follow(SETTING, driver, history);
  driver.advance(SEEKING_MS);
  assert.deepEqual(driver.unplayed(), []);
  talkThrough(driver, LAST_DEATHS[where.seed & 1]!);
  assert.deepEqual(driver.relay.broken, []);
  assert.deepEqual(driver.relay.warnings.filter(isDefect), []);
  return driver;
}

test('over a network that loses, doubles and reorders commands and replies, the relay answers any history as the oracle does', async () => {
  let repeated = 0;
  let asked = 0;
  await checkHistories({
    ...{ name: 'simulated', file: FILE, runs: 200, world },
    histories: (replayPath) => histories(LIMITS, replayPath),
    play: async (where, history) => {
      const { client } = await play(where, history);
      asked += client.asked;
      repeated += client.sent - client.asked;
    },
  });
  if (asked > 0) assert.ok(repeated > 0, 'no command had to be repeated: the weather was too fair to show anything');
});

test('the same, where the relay and its threads die at any moment and come back: each command is carried out once, and the log tells what is there', async () => {
  await checkHistories({
    ...{ name: 'simulated-mortal', file: FILE, runs: 300, world },
    histories: (replayPath) => histories({ ...LIMITS, mortal: { deaths, most: MOST_DEADLY } }, replayPath),
    play: async (where, history) => {
      await play(where, history);
    },
  });
});

test('the same seed makes the same log to the last byte, whatever dies meanwhile', async () => {
  await checkHistories({
    ...{ name: 'simulated-twice', file: FILE, runs: 60, world },
    histories: (replayPath) => histories({ ...LIMITS, mortal: { deaths, most: MOST_DEADLY } }, replayPath),
    play: async (where, history) => {
      const [first, second] = [await play(where, history), await play(where, history)];
      assert.deepEqual(bytesOf(first), bytesOf(second));
    },
  });
});

/** The whole log of a relay, segment by segment. */
const bytesOf = ({ relay }: SimulatedDriver): Buffer[] =>
  relay.log.runs.flatMap(({ run, shards }) =>
    [...shards.values()].map(({ shard, segments, records }) =>
      Buffer.concat([`${run} ${shard} ${segments}\n`, ...records].map((each) => packr.pack(each))),
    ),
  );
