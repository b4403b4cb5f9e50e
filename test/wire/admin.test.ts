/** The admin socket, over a real one: who is answered what, who is bounded by what, and what becomes of its file. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { askAdmin, askCall, askStatus, watchAdmin } from '../../src/io/admin/client.js';
import { openScene, RawClient, statusOf, until } from '../rig/adminScene.js';
import { temporaryFolder } from '../rig/startAttempt.js';
import { lost, snapshotOf, stepOf, told, vitalsOf } from '../rig/toldRecords.js';

const BOUND = { timeout: 20_000 };
const MOST = 32;
const REQUESTS = 2000;

test('a call and the status are answered, as many requests as there are on one connection, in their order', BOUND, async (t) => {
  const { path } = await openScene(t);
  const live = [1, 2].map((session) => snapshotOf('known', { session }));
  deepEqual(await askCall(path, 'known'), { ok: true, value: { logFolder: '/var/lib/rtpbridge/log', live } });
  deepEqual(await askCall(path, 'unknown'), { ok: true, value: { logFolder: '/var/lib/rtpbridge/log', live: [] } });
  deepEqual(await askStatus(path), { ok: true, value: statusOf(2) });
  const client = await RawClient.open(t, path);
  client.say('{"ask":"status"}\n\n  \r\n{"ask":"call","call":"unknown"}\n{"ask":"call","call":"known"}\n{"ask":');
  equal('status' in (await client.line()), true);
  deepEqual(await client.line(), { ok: true, logFolder: '/var/lib/rtpbridge/log', live: [] });
  equal(((await client.line())['live'] as unknown[]).length, 2);
  client.say('"call","call":"unknown"}\n');
  equal((await client.line())['ok'], true, 'a request may come in pieces');
});

test(
  'a client that has said everything is answered, also what lacks its line end, and then the connection ends',
  BOUND,
  async (t) => {
    const { path } = await openScene(t);
    const client = await RawClient.open(t, path);
    client.socket.end('{"ask":"call","call":"unknown"}\n{"ask":"status"}');
    await client.closed;
    equal(client.lines.length, 2);
    const silent = await RawClient.open(t, path);
    silent.socket.end();
    await silent.closed;
    deepEqual(silent.lines, []);
  },
);

test('what is no request is refused, and the connection stays', BOUND, async (t) => {
  const { path } = await openScene(t);
  const client = await RawClient.open(t, path);
  for (const bad of ['?', '{"ask":"shutdown"}', '[1]', '{"ask":"call"}', '\u0000\u0001', '"']) {
    client.say(`${bad}\n`);
    const { ok: isOk, error } = await client.line();
    equal(isOk, false);
    match(String(error), /expected/);
  }
  client.say(Buffer.from([0xff, 0xfe, 0x80, 0x0a]));
  equal((await client.line())['ok'], false);
  equal((await client.ask({ ask: 'status' }))['ok'], true);
});

test('what fails inside is told, and the connection stays', BOUND, async (t) => {
  const fail = (): never => {
    throw new Error('the thread has died over it');
  };
  const { path } = await openScene(t, { world: { inspect: async () => fail(), status: fail, watch: fail } });
  const client = await RawClient.open(t, path);
  for (const request of [{ ask: 'call', call: 'a' }, { ask: 'status' }, { ask: 'watch', call: null }]) {
    deepEqual(await client.ask(request), { ok: false, error: 'the thread has died over it' });
  }
  deepEqual(await askStatus(path), { ok: false, error: `${path}: the thread has died over it` });
});

test('a request of 64 KiB is heard, a longer one is not, with or without an end, and that connection ends', BOUND, async (t) => {
  const { path } = await openScene(t);
  const frame = JSON.stringify({ ask: 'call', call: '' }).length;
  const full = JSON.stringify({ ask: 'call', call: 'x'.repeat(65_536 - frame) });
  equal(full.length, 65_536);
  const client = await RawClient.open(t, path);
  client.say(`${full}\n`);
  equal((await client.line())['ok'], true);
  for (const text of [`{"ask":"status"}\n${full} \n{"ask":"status"}\n`, `{"ask":"status"}\n${'x'.repeat(500_000)}`]) {
    const rude = await RawClient.open(t, path);
    rude.say(text);
    equal((await rude.line())['ok'], true, 'what came before is answered');
    deepEqual(await rude.line(), { ok: false, error: 'a request of more than 65536 bytes' });
    await rude.closed;
    deepEqual(rude.lines, []);
  }
});

test('whoever watches is told what happens, all or one call, until he closes', BOUND, async (t) => {
  const { path, happens, watched } = await openScene(t);
  const one = await RawClient.open(t, path);
  deepEqual(await one.ask({ ask: 'watch', call: 'known' }), { ok: true });
  const other = await RawClient.open(t, path);
  deepEqual(await other.ask({ ask: 'watch', call: null }), { ok: true });
  deepEqual(watched, ['known', null]);
  happens.next(told(stepOf('known')));
  happens.next(lost(3, 1));
  for (const client of [one, other]) {
    deepEqual(await client.line(), { record: stepOf('known') });
    deepEqual(await client.line(), { lost: 3, shard: 1 });
  }
  one.say('{"ask":"status"}\nwhatever\n');
  happens.next(lost(1));
  deepEqual(await one.line(), { lost: 1, shard: 0 }, 'it is not listened to any more');
  one.socket.end();
  await one.closed;
  other.socket.destroy();
  await until(() => watched.length === 0);
  ok(!happens.observed);
});

test('a watch that fails inside says why and ends', BOUND, async (t) => {
  const { path, happens } = await openScene(t);
  const watching = watchAdmin(path, null, new AbortController().signal);
  const first = watching.next();
  await until(() => happens.observed);
  happens.error(new Error('no more of it'));
  deepEqual((await first).value, { ok: false, error: `${path}: no more of it` });
  equal((await watching.next()).done, true);
});

test(
  'a watcher who does not read is bounded: when he reads again he is told how many he has missed, and where',
  BOUND,
  async (t) => {
    const { path, happens } = await openScene(t);
    const slow = await RawClient.open(t, path);
    const quick = await RawClient.open(t, path);
    for (const client of [slow, quick]) await client.ask({ ask: 'watch', call: null });
    slow.socket.pause();
    const records = 40_000;
    for (let seq = 1; seq <= records; seq++) {
      happens.next(told(vitalsOf({ seq })));
      // The one who reads must have a chance to.
      if (seq % 500 === 0) await new Promise(setImmediate);
    }
    await until(() => quick.lines.length === records);
    slow.socket.resume();
    let missing = 0;
    for (let next = 1; next <= records; ) {
      const { record, lost: number } = await slow.line();
      if (number !== undefined) missing += number as number;
      if (number !== undefined) next += number as number;
      else equal((record as { seq: number }).seq, next++);
    }
    ok(missing > 0 && missing <= records - 4096, `${missing} of ${records}`);
  },
);

test('32 connections are served, the next is told that they are, and there is room again when one has gone', BOUND, async (t) => {
  const { path } = await openScene(t);
  const clients = await Promise.all(Array.from({ length: MOST }, () => RawClient.open(t, path)));
  for (const client of clients) equal((await client.ask({ ask: 'status' }))['ok'], true);
  deepEqual(await askStatus(path), { ok: false, error: `${path}: 32 connections are open already` });
  const crowd = Array.from({ length: 100 }, () => new RawClient(path));
  await Promise.all(crowd.map(({ closed }) => closed));
  for (const { socket } of crowd) socket.destroy();
  equal((await clients[0]!.ask({ ask: 'status' }))['ok'], true, 'those that were there are');
  clients[0]!.socket.destroy();
  await until(async () => (await askStatus(path)).ok);
});

test('a client that sends much and reads nothing is not read from for ever', BOUND, async (t) => {
  let asked = 0;
  const status = async () => {
    asked++;
    return statusOf(15);
  };
  const { path } = await openScene(t, { world: { status } });
  const client = await RawClient.open(t, path);
  client.socket.pause();
  client.say(`{"ask":"status"}${' '.repeat(2000)}\n`.repeat(REQUESTS));
  await until(() => asked > 10);
  const before = asked;
  const other = await RawClient.open(t, path);
  for (let turn = 0; turn < 200; turn++)
    equal((await other.ask({ ask: 'call', call: 'unknown' }))['ok'], true, 'others are served');
  ok(client.socket.writableLength > 1_000_000, 'what it says is left with it');
  ok(asked - before < 100 && asked < REQUESTS / 4, `${asked} answers were made for nobody`);
  client.socket.resume();
  await until(() => client.lines.length === REQUESTS);
});

test('the socket is for its user alone unless told otherwise; its file comes and goes with it', BOUND, async (t) => {
  const scene = await openScene(t);
  equal(statSync(scene.path).mode & 0o777, 0o600);
  await rejects(openScene(t, { path: scene.path }), {
    message: `admin socket ${scene.path}: it is in use: is another relay running? (EADDRINUSE)`,
  });
  const client = await RawClient.open(t, scene.path);
  await client.ask({ ask: 'watch', call: null });
  await scene.listener.close();
  await client.closed;
  ok(!existsSync(scene.path));
  ok(!scene.happens.observed);
  const shared = await openScene(t, { path: scene.path, owner: { mode: 0o660, uid: null, gid: null } });
  equal(statSync(shared.path).mode & 0o777, 0o660);
  await shared.listener.close();
  const plain = await openScene(t, { path: scene.path, owner: { mode: null, uid: null, gid: null } });
  equal(statSync(plain.path).mode & 0o777, 0o600);
  await plain.listener.close();
  writeFileSync(scene.path, '');
  await rejects(openScene(t, { path: scene.path }), /something that is no socket is in its place \(EEXIST\)/);
  await rejects(openScene(t, { path: join(scene.path, '..', 'nowhere', 'a.sock') }), /its folder does not exist \(ENOENT\)/);
});

test('a socket that somebody hands over is served, and its file is left to him', BOUND, async (t) => {
  const sys = await import('../../src/io/sys/unixSocket.js').catch(() => null);
  if (sys === null) return t.skip('there are no system calls here');
  const path = join(await temporaryFolder(t), 'held.sock');
  const fd = sys.bindUnixSocket(path);
  ok(fd.ok);
  const scene = await openScene(t, { path, fd: fd.value });
  deepEqual(await askStatus(path), { ok: true, value: statusOf(2) });
  await scene.listener.close();
  ok(existsSync(path));
  await rejects(openScene(t, { path, fd: 9999 }), /^Error: admin socket .*held\.sock: .*\(E[A-Z]+\)$/);
});

test('who cannot be asked is told of in words', BOUND, async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'a.sock');
  const isRefused = async (expected: RegExp, timeoutMs?: number): Promise<void> => {
    const asked = await askAdmin(path, { ask: 'status' }, timeoutMs);
    ok(!asked.ok);
    match(asked.error, expected);
    ok(asked.error.startsWith(`${path}: `) && !asked.error.includes('\n'), asked.error);
  };
  await isRefused(/there is no such socket: .* \(ENOENT\)$/);
  writeFileSync(path, '');
  await isRefused(/nobody listens there: the relay has ended \(ECONNREFUSED\)$/);
  rmSync(path);
  for (const [answer, expected] of [
    [null, /no answer within 0\.05 seconds$/],
    ['', /has closed the connection without an answer$/],
    ['HTTP/1.1 400 Bad Request\r\n\r\n', /this is no answer of rtpbridge$/],
    ['{"ok":true}\n', null],
  ] as const) {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.resume();
      if (answer !== null) socket.end(answer);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    if (expected !== null) await isRefused(expected, answer === null ? 50 : 5000);
    else deepEqual(await askCall(path, 'x'), { ok: false, error: `${path}: {}: expected logFolder and live` });
    if (answer === null) {
      const watching = watchAdmin(path, null, new AbortController().signal, 50);
      deepEqual((await watching.next()).value, { ok: false, error: `${path}: no answer within 0.05 seconds` });
    }
    await new Promise((resolve) => server.close(resolve));
  }
});

test('a watch ends without a word when it is told to, and with one when the relay ends', BOUND, async (t) => {
  const { path, listener, happens, watched } = await openScene(t);
  const stopping = new AbortController();
  const first = watchAdmin(path, 'known', stopping.signal);
  const second = watchAdmin(path, null, new AbortController().signal);
  const heard = [first.next(), second.next()];
  await until(() => watched.length === 2);
  happens.next(told(stepOf('known')));
  for (const each of heard) deepEqual((await each).value, { ok: true, value: told(stepOf('known')) });
  const waiting = first.next();
  stopping.abort();
  equal((await waiting).done, true);
  await until(() => watched.length === 1);
  await listener.close();
  deepEqual((await second.next()).value, { ok: false, error: `${path}: the relay has closed the connection` });
  equal((await second.next()).done, true);
  equal((await watchAdmin(path, null, stopping.signal).next()).done, true);
  match(JSON.stringify(await watchAdmin(path, null, new AbortController().signal).next()), /ENOENT/);
});
