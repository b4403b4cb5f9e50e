/** Whatever has happened to a call, and whatever of its log is left: something is said of it, and nothing that is not so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { otherSide, SIDES } from '../../model/session/side.js';
import type { LogRecord } from '../../src/relay/events/record.js';
import { collectStory } from '../../src/relay/events/story.js';
import { SILENCE_MS } from '../../src/relay/explain/evidence.js';
import { type Explanation, explain } from '../../src/relay/explain/explain.js';
import { formatExplanation, formatJson } from '../../src/relay/explain/format.js';
import { CALL, entriesOf, formatTime, Scene } from '../pure/explainGiven.js';
import { NOTIFYING, PureRelay, settingOf } from './pureRelay.js';
import { runs } from './runs.js';
import { act, stories } from './stories.js';

const SETTING = settingOf(6, 10_000, 3000);

const callsIn = (log: readonly LogRecord[]): string[] => [
  ...new Set(log.flatMap((record) => ('call' in record ? record.call : []))),
];

/** What holds of everything that is said. */
function isSound(explanation: Explanation): void {
  const lines = formatExplanation(explanation, formatTime);
  for (const line of lines) assert.match(line, /^[ -~]*$/);
  assert.deepEqual(JSON.parse(formatJson(explanation)), explanation);
  for (const side of SIDES) {
    const told = lines.filter((line) => line === `  ${side}`).length;
    assert.equal(told, explanation.sessions.length, `the ${side} is not told of in each session`);
  }
  for (const { causes, legs, verdict } of explanation.sessions) {
    assert.notEqual(verdict, '');
    const weights = causes.map(({ weight }) => weight);
    assert.deepEqual(
      weights,
      weights.toSorted((a, b) => b - a),
    );
    for (const { id, side } of causes) {
      if (side === null) continue;
      if (id === 'silent' || id === 'private-address' || id === 'no-destination') assert.equal(legs[side].rtp.received, 0, id);
      if (id === 'went-silent') assert.ok((legs[side].silentForMs ?? 0) >= SILENCE_MS);
    }
  }
}

test('any history of a relay is explained, of every call, and each side of it is told of', () => {
  const property = fc.property(stories, (story) => {
    const relay = new PureRelay(SETTING, 1, NOTIFYING);
    for (const one of story) act(relay, one);
    const live = [...relay.shard.directory.all()].map((session) => ({ ...relay.shard.snapshotOf(session), seq: 0, shard: 0 }));
    for (const call of callsIn(relay.log)) {
      const told = { ...collectStory(entriesOf(relay.log), call), live: live.filter((one) => one.call === call) };
      const explanation = explain(told, formatTime);
      isSound(explanation);
      for (const { problems } of explanation.sessions) assert.deepEqual(problems, []);
    }
  });
  fc.assert(property, { numRuns: runs(150) });
});

test('so is what is left of a log of which records are missing', () => {
  const property = fc.property(stories, fc.array(fc.nat(9), { minLength: 1 }), (story, holes) => {
    const relay = new PureRelay(SETTING, 1, NOTIFYING);
    for (const one of story) act(relay, one);
    const left = relay.log.filter((_, i) => holes[i % holes.length] !== 0);
    for (const call of callsIn(left)) isSound(explain(collectStory(entriesOf(left), call), formatTime));
  });
  fc.assert(property, { numRuns: runs(100) });
});

/** What may be true of the other side, and of where a side is, while it goes on speaking. */
const circumstances = fc.record({
  side: fc.constantFrom(...SIDES),
  /** What was signalled of it. */
  signalled: fc.constantFrom('203.0.113.7:4000', '10.0.0.7:4000', '203.0.113.7:4002', null),
  other: fc.constantFrom('198.51.100.2:6000', '10.9.9.9:6000', '0.0.0.0:6000', null),
  /** What the other side does. */
  speech: fc.constantFrom('all', 'nothing', 'half', 'elsewhere', 'stranger'),
  letters: fc.constantFrom('', 'a', 's'),
  seconds: fc.integer({ min: 3, max: 20 }),
  ending: fc.constantFrom('live', 'deleted', 'purged'),
});

test('a side that is heard all the time is never a cause, whatever the other one does', () => {
  const property = fc.property(circumstances, ({ side, signalled, other, speech, letters, seconds, ending }) => {
    const places = { [side]: signalled, [otherSide(side)]: other };
    const letter = { [side === 'caller' ? 'answer' : 'offer']: letters };
    const scene = Scene.answered(places['caller'], places['callee'], letter);
    const from = { from: '203.0.113.7:4000' };
    for (let i = 0; i < seconds; i++) {
      const isSpoken =
        speech === 'all' || (speech === 'half' && i < seconds / 2) || speech === 'elsewhere' || speech === 'stranger';
      const place = speech === 'elsewhere' || (speech === 'stranger' && i > 0) ? '198.51.100.99:6000' : '198.51.100.2:6000';
      const theirs = { from: place, ssrc: i > 0 && speech === 'stranger' ? 9 : 8 };
      if (!isSpoken) scene.speak(side, 1000, from);
      else if (side === 'caller') scene.both(1000, from, theirs);
      else scene.both(1000, theirs, from);
    }
    if (ending === 'deleted') scene.hangUp();
    if (ending === 'purged') scene.relay.send('X');
    const explanation = explain(scene.story(), formatTime);
    isSound(explanation);
    assert.equal(explanation.call, CALL);
    const [session] = explanation.sessions;
    assert.equal(session?.legs[side].rtp.received, seconds * 50);
    assert.deepEqual(
      session?.causes.filter((cause) => cause.side === side),
      [],
    );
  });
  fc.assert(property, { numRuns: runs(60) });
});
