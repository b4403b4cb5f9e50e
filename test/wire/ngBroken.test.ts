/** Bodies over HTTP that cannot be read. */
import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { post } from '../rig/ngScene.js';
import { leasePorts } from '../rig/ports.js';
import { startRelay } from '../rig/relay.js';

const JSON_TYPE = 'application/json';
const PLAIN = 'application/x-rtpengine-ng-plain';
const inJson = (reason: string): string => `{"result":"error","error-reason":"${reason}"}`;
const inBencode = (reason: string): string => `d6:result5:error12:error-reason${reason.length}:${reason}e`;

test('[NG-01] a body that cannot be read is answered as it begins, else as its content type says, else in bencode', {
  timeout: 30_000,
}, async (t) => {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const port = await lease.port();
  const relay = await startRelay({ args: ['--listen-ng', `http:127.0.0.1:${port}`] });
  t.after(() => relay.stop());
  const [format, nothing] = ['Invalid NG data format', 'Invalid data (no payload)'];
  const [bencode, json] = ['Could not decode bencode dictionary', 'Failed to parse JSON document'];
  for (const [type, body, answerType, text] of [
    [JSON_TYPE, 'hello', JSON_TYPE, inJson(format)],
    [`${JSON_TYPE}; charset=utf-8`, '[1]', JSON_TYPE, inJson(format)],
    [JSON_TYPE, '', JSON_TYPE, inJson(nothing)],
    [JSON_TYPE, 'delete', JSON_TYPE, inJson(bencode)],
    [JSON_TYPE, '{"command":', JSON_TYPE, inJson(json)],
    [JSON_TYPE, 'd7:comm', PLAIN, inBencode(bencode)],
    [PLAIN, 'hello', PLAIN, inBencode(format)],
    [PLAIN, '{"command":', PLAIN, inJson(json)],
  ] as const) {
    const answer = await post(port, '/ng-plain', type, body);
    deepEqual([answer.status, answer.headers['content-type'], answer.text], [200, answerType, text], `${type}: ${body}`);
  }
});
