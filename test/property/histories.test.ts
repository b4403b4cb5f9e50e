import { test } from 'node:test';
import fc from 'fast-check';
import type { Death } from '../../model/spec/driver.js';
import { follow, type HistoryLimits, histories } from '../../model/spec/histories.js';
import { checkHistories } from './check.js';
import { PureDriver, PureRelay, settingOf } from './pureRelay.js';

const FILE = 'property/histories';
/** Waits of two seconds: no sum of them lies within the second after either time to live, where both answers are right. */
const LIMITS: HistoryLimits = { maxCommands: 100, waitsMs: [2000, 4000], ttlSeconds: [3, 7, 61] };
const TTL_MS = 9000;
const SETUP_TTL_MS = 5000;

/** The second death finds the log of the first, and so on. */
const MOST_DEADLY = 5;

/** Before a command or after it; time goes on meanwhile, but not for the sessions. */
const death = fc.record({
  who: fc.constantFrom<Death['who'][]>('relay', 0),
  afterMs: fc.constantFrom(0, 1),
  downMs: fc.constantFrom(0, 1, 300, 12_345),
});

for (const pairs of [1, 3, 40]) {
  test(`[PN-18 PN-21 SY-27 SY-28 CW-14 CW-16 CW-17 CW-18 CW-19 CW-20] a relay of ${pairs} port pairs answers any history as the oracle does`, async () => {
    const setting = settingOf(pairs, TTL_MS, SETUP_TTL_MS);
    await checkHistories({
      ...{ name: `pure-${pairs}`, file: FILE, runs: 400 },
      world: fc.integer(),
      histories: (replayPath) => histories(LIMITS, replayPath),
      play: (seed, history) => follow(setting, new PureDriver(new PureRelay(setting, seed)), history),
    });
  });
}

test('a relay that dies now and then, whole or its thread alone, and takes up what its log tells, answers any history as the oracle does', async () => {
  const setting = settingOf(3, TTL_MS, SETUP_TTL_MS);
  const mortal = { deaths: fc.array(death, { minLength: 1, maxLength: 2 }), most: MOST_DEADLY };
  await checkHistories({
    ...{ name: 'pure-mortal', file: FILE, runs: 600 },
    world: fc.integer(),
    histories: (replayPath) => histories({ ...LIMITS, mortal }, replayPath),
    play: (seed, history) => follow(setting, new PureDriver(new PureRelay(setting, seed)), history),
  });
});
