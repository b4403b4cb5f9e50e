/** What the log says of clients that may not ask. */
import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { RefusalLog } from '../../src/io/ng/refusals.js';

test('refusals are told at once, then once a minute with how many there were: a flood does not fill the log', () => {
  const told: string[] = [];
  const log = new RefusalLog((text) => told.push(text));
  const note = (client: string, atMs: number): void => log.note('udp:*:2223', client, 'why', atMs);
  note('192.0.2.1', 1_000);
  for (let n = 0; n < 100_000; n++) note(`192.0.2.${n % 256}`, 1_001 + n / 2);
  deepEqual(told.splice(0), ['NG socket udp:*:2223: 192.0.2.1 was refused: why']);
  note('192.0.2.9', 61_000);
  note('192.0.2.8', 61_001);
  deepEqual(told.splice(0), ['NG socket udp:*:2223: 192.0.2.9 was refused: why (and 100000 more since the last such line)']);
  note('192.0.2.7', 500_000);
  deepEqual(told, ['NG socket udp:*:2223: 192.0.2.7 was refused: why (and 1 more since the last such line)']);
});
