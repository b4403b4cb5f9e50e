import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBencode } from '../../../src/protocol/ng/bencode.js';
import { NG_COMMANDS_NOT_HAD } from '../../../src/protocol/ng/commands.js';
import { readNg } from '../../../src/protocol/ng/readRequest.js';
import { encodeReply, errorReply, loadLimitReply, okReply, pongReply } from '../../../src/protocol/ng/reply.js';
import { NG_COMMANDS } from '../../../src/protocol/ng/request.js';
import type { NgDictionary } from '../../../src/protocol/ng/value.js';
import { splitMessage } from '../../../src/relay/ng/ngMessage.js';
import { errorOf, OFFER, requestOf } from './ngGiven.js';

test('[NG-01 NG-02] what cannot be decoded has the words for it that clients know, in the encoding of the question', () => {
  const table: readonly (readonly [string, string, string])[] = [
    ['', 'Invalid data (no payload)', 'bencode'],
    [' \r\n', 'Invalid data (no payload)', 'bencode'],
    ['hello', 'Invalid NG data format', 'bencode'],
    ['i5e', 'Invalid NG data format', 'bencode'],
    ['[]', 'Invalid NG data format', 'bencode'],
    ['d', 'Could not decode bencode dictionary', 'bencode'],
    ['d7:command9:pinge', 'Could not decode bencode dictionary', 'bencode'],
    ['{', 'Failed to parse JSON document', 'json'],
    ['{"command":"ping"}}', 'Failed to parse JSON document', 'json'],
    ['{"command":1e999}', 'Could not decode JSON dictionary', 'json'],
    ['de', 'Dictionary contains no key "command"', 'bencode'],
    ['{}', 'Dictionary contains no key "command"', 'json'],
    ['{"command":["ping"]}', 'Dictionary contains no key "command"', 'json'],
    ['{"command":7}', 'Dictionary contains no key "command"', 'json'],
    ['{"command":"frob"}', 'Unrecognized command', 'json'],
    ['{"command":""}', 'Unrecognized command', 'json'],
    ['{"command":"constructor"}', 'Unrecognized command', 'json'],
    ['d7:command4:frobe', 'Unrecognized command', 'bencode'],
  ];
  for (const [payload, reason, encoding] of table) {
    const { kind, encoding: answered } = readNg(payload);
    assert.deepEqual([kind, errorOf(payload), answered], ['error', reason, encoding], payload);
  }
});

test('[NG-01] what does not tell how it is encoded is answered as its transport says, and in bencode where that says nothing', () => {
  for (const payload of ['', ' \r\n', 'hello', 'i5e', '[1]', '"x"', 'd', 'do it']) {
    assert.equal(readNg(payload).encoding, 'bencode', payload);
    assert.equal(readNg(payload, 'json').encoding, 'json', payload);
  }
  for (const payload of ['{', ' {"command":', '{}']) assert.equal(readNg(payload, 'bencode').encoding, 'json', payload);
  for (const payload of ['d7:comm', ' d7:command4:frobe']) assert.equal(readNg(payload, 'json').encoding, 'bencode', payload);
});

test('the log is told where it breaks', () => {
  const reading = readNg('d1:ae');
  assert.ok(reading.kind === 'error');
  assert.match(String(reading.detail), /^byte 4: /);
});

test('[NG-02] what each command cannot do without is missed in words that clients know', () => {
  const table: readonly (readonly [Record<string, string | number>, string])[] = [
    [{ command: 'offer' }, 'No SDP body in message'],
    [{ command: 'offer', sdp: 'v=0' }, 'No call-id in message'],
    [{ command: 'offer', sdp: 'v=0', 'call-id': 'c' }, 'No from-tag in message'],
    [{ command: 'offer', sdp: '', 'call-id': 'c', 'from-tag': 'f' }, 'No SDP body in message'],
    [{ command: 'offer', sdp: 'v=0', 'call-id': '', 'from-tag': 'f' }, 'No call-id in message'],
    [{ command: 'answer' }, 'No SDP body in message'],
    [{ command: 'answer', sdp: 'v=0' }, 'No call-id in message'],
    [{ command: 'answer', sdp: 'v=0', 'call-id': 'c' }, 'No from-tag in message'],
    [{ command: 'answer', sdp: 'v=0', 'call-id': 'c', 'from-tag': 'f' }, 'No to-tag in message'],
    [{ command: 'subscribe answer', 'to-tag': 't', sdp: 'v=0' }, 'No call-id in message'],
    [{ command: 'subscribe answer', 'call-id': 'c', sdp: 'v=0' }, 'No to-tag in message'],
    [{ command: 'subscribe answer', 'call-id': 'c', 'to-tag': 't' }, 'No SDP body in message'],
    [{ command: 'unsubscribe', 'call-id': 'c' }, 'No to-tag in message'],
    [{ command: 'play DTMF', 'call-id': 'c' }, "Out of range 'code' specified"],
    [{ command: 'play DTMF', 'call-id': 'c', code: 16 }, "Out of range 'code' specified"],
    [{ command: 'play DTMF', 'call-id': 'c', code: -1 }, "Out of range 'code' specified"],
    [{ command: 'play DTMF', 'call-id': 'c', digit: 'x' }, "Out of range 'code' specified"],
    [{ command: 'play DTMF', 'call-id': 'c', digit: '' }, "Out of range 'code' specified"],
    [{ command: 'list', limit: -1 }, 'invalid limit, must be >= 0'],
    [{ command: 'list', limit: '-5' }, 'invalid limit, must be >= 0'],
  ];
  for (const [keys, reason] of table) {
    assert.equal(errorOf(encodeBencode(keys)), reason);
    assert.equal(errorOf(JSON.stringify(keys)), reason);
  }
  const without = new Set(['ping', 'list', 'statistics', 'events', 'offer', 'answer']);
  for (const command of NG_COMMANDS)
    if (!without.has(command))
      assert.equal(errorOf(JSON.stringify({ command, sdp: 'v=0', 'to-tag': 't' })), 'No call-id in message', command);
  for (const command of ['ping', 'list', 'statistics', 'events']) requestOf(JSON.stringify({ command }));
});

test('[NG-02] a number that is none refuses the request, and says which key, what stood there and what was expected', () => {
  const sdp = { command: 'offer', sdp: 'v=0', 'call-id': 'c', 'from-tag': 'a' };
  const table: readonly (readonly [NgDictionary, string | null])[] = [
    [{ command: 'delete', 'delete-delay': -1 }, 'delete-delay -1: expected a number of seconds, 0 or more'],
    [{ command: 'delete', 'delete-delay': '-1' }, 'delete-delay "-1": expected a number of seconds, 0 or more'],
    [{ command: 'delete', 'delete-delay': 'x' }, 'delete-delay "x": expected a number of seconds, 0 or more'],
    [{ command: 'delete', delete_delay: '1.5' }, 'delete-delay "1.5": expected a number of seconds, 0 or more'],
    [{ command: 'delete', 'delete-delay': [5] }, 'delete-delay [...]: expected a number of seconds, 0 or more'],
    [{ command: 'delete', flags: ['delete-delay-soon'] }, 'delete-delay "soon": expected a number of seconds, 0 or more'],
    [{ command: 'delete', 'rtpp-flags': 'delete-delay=-5' }, 'delete-delay "-5": expected a number of seconds, 0 or more'],
    [{ command: 'play media', 'repeat-duration': -1 }, 'repeat-duration -1: expected a number of milliseconds, 0 or more'],
    [{ command: 'play media', 'repeat-times': 'often' }, 'repeat-times "often": expected a number of times'],
    [{ command: 'play media', 'start-pos': 'x' }, 'start-pos "x": expected a number of packets'],
    [{ command: 'play DTMF', code: 1, duration: 'x' }, 'duration "x": expected a number of milliseconds'],
    [{ command: 'play DTMF', code: 1, pause: 'yes' }, 'pause "yes": expected a number of milliseconds'],
    [{ command: 'play DTMF', code: 1, volume: 'loud' }, 'volume "loud": expected a number of dB'],
    [{ command: 'list', limit: 'all' }, 'limit "all": expected a number of Call-IDs'],
    [{ command: 'events', controller: 'k', after: -1 }, 'after -1: expected a number of events, 0 or more'],
    // Empty text says nothing; what rtpengine bounds by itself is bounded; a key that the command does not take is let be.
    [{ command: 'delete', 'delete-delay': '' }, null],
    [{ command: 'delete', 'delete-delay': ' 5 ' }, null],
    [{ command: 'play media', 'repeat-times': -1, 'start-pos': -1 }, null],
    [{ command: 'play DTMF', code: 1, duration: -1, pause: -1, volume: 99 }, null],
    [{ command: 'stop recording', pause: 'yes' }, null],
    [{ ...sdp, 'delete-delay': 'x', limit: 'x' }, null],
    [{ ...sdp, TOS: 'x', ptime: -1, 'sip-code': 'x' }, null],
  ];
  for (const [keys, reason] of table)
    for (const payload of [encodeBencode({ 'call-id': 'c', ...keys }), JSON.stringify({ 'call-id': 'c', ...keys })]) {
      if (reason === null) requestOf(payload);
      else assert.equal(errorOf(payload), reason);
    }
  const missed = errorOf(JSON.stringify({ command: 'delete', 'delete-delay': 'x' }));
  assert.equal(missed, 'No call-id in message', 'what is missing is told first');
  const long = errorOf(JSON.stringify({ command: 'delete', 'call-id': 'c', 'delete-delay': 'x'.repeat(100_000) }));
  assert.equal(long, `delete-delay "${'x'.repeat(100)}...": expected a number of seconds, 0 or more`);
  assert.deepEqual(requestOf(JSON.stringify({ ...sdp, TOS: 256, ptime: 'x', 'ptime-reverse': '' })).notDone, [
    'TOS=256',
    'ptime=x',
  ]);
});

test('[NG-02] what rtpengine does and rtpbridge does not is an error that says so', () => {
  for (const command of NG_COMMANDS_NOT_HAD)
    assert.equal(errorOf(JSON.stringify({ command })), `rtpbridge does not do "${command}"`);
  assert.equal(errorOf('{"command":"start-forwarding"}'), 'rtpbridge does not do "start forwarding"');
  assert.equal(errorOf('{"command":"CLI"}'), 'rtpbridge does not do "cli"');
});

test('commands are read by their exact names, and by other spellings as well', () => {
  const keys = { ...OFFER, 'to-tag': 't', code: 1 };
  for (const command of NG_COMMANDS)
    for (const name of [command, command.toUpperCase(), command.replaceAll(' ', '-'), command.replaceAll(' ', '_')])
      assert.equal(requestOf(JSON.stringify({ ...keys, command: name })).request.command, command);
});

/** What a relay without a call answers. */
function answer(message: string): string {
  const { cookie, payload } = splitMessage(message)!;
  const reading = readNg(payload);
  if (reading.kind === 'error') return `${cookie} ${encodeReply(reading.encoding, errorReply(reading.reason))}`;
  const { request, encoding } = reading;
  const unknown = "Call-ID not found or tags didn't match";
  const replies = {
    ping: pongReply,
    offer: okReply({ sdp: request.sdp ?? '' }),
    delete: request.flags.has('fatal') ? errorReply(unknown) : okReply({ warning: unknown }),
  };
  return `${cookie} ${encodeReply(encoding, replies[request.command as 'ping'])}`;
}

test('[NG-01] the worked examples of the protocol, byte for byte', () => {
  const sdp = '"sdp":"v=0\\r\\n"';
  const offer = `{"command":"offer","call-id":"c1","from-tag":"a",${sdp},"flags":["trust-address"],"replace":["origin"],"direction":["priv","pub"],"ICE":"remove","supports":["load limit"]}`;
  const unknown = "Call-ID not found or tags didn't match";
  assert.equal(answer('7c_1 d7:command4:pinge'), '7c_1 d6:result4:ponge');
  assert.equal(answer(`7c_2 ${offer}`), `7c_2 {"result":"ok",${sdp}}`);
  assert.equal(
    answer('7c_3 {"command":"delete","call-id":"nope","from-tag":"a"}'),
    `7c_3 {"result":"ok","warning":"${unknown}"}`,
  );
  assert.equal(
    answer('7c_4 {"command":"delete","call-id":"nope","from-tag":"a","flags":["fatal"]}'),
    `7c_4 {"result":"error","error-reason":"${unknown}"}`,
  );
  assert.equal(answer('7c_5 {"command":"frob"}'), '7c_5 {"result":"error","error-reason":"Unrecognized command"}');
  assert.equal(answer('7c_6 {"command":"ping"}\n'), '7c_6 {"result":"pong"}');
});

test('replies keep the order of their keys, `result` first, in both encodings', () => {
  assert.equal(encodeReply('bencode', okReply({ b: 1, a: 'x' })), 'd6:result2:ok1:bi1e1:a1:xe');
  assert.equal(encodeReply('json', okReply({ b: 1, a: 'x' })), '{"result":"ok","b":1,"a":"x"}');
  assert.equal(
    encodeReply('bencode', loadLimitReply('Parallel session limit reached')),
    'd6:result10:load limit7:message30:Parallel session limit reachede',
  );
  assert.equal(encodeReply('json', okReply()), '{"result":"ok"}');
});
