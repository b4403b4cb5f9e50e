import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import { type NgVerb, ngPayload } from '../../bench/ng/requests.js';
import { millis, udpPort } from '../../model/kernel/index.js';
import { evolve } from '../../model/session/evolve.js';
import { INITIAL_STATE } from '../../model/session/state.js';
import { decodeBencode } from '../../src/protocol/ng/bencode.js';
import { parseSdp } from '../../src/protocol/sdp/parse.js';
import { NgScene, sdpOf } from './ngGiven.js';

/** V8's own question: whether two objects have one hidden class. */
const hasSameShape = ((): ((a: object, b: object) => boolean) => {
  setFlagsFromString('--allow-natives-syntax');
  const ask = runInThisContext('(a, b) => %HaveSameMap(a, b)') as (a: object, b: object) => boolean;
  ask({}, {}); // It is compiled when it is first asked.
  setFlagsFromString('--no-allow-natives-syntax');
  return ask;
})();

test('records of one kind have one hidden class, call after call: with one each, a call costs twice as much', () => {
  const scene = new NgScene();
  const ask = (verb: NgVerb, call: number): void => {
    const decoded = decodeBencode(ngPayload(verb, call));
    assert.ok(decoded.ok);
    scene.ask(decoded.value);
  };
  for (let call = 0; call < 40; call++) for (const verb of ['offer', 'answer', 'delete'] as const) ask(verb, call);
  const exchanges = scene.relay.log.filter(({ kind }) => kind === 'exchange').slice(-6);
  assert.equal(exchanges.length, 6);
  assert.ok(exchanges.every((each) => hasSameShape(each, exchanges[0]!)));
  const ends = scene.relay.records.filter(({ command }) => command.type === 'Delete').slice(-3);
  assert.ok(ends.length === 3 && ends.every((each) => hasSameShape(each, ends[0]!)));
});

test('states and legs have one hidden class, whatever has happened to them', () => {
  const at = millis(1);
  const local = { host: '127.0.0.1', port: udpPort(20_000) };
  const opened = evolve(INITIAL_STATE, { type: 'LegOpened', side: 'caller', local, at });
  const held = evolve(opened, { type: 'LegHeld', side: 'caller', at });
  const closed = evolve(held, { type: 'DeletionCancelled', reason: 'signalled', at });
  assert.ok(hasSameShape(opened, held) && hasSameShape(held, closed));
  assert.ok(hasSameShape(opened.legs.caller, held.legs.caller));
});

test('the same codecs are one list, and what differs in any way is another', () => {
  const listOf = (text: string) => {
    const parsed = parseSdp(text);
    assert.ok(parsed.ok);
    return parsed.value.media[0]!.codecs;
  };
  const plain = listOf(sdpOf('192.0.2.1', 4000));
  assert.equal(listOf(sdpOf('192.0.2.2', 4002, ['a=sendonly'])), plain);
  const other = listOf(sdpOf('192.0.2.1', 4000, ['a=fmtp:101 0-15']));
  assert.notEqual(other, plain);
  assert.notEqual(listOf(sdpOf('192.0.2.1', 4000, ['a=fmtp:101 '])), plain);
  assert.deepEqual(
    plain.map(({ name }) => name),
    ['PCMU/8000', 'PCMA/8000', 'telephone-event/8000'],
  );
});
