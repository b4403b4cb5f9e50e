/** Packets of a side made longer or shorter on their way through (`z`). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PureRelay } from '../property/pureRelay.js';
import { goals, relayOf, Talk, textOf } from './pureTalk.js';

const figures = (relay: PureRelay): number[] =>
  relay.send('G npkts_resizer_in npkts_resizer_out npkts_resizer_discard').split(' ').map(Number);
const payloads = (sent: readonly { readonly bytes: Uint8Array }[]): number[] => sent.map(({ bytes }) => bytes.length - 12);
/** What leaves by itself when time passes. */
function wait(relay: PureRelay, ms: number): number[] {
  for (let i = 0; i < ms; i++) relay.advance(1);
  return payloads(relay.engine.departures.splice(0));
}
/** The offer of a call once more, with other letters. */
const offer = (relay: PureRelay, talk: Talk, letters = ''): string => relay.send(`U${letters} ${talk.call} - 0 f t`);

test('[PN-04 PN-44] Uz40: two packets of 20 ms from the caller go out as one, the callee is left as it is, RTCP too', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c', { offer: 'z40' });
  assert.deepEqual(talk.speak('caller'), []);
  const sent = talk.speak('caller');
  assert.deepEqual([payloads(sent), goals(sent)], [[320], [textOf(talk.places.callee)]]);
  assert.deepEqual(payloads(talk.speak('callee')), [160]);
  assert.equal(talk.report('caller').length, 1);
  assert.deepEqual(figures(relay), [2, 1, 0]);
  assert.equal(relay.send('Q c f t'), '60 2 1 2 0', 'received as they came, relayed as they went');
});

test('[PN-04] Lz10 is for the callee: one packet of 20 ms goes out as two', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c', { answer: 'z10' });
  assert.deepEqual(payloads(talk.speak('callee')), [80, 80]);
  assert.deepEqual(payloads(talk.speak('caller')), [160]);
});

test('what is held goes out in time even if nothing follows, and is a sign of life then', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c', { offer: 'z40' });
  talk.speak('caller');
  assert.deepEqual(wait(relay, 200), [160]);
  assert.deepEqual(figures(relay), [1, 1, 0]);
});

test('an offer without z ends it: what was held is lost and counted, what follows is left as it is', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c', { offer: 'z40' });
  talk.speak('caller');
  offer(relay, talk);
  assert.deepEqual(wait(relay, 200), []);
  assert.deepEqual(payloads(talk.speak('caller')), [160]);
  assert.deepEqual(figures(relay), [1, 0, 1]);
});

test('the end of the session ends it: what was held is lost and counted, and nothing of it is left', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c', { offer: 'z40' });
  talk.speak('caller');
  relay.send('D c f');
  assert.deepEqual(wait(relay, 200), []);
  assert.deepEqual(figures(relay), [1, 0, 1]);
  const next = new Talk(relay, 'next');
  assert.deepEqual(payloads(next.speak('caller')), [160]);
});

test('another length counts at once: what has waited long enough by the new one does not wait on', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c', { offer: 'z900' });
  talk.speak('caller');
  assert.deepEqual(wait(relay, 100), []);
  offer(relay, talk, 'z40');
  assert.deepEqual(wait(relay, 1), [160], 'it has waited for 100 ms');
  offer(relay, talk, 'z900');
  talk.speak('caller');
  offer(relay, talk, 'z60');
  assert.deepEqual(wait(relay, 200), [160], 'nor for the 900 ms that were asked for first');
});

test('the same offer again leaves what is held alone', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c', { offer: 'z40' });
  talk.speak('caller');
  offer(relay, talk, 'z40');
  assert.deepEqual(payloads(talk.speak('caller')), [320]);
});

test('a resized stream keeps its address learning, its analysis and its digits', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c', { offer: 'z40' });
  for (let i = 0; i < 10; i++) talk.speak('caller');
  assert.equal(relay.send('Q c f t rtpa_nsent rtpa_nrcvd rtpa_nlost'), '10 10 0');
  relay.arrive(relay.rowAt(talk.ports.caller), { host: '198.51.100.66', port: talk.places.callee.port }, talk.nextRtp('callee'));
  assert.deepEqual(relay.engine.departures.splice(0), []);
  assert.equal(relay.send('Q c f t npkts_ina'), '10');
});

test('a new port in the middle of it takes what is held along', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c', { offer: 'z40' });
  talk.speak('caller');
  talk.ports.caller = Number.parseInt(relay.send('Ln c - 0 f t'), 10);
  assert.deepEqual(payloads(talk.speak('caller')), [320]);
});

test('doubling sends short packets twice, counted once, and long ones once', () => {
  const relay = relayOf({ options: { doubling: true } });
  const talk = new Talk(relay, 'c');
  assert.equal(talk.speak('caller', talk.nextRtp('caller', new Uint8Array(115))).length, 2);
  assert.equal(talk.speak('caller', talk.nextRtp('caller', new Uint8Array(116))).length, 1);
  assert.equal(talk.speak('callee', new Uint8Array(0)).length, 2);
  assert.equal(talk.report('callee').length, 2);
  assert.equal(relay.send('Q c f t nrelayed'), '3');
  assert.match(relay.send('I'), /packets received: 4\npackets transmitted: 4$/);
});
