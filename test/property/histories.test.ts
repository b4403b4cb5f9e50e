import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Death } from '../../model/spec/driver.js';
import { follow, type HistoryLimits, histories, QUIET_PROMPTS } from '../../model/spec/histories.js';
import { checkHistories } from './check.js';
import { PureDriver, settingOf } from './pureRelay.js';
import { soundingAs } from './sounding.js';

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

/** Some record, in one form or the other, and some do not. */
const RECORDING = { 1: null, 3: 'pcap', 40: 'ad-hoc' } as const;

const settingWith = (pairs: 1 | 3 | 40) => ({
  ...settingOf(pairs, TTL_MS, SETUP_TTL_MS),
  ...{ prompts: QUIET_PROMPTS, recording: RECORDING[pairs] },
});

async function play(setting: ReturnType<typeof settingWith>, seed: number, history: Parameters<typeof follow>[2]): Promise<void> {
  const { relay, recorder } = soundingAs(setting, seed);
  await follow(setting, new PureDriver(relay), history);
  assert.deepEqual(recorder.wrong, []);
}

for (const pairs of [1, 3, 40] as const) {
  test(`[PN-18 PN-21 SY-27 SY-28 CW-14 CW-16 CW-17 CW-18 CW-19 CW-20] a relay of ${pairs} port pairs answers any history as the oracle does`, async () => {
    const setting = settingWith(pairs);
    await checkHistories({
      ...{ name: `pure-${pairs}`, file: FILE, runs: 400 },
      world: fc.integer(),
      histories: (replayPath) => histories(LIMITS, replayPath),
      play: (seed, history) => play(setting, seed, history),
    });
  });
}

test('a relay that dies now and then, whole or its thread alone, and takes up what its log tells, answers any history as the oracle does', async () => {
  const setting = settingWith(3);
  const mortal = { deaths: fc.array(death, { minLength: 1, maxLength: 2 }), most: MOST_DEADLY };
  await checkHistories({
    ...{ name: 'pure-mortal', file: FILE, runs: 600 },
    world: fc.integer(),
    histories: (replayPath) => histories({ ...LIMITS, mortal }, replayPath),
    play: (seed, history) => play(setting, seed, history),
  });
});
