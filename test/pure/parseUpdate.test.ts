import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../property/runs.js';
import { commandOf, errorOf, FULL_GRAMMAR, parsedUpdate as parsed } from './rtpproxyGiven.js';

test('[CW-25] E36 where 6 is said and no IPv6 is configured, whatever the address is', () => {
  for (const letters of ['U6', 'U66c0', 'L6', 'Ua6'])
    for (const host of ['2001:db8::10', '127.0.0.1', 'localhost'])
      assert.equal(errorOf(commandOf(letters, host)), 'E36', letters);
  assert.equal(errorOf(commandOf('U6', '127.0.0.1'), FULL_GRAMMAR), 'E37', 'it is configured, and the address is no IPv6 one');
});

test('6 with an address of ours that is named needs no IPv6 network', () => {
  for (const letters of ['U6l[::1]', 'Ul192.0.2.7a6', 'U6r[2001:db8::2]'])
    assert.deepEqual(parsed(commandOf(letters, '2001:db8::10')).remote, { host: '2001:db8::10', port: 4000 }, letters);
});

test('E37: what has the length of an address must be one, and its port a number', () => {
  for (const host of ['localhost', '192.0.2.256', '1.2.3.4.5', '1.2.3.04', 'a.b.c.d', '2001:db8::1'])
    assert.equal(errorOf(commandOf('U', host)), 'E37', host);
  for (const host of ['2001:db8:::1', '12345::', ':1', 'fe80::1%eth0', '[::1]', 'localhost', '192.0.2.1'])
    assert.equal(errorOf(commandOf('U6', host), FULL_GRAMMAR), 'E37', host);
  for (const port of ['x', '-1', '+1', '4000x', '0x10', '1.5', '9'.repeat(10), '9'.repeat(400)]) {
    assert.equal(errorOf(commandOf('U', '192.0.2.1', port)), 'E37', port);
    assert.equal(errorOf(commandOf('U6', '2001:db8::1', port), FULL_GRAMMAR), 'E37', port);
  }
});

test('what has another length is no address, and no error, whatever the port says', () => {
  for (const host of ['-', '::', '1.2.3.', '::1', 'a-name-that-is-much-too-long.example.org']) {
    assert.equal(host.length < 7 || host.length > 15, true);
    assert.equal(parsed(commandOf('U', host, 'nonsense')).remote, null);
  }
  for (const host of ['-', ':', '2001:db8:1:1:1:1:1:1'.padEnd(46, '0')])
    assert.equal(parsed(commandOf('U6', host, 'nonsense'), FULL_GRAMMAR).remote, null, host);
});

test('[CW-20] all zeros mean hold, and port 0 means that nothing is sent there', () => {
  for (const [letters, host] of [
    ['U', '0.0.0.0'],
    ['U6', '::'],
    ['U6', '0:0:0:0:0:0:0:0'],
  ] as const) {
    const { remote, held } = parsed(commandOf(letters, host), FULL_GRAMMAR);
    assert.deepEqual([remote, held], [null, true], host);
  }
  for (const port of ['0', '00', '65536']) {
    const off = parsed(commandOf('U', '192.0.2.1', port));
    assert.deepEqual([off.remote, off.held], [null, false], port);
  }
});

test('a port beyond 65535 wraps, as in the original', () => {
  assert.deepEqual(parsed(commandOf('U', '192.0.2.1', '99999')).remote, { host: '192.0.2.1', port: 99_999 - 65_536 });
  assert.deepEqual(parsed(commandOf('U', '192.0.2.1', '65535')).remote, { host: '192.0.2.1', port: 65_535 });
  assert.deepEqual(parsed(commandOf('U', '192.0.2.1', '999999999')).remote, { host: '192.0.2.1', port: 999_999_999 % 65_536 });
});

test('an IPv6 address is written in one way, however it came', () => {
  for (const host of ['2001:db8::a', '2001:DB8:0:0:0:0:0:A', '2001:0db8::000a'])
    assert.deepEqual(parsed(commandOf('U6', host), FULL_GRAMMAR).remote, { host: '2001:db8::a', port: 4000 });
});

test('[CW-35] five words have no To tag, six have one, seven none but a notification, eight both', () => {
  const [socket, notify] = ['tcp:127.0.0.1:9', { socket: 'tcp:127.0.0.1:9', tag: 'r 1', lenient: false }];
  const table = [
    ['U c 192.0.2.1 4000 f', null, null],
    ['U c 192.0.2.1 4000 f t', 't', null],
    [`U c 192.0.2.1 4000 f ${socket} r%201`, null, notify],
    [`U c 192.0.2.1 4000 f t ${socket} r+1`, 't', notify],
  ] as const;
  for (const [text, to, wanted] of table) {
    const command = parsed(text, FULL_GRAMMAR);
    assert.deepEqual([command.tags, command.notify], [{ from: 'f', to }, wanted], text);
  }
});

test('[CW-35] the socket is passed on as it is written, in every form', () => {
  for (const socket of ['tcp:127.0.0.1:9', 'unix:/tmp/a', '/tmp/x.sock', 'tcp:%%CC_SELF%%:9', '10.0.0.1:9999', 'a%20+b'])
    for (const to of ['', ' t'])
      assert.equal(parsed(`U c 192.0.2.1 4000 f${to} ${socket} tag`, FULL_GRAMMAR).notify?.socket, socket);
});

test('E75: a notification where nobody may have one', () => {
  for (const text of ['U c 192.0.2.1 4000 f tcp:127.0.0.1:9 tag', 'U c 192.0.2.1 4000 f t /tmp/x.sock r%201'])
    assert.equal(errorOf(text), 'E75', text);
  assert.equal(errorOf('U c 192.0.2.1 4000 f sock%zz tag'), 'E75', 'the socket is not decoded');
});

test('E10: a notification tag that is not URL-encoded', () => {
  for (const tag of ['%', '%2', 'a%zz', '%2g', 'x%']) {
    assert.equal(errorOf(`U c 192.0.2.1 4000 f sock ${tag}`, FULL_GRAMMAR), 'E10', tag);
    assert.equal(errorOf(`Uy c localhost x f t sock ${tag}`), 'E10', `${tag} before everything else`);
  }
});

test('L takes no notification: its sixth word is a To tag, and a seventh is too much', () => {
  assert.equal(errorOf('L c 192.0.2.1 4000 f t sock tag', FULL_GRAMMAR), 'E1');
  const { tags, notify } = parsed('L c 192.0.2.1 4000 f xmlrpc:http://127.0.0.1/;x', FULL_GRAMMAR);
  assert.deepEqual([tags.to, notify], ['xmlrpc:http://127.0.0.1/;x', null]);
});

test('[CW-14 CW-15 CW-16 CW-17 KC-01] Call-IDs and tags of every client are kept whole, with and without their suffixes', () => {
  const lines = [
    ['U cid 192.0.2.1 4000 F;1', 'cid', 'F;1', null],
    ['U cid;z9hG4bK7 192.0.2.1 4000 T;2 F;2', 'cid;z9hG4bK7', 'T;2', 'F;2'],
    ['L cid-0 192.0.2.1 4000 T F', 'cid-0', 'T', 'F'],
    ['L cid 192.0.2.1 4000 F dummy', 'cid', 'F', 'dummy'],
    ['Lc0 cid 192.0.2.1 4000 F', 'cid', 'F', null],
  ] as const;
  for (const [text, call, from, to] of lines) {
    const command = parsed(text);
    assert.deepEqual([command.call, command.tags], [call, { from, to }], text);
  }
});

test('any valid address is what the command carries, with its port', () => {
  const property = fc.property(fc.ipV4(), fc.integer({ min: 1, max: 65_535 }), (host, port) => {
    fc.pre(host !== '0.0.0.0');
    assert.deepEqual(parsed(commandOf('U', host, String(port))).remote, { host, port });
  });
  fc.assert(property, { numRuns: runs(200) });
});
