/** What media threads have to say when they end is heard to the last word. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { ENGINE_NAMES } from '../../src/media/engine.js';
import { lackOf } from '../rig/engineDriver.js';
import { callOn, startThreads } from '../rig/threadScene.js';

const BOUND = { timeout: 30_000 };
const ROUNDS = 6;

for (const name of ENGINE_NAMES) {
  test(`${name}: when the relay ends, each session that lived until then is told of`, BOUND, async (t) => {
    const reason = await lackOf(name);
    if (reason !== null) return t.skip(reason);
    for (let round = 0; round < ROUNDS; round++) {
      const { threads, accounts, ask, warnings } = await startThreads(t, name, { setting: { accounting: true } });
      const calls = Array.from({ length: 36 }, (_, i) => callOn(i % 2, `call-${i}`));
      const replies = await Promise.all(calls.map((call) => ask(`U ${call} - 0 f`)));
      equal(replies.filter((reply) => /^\d+ /.test(reply)).length, calls.length);
      equal(await ask(`D ${calls[0]} f`), '0');
      await threads.stop();
      deepEqual(accounts.map(({ call }) => call).sort(), [...calls].sort(), `round ${round}`);
      deepEqual(warnings, []);
    }
  });
}
