/** The lines of the admin socket, and the status as people read it. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { formatTold, readAnswer, readCallAnswer, readRequest, readTold } from '../../src/relay/admin/protocol.js';
import { formatSpan, formatStatus, readStatus } from '../../src/relay/admin/status.js';
import { statusOf } from '../rig/adminScene.js';
import { lost, snapshotOf, stepOf, told } from '../rig/toldRecords.js';

const errorOf = (line: string): string => {
  const read = readRequest(line);
  ok(!read.ok, line);
  return read.error;
};

test('requests are read', () => {
  deepEqual(readRequest('{"ask":"status"}'), { ok: true, value: { ask: 'status' } });
  deepEqual(readRequest(' {"call":"a@b","ask":"call","more":1} '), { ok: true, value: { ask: 'call', call: 'a@b' } });
  deepEqual(readRequest('{"ask":"reload"}'), { ok: true, value: { ask: 'reload', check: false } });
  deepEqual(readRequest('{"ask":"reload","check":true}'), { ok: true, value: { ask: 'reload', check: true } });
  deepEqual(readRequest('{"ask":"watch","call":"a@b"}'), { ok: true, value: { ask: 'watch', call: 'a@b' } });
  for (const all of ['{"ask":"watch","call":null}', '{"ask":"watch"}'])
    deepEqual(readRequest(all), { ok: true, value: { ask: 'watch', call: null } });
});

test('what is no request is refused with what was said and what was expected', () => {
  match(errorOf('{"ask":'), /^not JSON: .*expected a line such as \{"ask":"status"\}/);
  for (const other of ['[]', '3', 'null', '"status"']) match(errorOf(other), /expected an object/);
  match(errorOf('{"ask":"stop"}'), /^ask "stop": expected one of call, status, watch, reload$/);
  match(errorOf('{}'), /^ask is missing/);
  match(errorOf('{"ask":["call"]}'), /^ask \["call"\]/);
  for (const ask of ['toString', '__proto__', 'constructor']) match(errorOf(`{"ask":"${ask}"}`), /expected one of/);
  match(errorOf('{"ask":"call"}'), /^call is missing: expected a Call-ID$/);
  for (const call of ['null', '""', '7', '{}']) match(errorOf(`{"ask":"call","call":${call}}`), /expected a Call-ID$/);
  match(errorOf('{"ask":"watch","call":""}'), /or null for all$/);
  ok(errorOf(`{"ask":"${'x'.repeat(60_000)}"}`).length < 120, 'a long one is cut');
});

test('what watchers are told is read as it was written', () => {
  for (const each of [told(stepOf('a@b')), told(snapshotOf('a@b')), lost(12, 3)]) deepEqual(readTold(formatTold(each)), each);
  equal(formatTold(lost(12, 3)), '{"lost":12,"shard":3}');
  for (const other of ['', '{}', '[]', '{"record":7}', '{"record":{}}', '{"lost":"1","shard":0}', 'null'])
    equal(readTold(other), null);
});

test('answers are told from errors, and from what is no answer', () => {
  deepEqual(readAnswer('{"ok":true,"a":1}'), { ok: true, value: { a: 1 } });
  deepEqual(readAnswer('{"ok":false,"error":"so"}'), { ok: false, error: 'so' });
  for (const other of ['', 'HTTP/1.1 400', '[]', '{"ok":1}', '{"ok":false}']) ok(!readAnswer(other).ok, other);
  deepEqual(readCallAnswer({ logFolder: null, live: [] }), { ok: true, value: { logFolder: null, live: [] } });
  for (const other of [{}, { logFolder: 3, live: [] }, { logFolder: null, live: [stepOf('a')] }, { logFolder: null, live: [3] }])
    ok(!readCallAnswer(other).ok);
});

test('the status is read as it was sent, also when another version sent less', () => {
  const status = statusOf(2);
  deepEqual(readStatus(JSON.parse(JSON.stringify(status))), { ok: true, value: status });
  const less = readStatus({ shards: [{ shard: 1, load: 'high' }, null] });
  ok(less.ok);
  deepEqual([less.value.shards[0]?.load, less.value.shards[1]?.shard, less.value.version], [0, 0, '?']);
  for (const other of [null, {}, [], { shards: {} }]) ok(!readStatus(other).ok);
});

test('the status is a short table', () => {
  const status = { ...statusOf(2), version: '1.0\u001b[2J' };
  deepEqual(formatStatus(status, status.startedAtMs + 3 * 3600_000 + 12 * 60_000), [
    'rtpbridge 1.0?[2J, process 4711, up 3 h 12 min',
    'event log in /var/lib/rtpbridge/log, durability os',
    '12 records came too fast for those who watched',
    '',
    'thread  sessions  load  packets/s  prompts  recordings  timed out  refused  log errors  defects',
    '     0         3  25 %       5012        0           0          0        0           0        0',
    '     1         4  25 %       5012        0           0          0        0           1        0',
  ]);
  deepEqual(formatStatus({ ...status, shards: [], logFolder: null, lost: 0 }, 0).slice(1, 3), ['no event log', '']);
});

test('prompts and recordings that are going on stand in the table, and what came of all above it', () => {
  const status = statusOf(2);
  const [first, second] = status.shards;
  const sound = { playersStarted: 5, playersEnded: 3, packetsPlayed: 1200, recordingsOpen: 1, packetsRecorded: 40 };
  const shards = [
    { ...first!, ...sound },
    { ...second!, ...sound, packetsUnrecorded: 7, recordingErrors: 1 },
  ];
  const lines = formatStatus({ ...status, shards, lost: 0 }, 0);
  deepEqual(lines.slice(2, 5), [
    '4 prompts heard now, 10 begun so far, 2400 packets played',
    '2 recordings being made, 80 packets recorded, 7 not recorded, 1 recording error',
    '',
  ]);
  match(lines[6]!, /^ +0 +3 +25 % +5012 +2 +1 /);
  const failed = [{ ...first!, recordingErrors: 2 }];
  deepEqual(formatStatus({ ...status, shards: failed, lost: 0 }, 0).slice(2, 4), [
    '0 recordings being made, 0 packets recorded, 0 not recorded, 2 recording errors',
    '',
  ]);
});

test('spans are told in their two largest units', () => {
  deepEqual([-5, 59_999, 60_000, 3_599_000, 3_600_000, 90_000_000].map(formatSpan), [
    '0 s',
    '59 s',
    '1 min 0 s',
    '59 min 59 s',
    '1 h 0 min',
    '1 d 1 h',
  ]);
});
