import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectStory } from '../../src/relay/events/story.js';
import { explain } from '../../src/relay/explain/explain.js';
import { CALL, CALLEE, CALLER, causesOf, entriesOf, first, formatTime, healthy, Scene } from './explainGiven.js';

test('only one leg was ever opened: no answer', () => {
  const waiting = first(new Scene().offer(CALLER).wait(5000), 'no-answer', null, /never answered.*waiting for 5 s/);
  assert.deepEqual(causesOf(waiting), ['no-answer']);
  assert.match(waiting.causes[0]!.evidence.join(), /nothing was signalled of the callee/);
  first(new Scene().offer(CALLER).wait(40_000), 'no-answer', null, /ended after 30 s without one/);
  const cancelled = new Scene().offer(CALLER).wait(5000);
  cancelled.relay.send(`D ${CALL} alice`);
  assert.equal(first(cancelled, 'no-answer', null, /never answered/).causes[0]!.advice, null);
});

test('packets before an answer that never came', () => {
  const scene = new Scene().offer(CALLER).speak('callee', 5000);
  const session = first(
    scene,
    'early-packets',
    'callee',
    /callee sends, but no answer \(L\) came by: 250 packets were thrown away/,
  );
  assert.deepEqual(causesOf(session), ['early-packets', 'no-answer']);
  assert.match(session.causes[0]!.advice ?? '', /proxy sends the answer/);
});

test('an answer whose tags fit no session', () => {
  const scene = new Scene().offer(CALLER).wait(1000);
  assert.equal(scene.relay.send(`L ${CALL} 198.51.100.2 6000 carol bob`), '0');
  const session = first(scene.wait(5000), 'command-refused', null, /answered 0 to L at .*No session fits/);
  assert.match(session.causes[0]!.evidence.join(), /carol bob/);
});

test('an answer for which there was no port', () => {
  const scene = new Scene().offer(CALLER).wait(1000);
  scene.relay.engine.failure = 'EMFILE';
  assert.equal(scene.relay.send(`L ${CALL} 198.51.100.2 6000 alice bob`), 'E71');
  first(scene.wait(5000), 'no-port', null, /no free port pair at 03:04:06/);
});

test('an offer for which there was no port, again and again, is one explanation', () => {
  const scene = new Scene();
  scene.relay.engine.failure = 'EMFILE';
  for (let i = 0; i < 3; i++) assert.equal(scene.relay.send(`U ${CALL} 203.0.113.1 ${4000 + i} alice`), 'E72');
  const session = first(scene, 'no-port', null, /no free port pair/);
  assert.match(session.causes[0]!.evidence.join(), /3 commands refused/);
});

test('a call that was refused before it had a session', () => {
  const scene = new Scene();
  scene.relay.drain();
  const reply = scene.relay.send(`U ${CALL} 203.0.113.1 4000 alice`);
  const { sessions, failed } = explain(scene.story(), formatTime);
  assert.deepEqual(sessions, []);
  // The dispatcher may refuse it before any media thread hears of it: then no log knows.
  for (const one of failed) assert.equal(one.reply, reply);
});

test('a side that sends what the other one has not offered', () => {
  const scene = Scene.answered(CALLER, CALLEE, { offer: 'c8,101', answer: 'c8,101' }).both(
    4000,
    { payloadType: 8 },
    { payloadType: 0 },
  );
  const session = first(scene.hangUp(), 'codec-mismatch', 'callee', /callee sends PCMU, which the caller has not offered/);
  assert.deepEqual(causesOf(session), ['codec-mismatch']);
  assert.match(session.causes[0]!.evidence.join(), /caller offers PCMA, payload type 101/);
});

test('sides that have no codec in common', () => {
  const silent = Scene.answered(CALLER, CALLEE, { offer: 'c0,8', answer: 'c18' }).wait(5000).hangUp();
  first(silent, 'codec-mismatch', null, /no codec in common: the caller offers PCMU, PCMA, the callee G729/);
  // Numbers that only the SDP explains may mean the same.
  healthy(
    Scene.answered(CALLER, CALLEE, { offer: 'c96', answer: 'c111' })
      .both(3000, { payloadType: 111 }, { payloadType: 96 })
      .hangUp(),
  );
});

test('digits and comfort noise between packets of an offered codec are no mismatch', () => {
  const scene = Scene.answered(CALLER, CALLEE, { offer: 'c0', answer: 'c0' }).both(3000);
  healthy(scene.both(3000, { payloadType: 13 }, { payloadType: 101 }).hangUp());
});

test('a session into which another one is led: what its sides say themselves is not heard', () => {
  const scene = Scene.answered();
  scene.relay.send('U call-2@a 203.0.113.9 4000 carol');
  scene.relay.send('L call-2@a 203.0.113.9 5000 carol dave');
  assert.match(scene.relay.send(`U ${CALL} - 1 alice bob && C call-2@a carol dave`), /^\d+/);
  const session = first(scene.both(4000), 'forked', null, /hear session carol of call call-2@a/);
  assert.deepEqual(causesOf(session), ['forked']);
});

test('ends that are the fault of the relay', () => {
  const endings = [
    ['defect', 'defect', /bug/],
    ['port-lost', 'port-lost', /one of the ports/],
    ['set-aside', 'set-aside', /made its media thread die/],
  ] as const;
  for (const [reason, id, text] of endings) first(Scene.answered().both(3000).command({ type: 'Close', reason }), id, null, text);
  healthy(Scene.answered().both(3000).command({ type: 'Close', reason: 'shutdown' }));
  healthy(Scene.answered().both(3000).command({ type: 'Close', reason: 'purged' }));
});

test('the explanation has the answers of the control socket that opened nothing', () => {
  const scene = Scene.answered().both(3000);
  scene.relay.send(`L ${CALL} 198.51.100.2 6000 nobody bob`);
  const { failed } = explain(collectStory(entriesOf(scene.relay.log), CALL), formatTime);
  assert.deepEqual(
    failed.map(({ reply, meaning }) => [reply, meaning]),
    [['0', 'No session fits its Call-ID and tags.']],
  );
});
