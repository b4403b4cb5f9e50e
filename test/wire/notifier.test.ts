import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay, setImmediate as loopTurn } from 'node:timers/promises';
import type { NotifyTarget } from '../../model/session/notify.js';
import { type Carrier, DELIVERED } from '../../src/io/notify/carrier.js';
import { Outlet } from '../../src/io/notify/outlet.js';
import { until } from '../rig/notifyListener.js';
import { CALL, listen, numbered, openScene } from '../rig/notifyScene.js';

const BOUND = { timeout: 30_000 };

/** More than the kernel takes of a line before the listener reads. */
const HUGE = 'y'.repeat(4 << 20);

const tcp = (port: number, bind: string | null = null): NotifyTarget => ({ kind: 'tcp', host: '127.0.0.1', port, bind });

test(
  '[CW-36 NG-17 NG-28] over TCP: nothing is opened before the first line, and one connection serves for all',
  BOUND,
  async (t) => {
    const { notifier, warnings, port } = await openScene(t);
    const listener = await listen(t, { host: '127.0.0.1', port });
    await delay(50);
    equal(listener.connections.length, 0);
    for (const [n, line] of numbered(20).entries()) {
      notifier.send(tcp(port), line, CALL);
      await listener.received(n + 1);
    }
    deepEqual(listener.lines, numbered(20));
    equal(listener.connections.length, 1);
    equal(listener.openConnections, 1, 'it stays open');
    deepEqual(warnings, []);
  },
);

test('[CW-36] over a unix socket: the bytes of the line and a line feed, nothing else', BOUND, async (t) => {
  const { notifier, warnings, dir } = await openScene(t);
  const path = join(dir, 'b2bua.sock');
  const listener = await listen(t, { path });
  const lines = ['r 1', 'T12.34', '', 'tab\tquote" %41 +', '\x01\x7f\x80\xe9\xff', 'x'.repeat(8_000)];
  for (const line of lines) notifier.send({ kind: 'unix', path }, line, CALL);
  await listener.received(lines.length);
  deepEqual(listener.lines, lines);
  equal(listener.connections.length, 1);
  deepEqual(warnings, []);
});

test('[CW-36] what the listener sends back is taken off the connection, however much it is', BOUND, async (t) => {
  const { notifier, port } = await openScene(t);
  // More than the buffers of both sides hold: a listener whose answers nobody takes would stop to read.
  const answer = `OK\n`.repeat(10_000);
  const listener = await listen(t, { host: '127.0.0.1', port }, answer);
  for (const line of numbered(1_000)) notifier.send(tcp(port), line, CALL);
  await listener.received(1_000, 10_000);
  deepEqual(listener.lines, numbered(1_000));
  equal(listener.connections.length, 1);
});

test('[CW-36] lines of one target keep their order, also when thousands are sent at once', BOUND, async (t) => {
  const { notifier, warnings, port } = await openScene(t);
  const listener = await listen(t, { host: '127.0.0.1', port });
  for (const line of numbered(5_000)) notifier.send(tcp(port), line, CALL);
  await listener.received(5_000, 10_000);
  deepEqual(listener.lines, numbered(5_000));
  deepEqual(warnings, []);
});

test('[CW-36 NG-17] each listener gets its own lines only, and a dead one does not hold up another', BOUND, async (t) => {
  const { notifier, warnings, dir, port } = await openScene(t);
  const [first, second] = [join(dir, 'first'), join(dir, 'second')];
  const listeners = [await listen(t, { path: first }), await listen(t, { path: second })] as const;
  notifier.send(tcp(port), 'dead', CALL);
  notifier.send({ kind: 'unix', path: first }, 'one', CALL);
  notifier.send({ kind: 'unix', path: second }, 'two', CALL);
  notifier.send({ kind: 'unix', path: first }, 'three', CALL);
  await listeners[0].received(2, 1_000);
  await listeners[1].received(1, 1_000);
  deepEqual([listeners[0].lines, listeners[1].lines], [['one', 'three'], ['two']]);
  deepEqual(warnings, [], 'the dead one is still being tried');
});

test('[CW-36] after the listener was started again, what was sent meanwhile arrives once and in order', BOUND, async (t) => {
  const { notifier, warnings, port } = await openScene(t);
  const listener = await listen(t, { host: '127.0.0.1', port });
  notifier.send(tcp(port), 'before', CALL);
  await listener.received(1);
  await listener.stop();
  for (const line of numbered(3)) notifier.send(tcp(port), line, CALL);
  await delay(100);
  await listener.start();
  await listener.received(4);
  notifier.send(tcp(port), 'after', CALL);
  await listener.received(5);
  deepEqual(listener.lines, ['before', ...numbered(3), 'after']);
  equal(listener.connections.length, 2);
  deepEqual(warnings, []);
});

for (const kind of ['tcp', 'unix'] as const) {
  test(`[CW-36] a ${kind} listener that closes the connection just before a line still gets that line`, BOUND, async (t) => {
    const { notifier, warnings, dir, port } = await openScene(t);
    const path = join(dir, 'socket');
    const listener = await listen(t, kind === 'tcp' ? { host: '127.0.0.1', port } : { path });
    const target: NotifyTarget = kind === 'tcp' ? tcp(port) : { kind, path };
    // The end is noticed when the event loop next looks at the connection: that is before the line, wherever in its round the loop is.
    const places = [() => delay(1), () => loopTurn(), () => stat('/')];
    for (let turn = 0; turn < 30; turn++) {
      await places[turn % places.length]!();
      listener.drop();
      notifier.send(target, `r ${turn}`, CALL);
      await listener.received(turn + 1);
    }
    deepEqual(listener.lines, numbered(30));
    equal(listener.connections.length, 30);
    deepEqual(warnings, []);
  });
}

test('[CW-36] a line that was sent half is sent again whole', BOUND, async (t) => {
  const { notifier, warnings, dir } = await openScene(t);
  const path = join(dir, 'socket');
  const listener = await listen(t, { path });
  listener.next = 'tear';
  notifier.send({ kind: 'unix', path }, HUGE, CALL);
  notifier.send({ kind: 'unix', path }, 'r 2', CALL);
  await listener.received(2);
  ok(listener.lines[0] === HUGE && listener.lines[1] === 'r 2' && listener.lines.length === 2);
  equal(listener.torn.length, 1);
  ok(listener.torn[0]!.length < HUGE.length && HUGE.startsWith(listener.torn[0]!));
  deepEqual(warnings, []);
});

test('[CW-36] a listener that takes nothing for five seconds is left, and tried again', BOUND, async (t) => {
  const { notifier, warnings, dir } = await openScene(t);
  const path = join(dir, 'socket');
  const listener = await listen(t, { path });
  listener.next = 'ignore';
  notifier.send({ kind: 'unix', path }, HUGE, CALL);
  await listener.received(1, 10_000);
  ok(listener.lines[0] === HUGE);
  equal(listener.connections.length, 2);
  deepEqual(warnings, []);
});

test(
  '[CW-36 NG-28] a line for a listener that does not come back is given up, with one warning that names both',
  BOUND,
  async (t) => {
    const { notifier, warnings, dir, port } = await openScene(t);
    const path = join(dir, 'nobody');
    const began = performance.now();
    notifier.send(tcp(port), 'r 1', CALL);
    notifier.send({ kind: 'unix', path }, 'r 2\n"', CALL);
    await until('two warnings', () => warnings.length === 2);
    ok(performance.now() - began > 1_000, 'it was tried for a while');
    match(
      warnings.find((text) => text.includes('tcp:'))!,
      new RegExp(`^notify tcp:127\\.0\\.0\\.1:${port}: "r 1" .*ECONNREFUSED$`),
    );
    match(warnings.find((text) => text.includes('unix:'))!, /^notify unix:.*\/nobody: "r 2\\n\\"" .*ENOENT$/);

    const listener = await listen(t, { host: '127.0.0.1', port });
    notifier.send(tcp(port), 'r 3', CALL);
    await listener.received(1);
    deepEqual(listener.lines, ['r 3'], 'what was given up does not come after all');
  },
);

test('[CW-36] a dead listener fills no memory: 10,000 lines wait for it, the others are counted', BOUND, async (t) => {
  const { notifier, warnings, port } = await openScene(t);
  for (const line of numbered(10_500)) notifier.send(tcp(port), line, CALL);
  equal(warnings.length, 1);
  match(warnings[0]!, /"r 10000" not delivered: 10000 are waiting already/);
  const listener = await listen(t, { host: '127.0.0.1', port });
  await listener.received(10_000, 10_000);
  deepEqual(listener.lines, numbered(10_000));
  await until('the count', () => warnings.length === 2);
  match(warnings[1]!, /: 500 not delivered/);
});

test(
  '[CW-36] 256 listeners have a connection at a time; the one used least recently makes room for another',
  BOUND,
  async (t) => {
    const { notifier, warnings, port } = await openScene(t);
    const listener = await listen(t, { host: '127.0.0.1', port });
    const host = (n: number): string => `127.0.${1 + (n >> 7)}.${1 + (n & 127)}`;
    for (let n = 0; n < 257; n++) notifier.send(tcp(port, host(n)), `${n}`, CALL);
    await listener.received(256);
    equal(warnings.length, 1, 'none of them could make room');
    match(warnings[0]!, /from 127\.0\.3\.1: "256" not delivered: 256 other listeners/);
    notifier.send(tcp(port, host(0)), 'again', CALL);
    await listener.received(257);
    notifier.send(tcp(port, host(256)), 'more', CALL);
    await listener.received(258);
    await until('one closed', () => listener.openConnections === 256);
    notifier.send(tcp(port, host(0)), 'the second was closed, not the first', CALL);
    await listener.received(259);
    equal(listener.connections.length, 257);
    equal(warnings.length, 1);
  },
);

test('[CW-35] a connection is made from the address asked for', BOUND, async (t) => {
  const { notifier, warnings, port } = await openScene(t);
  const listener = await listen(t, { host: '127.0.0.1', port });
  notifier.send(tcp(port, '127.0.0.3'), 'r 1', CALL);
  await listener.received(1);
  notifier.send(tcp(port), 'r 2', CALL);
  await listener.received(2);
  deepEqual(listener.connections, ['127.0.0.3', '127.0.0.1']);

  notifier.send(tcp(port, '192.0.2.1'), 'r 3', CALL);
  await until('a warning', () => warnings.length === 1);
  match(warnings[0]!, /^notify tcp:\S+ from 192\.0\.2\.1: "r 3" .*EADDRNOTAVAIL$/);
});

test('[CW-36] the end waits for what can still be delivered, for a second, and closes every connection', BOUND, async (t) => {
  const { notifier, warnings, dir, port } = await openScene(t);
  const path = join(dir, 'socket');
  const listener = await listen(t, { path });
  for (const line of numbered(1_000)) notifier.send({ kind: 'unix', path }, line, CALL);
  const late = await listen(t, { host: '127.0.0.1', port });
  await late.stop();
  notifier.send(tcp(port), 'late', CALL);
  const dead: NotifyTarget = { kind: 'unix', path: join(dir, 'nobody') };
  for (const line of numbered(3)) notifier.send(dead, line, CALL);

  const began = performance.now();
  const closed = notifier.close();
  await late.start();
  await closed;
  const tookMs = performance.now() - began;
  ok(tookMs > 900 && tookMs < 2_500, `it took ${Math.round(tookMs)} ms`);
  await listener.received(1_000, 500);
  deepEqual(listener.lines, numbered(1_000));
  deepEqual(late.lines, ['late']);
  await until('no connection', () => listener.openConnections === 0 && late.openConnections === 0, 500);
  deepEqual(warnings, [`notify unix:${join(dir, 'nobody')}: the relay ends, 3 not delivered`]);

  rmSync(path, { force: true });
  notifier.send(dead, 'too late', CALL);
  await delay(50);
  equal(warnings.length, 1, 'nothing is tried after the end');
});

test('[CW-36] without anything to deliver the end comes at once', BOUND, async (t) => {
  const { notifier, port } = await openScene(t);
  const listener = await listen(t, { host: '127.0.0.1', port });
  notifier.send(tcp(port), 'r 1', CALL);
  await listener.received(1);
  const began = performance.now();
  await notifier.close();
  ok(performance.now() - began < 200);
  await until('no connection', () => listener.openConnections === 0, 500);
});

test('[CW-36] an outlet that is closed over its work tries nothing after that, and says how much is left', BOUND, async () => {
  const warnings: string[] = [];
  let delivered = 0;
  let afterClose = 0;
  let isClosed = false;
  let reachLimit = (): void => {};
  const limit = new Promise<void>((resolve) => {
    reachLimit = resolve;
  });
  const carrier: Carrier = {
    deliver: async () => {
      if (isClosed) afterClose++;
      await loopTurn();
      if (++delivered === 10) reachLimit();
      return DELIVERED;
    },
    close: async () => {
      isClosed = true;
    },
  };
  const outlet = new Outlet('unix:/somewhere', carrier, (text) => warnings.push(text));
  for (const line of numbered(100)) outlet.send({ line, call: null });
  await outlet.close(limit);
  equal(afterClose, 0);
  ok(delivered < 20, `${delivered} were delivered`);
  deepEqual(warnings, [`notify unix:/somewhere: the relay ends, ${100 - delivered} not delivered`]);
});
