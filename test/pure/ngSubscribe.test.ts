/** Copies of a call for somebody else: `subscribe request`, `subscribe answer`, `unsubscribe`. */
import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { isSubscription } from '../../model/session/state.js';
import { tableOf } from '../property/shardWorld.js';
import { address } from './modelGiven.js';
import { placesIn, sdpOf } from './ngGiven.js';
import { ALICE, BOB, CAROL, MediaScene } from './ngMediaGiven.js';

const DAVE = '192.0.2.4:7000';
const VIDEO = ['m=audio PORT RTP/AVP 0|a=rtpmap:0 PCMU/8000', 'm=video PORT RTP/AVP 97|a=rtpmap:97 H264/90000|a=fmtp:97 level=1'];

const subscriptions = (scene: MediaScene) => scene.states.filter(isSubscription);

test('[NG-03] a copy of what one party sends: an offer of what it sends, and packets as soon as it is answered', () => {
  const scene = MediaScene.talking();
  const offer = scene.subscribe({ 'from-tag': 'alice' });
  const [place] = placesIn(offer['sdp']);
  match(String(offer['to-tag']), /^[0-9a-f]{16}$/);
  deepEqual([offer['from-tag'], offer['from-tags']], ['alice', ['alice']]);
  equal(
    offer['sdp'],
    [
      ...['v=0', String(offer['sdp']).split('\r\n')[1], 's=rtpbridge', 'c=IN IP4 127.0.0.1', 't=0 0'],
      ...[`m=audio ${place?.split(':')[1]} RTP/AVP 0 8 101`, 'a=rtpmap:0 PCMU/8000', 'a=rtpmap:8 PCMA/8000'],
      ...['a=rtpmap:101 telephone-event/8000', 'a=sendonly', 'a=label:1', ''],
    ].join('\r\n'),
  );
  match(String(offer['sdp']), /^o=rtpbridge \d+ 1 IN IP4 127\.0\.0\.1\r$/m);
  deepEqual(scene.arrive(scene.to.bob, BOB, 'b'), [`b>${ALICE}`], 'not before the answer');
  deepEqual(scene.arrive(scene.to.alice, ALICE, 'a'), [`a>${BOB}`]);
  deepEqual(scene.accept(offer), { result: 'ok' });
  deepEqual(scene.arrive(scene.to.alice, ALICE, 'a'), [`a>${BOB}`, `a>${CAROL}`].sort());
  deepEqual(scene.arrive(scene.to.bob, BOB, 'b'), [`b>${ALICE}`], 'bob is not copied');
  deepEqual(scene.arrive(place!, CAROL, 'c'), [], 'nobody hears the subscriber');
});

test('RTCP of the party goes to the subscriber, too, where it said', () => {
  const scene = MediaScene.talking();
  const offer = scene.subscribe({ 'from-tag': 'alice' });
  scene.accept(offer, CAROL, (sdp) => sdp.replace('a=recvonly', 'a=recvonly\r\na=rtcp:6100'));
  const rtcp = `${address(scene.to.alice).host}:${address(scene.to.alice).port + 1}`;
  deepEqual(scene.arrive(rtcp, '192.0.2.1:4001', 'r'), ['r>192.0.2.2:5001', 'r>192.0.2.3:6100']);
});

test('all parties where none is named; audio and video of each, one behind the other, with labels that the reply explains', () => {
  const scene = MediaScene.talking({}, VIDEO);
  const offer = scene.subscribed(CAROL);
  deepEqual([offer['from-tag'], offer['from-tags']], [undefined, ['alice', 'bob']]);
  deepEqual(String(offer['sdp']).match(/^(m=\w+|a=label.*|a=fmtp.*)/gm), [
    ...['m=audio', 'a=label:1', 'm=video', 'a=fmtp:97 level=1', 'a=label:2'],
    ...['m=audio', 'a=label:3', 'm=video', 'a=fmtp:97 level=1', 'a=label:4'],
  ]);
  deepEqual(offer['media-labels'], {
    '1': { tag: 'alice', index: 1, type: 'audio', mode: 'sendonly' },
    '2': { tag: 'alice', index: 2, type: 'video', mode: 'sendonly' },
    '3': { tag: 'bob', index: 1, type: 'audio', mode: 'sendonly' },
    '4': { tag: 'bob', index: 2, type: 'video', mode: 'sendonly' },
  });
  equal(scene.arrive(scene.to.alice, ALICE, 'a').includes('a>192.0.2.3:6000'), true);
  equal(scene.arrive(scene.to.bob, BOB, 'b').includes('b>192.0.2.3:6004'), true);
});

test('a party sends what the other side said it takes, and what it said itself where nobody has answered', () => {
  const scene = new MediaScene();
  scene.offer('192.0.2.1', 4000);
  const early = scene.subscribe({ 'from-tag': 'alice' });
  match(String(early['sdp']), /^m=audio \d+ RTP\/AVP 0 8 101\r$/m);
  scene.answer('192.0.2.2', 5000, {
    sdp: sdpOf('192.0.2.2', 5000)
      .replace('AVP 0 8 101', 'AVP 8')
      .replace(/a=rtpmap:(0|101) .*\r\n/g, ''),
  });
  match(String(scene.subscribe({ 'from-tag': 'alice' })['sdp']), /^m=audio \d+ RTP\/AVP 8\r\na=rtpmap:8 PCMA\/8000\r$/m);
  match(String(scene.subscribe({ 'from-tag': 'bob' })['sdp']), /^m=audio \d+ RTP\/AVP 0 8 101\r$/m);
});

test('parties are selected by tag, tags, label and address; whoever is not there is an error', () => {
  const scene = MediaScene.talking();
  scene.offer('192.0.2.1', 4000, { label: 'left' });
  const parties = (more: object): unknown => scene.subscribe(more as never)['from-tags'];
  deepEqual(parties({ 'from-tags': ['bob', 'alice'] }), ['bob', 'alice']);
  deepEqual(parties({ label: 'left' }), ['alice']);
  deepEqual(parties({ address: '192.0.2.2' }), ['bob']);
  deepEqual(parties({ all: 'all' }), ['alice', 'bob']);
  const reason = (more: object): unknown => scene.subscribe(more as never)['error-reason'];
  equal(reason({ 'from-tag': 'nobody' }), 'From-tag given, but no such tag exists');
  equal(reason({ 'from-tags': ['alice', 'nobody'] }), 'From-tag given, but no such tag exists');
  equal(reason({ label: 'right' }), 'No monologue matching the given label');
  equal(reason({ 'call-id': 'other' }), 'Unknown call-ID');
  match(String(reason({ 'to-tag': 'bob' })), /^Failed to request subscription: to-tag=bob is a party of the call itself$/);
  equal(subscriptions(scene).length, 6);
});

test('a copy of encrypted media is refused with the reason', () => {
  const scene = MediaScene.talking({}, ['m=audio PORT RTP/SAVP 0|a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x']);
  match(
    String(scene.subscribe()['error-reason']),
    /^Failed to request subscription: .*RTP\/SAVP.*RTP\/AVP or RTP\/AVPF expected$/,
  );
  equal(subscriptions(scene).length, 0);
});

test('two subscribers to one call, and one that ends', () => {
  const scene = MediaScene.talking();
  const carol = scene.subscribed(CAROL, { 'from-tag': 'alice', 'to-tag': 'carol' });
  scene.subscribed(DAVE, { 'from-tag': 'alice', 'set-label': 'recorder' });
  equal(carol['to-tag'], 'carol');
  deepEqual(scene.arrive(scene.to.alice, ALICE, 'a'), [`a>${BOB}`, `a>${CAROL}`, `a>${DAVE}`].sort());
  const held = scene.relay.heldPairs();
  deepEqual(scene.ask({ command: 'unsubscribe', 'to-tag': 'carol' }), { result: 'ok' });
  equal(scene.relay.heldPairs(), held - 1, 'a subscriber takes one pair');
  deepEqual(scene.arrive(scene.to.alice, ALICE, 'a'), [`a>${BOB}`, `a>${DAVE}`].sort());
  equal(scene.ask({ command: 'unsubscribe', 'to-tag': 'carol' })['error-reason'], 'To-tag not found');
  equal(scene.ask({ command: 'unsubscribe', 'to-tag': 'carol', 'call-id': 'x' })['error-reason'], 'Unknown call-ID');
  equal(scene.accept(carol)['error-reason'], 'To-tag not found');
});

test('who subscribes again by the same tag gets something else, in the same session of SDP, and no line is lost', () => {
  const scene = MediaScene.talking({}, VIDEO);
  const first = scene.subscribed(CAROL, { 'to-tag': 'carol' });
  const held = scene.relay.heldPairs();
  const second = scene.subscribe({ 'to-tag': 'carol', 'from-tag': 'bob' });
  equal(scene.relay.heldPairs(), held - 2);
  deepEqual(scene.arrive(scene.to.alice, ALICE, 'a'), [`a>${BOB}`]);
  const origin = (offer: typeof first): string[] =>
    String(offer['sdp'])
      .match(/^o=.*$/m)![0]
      .split(' ');
  equal(origin(first)[1], origin(second)[1]);
  deepEqual([origin(first)[2], origin(second)[2]], ['1', '2']);
  deepEqual(
    placesIn(second['sdp']).map((place) => place.endsWith(':0')),
    [false, false, true, true],
  );
  scene.accept(second);
  deepEqual(scene.arrive(scene.to.bob, BOB, 'b'), [`b>${ALICE}`, `b>${CAROL}`].sort());
});

test('lines that the subscriber refuses stop, and so does one that wants to hear nothing', () => {
  const scene = MediaScene.talking();
  const offer = scene.subscribe({ 'to-tag': 'carol' });
  scene.accept(offer, CAROL, (sdp) => sdp.replace('m=audio 6000', 'm=audio 0'));
  equal(subscriptions(scene).length, 1);
  deepEqual(scene.arrive(scene.to.alice, ALICE, 'a'), [`a>${BOB}`]);
  deepEqual(scene.arrive(scene.to.bob, BOB, 'b'), [`b>${ALICE}`, 'b>192.0.2.3:6002'].sort());
  const silent = (sdp: string): string => sdp.replaceAll('a=recvonly', 'a=inactive');
  deepEqual(scene.accept(offer, CAROL, silent), { result: 'ok' });
  deepEqual(scene.arrive(scene.to.bob, BOB, 'b'), [`b>${ALICE}`]);
  scene.accept(offer);
  deepEqual(scene.arrive(scene.to.bob, BOB, 'b'), [`b>${ALICE}`, 'b>192.0.2.3:6002'].sort());
});

test('an inactive copy begins with the next request for the same tag', () => {
  const scene = MediaScene.talking();
  const offer = scene.subscribed(CAROL, { 'from-tag': 'alice', 'to-tag': 'carol', flags: ['inactive'] });
  match(String(offer['sdp']), /^a=inactive\r$/m);
  deepEqual(scene.arrive(scene.to.alice, ALICE, 'a'), [`a>${BOB}`]);
  scene.subscribed(CAROL, { 'from-tag': 'alice', 'to-tag': 'carol' });
  deepEqual(scene.arrive(scene.to.alice, ALICE, 'a'), [`a>${BOB}`, `a>${CAROL}`].sort());
});

test('who takes none of the codecs is told so, and what was answered before stays', () => {
  const scene = MediaScene.talking();
  const offer = scene.subscribed(CAROL, { 'from-tag': 'alice' });
  const other = (sdp: string): string =>
    sdp
      .replace('AVP 0 8 101', 'AVP 9 101')
      .replace('0 PCMU', '9 G722')
      .replace(/a=rtpmap:8 .*\r\n/, '');
  match(
    String(scene.accept(offer, DAVE, other)['error-reason']),
    /^Failed to process subscription answer: media line 1 takes none of PCMU\/8000, PCMA\/8000, telephone-event\/8000, and nothing is transcoded$/,
  );
  match(String(scene.accept(offer, DAVE, () => 'x')['error-reason']), /^Failed to parse SDP: /);
  deepEqual(scene.arrive(scene.to.alice, ALICE, 'a'), [`a>${BOB}`, `a>${CAROL}`].sort());
});

test('a subscriber behind a NAT is learned from what it sends', () => {
  const scene = MediaScene.talking();
  const offer = scene.subscribed('10.0.0.3:6000', { 'from-tag': 'alice' });
  deepEqual(scene.arrive(placesIn(offer['sdp'])[0]!, '198.51.100.9:1234', 'c'), []);
  deepEqual(scene.arrive(scene.to.alice, ALICE, 'a'), [`a>${BOB}`, 'a>198.51.100.9:1234'].sort());
});

test('the subscriber stands in the network that is asked for, and speaks its family', () => {
  const host = '::1';
  const networks = tableOf({
    networks: [
      { host: '127.0.0.1', advertised: null, label: null },
      { host, advertised: '2001:db8::5', label: 'six' },
    ],
    bridge: null,
  });
  const scene = MediaScene.talking({ setting: { networks } });
  const offer = scene.subscribe({ 'from-tag': 'alice', 'address-family': 'IP6' });
  match(String(offer['sdp']), /^c=IN IP6 2001:db8::5\r$/m);
  scene.accept(offer, '[2001:db8::9]:6000');
  deepEqual(scene.arrive(scene.to.alice, ALICE, 'a'), [`a>${BOB}`, 'a>[2001:db8::9]:6000'].sort());
  match(String(scene.subscribe({ direction: ['mars'] })['error-reason']), /mars/);
});

test('a subscription ends with the call, or the media line, that it copies, and with nothing else', () => {
  const scene = MediaScene.talking();
  scene.subscribed(CAROL, { 'from-tag': 'alice', 'to-tag': 'carol' });
  match(String(scene.ask({ command: 'delete', 'from-tag': 'mallory' })['warning']), /didn't match/);
  equal(subscriptions(scene).length, 1);
  equal(scene.ask({ command: 'delete', 'from-tag': 'alice', 'to-tag': 'bob' })['result'], 'ok');
  deepEqual(scene.states, []);
  equal(scene.relay.heldPairs(), 0);
  equal(scene.relay.shard.counters.shard('sessionsActive'), 0);
  equal(scene.relay.shard.counters.shard('defects'), 0);
});

test('in one branch alone: a subscription to a forked call hears the branch that has answered, and ends with it', () => {
  const scene = new MediaScene();
  const places = ['b1', 'b2'].map((branch) => {
    const offered = scene.offer('192.0.2.1', 4000, { 'via-branch': branch });
    return placesIn(offered['sdp'])[0]!;
  });
  equal(places.length, 2);
  const answered = scene.answer('192.0.2.2', 5000, { 'via-branch': 'b2' });
  const offer = scene.subscribed(CAROL, { 'from-tag': 'alice' });
  equal(placesIn(offer['sdp']).length, 1);
  deepEqual(scene.arrive(placesIn(answered['sdp'])[0]!, ALICE, 'a'), [`a>${BOB}`, `a>${CAROL}`].sort());
  scene.ask({ command: 'delete', 'from-tag': 'alice', 'via-branch': 'b1' });
  equal(subscriptions(scene).length, 1);
  scene.ask({ command: 'delete', 'from-tag': 'alice', 'via-branch': 'b2' });
  deepEqual(scene.states, []);
});

test('a subscription lives as long as the call is heard, and does not keep it', () => {
  const scene = MediaScene.talking();
  scene.subscribed(CAROL, { 'from-tag': 'alice' });
  const idle = MediaScene.talking();
  idle.subscribe({ 'from-tag': 'alice' });
  for (let minute = 0; minute < 180; minute++) {
    scene.relay.advance(30_000);
    scene.arrive(scene.to.bob, BOB, 'b');
    idle.relay.advance(30_000);
    idle.arrive(idle.to.bob, BOB, 'b');
  }
  equal(subscriptions(scene).length, 1, 'though what it copies is silent');
  equal(subscriptions(idle).length, 1, 'though nobody has answered it');
  // The subscriber goes on sending.
  const [state] = subscriptions(scene);
  for (let n = 0; n < 4; n++) {
    scene.relay.advance(20_000);
    if (scene.states.length > 0) scene.arrive(`127.0.0.1:${state!.legs.callee.local!.port}`, CAROL, 'c');
  }
  deepEqual(scene.states, []);
});

test('query tells who hears whom, and counts no subscriber as a party', () => {
  const scene = MediaScene.talking();
  scene.subscribed(CAROL, { 'from-tag': 'alice', 'to-tag': 'carol', 'set-label': 'recorder' });
  const tags = scene.ask({ command: 'query' })['tags'] as Record<string, Record<string, unknown>>;
  deepEqual(Object.keys(tags).sort(), ['alice', 'bob', 'carol']);
  deepEqual(tags['alice']!['subscribers'], [
    { tag: 'bob', type: 'offer/answer' },
    { tag: 'carol', type: 'pub/sub' },
  ]);
  deepEqual(tags['alice']!['subscriptions'], [{ tag: 'bob', type: 'offer/answer' }]);
  deepEqual(tags['carol']!['subscriptions'], [{ tag: 'alice', type: 'pub/sub' }]);
  deepEqual(tags['carol']!['subscribers'], []);
  equal(tags['carol']!['label'], 'recorder');
  deepEqual(scene.ask({ command: 'block media' }), { result: 'ok' });
  ok(subscriptions(scene).every(({ legs }) => legs.callee.mutes.length === 0 && legs.caller.mutes.length === 0));
  equal(
    scene.ask({ command: 'play media', 'from-tag': 'carol', file: 'x' })['error-reason'],
    'From-tag given, but no such tag exists',
  );
  equal(scene.relay.told.events.length, 0);
});

test('a changed call goes on being copied, and an offer of it does not touch its copies', () => {
  const scene = MediaScene.talking();
  scene.subscribed(CAROL, { 'from-tag': 'alice', 'to-tag': 'carol' });
  scene.offer('192.0.2.1', 4400, { 'to-tag': 'bob' });
  scene.answer('192.0.2.2', 5500);
  const heard = scene.arrive(scene.to.alice, '192.0.2.1:4400', 'a');
  deepEqual(heard, ['a>192.0.2.2:5500', `a>${CAROL}`].sort());
});

for (const keepsCounters of [true, false]) {
  test(`a subscription goes on after the death of the ${keepsCounters ? 'thread' : 'relay'}`, () => {
    const scene = MediaScene.talking();
    scene.subscribed(CAROL, { 'from-tag': 'alice', 'to-tag': 'carol' });
    const waiting = scene.subscribe({ 'from-tag': 'bob', 'to-tag': 'dave' });
    scene.relay.crash(keepsCounters, 100);
    deepEqual(scene.arrive(scene.to.alice, ALICE, 'a'), [`a>${BOB}`, `a>${CAROL}`].sort());
    deepEqual(scene.accept(waiting, DAVE), { result: 'ok' });
    deepEqual(scene.arrive(scene.to.bob, BOB, 'b'), [`b>${ALICE}`, `b>${DAVE}`].sort());
    scene.ask({ command: 'delete', 'from-tag': 'alice' });
    deepEqual(scene.states, []);
  });
}

test('ports that run out leave everything as it was', () => {
  const scene = MediaScene.talking({}, VIDEO);
  let answered = scene.subscribed(CAROL, { 'to-tag': 'carol' });
  for (let n = 0; n < 40 && answered['result'] === 'ok'; n++) answered = scene.subscribe();
  equal(answered['error-reason'], 'Ran out of ports');
  const held = scene.relay.heldPairs();
  equal(scene.subscribe({ 'to-tag': 'carol' })['error-reason'], 'Ran out of ports');
  equal(scene.relay.heldPairs(), held);
  ok(scene.arrive(scene.to.alice, ALICE, 'a').includes(`a>${CAROL}`));
});

test('a relay that takes no new sessions takes no new subscription', () => {
  const scene = MediaScene.talking();
  scene.relay.drain();
  deepEqual(scene.subscribe({ supports: ['load limit'] }), { result: 'load limit', message: 'Load limit exceeded' });
});

test('two subscribers without tags of their own get different ones', () => {
  const scene = MediaScene.talking();
  notEqual(scene.subscribe()['to-tag'], scene.subscribe()['to-tag']);
});
