/** When a session ends because nobody is heard: not before its time to live is over, and not a tick later. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SIDES, type Side } from '../../model/session/side.js';
import type { SessionState } from '../../model/session/state.js';
import { heardAt } from '../../src/relay/session/session.js';
import { TICK_MS } from '../../src/relay/timers/timingWheel.js';
import { act, fullStories } from './fullStories.js';
import { settingOf } from './pureRelay.js';
import { runs } from './runs.js';
import { sounding } from './sounding.js';

const SETTING = settingOf(8, 10_000, 3000);

/** When the session is to end if nothing more is heard: told by the README, not by the model. */
function endOf({ legs, ttlMs, setupTtlMs, independentTtl }: SessionState, heard: Readonly<Record<Side, number>>): number {
  const isComplete = legs.caller.local !== null && legs.callee.local !== null;
  const ends = SIDES.map((side) => heard[side] + (legs[side].ttlMs ?? (isComplete ? ttlMs : setupTtlMs)));
  return independentTtl ? Math.min(...ends) : Math.max(...ends);
}

for (const independentTtl of [false, true]) {
  test(`a session ends of the silence of ${independentTtl ? 'either side' : 'both sides'}, when that has lasted for the time to live and not before`, () => {
    let timeouts = 0;
    const property = fc.property(fullStories, fc.constantFrom(100, 700), (story, stepMs) => {
      const { relay, recorder } = sounding(SETTING, { independentTtl });
      const ends = new Map<number, number>();
      const look = (): void => {
        for (const session of relay.shard.directory.all())
          ends.set(session.session, endOf(session.snapshot.context, heardAt(session, relay.shard.counters)));
      };
      let taken = 0;
      const check = (): void => {
        for (const { session, events, at } of relay.records.slice(taken)) {
          const isTimeout = events.some((event) => event.type === 'SessionClosed' && event.reason === 'timeout');
          if (isTimeout) assert.ok(at >= ends.get(session)!, `session ${session} ends ${ends.get(session)! - at} ms too early`);
          if (isTimeout) timeouts++;
        }
        taken = relay.records.length;
        look();
      };
      for (const deed of story) {
        act(relay, deed, recorder);
        check();
        relay.advance(stepMs);
        check();
        for (const { session } of relay.shard.directory.all()) {
          const lateMs = relay.nowMs - ends.get(session)!;
          assert.ok(lateMs < TICK_MS, `session ${session} is to have ended ${lateMs} ms ago`);
        }
      }
    });
    fc.assert(property, { numRuns: runs(60) });
    assert.ok(timeouts > 0, 'nobody was silent for so long');
  });
}
