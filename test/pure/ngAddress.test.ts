import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import {
  DEFAULT_NG_PORT,
  formatNgAddress,
  isEveryNgAddress,
  isSecureNg,
  type NgAddress,
  parseNgAddress,
} from '../../src/relay/ng/ngAddress.js';

function parsed(text: string): NgAddress {
  const result = parseNgAddress(text);
  ok(result.ok, `${text}: ${result.ok ? '' : result.error}`);
  return result.value;
}

function problem(text: string): string {
  const result = parseNgAddress(text);
  return result.ok ? 'none' : result.error;
}

test('[NG-01 NG-19] every transport is read, with its port or the usual one', () => {
  equal(DEFAULT_NG_PORT, 2223);
  deepEqual(parsed('udp:127.0.0.1'), { transport: 'udp', family: 'IPv4', host: '127.0.0.1', port: 2223 });
  deepEqual(parsed('udp:localhost:22222'), { transport: 'udp', family: 'IPv4', host: 'localhost', port: 22_222 });
  deepEqual(parsed('tcp6:localhost'), { transport: 'tcp', family: 'IPv6', host: 'localhost', port: 2223 });
  deepEqual(parsed('http:proxy.example.net:8080'), { transport: 'http', family: null, host: 'proxy.example.net', port: 8080 });
  deepEqual(parsed('wss:192.0.2.1:65535'), { transport: 'wss', family: 'IPv4', host: '192.0.2.1', port: 65_535 });
  for (const transport of ['http', 'https', 'ws', 'wss'] as const) equal(parsed(`${transport}:a`).transport, transport);
  deepEqual(
    ['http:a', 'https:a', 'ws:a', 'wss:a', 'tcp:a'].map((name) => isSecureNg(parsed(name))),
    [false, true, false, true, false],
  );
});

test('an IPv6 address stands in brackets, whatever the transport, and says the family', () => {
  for (const name of ['udp:[2001:db8::1]:5', 'udp6:[2001:db8::1]:5']) {
    deepEqual(parsed(name), { transport: 'udp', family: 'IPv6', host: '2001:db8::1', port: 5 });
  }
  deepEqual(parsed('ws:[::1]'), { transport: 'ws', family: 'IPv6', host: '::1', port: 2223 });
  equal(parsed('tcp6:[fe80::1%eth0]').host, 'fe80::1%eth0');
  equal(problem('udp6:::1:2223'), 'NG socket udp6:::1:2223: expected brackets around an IPv6 address');
  equal(problem('tcp6:2001:db8::1'), 'NG socket tcp6:2001:db8::1: expected brackets around an IPv6 address');
  equal(problem('udp6:[12]'), 'NG socket udp6:[12]: 12 is no IPv6 address');
});

test('a star is all addresses: of IPv4, or with IPv6 of both', () => {
  for (const [name, host] of [
    ['udp:*', '0.0.0.0'],
    ['udp6:*', '::'],
    ['http:*:80', '0.0.0.0'],
    ['http:[::]', '::'],
    ['tcp:0.0.0.0', '0.0.0.0'],
  ] as const) {
    equal(parsed(name).host, host);
    ok(isEveryNgAddress(parsed(name)), name);
  }
  for (const name of ['udp:127.0.0.1', 'udp6:[::1]', 'tcp:localhost']) ok(!isEveryNgAddress(parsed(name)), name);
});

test('what is wrong is told in one line that names the value', () => {
  const schemes = 'expected udp: udp6: tcp: tcp6: http: https: ws: or wss: and a host';
  for (const text of ['', '127.0.0.1:2223', 'unix:/tmp/x', 'UDP:127.0.0.1', 'constructor:1', 'udp']) {
    equal(problem(text), `NG socket ${text}: ${schemes}`);
  }
  for (const text of ['udp:', 'udp::2223', 'tcp:a b', 'http:a/b']) {
    equal(problem(text), `NG socket ${text}: expected a host, or * for all addresses`);
  }
  for (const port of [0, 65_536, 999_999_999]) {
    equal(problem(`udp:a:${port}`), `NG socket udp:a:${port}: port ${port} is not from 1 to 65535`);
  }
  equal(problem('udp:a:1e3'), 'NG socket udp:a:1e3: expected udp:HOST or udp:HOST:PORT');
  equal(problem('udp6:127.0.0.1'), 'NG socket udp6:127.0.0.1: 127.0.0.1 is no IPv6 address; IPv4 is udp: or tcp:');
});

test('what is read can be written and read again', () => {
  for (const name of ['udp:127.0.0.1:1', 'udp6:[::1]:2223', 'tcp6:localhost:7', 'https:[2001:db8::1]:443', 'ws:a.b:80']) {
    equal(formatNgAddress(parsed(name)), name);
    deepEqual(parsed(formatNgAddress(parsed(name))), parsed(name));
  }
  equal(formatNgAddress(parsed('udp:[::1]')), 'udp6:[::1]:2223');
});
