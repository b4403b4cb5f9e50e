/** The NG protocol over WebSockets: subprotocols, kinds of messages, clients that do not read, and pages that may not. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type ClientOptions, WebSocket } from 'ws';
import { eventually } from '../rig/calls.js';
import { bencoded, inJson, openNgScene, PING, PONG } from '../rig/ngScene.js';

const BOUND = { timeout: 30_000 };
const COOKIES = 'ng.rtpengine.com';
const PLAIN = 'ng-plain.rtpengine.com';

type Message = { readonly text: string; readonly isBinary: boolean };
type Client = {
  readonly socket: WebSocket;
  readonly messages: Message[];
  readonly receive: () => Promise<string>;
  closed: number | null;
};

async function dial(t: TestContext, url: string, protocols: readonly string[], options: ClientOptions = {}): Promise<Client> {
  const socket = new WebSocket(url, [...protocols], options);
  t.after(() => socket.terminate());
  const messages: Message[] = [];
  const receive = async (): Promise<string> => {
    await eventually(async () => ok(messages.length > 0, 'no message'), 5_000);
    return messages.shift()?.text ?? '';
  };
  const client: Client = { socket, messages, receive, closed: null };
  socket.on('message', (data: Buffer, isBinary) => messages.push({ text: data.toString('latin1'), isBinary }));
  socket.on('close', (code) => {
    client.closed = code;
  });
  await once(socket, 'open', { signal: AbortSignal.timeout(5_000) });
  return client;
}

/** The status with which a connection is refused. */
async function refused(url: string, protocols: readonly string[], options: ClientOptions = {}): Promise<number> {
  const socket = new WebSocket(url, [...protocols], options);
  socket.on('error', () => {});
  const [, answer] = await once(socket, 'unexpected-response', { signal: AbortSignal.timeout(5_000) });
  answer.destroy();
  return answer.statusCode;
}

const sent = (text: string): Buffer => Buffer.from(text, 'latin1');

for (const [name, host] of [
  ['ws:127.0.0.1:PORT', '127.0.0.1'],
  ['http:[::1]:PORT', '[::1]'],
] as const) {
  test(`[NG-01] ${name}: messages with cookie, and without where the subprotocol says so`, BOUND, async (t) => {
    const scene = await openNgScene(t, [name]);
    const url = `ws://${host}:${scene.port}/`;
    const client = await dial(t, url, [COOKIES]);
    equal(client.socket.protocol, COOKIES);
    client.socket.send(`1 ${PING}`);
    client.socket.send(sent(`2 ${inJson({ command: 'ping' })}`));
    client.socket.send(sent(`2 ${PING}`));
    deepEqual(
      [await client.receive(), await client.receive(), await client.receive()],
      [`1 ${PONG}`, '2 {"result":"pong"}', '2 {"result":"pong"}'],
    );
    equal(scene.duplicates(), 1);
    const [origin] = scene.origins;
    match(origin?.connection ?? '', /^ws\/\d+$/);
    deepEqual([origin?.transport, origin?.client], ['ws', host.replace(/[[\]]/g, '')]);
    const plain = await dial(t, `${url}any/path`, ['other', PLAIN]);
    equal(plain.socket.protocol, PLAIN);
    plain.socket.send(PING);
    equal(await plain.receive(), PONG);
  });
}

test('[NG-01] without a subprotocol a message says by its beginning whether it has a cookie', BOUND, async (t) => {
  const { port, listeners } = await openNgScene(t, ['ws:127.0.0.1:PORT']);
  const client = await dial(t, `ws://127.0.0.1:${port}`, []);
  equal(client.socket.protocol, '');
  for (const [asked, answer] of [
    [PING, PONG],
    [`d1 ${PING}`, `d1 ${PONG}`],
    ['{"command":"ping"}', '{"result":"pong"}'],
    ['a {"command":"ping"}', 'a {"result":"pong"}'],
  ] as const) {
    client.socket.send(asked);
    equal(await client.receive(), answer);
  }
  client.socket.send('nonsense');
  client.socket.send(PING);
  equal(await client.receive(), PONG, 'what has no cookie is not answered');
  equal(listeners.counters.unreadable, 1);
  equal(await refused(`ws://127.0.0.1:${port}`, ['janus-protocol']), 400);
});

test('an answer is a message of the same kind, but bytes that are no text are binary', BOUND, async (t) => {
  const { port, listeners, origins } = await openNgScene(t, ['ws:127.0.0.1:PORT']);
  const client = await dial(t, `ws://127.0.0.1:${port}`, [COOKIES]);
  const umlaut = inJson({ command: 'x', sdp: 'ü' });
  client.socket.send(`1 ${Buffer.from(umlaut, 'latin1')}`);
  client.socket.send(sent(`2 ${umlaut}`));
  client.socket.send(Buffer.from('3 d1:x2:üe'), { binary: false });
  await eventually(async () => equal(client.messages.length, 3));
  equal(client.messages[0]?.text, `1 ${inJson({ result: 'ok', heard: { command: 'x', sdp: 'ü' } })}`);
  deepEqual(
    client.messages.map(({ isBinary }) => isBinary),
    [false, true, false],
  );
  equal(listeners.connections.send(origins[0]?.connection ?? '', 'e', { x: '\xc3' }), true);
  await eventually(async () => equal(client.messages.length, 4));
  equal(client.messages[3]?.isBinary, true, 'half a letter');
});

test('requests without cookie are answered in their order, one after the other', BOUND, async (t) => {
  const scene = await openNgScene(t, ['ws:127.0.0.1:PORT']);
  const client = await dial(t, `ws://127.0.0.1:${scene.port}`, [PLAIN]);
  for (const n of [1, 2]) client.socket.send(inJson({ command: 'later', n }));
  client.socket.send(PING);
  await eventually(async () => equal(scene.waiting(), 1));
  await delay(50);
  equal(scene.payloads.length, 1);
  scene.release();
  equal(await client.receive(), '{"result":"ok","n":1}');
  await eventually(async () => equal(scene.waiting(), 1));
  scene.release();
  deepEqual([await client.receive(), await client.receive()], ['{"result":"ok","n":2}', PONG]);
});

test('a message has at most a megabyte; what is longer ends the connection', BOUND, async (t) => {
  const scene = await openNgScene(t, ['ws:127.0.0.1:PORT']);
  const client = await dial(t, `ws://127.0.0.1:${scene.port}`, [PLAIN]);
  client.socket.send(bencoded({ x: 'x'.repeat((1 << 20) - 13) }));
  match(await client.receive(), /^d6:result2:ok/);
  client.socket.send(bencoded({ x: 'x'.repeat((1 << 20) - 12) }));
  await eventually(async () => equal(client.closed, 1009));
  equal(scene.payloads.length, 1);
});

test('a client that does not read is not read from, and closed when that lasts; others are served', BOUND, async (t) => {
  const scene = await openNgScene(t, ['ws:127.0.0.1:PORT'], { patienceMs: 1_500 });
  const url = `ws://127.0.0.1:${scene.port}`;
  const client = await dial(t, url, [COOKIES]);
  client.socket.pause();
  for (let n = 0; n < 2_000; n++) client.socket.send(`${n} ${inJson({ command: 'size', bytes: 100_000 })}`);
  await eventually(async () => ok(scene.payloads.length > 10), 5_000);
  await delay(100);
  ok(scene.payloads.length < 500, `${scene.payloads.length} of 2000 requests were begun`);
  const name = scene.origins[0]?.connection ?? '';
  equal(scene.listeners.connections.send(name, 'e', { event: 'x' }), false);
  const other = await dial(t, url, [PLAIN]);
  other.socket.send(PING);
  equal(await other.receive(), PONG);
  await eventually(async () => equal(scene.listeners.connections.isOpen(name), false), 8_000);
});

test('a client that does not answer pings is closed; one that does stays', BOUND, async (t) => {
  const scene = await openNgScene(t, ['ws:127.0.0.1:PORT'], { patienceMs: 300 });
  const url = `ws://127.0.0.1:${scene.port}`;
  const dead = await dial(t, url, [PLAIN], { autoPong: false });
  const alive = await dial(t, url, [PLAIN]);
  await eventually(async () => equal(dead.closed, 1006), 3_000);
  await delay(700);
  equal(alive.closed, null);
});

test('[NG-17] events go by the connection, with a cookie where there are cookies', BOUND, async (t) => {
  const scene = await openNgScene(t, ['ws:127.0.0.1:PORT']);
  const closed: string[] = [];
  scene.listeners.connections.onClosed((name) => closed.push(name));
  const url = `ws://127.0.0.1:${scene.port}`;
  const [first, second] = [await dial(t, url, [COOKIES]), await dial(t, url, [PLAIN])];
  first.socket.send(`1 ${PING}`);
  await first.receive();
  second.socket.send('{"command":"ping"}');
  await second.receive();
  const [one = '', two = ''] = scene.origins.map(({ connection }) => connection ?? '');
  const { connections } = scene.listeners;
  deepEqual([connections.send(one, 'e1', { event: 'dtmf' }), connections.send(two, 'e2', { event: 'silence' })], [true, true]);
  deepEqual([await first.receive(), await second.receive()], [`e1 ${bencoded({ event: 'dtmf' })}`, '{"event":"silence"}']);
  first.socket.close();
  await eventually(async () => deepEqual(closed, [one]));
  equal(connections.isOpen(two), true);
});

test('web pages of others cannot connect', BOUND, async (t) => {
  const scene = await openNgScene(t, ['ws:127.0.0.1:PORT'], { origins: ['https://console.example.net'] });
  const url = `ws://127.0.0.1:${scene.port}`;
  for (const origin of ['http://evil.example', 'null']) equal(await refused(url, [PLAIN], { origin }), 403);
  for (const origin of ['https://console.example.net', `http://127.0.0.1:${scene.port}`]) await dial(t, url, [PLAIN], { origin });
  equal(scene.listeners.counters.refused, 2);
});

test('what is no WebSocket, and what leaves in the middle, does no harm; neither does the end', BOUND, async (t) => {
  const scene = await openNgScene(t, ['ws:127.0.0.1:PORT']);
  const key = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13';
  const head = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket';
  for (const text of [`${head}\r\n\r\n`, `${head}\r\n${key}\r\n\r\n\xff\xff\xff\xff`, `POST${head.slice(3)}\r\n${key}\r\n\r\n`]) {
    const socket = connect({ host: '127.0.0.1', port: scene.port, allowHalfOpen: true });
    socket.on('error', () => {}).resume();
    socket.write(text, 'latin1');
    await once(socket, 'end', { signal: AbortSignal.timeout(5_000) });
    socket.destroy();
  }
  const client = await dial(t, `ws://127.0.0.1:${scene.port}`, [COOKIES]);
  client.socket.send(`1 ${inJson({ command: 'later' })}`);
  await eventually(async () => equal(scene.waiting(), 1));
  await scene.listeners.close();
  scene.release();
  await eventually(async () => equal(client.closed, 1001));
});
