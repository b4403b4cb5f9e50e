import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NotifyTarget } from '../../model/session/notify.js';
import { decodeUrlText } from '../../src/protocol/bytes/urlText.js';
import type { Origin } from '../../src/relay/control/origin.js';
import { isNotifyEnabled, matchTarget, type Permitted, parsePermitted } from '../../src/relay/notify/targets.js';

const NOBODY: Origin = { host: null, local: null };
const CLIENT: Origin = { host: '192.0.2.7', local: '192.0.2.1' };

function permittedOf(...values: string[]): readonly Permitted[] {
  const parsed = parsePermitted(values);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error);
  return parsed.value;
}

test('the forms of -n are read', () => {
  const table: readonly (readonly [string, Permitted])[] = [
    ['unix:/tmp/a', { text: 'unix:/tmp/a', target: { kind: 'unix', path: '/tmp/a' } }],
    ['/tmp/a', { text: 'unix:/tmp/a', target: { kind: 'unix', path: '/tmp/a' } }],
    ['/tmp/with:colon', { text: 'unix:/tmp/with:colon', target: { kind: 'unix', path: '/tmp/with:colon' } }],
    ['./with:colon', { text: 'unix:./with:colon', target: { kind: 'unix', path: './with:colon' } }],
    ['relative', { text: 'unix:relative', target: { kind: 'unix', path: 'relative' } }],
    ['tcp:127.0.0.1:9', { text: 'tcp:127.0.0.1:9', target: { kind: 'tcp', host: '127.0.0.1', port: 9, bind: null } }],
    [
      'tcp:sip.example:65535',
      { text: 'tcp:sip.example:65535', target: { kind: 'tcp', host: 'sip.example', port: 65_535, bind: null } },
    ],
    ['tcp:[::1]:9', { text: 'tcp:[::1]:9', target: { kind: 'tcp', host: '::1', port: 9, bind: null } }],
    ['tcp:%%CC_SELF%%:9', { text: 'tcp:%%CC_SELF%%:9', target: { kind: 'self', port: 9 } }],
    [
      'xmlrpc:http://127.0.0.1:8000/RPC2',
      { text: 'xmlrpc:http://127.0.0.1:8000/RPC2', target: { kind: 'xmlrpc', url: 'http://127.0.0.1:8000/RPC2' } },
    ],
  ];
  for (const [value, wanted] of table) assert.deepEqual(permittedOf(value), [wanted]);
  assert.deepEqual(
    permittedOf(...table.map(([value]) => value)),
    table.map(([, wanted]) => wanted),
  );
});

test('[CW-12] notifications are enabled by the first permitted socket', () => {
  assert.equal(isNotifyEnabled(permittedOf()), false);
  assert.equal(isNotifyEnabled(permittedOf('/tmp/a')), true);
});

test('what cannot be a notification socket is refused in words that name it', () => {
  const wrong = [
    ...['', 'unix:', `/${'x'.repeat(107)}`, 'tcp:', 'tcp:9', 'tcp:127.0.0.1', 'tcp:127.0.0.1:0', 'tcp:127.0.0.1:65536', 'tcp::9'],
    ...[
      'tcp:127.0.0.1:x',
      'tcp:a b:9',
      'udp:127.0.0.1:9',
      'http://127.0.0.1/',
      'xmlrpc:127.0.0.1',
      'xmlrpc:http://',
      'xmlrpc:https://a/',
    ],
    ...['xmlrpc:http:///RPC2', 'xmlrpc:http://a/b c', 'a\0b', 'tcp:a\0:9', '127.0.0.1:9', 'a:b', '%%CC_SELF%%:9', 'UNIX:/a'],
  ];
  for (const value of wrong) {
    const parsed = parsePermitted(['/tmp/fine', value]);
    assert.ok(!parsed.ok, value);
    assert.match(parsed.error, /: expected unix:PATH, tcp:HOST:PORT, tcp:%%CC_SELF%%:PORT or xmlrpc:http:\/\/HOST:PORT\/PATH$/);
    assert.ok(parsed.error.startsWith(`-n ${value}: `));
  }
});

test('64 sockets and two wildcards are the most', () => {
  const fixed = (count: number): string[] => Array.from({ length: count }, (_, i) => `tcp:127.0.0.1:${i + 1}`);
  const wildcards = (count: number): string[] => Array.from({ length: count }, (_, i) => `tcp:%%CC_SELF%%:${i + 1}`);
  assert.equal(permittedOf(...fixed(64), ...wildcards(2)).length, 66);
  assert.deepEqual(parsePermitted(fixed(65)), { ok: false, error: '-n: expected at most 64 sockets, not 65' });
  assert.deepEqual(parsePermitted(wildcards(3)), { ok: false, error: '-n: expected at most 2 with %%CC_SELF%%, not 3' });
});

const PERMITTED = permittedOf(
  'unix:/tmp/a',
  '/tmp/b:c',
  'tcp:127.0.0.1:9999',
  'tcp:%%CC_SELF%%:7',
  'xmlrpc:http://127.0.0.1:8000/RPC2',
);

test('[CW-35 KM-19] a U names its socket in full, without prefix, or as a bare path', () => {
  const unix = (path: string): NotifyTarget => ({ kind: 'unix', path });
  const tcp: NotifyTarget = { kind: 'tcp', host: '127.0.0.1', port: 9999, bind: null };
  const rpc: NotifyTarget = { kind: 'xmlrpc', url: 'http://127.0.0.1:8000/RPC2' };
  const table: readonly (readonly [string, NotifyTarget])[] = [
    ['unix:/tmp/a', unix('/tmp/a')],
    ['/tmp/a', unix('/tmp/a')],
    ['unix:/tmp/b:c', unix('/tmp/b:c')],
    ['/tmp/b:c', unix('/tmp/b:c')],
    ['tcp:127.0.0.1:9999', tcp],
    ['127.0.0.1:9999', tcp],
    ['xmlrpc:http://127.0.0.1:8000/RPC2', rpc],
    ['http://127.0.0.1:8000/RPC2', rpc],
  ];
  for (const [socket, wanted] of table)
    for (const origin of [NOBODY, CLIENT]) assert.deepEqual(matchTarget(PERMITTED, socket, origin), wanted, socket);
});

test('[CW-35 PN-55] the wildcard is whoever sends the command, from the address that it asked', () => {
  const tcp = { kind: 'tcp', port: 7 } as const;
  for (const socket of ['tcp:%%CC_SELF%%:7', '%%CC_SELF%%:7']) {
    assert.deepEqual(matchTarget(PERMITTED, socket, CLIENT), { ...tcp, host: '192.0.2.7', bind: '192.0.2.1' });
    assert.deepEqual(matchTarget(PERMITTED, socket, NOBODY), { ...tcp, host: '127.0.0.1', bind: null });
  }
});

test('what is not permitted, word for word, goes nowhere', () => {
  const others = [
    '',
    '/tmp',
    '/tmp/a ',
    'unix:unix:/tmp/a',
    'tmp/a',
    'TCP:127.0.0.1:9999',
    'tcp:127.0.0.1:9998',
    'tcp:localhost:9999',
    'udp:127.0.0.1:9999',
  ];
  for (const socket of [
    ...others,
    'tcp:192.0.2.7:7',
    'tcp:%%CC_SELF%%:8',
    'tcp:%CC_SELF%:7',
    'xmlrpc:http://127.0.0.1:8000/rpc2',
    'unix',
  ])
    assert.equal(matchTarget(PERMITTED, socket, CLIENT), null, socket);
  assert.equal(matchTarget([], '/tmp/a', CLIENT), null);
});

test('[CW-36] the escapes of a tag are taken back; a bad one is seen', () => {
  const table = [
    ['r%201', 'r 1'],
    ['r+1', 'r 1'],
    ['a%2bb%2B', 'a+b+'],
    ['%00%fF%0a', '\0\xff\n'],
    ['%2520', '%20'],
    ['\xe9', '\xe9'],
    ['', ''],
  ] as const;
  for (const [text, wanted] of table) assert.equal(decodeUrlText(text), wanted);
  for (const text of ['%', '%2', 'a%zz', '%2g', 'x%', '% 1', '%+1', '%%20', '%-1']) assert.equal(decodeUrlText(text), null, text);
});
