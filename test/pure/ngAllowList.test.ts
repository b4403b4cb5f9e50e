import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { allows, parseAllowList, plainHost } from '../../src/relay/ng/allowList.js';
import { isForeignPage } from '../../src/relay/ng/webPage.js';

function may(entries: readonly string[], host: string): boolean {
  const list = parseAllowList(entries);
  ok(list.ok, list.ok ? '' : list.error);
  return allows(list.value, host);
}

test('addresses and networks of both families are told apart, and IPv4 is the same dressed as IPv6', () => {
  for (const [entry, host, expected] of [
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['192.0.2.128/25', '192.0.2.127', false],
    ['192.0.2.129/25', '192.0.2.200', true],
    ['10.0.0.0/8', '10.255.0.1', true],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '2001:db8::1', true],
    ['::/0', '192.0.2.1', false],
    ['192.0.2.0/24', '::ffff:192.0.2.9', true],
    ['::ffff:192.0.2.0/120', '192.0.2.9', true],
    ['::ffff:192.0.2.0/120', '192.0.3.9', false],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    ['::1', '::1', true],
    ['::1', '127.0.0.1', false],
    ['fe80::/10', 'fe80::1%eth0', true],
  ] as const) {
    equal(may([entry], host), expected, `${entry} ${host}`);
  }
  equal(may(['192.0.2.7', '::1'], '::1'), true);
  equal(may(['192.0.2.7'], 'not an address'), false);
  equal(may([], '203.0.113.9'), true, 'no list, no limits');
});

test('what is no address or network is refused by name', () => {
  for (const entry of [
    '',
    'localhost',
    '192.0.2.0/33',
    '192.0.2.0/',
    '192.0.2.0/-1',
    '::/129',
    '::ffff:192.0.2.0/90',
    '1.2.3',
    'fe80::1%eth0',
  ]) {
    const list = parseAllowList(['::1', entry]);
    equal(list.ok ? 'read' : list.error, `${entry}: expected an address, or a network such as 192.0.2.0/24 or 2001:db8::/32`);
  }
});

test('an address is written in one way only', () => {
  equal(plainHost('::ffff:127.0.0.1'), '127.0.0.1');
  equal(plainHost('2001:DB8:0:0::1'), '2001:db8::1');
  equal(plainHost('fe80::1%eth0'), 'fe80::1');
  equal(plainHost('192.0.2.1'), '192.0.2.1');
});

test('a web page is ours by its origin, and only by an address, because a name can be led anywhere', () => {
  const foreign = (origin: string | undefined, host: string | undefined, site?: string, isSecure = false): boolean =>
    isForeignPage({ origin, host, site }, isSecure, ['https://console.example.net']);
  equal(foreign(undefined, '192.0.2.1:2223'), false, 'no browser');
  equal(foreign('http://192.0.2.1:2223', '192.0.2.1:2223'), false);
  equal(foreign('http://localhost:2223', 'localhost:2223'), false);
  equal(foreign('https://[::1]', '[::1]', undefined, true), false);
  equal(foreign('https://console.example.net', '192.0.2.1:2223'), false, 'it was allowed');
  equal(foreign('http://192.0.2.1:80', '192.0.2.1:2223'), true);
  equal(foreign('https://192.0.2.1:2223', '192.0.2.1:2223'), true);
  equal(foreign('null', '192.0.2.1:2223'), true);
  equal(foreign('http://evil.example', '192.0.2.1:2223'), true);
  equal(foreign('http://evil.example:2223', 'evil.example:2223'), true, 'its name leads to us');
  equal(foreign('https://console.example.net', 'console.example.net', 'same-origin', true), false);
  equal(foreign(undefined, '192.0.2.1:2223', 'same-origin'), false);
  equal(foreign(undefined, '192.0.2.1:2223', 'none'), false);
  equal(foreign(undefined, '192.0.2.1:2223', 'cross-site'), true);
  equal(foreign(undefined, 'evil.example:2223', 'same-origin'), true);
  equal(foreign(undefined, undefined, 'same-origin'), true);
});
