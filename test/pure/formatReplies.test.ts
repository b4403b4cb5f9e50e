import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress, udpPort } from '../../model/kernel/index.js';
import { formatCounters, formatInfo, formatLocal } from '../../src/protocol/rtpproxy/format.js';

const local = (host: string) => formatLocal({ host, port: udpPort(20_222) });

test('the answer to U and L is port and address, with a 6 behind an IPv6 one', () => {
  assert.equal(local('127.0.0.1'), '20222 127.0.0.1');
  assert.equal(local('2001:db8::1'), '20222 2001:db8::1 6');
  assert.equal(local('::1'), '20222 ::1 6');
});

test('where the sockets are bound to all addresses, it is the port alone', () => {
  assert.equal(local('0.0.0.0'), '20222');
  assert.equal(local('::'), '20222');
});

test('the answer to Q is values, or names and values, in the order asked', () => {
  const values = [
    ['nrelayed', 3],
    ['ttl', 60],
  ] as const;
  assert.equal(formatCounters(values, false), '3 60');
  assert.equal(formatCounters(values, true), 'nrelayed=3 ttl=60');
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
