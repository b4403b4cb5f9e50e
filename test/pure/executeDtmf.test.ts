/** Digits that a side presses are told to whoever is notified (`&& M3:1`). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Side } from '../../model/session/side.js';
import { NOTIFYING, type PureRelay } from '../property/pureRelay.js';
import { relayOf, Talk } from './pureTalk.js';

const OFFER = 'U c - 0 f t unix:/run/proxy T1';

/** Presses a key: an update, then the end twice. Answers how many of the three packets were relayed. */
function press(talk: Talk, side: Side, digit: number, payloadType = 101): number {
  const event = (ends: boolean): Uint8Array => Uint8Array.of(digit, (ends ? 0x80 : 0) | 7, 0, 160);
  const start = talk.nextRtp(side, event(false), payloadType);
  const packets = [start, ...[1, 2].map(() => withTimeOf(start, talk.nextRtp(side, event(true), payloadType)))];
  return packets.reduce((sum, packet) => sum + talk.speak(side, packet).length, 0);
}

/** All packets of an event have the timestamp of its beginning (RFC 4733 §2.2.1). */
function withTimeOf(first: Uint8Array, packet: Uint8Array): Uint8Array {
  packet.set(first.subarray(4, 8), 4);
  return packet;
}

function scene(): { readonly relay: PureRelay; readonly talk: Talk; readonly told: () => string[] } {
  const relay = relayOf(NOTIFYING);
  const talk = new Talk(relay, 'c');
  return { relay, talk, told: () => relay.told.notifications.splice(0).map(({ line }) => line) };
}

test('[CW-38] behind U digits of the caller are told, behind L those of the callee, each with its tag and side', () => {
  const { relay, talk, told } = scene();
  assert.match(relay.send(`${OFFER} && M3:1 of%20caller`), /^\d+ \S+$/);
  press(talk, 'callee', 1);
  assert.deepEqual(told(), []);
  press(talk, 'caller', 5);
  assert.deepEqual(told(), ['of caller 5 7 160 0']);
  assert.match(relay.send('L c - 0 f t && M3:1 of-callee 96'), /^\d+ \S+$/);
  press(talk, 'callee', 11, 96);
  press(talk, 'callee', 3, 101);
  press(talk, 'caller', 10);
  assert.deepEqual(told(), ['of-callee # 7 160 1', 'of caller * 7 160 0']);
});

test('[CW-38] a line goes where the last U says, and ends nothing there', () => {
  const { relay, talk } = scene();
  relay.send(`${OFFER} && M3:1 D1`);
  press(talk, 'caller', 0);
  assert.deepEqual(relay.told.notifications, [
    { target: { kind: 'unix', path: '/run/proxy' }, line: 'D1 0 7 160 0', ended: null },
  ]);
});

test('[CW-38] the packets are relayed like any other, or with h swallowed; others are relayed all the same', () => {
  const { relay, talk } = scene();
  relay.send(`${OFFER} && M3:1 D1`);
  assert.equal(press(talk, 'caller', 5), 3);
  relay.send(`${OFFER} && M3:1 D1 101 h`);
  assert.equal(press(talk, 'caller', 5), 0);
  assert.equal(talk.speak('caller').length, 1);
  assert.equal(press(talk, 'callee', 5), 3);
  assert.equal(relay.send('Q c f t ndropped'), '3');
  relay.send(`${OFFER} && M3:1 D1`);
  assert.equal(press(talk, 'caller', 5), 3, 'and without h again relayed');
});

test('[CW-38] the first tag stays; repeating the command does not tell a digit twice, nor lose one that is half pressed', () => {
  const { relay, talk, told } = scene();
  relay.send(`${OFFER} && M3:1 first`);
  relay.send(`${OFFER} && M3:1 second`);
  press(talk, 'caller', 1);
  assert.deepEqual(told(), ['first 1 7 160 0']);
  const start = talk.nextRtp('caller', Uint8Array.of(2, 7, 0, 160), 101);
  talk.speak('caller', start);
  relay.send(`${OFFER} && M3:1 third 101 h`);
  talk.speak('caller', withTimeOf(start, talk.nextRtp('caller', Uint8Array.of(2, 0x87, 1, 0), 101)));
  assert.deepEqual(told(), ['first 2 7 256 0']);
});

test('[CW-38] without anybody who is notified M3 fails; when the notification is taken back the digits are told to nobody', () => {
  const { relay, talk, told } = scene();
  assert.match(relay.send('U c - 0 f t && M3:1 D1'), / && -1$/);
  assert.match(relay.send('L c - 0 f t && M3:1 D1'), / && -1$/);
  relay.send(`${OFFER} && M3:1 D1`);
  relay.send('U c - 0 f t');
  press(talk, 'caller', 5);
  assert.deepEqual(told(), []);
  relay.send(OFFER);
  press(talk, 'caller', 6);
  assert.deepEqual(told(), ['D1 6 7 160 0']);
});

test('[CW-38] arguments that are none fail, and catch nothing', () => {
  const { relay, talk, told } = scene();
  for (const args of ['', 'D1 128', 'D1 x', 'D1 101 x', 'D1 101 h more', '%zz'])
    assert.match(relay.send(`${OFFER} && M3:1 ${args}`), / && -1$/, args);
  press(talk, 'caller', 5);
  assert.deepEqual(told(), []);
});

test('[CW-38] digits of a session that has taken the place of another are not told for the other', () => {
  const { relay, talk, told } = scene();
  relay.send(`${OFFER} && M3:1 D1 101 h`);
  talk.speak('caller', talk.nextRtp('caller', Uint8Array.of(2, 7, 0, 160), 101));
  relay.send('D c f');
  const next = new Talk(relay, 'next');
  assert.equal(press(next, 'caller', 5), 3);
  assert.deepEqual(told(), []);
});
