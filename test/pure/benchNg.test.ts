import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NgVerb, ngPayload, ngRefusal } from '../../bench/ng/requests.js';
import { decodeBencode, encodeBencode } from '../../src/protocol/ng/bencode.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { NgScene } from './ngGiven.js';

function requestOf(verb: NgVerb, call: number): NgDictionary {
  const decoded = decodeBencode(ngPayload(verb, call));
  assert.ok(decoded.ok, decoded.ok ? '' : decoded.error);
  return decoded.value;
}

test('the NG load is what a proxy sends: 20 keys, descriptions of 1 KB, another call each time', () => {
  for (const verb of ['offer', 'answer'] as const) {
    const request = requestOf(verb, 12);
    assert.equal(Object.keys(request).length, 20);
    assert.ok(String(request['sdp']).length > 900);
    assert.notEqual(request['call-id'], requestOf(verb, 13)['call-id']);
    assert.equal(ngPayload(verb, 12).length, ngPayload(verb, 9_999_999).length);
  }
});

test('a relay carries the NG load out, and the load takes it for that', () => {
  const scene = new NgScene();
  for (const verb of ['offer', 'answer', 'delete'] as const)
    assert.equal(ngRefusal(verb, encodeBencode(scene.ask(requestOf(verb, 3)))), null);
});

test('what is no success is none for the NG load: an error, the port of a phone, the address of a phone, a call that was not found', () => {
  assert.match(ngRefusal('ping', encodeBencode({ result: 'error' })) ?? '', /^ping answered/);
  const sent = requestOf('offer', 3)['sdp'] ?? '';
  assert.match(ngRefusal('offer', encodeBencode({ result: 'ok', sdp: sent })) ?? '', /with the port 10006/);
  const half = String(sent).replace('audio 10006', 'audio 30000');
  assert.match(ngRefusal('offer', encodeBencode({ result: 'ok', sdp: half })) ?? '', /not the relay's/);
  assert.equal(ngRefusal('delete', encodeBencode({ result: 'ok', warning: 'w' })), 'delete found no call');
  assert.equal(ngRefusal('ping', encodeBencode({ result: 'pong' })), null);
});
