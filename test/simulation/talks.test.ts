/** What phones hear while calls are set up, changed, led into each other and ended, and while the relay that carries them dies. */
import { test } from 'node:test';
import fc from 'fast-check';
import { SIDES } from '../../model/session/side.js';
import type { Death } from '../../model/spec/driver.js';
import { checkHistories } from '../property/check.js';
import { CALLS, FIRST_LISTENER, PLACES, type TalkAction, Talks } from './talks.js';

const call = fc.nat(CALLS - 1);
const side = fc.constantFrom(...SIDES);
const place = fc.nat(PLACES - 1);
const held = fc.constant(null);

const moment = { afterMs: fc.nat(9), downMs: fc.constantFrom(0, 2, 60) };
const relayDeath = fc.record({ who: fc.constant<Death['who']>('relay'), ...moment });
const threadDeath = fc.record({ who: fc.nat(2).map((shard): Death['who'] => shard), ...moment });
const deaths = fc.oneof(fc.tuple(relayDeath), fc.tuple(threadDeath), fc.tuple(relayDeath, threadDeath));
const perhaps = fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: deaths });

const kind = <K extends TalkAction['kind']>(name: K) => fc.constant(name);
const action: fc.Arbitrary<TalkAction> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      ...{ kind: kind('describe'), call, side, verb: fc.constantFrom('U' as const, 'L' as const), deaths: perhaps },
      place: fc.oneof({ weight: 8, arbitrary: place }, { weight: 1, arbitrary: held }),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      ...{ kind: kind('speak'), call, side, packets: fc.constantFrom(1, 1, 3) },
      component: fc.constantFrom('rtp' as const, 'rtp' as const, 'rtp' as const, 'rtcp' as const),
      place: fc.oneof({ weight: 6, arbitrary: place }, { weight: 1, arbitrary: held }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ kind: kind('lead'), source: fc.nat(FIRST_LISTENER - 1), deaths: perhaps },
      listener: fc.integer({ min: FIRST_LISTENER, max: CALLS - 1 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: kind('end'), call, sides: fc.subarray([...SIDES], { minLength: 1 }), deaths: perhaps }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kind('wait'), slots: fc.constantFrom(1, 3, 8) }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('die'), deaths }) },
);

/** Every call is answered before the rest begins, so that there is somebody to be heard. */
const setUp: readonly TalkAction[] = Array.from({ length: CALLS }, (_, call) => [
  { kind: 'describe', call, side: 'caller', verb: 'U', place: 0, deaths: [] } as const,
  { kind: 'describe', call, side: 'callee', verb: 'L', place: 0, deaths: [] } as const,
]).flat();

test('whatever is signalled, spoken and moved, and whenever the relay dies, packets go where the rules of address learning say, forks too, and are counted', async () => {
  await checkHistories({
    ...{ name: 'talks', file: 'simulation/talks', runs: 150 },
    world: fc.record({ shards: fc.integer({ min: 1, max: 3 }), seed: fc.integer() }),
    histories: () => fc.array(action, { maxLength: 40, size: 'max' }),
    play: ({ shards, seed }, actions) => {
      const talks = new Talks(shards, seed);
      for (const one of [...setUp, ...actions]) talks.take(one);
      talks.end();
    },
  });
});
