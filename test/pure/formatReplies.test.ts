import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, udpPort } from '../../model/kernel/index.js';
import { fitsReply, formatInfo, formatLocal, formatSubresults, MAX_REPLY_BYTES } from '../../src/protocol/rtpproxy/format.js';

const local = (host: string, advertised: string | null = null) => formatLocal({ host, port: udpPort(20_222) }, advertised);

test('[CW-28] the answer to U and L is port and address, with a 6 behind an IPv6 one', () => {
  assert.equal(local('127.0.0.1'), '20222 127.0.0.1');
  assert.equal(local('2001:db8::1'), '20222 2001:db8::1 6');
  assert.equal(local('::1'), '20222 ::1 6');
});

test('[CW-28] where the sockets are bound to all addresses, it is the port alone', () => {
  assert.equal(local('0.0.0.0'), '20222');
  assert.equal(local('::'), '20222');
});

test('[CW-28] an advertised address replaces the one that is bound, and the 6 follows it', () => {
  assert.equal(local('10.0.0.1', '203.0.113.5'), '20222 203.0.113.5');
  assert.equal(local('0.0.0.0', '203.0.113.5'), '20222 203.0.113.5');
  assert.equal(local('::', '2001:db8::5'), '20222 2001:db8::5 6');
  assert.equal(local('10.0.0.1', '2001:db8::5'), '20222 2001:db8::5 6');
  assert.equal(local('fd00::1', '203.0.113.5'), '20222 203.0.113.5');
});

test('[CW-28] an advertised name has the family of the socket', () => {
  assert.equal(local('10.0.0.1', 'relay.example.org'), '20222 relay.example.org');
  assert.equal(local('fd00::1', 'relay6.example.org'), '20222 relay6.example.org 6');
});

test('[CW-39] results of sub-commands: none, one, several, -1 on failure', () => {
  const table: readonly (readonly [readonly (number | string)[], string])[] = [
    [[], ''],
    [[0], ''],
    [[0, 0, 0], ''],
    [[-1], ' && -1'],
    [['active SHA-256 AB'], ' && active SHA-256 AB'],
    [[0, '16002 10.0.0.1'], ' && 0 && 16002 10.0.0.1'],
    [['a', 0, 0], ' && a'],
    [['a', 0, 0, 'b', 0], ' && a && 0 && 0 && b'],
    [[0, -1], ' && 0 && -1'],
    [['a', -2, 'never carried out'], ' && a && -2'],
  ];
  for (const [results, behind] of table) assert.equal(formatSubresults('24270 127.0.0.1', results), `24270 127.0.0.1${behind}`);
});

test('a text that does not fit is a failure, and what comes before it is shown', () => {
  const long = 'x'.repeat(500);
  const reply = formatSubresults('24270', [long, 0, long, 0]);
  assert.equal(reply, `24270 && ${long} && 0 && -1`);
  assert.equal(fitsReply(reply), true);
  assert.equal(formatSubresults('24270', ['x'.repeat(2000)]), '24270 && -1');
  for (const length of [800, 850, 870, 873, 876, 950, 1024])
    assert.equal(
      fitsReply(formatSubresults('24270 127.0.0.1', [...Array<number>(13).fill(0), 'x'.repeat(length), -1])),
      true,
      `${length}`,
    );
});

test('a reply has room for 1024 bytes, a cookie of 33 characters and a line feed', () => {
  assert.equal(MAX_REPLY_BYTES, 1024);
  assert.equal(fitsReply('x'.repeat(1024 - 64)), true);
  assert.equal(fitsReply('x'.repeat(1024 - 63)), false);
});

test('the answer to I is five lines, and a sixth for the load; a session counts as two streams', () => {
  const totals = { sessionsCreated: 12, activeSessions: 3, packetsReceived: 4000, packetsTransmitted: 3990 };
  const five = 'sessions created: 12\nactive sessions: 3\nactive streams: 6\npackets received: 4000\npackets transmitted: 3990';
  assert.equal(formatInfo(totals, null), five);
  assert.equal(formatInfo(totals, 0), `${five}\naverage load: 0.000000`);
});

test('an address is written with brackets where its host has colons', () => {
  assert.equal(formatAddress({ host: '192.0.2.1', port: udpPort(4000) }), '192.0.2.1:4000');
  assert.equal(formatAddress({ host: '2001:db8::1', port: udpPort(4000) }), '[2001:db8::1]:4000');
});
