import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_REPLIES, PENDING, REPLY_LIFETIME_MS, ReplyCache } from '../../src/relay/control/replyCache.js';

const NOW_MS = 1_700_000_000_000;

/** As a UDP listener makes them: source, then the whole datagram. */
const key = (source: string, cookie: string, command: string): string => `${source} ${cookie} ${command}`;

test('a command that is new is to be carried out; asked again meanwhile it is pending; afterwards it gets the same answer', () => {
  const cache = new ReplyCache();
  assert.equal(cache.take('a', NOW_MS), undefined);
  assert.equal(cache.take('a', NOW_MS + 1), PENDING);
  cache.keep('a', 'cookie 20000 127.0.0.1\n');
  assert.equal(cache.take('a', NOW_MS + 2), 'cookie 20000 127.0.0.1\n');
  assert.equal(cache.take('a', NOW_MS + REPLY_LIFETIME_MS - 1), 'cookie 20000 127.0.0.1\n');
});

test('an answer is kept for 35 seconds from when the command came, however often it was asked for', () => {
  assert.equal(REPLY_LIFETIME_MS, 35_000);
  const cache = new ReplyCache();
  cache.take('a', NOW_MS);
  cache.keep('a', 'answer');
  for (let ms = 0; ms < 35_000; ms += 1000) assert.equal(cache.take('a', NOW_MS + ms), 'answer');
  assert.equal(cache.take('a', NOW_MS + 35_000), undefined);
  assert.equal(cache.take('a', NOW_MS + 35_001), PENDING);
});

test('another source, another cookie or another text is another command', () => {
  const cache = new ReplyCache();
  const known = key('192.0.2.1 5000', '1_a', 'V');
  cache.take(known, NOW_MS);
  cache.keep(known, '1_a 20040107\n');
  for (const other of [
    key('192.0.2.1 5001', '1_a', 'V'),
    key('192.0.2.2 5000', '1_a', 'V'),
    key('192.0.2.1 5000', '2_a', 'V'),
    key('192.0.2.1 5000', '1_a', 'VF 20050322'),
  ])
    assert.equal(cache.take(other, NOW_MS), undefined);
  assert.equal(cache.take(known, NOW_MS), '1_a 20040107\n');
});

test('an answer that comes after its time, or to a command nobody asked, is not kept', () => {
  const cache = new ReplyCache();
  cache.keep('never asked', 'answer');
  assert.equal(cache.take('never asked', NOW_MS), undefined);
  cache.take('late', NOW_MS);
  cache.take('other', NOW_MS + 40_000);
  cache.keep('late', 'answer');
  assert.equal(cache.take('late', NOW_MS + 40_000), undefined);
});

test('what has had its time is forgotten without being asked for', () => {
  const cache = new ReplyCache();
  for (let i = 0; i < 1000; i++) cache.take(`command ${i}`, NOW_MS + i);
  assert.equal(cache.size, 1000);
  cache.take('another', NOW_MS + 500 + REPLY_LIFETIME_MS);
  assert.equal(cache.size, 500);
  cache.take('another', NOW_MS + 2000 + REPLY_LIFETIME_MS);
  assert.equal(cache.size, 1);
});

test('a flood does not fill the memory: beyond the limit the oldest go', () => {
  const cache = new ReplyCache();
  for (let i = 0; i < MAX_REPLIES + 500; i++) cache.take(`command ${i}`, NOW_MS);
  assert.ok(cache.size <= MAX_REPLIES + 1, String(cache.size));
  assert.equal(cache.take(`command ${MAX_REPLIES + 499}`, NOW_MS), PENDING);
  assert.equal(cache.take('command 0', NOW_MS), undefined);
});
