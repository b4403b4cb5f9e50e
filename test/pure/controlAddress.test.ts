import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type ControlAddress,
  controlProblem,
  DEFAULT_CONTROL_PORT,
  endsWithInput,
  formatControlAddress,
  isWildcard,
  parseControlAddress,
  usesStdout,
} from '../../src/relay/controlAddress.js';

function parsed(text: string): ControlAddress {
  const result = parseControlAddress(text);
  assert.ok(result.ok, `${text}: ${result.ok ? '' : result.error}`);
  return result.value;
}

const ALONE = ['systemd:', 'stdio:', 'stdioc:'];

const internet = (transport: 'udp' | 'tcp', ipv6: boolean, host: string, port: number): ControlAddress => ({
  transport,
  ipv6,
  host,
  port,
});

test('the sockets of the four networks are read, with their port or the usual one', () => {
  assert.equal(DEFAULT_CONTROL_PORT, 22_222);
  assert.deepEqual(parsed('udp:127.0.0.1:12221'), internet('udp', false, '127.0.0.1', 12_221));
  assert.deepEqual(parsed('udp:localhost'), internet('udp', false, 'localhost', 22_222));
  assert.deepEqual(parsed('tcp:192.0.2.1:1'), internet('tcp', false, '192.0.2.1', 1));
  assert.deepEqual(parsed('tcp:192.0.2.1:'), internet('tcp', false, '192.0.2.1', 22_222));
  assert.deepEqual(parsed('tcp6:localhost:65535'), internet('tcp', true, 'localhost', 65_535));
});

test('a star and an empty host mean all addresses of the family', () => {
  assert.deepEqual(parsed('udp:*'), internet('udp', false, '0.0.0.0', 22_222));
  assert.deepEqual(parsed('udp:*:9000'), internet('udp', false, '0.0.0.0', 9000));
  assert.deepEqual(parsed('tcp:'), internet('tcp', false, '0.0.0.0', 22_222));
  assert.deepEqual(parsed('udp6:*'), internet('udp', true, '::', 22_222));
});

test('IPv6 is split at its last colon, unless brackets say where it ends', () => {
  assert.deepEqual(parsed('udp6:::1:9000'), internet('udp', true, '::1', 9000));
  assert.deepEqual(parsed('udp6:2001:db8::1:9000'), internet('udp', true, '2001:db8::1', 9000));
  assert.deepEqual(parsed('udp6:[::1]'), internet('udp', true, '::1', 22_222));
  assert.deepEqual(parsed('tcp6:[2001:db8::1]:9000'), internet('tcp', true, '2001:db8::1', 9000));
});

test('a path is a unix socket, with or without its prefix; cunix is the one with many commands', () => {
  assert.deepEqual(parsed('/var/run/rtpproxy.sock'), { transport: 'unix', path: '/var/run/rtpproxy.sock', lines: false });
  assert.deepEqual(parsed('unix:/tmp/a'), { transport: 'unix', path: '/tmp/a', lines: false });
  assert.deepEqual(parsed('cunix:relative'), { transport: 'unix', path: 'relative', lines: true });
  assert.deepEqual(parsed('/tmp/with:colon'), { transport: 'unix', path: '/tmp/with:colon', lines: false });
});

test('what has no address is named by its prefix alone', () => {
  assert.deepEqual(parsed('systemd:'), { transport: 'systemd' });
  assert.deepEqual(parsed('stdio:'), { transport: 'stdio', alwaysEnds: false });
  assert.deepEqual(parsed('stdioc:'), { transport: 'stdio', alwaysEnds: true });
  assert.deepEqual(parsed('stdio'), { transport: 'unix', path: 'stdio', lines: false });
});

test('what cannot be a control socket is refused in words that name it', () => {
  const wrong: Readonly<Record<string, RegExp>> = {
    'udp:127.0.0.1:0': /control socket udp:127\.0\.0\.1:0: port 0 is not from 1 to 65535/,
    'udp:127.0.0.1:65536': /port 65536 is not from 1 to 65535/,
    'tcp6:[::1]:99999': /port 99999 is not/,
    'unix:': /control socket unix:: expected a path/,
    'http:127.0.0.1:80': /control socket http:127\.0\.0\.1:80: expected udp: udp6: tcp: tcp6: unix: or cunix: in front/,
    'fd:3': /expected udp: .* or systemd: stdio: or stdioc: alone/,
    'stdio:-': /control socket stdio:-: expected nothing behind stdio:/,
    'systemd:3': /control socket systemd:3: expected nothing behind systemd:/,
    'udp6:::1': /control socket udp6:::1: : is no IPv6 address; what follows the last colon is the port, unless/,
    'udp6:127.0.0.1:9000': /127\.0\.0\.1 is no IPv6 address; IPv4 is udp: or tcp:/,
    'tcp:::1:9000': /::1 is no IPv4 address or host name; IPv6 is udp6: or tcp6:/,
    [`/${'x'.repeat(107)}`]: /the path is longer than 107 bytes/,
    [`/${'ß'.repeat(54)}`]: /the path is longer than 107 bytes/,
  };
  for (const [text, words] of Object.entries(wrong)) {
    const result = parseControlAddress(text);
    assert.ok(!result.ok, text);
    assert.match(result.error, words);
  }
  assert.ok(parseControlAddress(`/${'x'.repeat(106)}`).ok);
});

test('what is written is read again as the same', () => {
  for (const text of ['udp:127.0.0.1:9000', 'tcp6:[::1]:9000', 'unix:/tmp/a', 'cunix:/tmp/a', 'udp6:[::]:22222', ...ALONE]) {
    assert.equal(formatControlAddress(parsed(text)), text);
    assert.deepEqual(parsed(formatControlAddress(parsed(text))), parsed(text));
  }
});

test('all addresses of the host are told from one of them, however they are written', () => {
  for (const all of ['udp:*', 'udp:0.0.0.0:1', 'udp6:*', 'udp6:[0:0::0]:1', 'udp6::::1']) assert.ok(isWildcard(parsed(all)), all);
  for (const one of ['udp:127.0.0.1', 'udp:localhost', 'udp6:::1:1', 'udp6:localhost', 'stdio:', '*'])
    assert.ok(!isWildcard(parsed(one)), one);
});

test('the end of standard input ends the relay if nobody else can talk to it unseen, and always with stdioc:', () => {
  const ends: Readonly<Record<string, boolean>> = {
    'stdio:': true,
    'stdioc:': true,
    'stdio: cunix:/tmp/a': true,
    'stdio: unix:/tmp/a tcp:127.0.0.1 tcp6:::1:1 systemd:': true,
    'stdio: udp:127.0.0.1': false,
    'udp6:::1:1 stdio: unix:/tmp/a': false,
    'stdioc: udp:127.0.0.1': true,
    'cunix:/tmp/a tcp:127.0.0.1': false,
  };
  for (const [texts, end] of Object.entries(ends)) {
    const addresses = texts.split(' ').map(parsed);
    assert.equal(endsWithInput(addresses), end, texts);
    assert.equal(usesStdout(addresses), texts.includes('stdio'), texts);
  }
});

test('there is one standard input, only in the foreground, and one socket of systemd', () => {
  const problem = (texts: string, foreground: boolean): string | null => controlProblem(texts.split(' ').map(parsed), foreground);
  assert.equal(problem('udp:*:1 udp:*:2 unix:/tmp/a unix:/tmp/b systemd:', false), null);
  assert.equal(problem('udp:*:1 stdio: systemd:', true), null);
  assert.match(problem('udp:*:1 stdio:', false)!, /^control socket stdio: only a relay in the foreground \(-f\)/);
  assert.match(problem('stdioc:', false)!, /^control socket stdioc: only/);
  assert.match(problem('stdio: stdioc:', true)!, /^control socket stdioc: there is only one of it/);
  assert.match(problem('systemd: unix:/tmp/a systemd:', true)!, /^control socket systemd: there is only one of it/);
});
