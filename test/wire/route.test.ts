/** By which local address the kernel would send to a host: the same as a connected socket of Node's has. No packet is sent. */
import { equal } from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { loadRouteTo } from '../../src/io/route.js';

const routeTo = await loadRouteTo();

/** What Node says; null: there is no way to the host. */
function routeByNode(host: string): Promise<string | null> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  return new Promise((resolve) => {
    const end = (answer: string | null): void => {
      socket.close();
      resolve(answer);
    };
    socket.once('error', () => end(null));
    socket.connect(9, host, (error?: Error) => end(error ? null : socket.address().address));
  });
}

for (const host of ['127.0.0.1', '127.0.0.9', '::1', '192.0.2.1', '2001:db8::1']) {
  test(`[PN-49] ${host} is reached from where Node says`, async () => {
    const expected = await routeByNode(host);
    for (let n = 0; n < 2; n++) equal(routeTo(host), expected);
  });
}

test('what is no address is not reached, and asking leaves no open file', () => {
  const before = readdirSync('/proc/self/fd').length;
  for (const host of ['', 'localhost', '1.2.3', '127.0.0.1', '::1', '192.0.2.1', '255.255.255.255']) routeTo(host);
  for (const host of ['', 'localhost', '1.2.3', '127.0.0.1 ']) equal(routeTo(host), null, host);
  equal(readdirSync('/proc/self/fd').length, before);
});
