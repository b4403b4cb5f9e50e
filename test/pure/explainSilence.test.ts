import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CALL, CALLEE, CALLER, causesOf, first, healthy, remarksOf, Scene, TTL_MS } from './explainGiven.js';

test('a call in which both sides were heard has no cause, and says how much was lost', () => {
  const session = healthy(Scene.answered().both(4000).hangUp());
  assert.equal(session.verdict, "Both sides were heard: 0 % of the caller's packets lost, 0 % of the callee's packets lost.");
  assert.deepEqual(session.remarks, []);
  const { caller } = session.legs;
  assert.equal(caller.rtp.received, 200);
  assert.equal(caller.out, 200);
  assert.deepEqual(caller.seen?.codecs, [{ payloadType: 0, name: 'PCMU' }]);
  assert.equal(caller.seen?.address, CALLER);
});

test('a call that is still there is explained by what the relay says of it now', () => {
  const session = healthy(Scene.answered().both(3000));
  assert.equal(session.isLive, true);
  assert.equal(session.legs.callee.rtp.received, 150);
});

test('a call that has only just begun, or was short, is nothing to wonder about', () => {
  healthy(Scene.answered());
  healthy(Scene.answered().wait(1000).hangUp());
});

test('one side that has sent nothing since the answer', () => {
  const session = first(
    Scene.answered().speak('caller', 4000).hangUp(),
    'silent',
    'callee',
    /callee has sent nothing.* no packet came/,
  );
  assert.deepEqual(causesOf(session), ['silent']);
  assert.match(session.causes[0]!.evidence.join(), /198\.51\.100\.2:6000.*caller was heard until the end/);
  first(Scene.answered().speak('callee', 4000), 'silent', 'caller', /caller has sent nothing/);
});

test('one side that went silent in the middle, and when', () => {
  const scene = Scene.answered().both(4000).speak('caller', 20_000).hangUp();
  const session = first(
    scene,
    'went-silent',
    'callee',
    /heard until 03:04:10\.\d+, and has sent nothing in the 20 s until the end/,
  );
  assert.deepEqual(causesOf(session), ['went-silent']);
  assert.ok(session.changes.some(({ text }) => text === 'last packet of the callee'));
});

test('a side that stops a moment before the end has not gone silent', () => {
  healthy(Scene.answered().both(4000).speak('caller', 3000).hangUp());
});

test('neither side has sent anything', () => {
  const session = first(Scene.answered().wait(10_000).hangUp(), 'both-silent', null, /Neither side has sent any RTP/);
  assert.deepEqual(causesOf(session), ['both-silent']);
});

test('both sides went silent, and who did first', () => {
  const scene = Scene.answered().both(3000).speak('caller', 2000).wait(30_000).hangUp();
  const session = first(scene, 'both-silent', null, /fell silent: the callee at 03:04:09\.\d+, the caller at 03:04:11/);
  assert.deepEqual(causesOf(session), ['both-silent']);
});

test('silence for the time to live: who fell silent first, and the time that was in force', () => {
  const scene = Scene.answered()
    .both(3000)
    .speak('caller', 2000)
    .wait(TTL_MS + 2000);
  const session = first(scene, 'timeout', 'callee', /after 60 s without packets: the callee fell silent first, at 03:04:09/);
  assert.deepEqual(causesOf(session), ['timeout']);
  assert.equal(session.closeReason, 'timeout');
});

test('where each side alone keeps a call, silence of one ends it', () => {
  const scene = Scene.answered(CALLER, CALLEE, { special: { options: { independentTtl: true } } });
  scene.both(3000).speak('caller', TTL_MS + 3000);
  first(scene, 'timeout', 'callee', /60 s without packets of the callee \(-i/);
});

test('a time to live by command is the one that is told', () => {
  const scene = Scene.answered().both(3000);
  scene.relay.send(`U ${CALL} 203.0.113.1 4000 alice bob && S ttl=20`);
  first(scene.wait(25_000), 'timeout', 'caller', /after 20 s without packets/);
});

test('one side has put the call on hold', () => {
  const scene = Scene.answered().both(3000);
  scene.relay.send(`U ${CALL} 0.0.0.0 4000 alice bob`);
  const session = first(scene.wait(20_000).hangUp(), 'hold', null, /caller has put the call on hold/);
  assert.deepEqual(causesOf(session), ['hold']);
});

test('a side that does not hear the other one, which has put it on hold', () => {
  const scene = Scene.answered().both(3000);
  scene.relay.send(`L ${CALL} 0.0.0.0 6000 alice bob`);
  const session = first(scene.speak('callee', 20_000), 'hold', 'caller', /callee has put the call on hold/);
  assert.deepEqual(causesOf(session), ['hold']);
});

test('both sides are on hold', () => {
  const scene = Scene.answered().both(3000);
  scene.relay.send(`U ${CALL} 0.0.0.0 4000 alice bob`);
  scene.relay.send(`L ${CALL} 0.0.0.0 6000 alice bob`);
  first(scene.wait(20_000), 'hold', null, /Both sides have put the call on hold/);
});

test('a side that was silent long before the call was put on hold is a cause of its own', () => {
  const scene = Scene.answered().speak('caller', 20_000);
  scene.relay.send(`U ${CALL} 0.0.0.0 4000 alice bob`);
  assert.deepEqual(causesOf(scene.wait(20_000).explained()), ['hold', 'silent']);
});

test('hold that was taken back is no cause', () => {
  const scene = Scene.answered().both(3000);
  scene.relay.send(`U ${CALL} 0.0.0.0 4000 alice bob`);
  scene.wait(15_000);
  scene.relay.send(`U ${CALL} 203.0.113.1 4000 alice bob`);
  const session = healthy(scene.both(3000).hangUp());
  assert.equal(session.legs.caller.signalled.holds, 1);
});

test('a long silence in the middle, where nobody was on hold', () => {
  const scene = Scene.answered().both(3000).speak('caller', 9000).both(3000).hangUp();
  first(scene, 'pause', 'callee', /callee sent nothing for 9 s/);
});

test('packets that are lost before they come here', () => {
  const scene = Scene.answered();
  for (let i = 0; i < 200; i++) {
    if (i % 10 > 0) scene.arrive('callee', i);
    scene.arrive('caller', i);
    scene.relay.advance(20);
  }
  first(scene.hangUp(), 'loss', 'callee', /^9\.\d % of what the callee sent was lost/);
});

test('what is no RTP', () => {
  const scene = Scene.answered();
  for (let i = 0; i < 150; i++) {
    scene.arrive('caller', i);
    scene.relay.arrive(
      scene.relay.rowAt(scene.ports.callee),
      { host: '198.51.100.2', port: 6000 as never },
      Uint8Array.of(1, 2, 3),
    );
    scene.relay.advance(20);
  }
  first(scene.hangUp(), 'not-rtp', 'callee', /no RTP/);
});

test('a packet or two before the answer are worth a word, a second of them is a cause', () => {
  const early = (ms: number): Scene => {
    const scene = new Scene().offer(CALLER);
    scene.speak('callee', ms);
    return scene.answer(CALLEE).both(3000).hangUp();
  };
  assert.deepEqual(remarksOf(healthy(early(200))), ['early-packets']);
  first(early(3000), 'early-packets', 'callee', /Before the answer \(L\) 150 packets of the callee came/);
});
