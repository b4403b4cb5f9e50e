import assert from 'node:assert/strict';
import { test } from 'node:test';
import { address } from './modelGiven.js';
import { NgScene, packetOf, placesIn, portsOf, remoteOf, sdpOf } from './ngGiven.js';

test('[NG-03] an offer and its answer come back with the ports of the relay, and all else as it was', () => {
  const scene = new NgScene();
  const offered = scene.offer('192.0.2.1', 4000);
  assert.equal(offered['result'], 'ok');
  const [toBob] = placesIn(offered['sdp']);
  assert.match(toBob ?? '', /^127\.0\.0\.1:2\d{4}$/);
  assert.equal(
    offered['sdp'],
    sdpOf('192.0.2.1', 4000)
      .replace('c=IN IP4 192.0.2.1', 'c=IN IP4 127.0.0.1')
      .replace('m=audio 4000', `m=audio ${toBob?.split(':')[1]}`),
  );
  const answered = scene.answer('192.0.2.2', 5000);
  const [toAlice] = placesIn(answered['sdp']);
  assert.equal(`127.0.0.1:${scene.state.legs.caller.local?.port}`, toAlice);
  assert.equal(`127.0.0.1:${scene.state.legs.callee.local?.port}`, toBob);
  assert.deepEqual([remoteOf(scene.state, 'caller'), remoteOf(scene.state, 'callee')], ['192.0.2.1:4000', '192.0.2.2:5000']);
  assert.deepEqual(scene.state.dialogue?.tags, { caller: 'alice', callee: 'bob' });
});

test('the same offer again gives the same description, before and after it is answered, and so does the same answer', () => {
  const scene = new NgScene();
  const first = scene.offer('192.0.2.1', 4000);
  assert.deepEqual(scene.offer('192.0.2.1', 4000), first);
  const answered = scene.answer('192.0.2.2', 5000);
  assert.deepEqual(scene.answer('192.0.2.2', 5000), answered);
  const before = scene.relay.records.length;
  assert.deepEqual(scene.offer('192.0.2.1', 4000), first, 'a retransmitted INVITE');
  assert.deepEqual(
    scene.relay.records.slice(before).flatMap(({ events }) => events),
    [],
  );
  assert.deepEqual(scene.reoffer('192.0.2.1', 4000), first, 'a re-INVITE');
  assert.deepEqual(scene.reanswer('192.0.2.2', 5000), answered);
  assert.equal(scene.state.legs.caller.pending, null);
});

test('an answer without a call, and one that fits no offer, are told apart', () => {
  const scene = new NgScene();
  assert.equal(scene.answer('192.0.2.2', 5000)['error-reason'], 'Unknown call-id');
  scene.offer('192.0.2.1', 4000);
  const wrong = scene.answer('192.0.2.2', 5000, { 'from-tag': 'mallory' });
  assert.equal(wrong['error-reason'], 'Invalid dialogue association');
  assert.equal(scene.state.legs.caller.local, null);
});

test('what cannot be read is refused in one line, and touches no call', () => {
  const scene = new NgScene();
  assert.match(String(scene.offer('', 0, { sdp: 'hello' })['error-reason']), /^Failed to parse SDP: /);
  assert.deepEqual(scene.states, []);
});

test('[NG-05] a re-INVITE of either party changes nothing before it is answered, and then what it asked for', () => {
  for (const from of ['alice', 'bob'] as const) {
    const [side, other] = from === 'alice' ? (['caller', 'callee'] as const) : (['callee', 'caller'] as const);
    const scene = new NgScene().agree();
    const ports = portsOf(scene.state);
    const [was, stays] = [remoteOf(scene.state, side), remoteOf(scene.state, other)];
    const offered = scene.reoffer('192.0.2.9', 4900, {}, from);
    assert.deepEqual(placesIn(offered['sdp']), [`127.0.0.1:${scene.state.legs[other].local?.port}`]);
    assert.equal(remoteOf(scene.state, side), was, 'the media goes on');
    const answered = scene.reanswer(
      ...((stays.split(':') as [string, string]).map((part, i) => (i === 0 ? part : Number(part))) as [string, number]),
      {},
      from,
    );
    assert.deepEqual(placesIn(answered['sdp']), [`127.0.0.1:${scene.state.legs[side].local?.port}`]);
    assert.equal(remoteOf(scene.state, side), '192.0.2.9:4900');
    assert.equal(remoteOf(scene.state, other), stays);
    assert.deepEqual(portsOf(scene.state), ports);
  }
});

test('[NG-05 NG-06] a re-INVITE that fails leaves the media as it was: by rollback, or by the delete of its reply', () => {
  const endings = [
    { command: 'rollback' },
    { command: 'delete', 'sip-message-type': 'sip_reply' },
    { command: 'delete', 'sip-message-type': 'sip_reply', 'via-branch': 'of-the-re-INVITE' },
    { command: 'delete', 'sip-message-type': 'sip_reply', 'delete-delay': 30 },
  ];
  for (const ending of endings) {
    const scene = new NgScene().agree();
    const before = scene.state;
    scene.reoffer('192.0.2.9', 4900, { sdp: sdpOf('192.0.2.9', 4900, ['a=sendonly']) });
    assert.notEqual(scene.state.legs.caller.pending, null);
    assert.equal(scene.ask({ 'from-tag': 'alice', 'to-tag': 'bob', ...ending })['result'], 'ok');
    assert.deepEqual(scene.state, before);
    scene.relay.advance(30_000);
    assert.deepEqual(scene.state, before, 'nor is it over later');
  }
});

test('[NG-06] both parties offer at once, and both are refused: each refusal takes back one of them', () => {
  const scene = new NgScene().agree();
  scene.reoffer('192.0.2.9', 4900);
  scene.reoffer('192.0.2.8', 5900, {}, 'bob');
  const refuse = (from: string, to: string) =>
    scene.delete({ 'from-tag': from, 'to-tag': to, 'sip-message-type': 'sip_reply', 'sip-code': 491 });
  refuse('alice', 'bob');
  assert.equal(scene.state.legs.caller.pending, null);
  assert.equal(scene.state.legs.callee.pending?.offer.address?.port, 5900);
  refuse('bob', 'alice');
  assert.equal(scene.state.legs.callee.pending, null);
  assert.deepEqual([remoteOf(scene.state, 'caller'), remoteOf(scene.state, 'callee')], ['192.0.2.1:4000', '192.0.2.2:5000']);
});

test('[NG-06] of crossing offers the one that is answered counts, and the refusal of the other takes nothing of it back', () => {
  const scene = new NgScene().agree();
  scene.reoffer('192.0.2.9', 4900);
  scene.reoffer('192.0.2.8', 5900, {}, 'bob');
  scene.delete({ 'to-tag': 'bob', 'sip-message-type': 'sip_reply' });
  scene.reanswer('192.0.2.1', 4000, {}, 'bob');
  assert.deepEqual([remoteOf(scene.state, 'caller'), remoteOf(scene.state, 'callee')], ['192.0.2.1:4000', '192.0.2.8:5900']);
});

test('a second offer takes the place of the first before either is answered', () => {
  const scene = new NgScene().agree();
  scene.reoffer('192.0.2.9', 4900);
  scene.reoffer('192.0.2.9', 4902);
  scene.reanswer('192.0.2.2', 5000);
  assert.equal(remoteOf(scene.state, 'caller'), '192.0.2.9:4902');
});

test('[NG-06] an offer that is refused leaves the one that waits for its answer', () => {
  const scene = new NgScene();
  scene.offer('192.0.2.1', 4000);
  scene.answer('192.0.2.2', 5000);
  scene.reoffer('192.0.2.1', 4400);
  const before = scene.state;
  assert.equal(scene.reoffer('2001:db8::1', 4500)['error-reason'], 'network default has no IPv6 address');
  assert.deepEqual(scene.state, before);
  scene.reanswer('192.0.2.2', 5000);
  assert.equal(remoteOf(scene.state, 'caller'), '192.0.2.1:4400');
});

test('a late offer: the 200 offers under the From tag of who was called, and the ACK answers', () => {
  const scene = new NgScene();
  const offered = scene.ask({ command: 'offer', 'from-tag': 'bob', 'to-tag': 'alice', sdp: sdpOf('192.0.2.2', 5000) });
  assert.deepEqual(
    scene.ask({ command: 'offer', 'from-tag': 'bob', 'to-tag': 'alice', sdp: sdpOf('192.0.2.2', 5000) }),
    offered,
    'the 200 again',
  );
  const answered = scene.ask({ command: 'answer', 'from-tag': 'bob', 'to-tag': 'alice', sdp: sdpOf('192.0.2.1', 4000) });
  assert.equal(answered['result'], 'ok');
  assert.deepEqual(scene.state.dialogue?.tags, { caller: 'bob', callee: 'alice' });
  assert.equal(scene.state.tag, 'bob;1');
  scene.reoffer('192.0.2.9', 4900);
  scene.reanswer('192.0.2.2', 5000);
  assert.equal(remoteOf(scene.state, 'callee'), '192.0.2.9:4900', 'Alice is the one who answered');
  scene.delete({ 'from-tag': 'alice', 'to-tag': 'bob' });
  assert.deepEqual(scene.states, []);
});

test('[NG-07] early media and then the 200 of the same party change nothing; of other media, what they say', () => {
  const scene = new NgScene();
  scene.offer('192.0.2.1', 4000);
  scene.answer('192.0.2.2', 5000);
  scene.speak();
  const before = scene.state;
  scene.answer('192.0.2.2', 5000);
  assert.equal(scene.state, before);
  scene.answer('192.0.2.2', 5002);
  assert.equal(remoteOf(scene.state, 'callee'), '192.0.2.2:5002');
  assert.equal(scene.state.legs.callee.strict, false);
});

test('[NG-07] another party answers in the place of the one that gave early media: that one is not heard any more, nor sent to', () => {
  const scene = new NgScene();
  scene.offer('192.0.2.1', 4000);
  scene.answer('192.0.2.2', 5000, { 'to-tag': 'ringing' });
  scene.speak();
  const ports = portsOf(scene.state);
  scene.answer('192.0.2.3', 6000, { 'to-tag': 'bob' });
  assert.deepEqual(scene.state.dialogue?.tags, { caller: 'alice', callee: 'bob' });
  assert.deepEqual(portsOf(scene.state), ports);
  const row = scene.relay.rowAt(scene.state.legs.callee.local?.port ?? 0);
  const sent = scene.relay.engine.sent.length;
  scene.relay.arrive(row, address('192.0.2.2:5000'), packetOf(7));
  assert.equal(scene.relay.engine.sent.length, sent, 'what the other one still sends goes nowhere');
  assert.equal(remoteOf(scene.state, 'callee'), '192.0.2.3:6000');
  scene.relay.arrive(row, address('198.51.100.3:6100'), packetOf(8));
  assert.equal(scene.relay.engine.sent.length, sent + 1);
  assert.equal(remoteOf(scene.state, 'callee'), '198.51.100.3:6100', 'the new one may stand behind NAT');
  scene.relay.arrive(row, address('192.0.2.2:5000'), packetOf(7));
  assert.equal(remoteOf(scene.state, 'callee'), '198.51.100.3:6100');
});

test('[NG-07] the first party is taken back where it answers after all', () => {
  const scene = new NgScene();
  scene.offer('192.0.2.1', 4000);
  scene.answer('192.0.2.2', 5000, { 'to-tag': 'one' });
  scene.speak();
  scene.answer('192.0.2.3', 6000, { 'to-tag': 'two' });
  scene.speak();
  scene.answer('192.0.2.2', 5000, { 'to-tag': 'one' });
  assert.equal(remoteOf(scene.state, 'callee'), '192.0.2.2:5000');
  const sent = scene.relay.engine.sent.length;
  scene.relay.arrive(scene.relay.rowAt(scene.state.legs.callee.local?.port ?? 0), address('192.0.2.2:5000'), packetOf(9));
  assert.equal(scene.relay.engine.sent.length, sent + 1);
});

test('another party that stands where the one before was learned to be is heard', () => {
  const scene = new NgScene();
  scene.offer('192.0.2.1', 4000);
  scene.answer('10.0.0.2', 5000, { 'to-tag': 'early' });
  const row = scene.relay.rowAt(scene.state.legs.callee.local?.port ?? 0);
  scene.relay.arrive(row, address('198.51.100.2:7777'), packetOf(7));
  scene.answer('198.51.100.2', 7777, { 'to-tag': 'bob' });
  const sent = scene.relay.engine.sent.length;
  scene.relay.arrive(row, address('198.51.100.2:7777'), packetOf(8));
  assert.equal(scene.relay.engine.sent.length, sent + 1);
});

test('who answers under another tag from the same place is the same endpoint: what was learned of it stays', () => {
  const scene = new NgScene();
  scene.offer('192.0.2.1', 4000);
  scene.answer('10.0.0.2', 5000, { 'to-tag': 'early' });
  const row = scene.relay.rowAt(scene.state.legs.callee.local?.port ?? 0);
  scene.relay.arrive(row, address('198.51.100.2:7777'), packetOf(7));
  scene.answer('10.0.0.2', 5000, { 'to-tag': 'bob' });
  assert.equal(scene.state.dialogue?.tags.callee, 'bob');
  assert.equal(remoteOf(scene.state, 'callee'), '198.51.100.2:7777');
  const sent = scene.relay.engine.sent.length;
  scene.relay.arrive(row, address('198.51.100.2:7777'), packetOf(7));
  assert.equal(scene.relay.engine.sent.length, sent + 1);
});

test('a serial fork without a delete in between: the next target is offered the same ports, and answers in the place of the first', () => {
  const scene = new NgScene();
  const first = scene.offer('192.0.2.1', 4000);
  scene.answer('192.0.2.2', 5000, { 'to-tag': 'one' });
  assert.deepEqual(scene.offer('192.0.2.1', 4000), first);
  scene.answer('192.0.2.3', 6000, { 'to-tag': 'two' });
  assert.equal(remoteOf(scene.state, 'callee'), '192.0.2.3:6000');
});

test('a serial fork with a delete: the next target gets a session of its own, with the same tags', () => {
  const scene = new NgScene();
  scene.offer('192.0.2.1', 4000);
  scene.delete();
  assert.deepEqual(scene.states, []);
  assert.equal(scene.relay.heldPairs(), 0);
  scene.offer('192.0.2.1', 4000);
  scene.answer('192.0.2.3', 6000, { 'to-tag': 'two' });
  assert.equal(scene.state.tag, 'alice;1');
  assert.equal(scene.relay.heldPairs(), 2);
});

test('candidates that follow a description are taken note of, and change nothing', () => {
  const scene = new NgScene().agree();
  const before = scene.state;
  const fragment = { flags: ['fragment'], sdp: 'a=candidate:1 1 udp 1 192.0.2.1 4000 typ host\r\n' };
  for (const reply of [scene.reoffer('', 0, fragment), scene.reanswer('', 0, fragment)])
    assert.deepEqual(Object.entries(reply), [['result', 'ok']]);
  assert.equal(scene.state, before);
});
