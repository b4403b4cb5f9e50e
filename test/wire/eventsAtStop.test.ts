/** What becomes of the events of calls that the end of the relay ends. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { sdpOf } from '../pure/ngGiven.js';
import { eventually } from '../rig/calls.js';
import { HookServer } from '../rig/hookServer.js';
import { NgStreamClient, post } from '../rig/ngScene.js';
import { leasePorts } from '../rig/ports.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';
import { writeSettings } from '../rig/settingsFile.js';

const BOUND = { timeout: 30_000 };
const PLAIN = 'application/json';
const CALLS = 3;
const ENDED = /"event":"call-end"[^}]*"reason":"shutdown"|"reason":"shutdown".*"event":"call-end"/;

type Scene = { readonly relay: RunningRelay; readonly tcp: number; readonly http: number };

async function open(t: TestContext, ways: readonly string[] = [], args: readonly string[] = []): Promise<Scene> {
  const settings = await writeSettings(t, `events:\n  ways: [${ways.join(', ')}]\n`);
  const lease = await leasePorts();
  t.after(() => lease.release());
  const [tcp, http] = [await lease.port(), await lease.port()];
  const listening = ['--listen-ng', `tcp:127.0.0.1:${tcp}`, '--listen-ng', `http:127.0.0.1:${http}`];
  const relay = await startRelay({ args: [...listening, '--settings', settings.path, '--workers', '2', ...args] });
  t.after(() => relay.stop());
  return { relay, tcp, http };
}

/** Calls of the controller `ops`. */
async function openCalls({ http }: Scene, count: number, more: Readonly<Record<string, string>> = {}): Promise<void> {
  for (let n = 0; n < count; n++) {
    const offer = { command: 'offer', 'call-id': `call-${n}`, 'from-tag': 'a', sdp: sdpOf('203.0.113.1', 4000) };
    const { text } = await post(http, '/ng-plain', PLAIN, JSON.stringify({ ...offer, ...more, controller: 'ops' }));
    match(text, /^\{"result":"ok"/);
  }
}

/** Ends the relay as systemd does. Answers how long that took, milliseconds. */
async function end(relay: RunningRelay, signal: NodeJS.Signals): Promise<number> {
  const begun = performance.now();
  process.kill(relay.pid, signal);
  deepEqual(await relay.exited, { code: 0, signal: null });
  return performance.now() - begun;
}

const isCall = (text: string, n: number): boolean => text.includes(`"call-id":"call-${n}"`);
const toldOf = (texts: readonly string[]): boolean[] =>
  Array.from({ length: CALLS }, (_, n) => texts.some((text) => ENDED.test(text) && isCall(text, n)));
const ALL = Array.from({ length: CALLS }, () => true);

for (const signal of ['SIGTERM', 'SIGINT'] as const)
  test(
    `[NG-17] ${signal}: that it ended the calls is told over TCP, WebSocket, HTTP and by webhook, then connections end`,
    BOUND,
    async (t) => {
      const hook = await HookServer.start(t);
      const scene = await open(t, [hook.url]);
      const stream = await NgStreamClient.open(t, scene.tcp);
      match(await stream.ask('1 {"command":"events","controller":"ops"}'), /"result":"ok"/);
      const socket = new WebSocket(`ws://127.0.0.1:${scene.http}/`, ['ng-plain.rtpengine.com']);
      t.after(() => socket.terminate());
      const messages: string[] = [];
      socket.on('message', (data) => messages.push(String(data)));
      await once(socket, 'open');
      socket.send('{"command":"events","controller":"ops"}');
      const closed = once(socket, 'close');
      const response = await fetch(`http://127.0.0.1:${scene.http}/events?controller=ops`);
      const reading = response.text();
      await openCalls(scene, CALLS);
      const tookMs = await end(scene.relay, signal);
      ok(tookMs < 5_000, `${tookMs} ms`);
      await stream.over();
      deepEqual(toldOf(stream.text.split('event-')), ALL, stream.text);
      equal((await closed)[0], 1001, 'it is told that the other end goes away');
      deepEqual(toldOf(messages), ALL, messages.join('\n'));
      deepEqual(toldOf((await reading).split('\n\n')), ALL, 'the answer came to its end');
      deepEqual(toldOf(hook.requests.map(({ body }) => body)), ALL);
    },
  );

test(
  '[NG-17] a call that came by a connection is told there that the relay has ended it, also to a client that still sends',
  BOUND,
  async (t) => {
    const scene = await open(t);
    const stream = await NgStreamClient.open(t, scene.tcp);
    const sdp = sdpOf('203.0.113.1', 4000);
    const offer = { command: 'offer', 'call-id': 'call-0', 'from-tag': 'a', sdp, notify: ['connection'] };
    match(await stream.ask(`1 ${JSON.stringify(offer)}`), /"result":"ok"/);
    const flood = setInterval(() => stream.send(`${'2 {"command":"ping"}'.repeat(500)}`), 1);
    t.after(() => clearInterval(flood));
    await end(scene.relay, 'SIGTERM');
    clearInterval(flood);
    await eventually(async () => match(stream.text, ENDED));
  },
);

test('clients that neither read nor close their side hold up the end for a second or so, and no longer', BOUND, async (t) => {
  const scene = await open(t);
  const deaf = connect(scene.http, '127.0.0.1');
  t.after(() => deaf.destroy());
  deaf.on('error', () => {}).pause();
  deaf.write('GET /events?controller=ops HTTP/1.1\r\nhost: x\r\n\r\n');
  const idle = await NgStreamClient.open(t, scene.tcp);
  match(await idle.ask('1 {"command":"events","controller":"ops"}'), /"result":"ok"/);
  await openCalls(scene, CALLS);
  const tookMs = await end(scene.relay, 'SIGTERM');
  ok(tookMs < 4_000, `${tookMs} ms`);
  await idle.over();
  deepEqual(toldOf(idle.text.split('event-')), ALL);
});

test('[NG-17] that recordings are complete which the end of the relay has ended is told as well', BOUND, async (t) => {
  const hook = await HookServer.start(t);
  const scene = await open(t, [hook.url], ['-r', 'records']);
  await openCalls(scene, CALLS, { 'record-call': 'yes' });
  await end(scene.relay, 'SIGTERM');
  const told = hook.requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  const finished = told.filter(({ event }) => event === 'recording-finished');
  deepEqual(
    finished.map((each) => each['call-id']).sort(),
    Array.from({ length: CALLS }, (_, n) => `call-${n}`),
  );
  for (const event of finished) {
    ok(told.findIndex((each) => each['event'] === 'call-end' && each['call-id'] === event['call-id']) < told.indexOf(event));
    equal(event['packets'], 0);
  }
});
