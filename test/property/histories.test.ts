import { test } from 'node:test';
import fc from 'fast-check';
import { follow, histories } from '../../model/spec/histories.js';
import { PureRelay, settingOf } from './pureRelay.js';
import { runs } from './runs.js';

/** Waits of two seconds: no sum of them lies within the second after either time to live, where both answers are right. */
const WAITS_MS = [2000, 4000];
const TTL_SECONDS = [3, 7, 61];
const TTL_MS = 9000;
const SETUP_TTL_MS = 5000;

for (const pairs of [1, 3, 40]) {
  test(`[PN-18 PN-21 SY-27 SY-28 CW-14 CW-16 CW-17 CW-18 CW-19 CW-20] a relay of ${pairs} port pairs answers any history as the oracle does`, async () => {
    const setting = settingOf(pairs, TTL_MS, SETUP_TTL_MS);
    const property = fc.asyncProperty(
      fc.integer(),
      histories({ maxCommands: 100, waitsMs: WAITS_MS, ttlSeconds: TTL_SECONDS }),
      (seed, history) => follow(setting, new PureRelay(setting, seed), history),
    );
    await fc.assert(property, { numRuns: runs(400) });
  });
}
