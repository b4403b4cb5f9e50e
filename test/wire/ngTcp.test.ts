/** The NG protocol over TCP: framing, order, clients that do not read or do not write, and events. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../rig/calls.js';
import { bencoded, inJson, NgStreamClient, openNgScene, PING, PONG } from '../rig/ngScene.js';

const BOUND = { timeout: 30_000 };

for (const [name, host] of [
  ['tcp:127.0.0.1:PORT', '127.0.0.1'],
  ['tcp:*:PORT', '127.0.0.2'],
  ['tcp6:[::1]:PORT', '::1'],
] as const) {
  test(`[NG-01 NG-19] ${name}: requests in both encodings stand one behind the other, as do the answers`, BOUND, async (t) => {
    const scene = await openNgScene(t, [name]);
    const client = await NgStreamClient.open(t, scene.port, host);
    client.send(`1 ${PING}2 {"command":"ping"}\n3 ${PING}`);
    for (const wanted of [`1 ${PONG}`, '2 {"result":"pong"}', `3 ${PONG}`]) equal(await client.receive(), wanted);
    for (const letter of `4 ${PING}`) client.send(letter);
    equal(await client.receive(), `4 ${PONG}`);
    const [origin] = scene.origins;
    match(origin?.connection ?? '', /^tcp\/\d+$/);
    deepEqual([origin?.transport, origin?.client, origin?.identity], ['tcp', host === '::1' ? host : '127.0.0.1', null]);
  });
}

test('[NG-01] netcat: who closes its side after the request gets every answer, and then the end', BOUND, async (t) => {
  const scene = await openNgScene(t, ['tcp:127.0.0.1:PORT']);
  const client = await NgStreamClient.open(t, scene.port);
  client.socket.end(`1 ${inJson({ command: 'later', n: 1 })}\n2 ${inJson({ command: 'size', bytes: 900_000 })}\n`);
  equal((await client.receive()).length, 900_000 + '2 {"result":"ok","filling":""}'.length);
  equal(client.isOver, false);
  scene.release();
  equal(await client.receive(), '1 {"result":"ok","n":1}');
  await client.over();
});

test('each answer leaves when it is ready, with its cookie; a repetition waits for the answer of the first', BOUND, async (t) => {
  const scene = await openNgScene(t, ['tcp:127.0.0.1:PORT']);
  const client = await NgStreamClient.open(t, scene.port);
  const later = (n: number): string => inJson({ command: 'later', n });
  client.send(`a ${later(1)}b ${later(2)}a ${later(3)}c ${PING}`);
  equal(await client.receive(), `c ${PONG}`);
  equal(scene.waiting(), 2);
  equal(scene.duplicates(), 1);
  scene.release();
  deepEqual([await client.receive(), await client.receive()], ['a {"result":"ok","n":1}', 'a {"result":"ok","n":1}']);
  scene.release();
  equal(await client.receive(), 'b {"result":"ok","n":2}');
  equal(await client.ask(`b ${PING}`), 'b {"result":"ok","n":2}');
  const other = await NgStreamClient.open(t, scene.port);
  equal(await other.ask(`b ${PING}`), `b ${PONG}`, 'the same cookie of another connection');
});

test('[NG-01] a stream that makes no sense is told so, after what came before it, and closed', BOUND, async (t) => {
  const scene = await openNgScene(t, ['tcp:127.0.0.1:PORT']);
  for (const [text, wanted] of [
    ['2 hello ', /^2 d6:result5:error12:error-reason22:Invalid NG data formate$/],
    ['2 d7:command4:pingx ', /^2 d6:result5:error12:error-reason35:Could not decode bencode dictionarye$/],
    [
      `2 {"sdp":"${'x'.repeat(1_100_000)}`,
      /^2 \{"result":"error","error-reason":"Request too long \(more than 1048576 bytes\)"\}$/,
    ],
  ] as const) {
    const client = await NgStreamClient.open(t, scene.port);
    client.send(`1 ${PING}${text}`);
    equal(await client.receive(), `1 ${PONG}`);
    match(await client.receive(), wanted);
    await client.over();
  }
  const client = await NgStreamClient.open(t, scene.port);
  client.send('x'.repeat(1_025));
  await client.over();
  equal(client.text, '');
  equal(scene.listeners.counters.unreadable, 4);
  match(
    await (await NgStreamClient.open(t, scene.port)).ask('1 {nonsense}'),
    /"error-reason":"unreadable"/,
    'its end is known, so it goes on',
  );
});

test('a client that asks without end and does not read is not read from, and closed when that lasts', BOUND, async (t) => {
  const scene = await openNgScene(t, ['tcp:127.0.0.1:PORT'], { patienceMs: 1_500 });
  const client = await NgStreamClient.open(t, scene.port);
  client.socket.pause();
  const pad = 'x'.repeat(20_000);
  client.send(Array.from({ length: 2_000 }, (_, n) => `${n} ${inJson({ command: 'size', bytes: 100_000, pad })}`).join(''));
  await eventually(async () => ok(scene.payloads.length > 10), 5_000);
  await delay(200);
  const taken = scene.payloads.length;
  ok(taken < 500, `${taken} of 2000 requests were begun`);
  ok(client.socket.writableLength > 20 << 20, `${client.socket.writableLength} bytes were left to the client`);
  ok(scene.listeners.connections.buffered(scene.origins[0]?.connection ?? '') < 4 << 20);
  equal(scene.listeners.connections.send(scene.origins[0]?.connection ?? '', 'e', { event: 'x' }), false);
  const other = await NgStreamClient.open(t, scene.port);
  equal(await other.ask(`1 ${PING}`), `1 ${PONG}`, 'others are served meanwhile');
  client.socket.resume();
  client.socket.on('error', () => {});
  await eventually(async () => ok(scene.payloads.length > taken), 5_000);
  client.socket.pause();
  await eventually(async () => equal(scene.listeners.connections.isOpen(scene.origins[0]?.connection ?? ''), false), 8_000);
});

test('requests that are under way are bounded: more are read when some are answered', BOUND, async (t) => {
  const scene = await openNgScene(t, ['tcp:127.0.0.1:PORT']);
  const client = await NgStreamClient.open(t, scene.port);
  client.send(Array.from({ length: 300 }, (_, n) => `${n} ${inJson({ command: 'later', n })}`).join(''));
  await eventually(async () => equal(scene.waiting(), 64));
  await delay(50);
  equal(scene.waiting(), 64);
  for (let answered = 0; answered < 300; ) {
    const count = Math.min(64, 300 - answered);
    await eventually(async () => equal(scene.waiting(), count));
    for (let n = 0; n < count; n++) scene.release();
    answered += count;
  }
  await eventually(async () => ok(client.text.endsWith('299 {"result":"ok","n":299}'), client.text.slice(-50)));
});

test('a request that begins and does not end is not waited for for ever', BOUND, async (t) => {
  const scene = await openNgScene(t, ['tcp:127.0.0.1:PORT'], { patienceMs: 400 });
  const client = await NgStreamClient.open(t, scene.port);
  const idle = await NgStreamClient.open(t, scene.port);
  const text = `1 ${PING}2 {"a":"`;
  const timer = setInterval(() => client.socket.write('x'), 50);
  t.after(() => clearInterval(timer));
  client.send(text);
  equal(await client.receive(), `1 ${PONG}`);
  await client.over(3_000);
  equal(scene.listeners.counters.unreadable, 0);
  equal(await idle.ask(`1 ${PING}`), `1 ${PONG}`, 'one that asks nothing may stay');
});

test('[NG-17] an event goes by the connection that its name tells, in the encoding that it used last', BOUND, async (t) => {
  const scene = await openNgScene(t, ['tcp:127.0.0.1:PORT']);
  const { connections } = scene.listeners;
  const closed: string[] = [];
  connections.onClosed((name) => closed.push(name));
  const [first, second] = [await NgStreamClient.open(t, scene.port), await NgStreamClient.open(t, scene.port)];
  await first.ask(`1 ${PING}`);
  await second.ask('1 {"command":"ping"}');
  const [one = '', two = ''] = scene.origins.map(({ connection }) => connection ?? '');
  ok(one !== two && connections.isOpen(one) && connections.isOpen(two));
  equal(connections.send(one, 'e1', { event: 'dtmf', digit: 5 }), true);
  equal(connections.send(two, 'e2', { event: 'silence' }), true);
  equal(await first.receive(), `e1 ${bencoded({ event: 'dtmf', digit: 5 })}`);
  equal(await second.receive(), 'e2 {"event":"silence"}');
  equal(connections.buffered(one), 0);
  first.socket.destroy();
  await eventually(async () => deepEqual(closed, [one]));
  deepEqual([connections.isOpen(one), connections.send(one, 'e3', {}), connections.buffered(one)], [false, false, 0]);
  equal(connections.send('tcp/999', 'e3', {}), false);
});

test('closing lets clients read what they were sent, and takes nothing more from them', BOUND, async (t) => {
  const scene = await openNgScene(t, ['tcp:127.0.0.1:PORT']);
  const client = await NgStreamClient.open(t, scene.port);
  client.socket.pause();
  client.send(`1 ${inJson({ command: 'later', n: 1 })}2 ${inJson({ command: 'size', bytes: 900_000 })}`);
  await eventually(async () => equal(scene.payloads.length, 2));
  scene.listeners.rest();
  client.send(`3 ${PING}`);
  await delay(50);
  scene.release();
  const closing = scene.listeners.close();
  client.socket.resume();
  equal((await client.receive()).length, 900_000 + '2 {"result":"ok","filling":""}'.length);
  equal(await client.receive(), '1 {"result":"ok","n":1}', 'what was asked before is answered');
  await client.over();
  equal(scene.payloads.length, 2);
  client.socket.end();
  await closing;
});

test('a client that reads nothing holds up the closing for less than a second', BOUND, async (t) => {
  const scene = await openNgScene(t, ['tcp:127.0.0.1:PORT']);
  const clients = [await NgStreamClient.open(t, scene.port), await NgStreamClient.open(t, scene.port)];
  for (const { socket } of clients) socket.pause();
  for (let n = 0; n < 9; n++) clients[0]!.send(`${n} ${inJson({ command: 'size', bytes: 900_000 })}`);
  await eventually(async () => ok(scene.payloads.length > 1));
  const before = performance.now();
  await scene.listeners.close();
  ok(performance.now() - before < 1_000, `${performance.now() - before} ms`);
});

test('closing does not wait for clients, nor for answers that are under way', BOUND, async (t) => {
  const scene = await openNgScene(t, ['tcp:127.0.0.1:PORT']);
  const client = await NgStreamClient.open(t, scene.port);
  client.send(`1 ${inJson({ command: 'later' })}`);
  await eventually(async () => equal(scene.waiting(), 1));
  await scene.listeners.close();
  scene.release();
  await client.over();
  equal(client.text, '');
});
