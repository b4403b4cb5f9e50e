/** Answers that are kept for what is repeated: how long, how many, who gets them, and what it costs. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { AgingMap } from '../../src/relay/control/agingMap.js';
import { MAX_REPLIES, PENDING, REPLY_LIFETIME_MS, ReplyCache } from '../../src/relay/control/replyCache.js';

const NOW_MS = 1_700_000_000_000;

const nobody = (): void => {};

/** As a UDP listener makes them: source, then the whole datagram. */
const key = (source: string, cookie: string, command: string): string => `${source} ${cookie} ${command}`;

test('a command that is new is to be carried out; asked again meanwhile it is pending; afterwards it gets the same answer', () => {
  const cache = new ReplyCache();
  equal(cache.take('a', NOW_MS), undefined);
  equal(cache.take('a', NOW_MS + 1), PENDING);
  cache.keep('a', 'cookie 20000 127.0.0.1\n');
  equal(cache.take('a', NOW_MS + 2), 'cookie 20000 127.0.0.1\n');
  equal(cache.take('a', NOW_MS + REPLY_LIFETIME_MS - 1), 'cookie 20000 127.0.0.1\n');
});

test('an answer is kept for 35 seconds from when the command came, however often it was asked for', () => {
  equal(REPLY_LIFETIME_MS, 35_000);
  const cache = new ReplyCache();
  cache.take('a', NOW_MS);
  cache.keep('a', 'answer');
  for (let ms = 0; ms < 35_000; ms += 1000) equal(cache.take('a', NOW_MS + ms), 'answer');
  equal(cache.take('a', NOW_MS + 35_000), undefined);
  equal(cache.take('a', NOW_MS + 35_001), PENDING);
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
    equal(cache.take(other, NOW_MS), undefined);
  equal(cache.take(known, NOW_MS), '1_a 20040107\n');
});

test('an answer that comes after its time, or to a command nobody asked, is not kept', () => {
  const cache = new ReplyCache();
  cache.keep('never asked', 'answer');
  equal(cache.take('never asked', NOW_MS), undefined);
  cache.take('late', NOW_MS);
  cache.take('other', NOW_MS + 40_000);
  cache.keep('late', 'answer');
  equal(cache.take('late', NOW_MS + 40_000), undefined);
});

test('what has had its time is forgotten without being asked for', () => {
  const cache = new ReplyCache();
  for (let i = 0; i < 1000; i++) cache.take(`command ${i}`, NOW_MS + i);
  equal(cache.size, 1000);
  cache.take('another', NOW_MS + 500 + REPLY_LIFETIME_MS);
  equal(cache.size, 500);
  cache.take('another', NOW_MS + 2000 + REPLY_LIFETIME_MS);
  equal(cache.size, 1);
});

test('a flood does not fill the memory: beyond the limit the oldest go', () => {
  const cache = new ReplyCache();
  for (let i = 0; i < MAX_REPLIES + 500; i++) cache.take(`command ${i}`, NOW_MS);
  ok(cache.size <= MAX_REPLIES + 1, String(cache.size));
  equal(cache.take(`command ${MAX_REPLIES + 499}`, NOW_MS), PENDING);
  equal(cache.take('command 0', NOW_MS), undefined);
});

test('a request is new once, then pending, then answered with the same until its time is over', () => {
  const replies = new ReplyCache();
  equal(replies.take('a', 0), undefined);
  equal(replies.take('a', 1), PENDING);
  replies.keep('a', 'done');
  equal(replies.take('a', REPLY_LIFETIME_MS - 1), 'done');
  equal(replies.take('b', 10), undefined);
  equal(replies.take('a', REPLY_LIFETIME_MS), undefined, 'it is new again');
  equal(replies.take('b', REPLY_LIFETIME_MS), PENDING);
  replies.keep('never asked', 'x');
  equal(replies.take('never asked', REPLY_LIFETIME_MS), undefined);
});

test('what was answered by who has died is known as if we had answered it', () => {
  const replies = new ReplyCache();
  replies.restore('a', 'old', 0);
  replies.restore('a', 'newer', 5);
  replies.restore('b', 'other', 6);
  equal(replies.take('a', 10), 'newer');
  equal(replies.take('a', 5 + REPLY_LIFETIME_MS), undefined);
  equal(replies.size, 2);
});

test('beyond its bounds the oldest go early, by count and by length, and nothing else', () => {
  const few = new ReplyCache(3, 1000);
  for (const key of ['a', 'b', 'c', 'd']) few.take(key, 0);
  deepEqual(
    ['d', 'c', 'b'].map((key) => few.take(key, 0)),
    [PENDING, PENDING, PENDING],
  );
  equal(few.size, 3);
  few.keep('c', 'x'.repeat(996));
  equal(few.size, 3);
  few.keep('d', 'xx');
  equal(few.size, 2, 'one more character than there may be');
  equal(few.take('c', 0), 'x'.repeat(996));
  few.take('k'.repeat(2000), 0);
  equal(few.size, 0, 'what is longer than all may be is not kept either');
  few.take('again', 0);
  few.keep('again', 'x'.repeat(995));
  equal(few.take('again', 0), 'x'.repeat(995), 'what has gone is not counted any more');
});

test('the oldest is the one that was set first, whatever else was set again or deleted', () => {
  const map = new AgingMap<{ readonly n: number }>();
  equal(map.oldest(), null);
  for (let n = 0; n < 6; n++) map.set(`${n}`, { n });
  equal(map.oldest()?.[0], '0');
  map.set('0', { n: 10 });
  map.delete('2');
  const order: number[] = [];
  for (let oldest = map.oldest(); oldest !== null; oldest = map.oldest()) {
    order.push(oldest[1].n);
    map.delete(oldest[0]);
    if (order.length === 2) map.set('late', { n: 20 });
  }
  deepEqual(order, [1, 3, 4, 5, 10, 20]);
  map.set('after', { n: 30 });
  equal(map.oldest()?.[0], 'after');
});

/** How many times longer it takes to remember a request when as many are thrown away for it as come. */
function slowdown(most: number, take: (key: string) => void): number {
  const fill = (round: number): number => {
    const began = performance.now();
    for (let n = 0; n < most; n++) take(`udp:127.0.0.1:2223 127.0.0.1:${round} ${n}`);
    return performance.now() - began;
  };
  const empty = fill(0);
  return fill(1) / empty;
}

test('a full cache is hardly slower than an empty one', () => {
  const ways = [
    (replies: ReplyCache, key: string) => replies.take(key, 0),
    (replies: ReplyCache, key: string) => void replies.ask(key, 0, nobody),
  ];
  for (const way of ways) {
    // The best of some: what else the machine does may fall into the second half of one.
    const slower = Array.from({ length: 3 }, () => {
      const replies = new ReplyCache();
      return slowdown(MAX_REPLIES, (key) => way(replies, key));
    });
    ok(Math.min(...slower) < 6, `${slower.map((each) => each.toFixed(1))} times as long`);
  }
});

test('[NG-01] a request is new once; a repetition gets the answer that the first got', () => {
  const replies = new ReplyCache();
  const heard: string[] = [];
  const settle = replies.ask('udp:a 192.0.2.1:5060 7_1', NOW_MS, (reply) => heard.push(`first ${reply}`));
  if (settle === null) throw new Error('it was new');
  equal(
    replies.ask('udp:a 192.0.2.1:5060 7_1', NOW_MS + 1, (reply) => heard.push(`early ${reply}`)),
    null,
  );
  equal(heard.length, 0);
  settle('pong');
  settle('twice');
  equal(
    replies.ask('udp:a 192.0.2.1:5060 7_1', NOW_MS + 2, (reply) => heard.push(`late ${reply}`)),
    null,
  );
  deepEqual(heard, ['first pong', 'early pong', 'late pong']);
});

test('another socket, another client or another cookie is another request', () => {
  const replies = new ReplyCache();
  replies.ask('udp:a 192.0.2.1:5060 7_1', NOW_MS, nobody)?.('secret');
  for (const key of [
    'udp:b 192.0.2.1:5060 7_1',
    'udp:a 192.0.2.2:5060 7_1',
    'udp:a 192.0.2.1:5061 7_1',
    'udp:a 192.0.2.1:5060 7_2',
  ]) {
    ok(replies.ask(key, NOW_MS, nobody) !== null, key);
  }
});

test('an answer is kept for 35 seconds and more, and then forgotten', () => {
  ok(REPLY_LIFETIME_MS >= 35_000);
  const replies = new ReplyCache();
  replies.ask('a', NOW_MS, nobody)?.('answer');
  equal(replies.ask('a', NOW_MS + REPLY_LIFETIME_MS - 1, nobody), null);
  ok(replies.ask('a', NOW_MS + REPLY_LIFETIME_MS, nobody) !== null);
});

test('what is kept is bounded by bytes and by count: the oldest go, and are answered all the same', () => {
  const replies = new ReplyCache(20, 10_000);
  const heard: string[] = [];
  const oldest = replies.ask('oldest', NOW_MS, (reply) => heard.push(reply));
  for (let n = 0; n < 100; n++) {
    replies.ask(`small ${n}`, NOW_MS, nobody)?.('.');
    ok(replies.size <= 21, `${replies.size}`);
  }
  oldest?.('at last');
  deepEqual(heard, ['at last']);
  for (let n = 0; n < 100; n++) {
    replies.ask(`large ${n}`, NOW_MS, nobody)?.('x'.repeat(3_000));
    ok(replies.bytes <= 10_000, `${replies.bytes}`);
  }
  equal(replies.ask('large 99', NOW_MS, nobody), null, 'the newest is there');
  ok(replies.ask('large 1', NOW_MS, nobody) !== null);
  replies.ask('huge', NOW_MS, nobody)?.('x'.repeat(20_000));
  deepEqual([replies.size, replies.bytes], [0, 0]);
});

test('repetitions that wait for the first answer are bounded too', () => {
  const replies = new ReplyCache();
  let heard = 0;
  const settle = replies.ask('a', NOW_MS, nobody);
  for (let n = 0; n < 1_000; n++) replies.ask('a', NOW_MS, () => heard++);
  settle?.('answer');
  ok(heard > 0 && heard < 100, `${heard}`);
});

test('answers of a relay that has died are given again, as long as they would have been', () => {
  const replies = new ReplyCache();
  const heard: string[] = [];
  replies.restore('a', 'from before', NOW_MS - 10_000);
  replies.restore('a', 'from before, again', NOW_MS - 9_000);
  equal(
    replies.ask('a', NOW_MS, (reply) => heard.push(reply)),
    null,
  );
  deepEqual(heard, ['from before, again']);
  ok(replies.ask('a', NOW_MS - 9_000 + REPLY_LIFETIME_MS, nobody) !== null);
});

test('who asks anew when the time is over is told what comes of that, and the first what came of his', () => {
  const replies = new ReplyCache();
  const heard: string[] = [];
  const later = NOW_MS + REPLY_LIFETIME_MS;
  const first = replies.ask('a', NOW_MS, (reply) => heard.push(`first ${reply}`));
  const second = replies.ask('a', later, (reply) => heard.push(`second ${reply}`));
  first?.('late');
  equal(
    replies.ask('a', later, (reply) => heard.push(`third ${reply}`)),
    null,
  );
  deepEqual(heard, ['first late']);
  second?.('now');
  replies.ask('a', later, (reply) => heard.push(`fourth ${reply}`));
  deepEqual(heard, ['first late', 'second now', 'third now', 'fourth now']);
  deepEqual([replies.size, replies.bytes], [1, 'a'.length + 'now'.length]);
});
