/** Subscriptions, and keys that the relay presses, as the log, the timeline, the ladder and an explanation tell them. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { formatLadder } from '../../src/relay/events/ladder.js';
import { wrongInRecord } from '../../src/relay/events/schema.js';
import { collectStory } from '../../src/relay/events/story.js';
import { describeRecord } from '../../src/relay/events/timeline.js';
import { explain } from '../../src/relay/explain/explain.js';
import { START_MS } from '../property/pureRelay.js';
import { entriesOf } from './explainGiven.js';
import { CALL } from './ngGiven.js';
import { ALICE, BOB, CAROL, MediaScene } from './ngMediaGiven.js';

const clock = (at: number): string => ((at - START_MS) / 1000).toFixed(1);

/** A call that carol is sent a copy of, and in which a key is pressed for bob. */
function copied(): MediaScene {
  const scene = MediaScene.talking();
  scene.subscribed(CAROL, { 'from-tag': 'alice', 'to-tag': 'carol' });
  for (let n = 0; n < 300; n++) {
    scene.arrive(scene.to.alice, ALICE, 'a');
    scene.arrive(scene.to.bob, BOB, 'b');
    scene.relay.advance(20);
  }
  deepEqual(scene.ask({ command: 'play DTMF', 'from-tag': 'bob', code: '#' }), { result: 'ok' });
  return scene;
}

test('the timeline tells whose media a subscriber is sent, and which keys were pressed', () => {
  const scene = copied();
  scene.accept({ 'to-tag': 'carol', sdp: 'm=audio 1 RTP/AVP 0' }, CAROL, () =>
    ['v=0', 'o=- 1 1 IN IP4 192.0.2.3', 's=-', 'c=IN IP4 192.0.2.3', 't=0 0', 'm=audio 6000 RTP/AVP 0', 'a=inactive', ''].join(
      '\r\n',
    ),
  );
  const lines = scene.relay.log.flatMap((record) => describeRecord(record, clock)).filter((line) => !line.includes(' => '));
  ok(
    lines.some((line) =>
      line.endsWith(
        'belongs to subscription of carol, media line 1, to what the caller sends as media line 1 of the dialogue of alice',
      ),
    ),
    lines.join('\n'),
  );
  ok(lines.some((line) => line.endsWith(`hears session alice;1 of call ${CALL}`)));
  ok(lines.some((line) => line.endsWith(`hears nothing of session alice;1 of call ${CALL}`)));
  ok(
    lines.some((line) => line.endsWith('caller is sent key # for 250 ms as 101 telephone-event as if the callee had pressed it')),
  );
});

test('every record of it is one that can be read again', () => {
  for (const record of copied().relay.log) equal(wrongInRecord(JSON.parse(JSON.stringify(record))), null);
});

test('the ladder draws keys, and names subscriptions', () => {
  const scene = copied();
  const story = { ...collectStory(entriesOf(scene.relay.log), CALL), live: [] };
  const lines = formatLadder(story, { width: 140, formatTime: clock }).join('\n');
  match(lines, /key # for 250 ms as 101 telephone-event/);
  match(lines, /subscription of carol/);
});

test('an explanation says what a subscription is, and finds nothing wrong with its silence', () => {
  const scene = copied();
  const { sessions } = explain({ ...collectStory(entriesOf(scene.relay.log), CALL), live: [] }, String);
  const copy = sessions.find(({ remarks }) => remarks.some(({ id }) => id === 'subscription'));
  deepEqual(copy?.causes, []);
  match(
    copy!.remarks.find(({ id }) => id === 'subscription')!.sentence,
    /^This is a subscription: carol is to be sent a copy of what the caller sends as media line 1\.$/,
  );
  const waiting = MediaScene.talking();
  waiting.subscribe({ 'to-tag': 'dave' });
  waiting.relay.advance(10_000);
  const told = explain({ ...collectStory(entriesOf(waiting.relay.log), CALL), live: [] }, String).sessions;
  const remarks = told.flatMap((each) => each.remarks).filter(({ id }) => id === 'subscription');
  equal(remarks.length, 2);
  match(remarks[0]!.sentence, /has not answered that yet, and nothing is sent/);
});
