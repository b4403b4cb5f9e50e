/** Keys in a stream, whenever its packets arrive: the receiver finds one stream without a gap, and every key whole. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKey, isOneStream, keyOf, press } from '../pure/keysGiven.js';
import { type Heard, LISTENER, PlayedScene } from '../pure/playersGiven.js';
import { runs } from './runs.js';

const PACKET_TICKS = 160;

type Act =
  /** A packet of the sender, so many milliseconds behind the one before; its clock says 20 ms, or more behind silence. */
  | { readonly kind: 'say'; readonly afterMs: number; readonly silenceMs: number }
  | { readonly kind: 'press'; readonly code: number; readonly durationMs: number; readonly pauseMs: number }
  | { readonly kind: 'pass'; readonly ms: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      kind: fc.constant('say' as const),
      afterMs: fc.oneof({ weight: 5, arbitrary: fc.constant(20) }, fc.nat(60)),
      silenceMs: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.nat(400)),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('press' as const),
      code: fc.nat(15),
      durationMs: fc.constantFrom(100, 105, 250, 600),
      pauseMs: fc.constantFrom(100, 250),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(500) }) },
);

type Pressed = { readonly code: number; readonly durationMs: number };

/** The keys in what was heard, by their first packets. */
function keysIn(heard: readonly Heard[]): readonly (readonly Heard[])[] {
  const keys: Heard[][] = [];
  for (const one of heard.filter(isKey)) {
    if (one.marker) keys.push([one]);
    else keys.at(-1)!.push(one);
  }
  return keys;
}

function areWhole(heard: readonly Heard[], pressed: readonly Pressed[]): void {
  const keys = keysIn(heard);
  equal(keys.length, pressed.length, 'every key, once');
  for (const [i, key] of keys.entries()) {
    const events = key.map(keyOf);
    const { code, durationMs } = pressed[i]!;
    ok(events.every((event) => event.code === code));
    const ends = events.filter((event) => event.ends);
    deepEqual(
      ends.map((event) => event.duration),
      Array(3).fill(durationMs * 8),
    );
    equal(events.length, Math.ceil(durationMs / 20) + 2);
  }
}

test('keys among packets that come when they like: no number is missing or there twice, and no key is torn', () => {
  const acts = fc.array(act, { minLength: 5, maxLength: 120 });
  const property = fc.property(acts, fc.nat(0xffff), fc.nat(0xffff_ffff), (all, sequence, timestamp) => {
    const scene = new PlayedScene();
    const pressed: Pressed[] = [];
    let [sent, clock] = [0, timestamp];
    const say = (): void => {
      scene.say({ sequence: sequence + sent, timestamp: clock });
      sent++;
      clock = (clock + PACKET_TICKS) >>> 0;
    };
    // The listener knows the stream before the first key.
    say();
    scene.pass(20);
    for (const one of all) {
      if (one.kind === 'pass') {
        scene.pass(one.ms);
        clock = (clock + one.ms * 8) >>> 0;
      } else if (one.kind === 'press') {
        if (press(scene, one) === null) pressed.push(one);
      } else {
        scene.pass(one.afterMs + one.silenceMs);
        clock = (clock + one.silenceMs * 8) >>> 0;
        say();
      }
    }
    scene.pass(60_000);
    clock = (clock + 60_000 * 8) >>> 0;
    for (let n = 0; n < 5; n++) {
      say();
      scene.pass(20);
    }
    const heard = scene.heard(LISTENER);
    isOneStream(heard, 70_000 * 8);
    areWhole(heard, pressed);
    equal(heard.filter((each) => !isKey(each)).length >= 6, true, 'and sound is heard behind them');
  });
  fc.assert(property, { numRuns: runs(150) });
});
