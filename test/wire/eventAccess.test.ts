/** Whose events a client may be sent, where clients show who they are: the same over TCP, WebSocket and HTTP. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { sdpOf } from '../pure/ngGiven.js';
import { eventually } from '../rig/calls.js';
import { fetchNg, NgStreamClient } from '../rig/ngScene.js';
import { leasePorts } from '../rig/ports.js';
import { startRelay } from '../rig/relay.js';
import { writeSettings } from '../rig/settingsFile.js';

const BOUND = { timeout: 30_000 };
const QUIET_MS = 300;
const TOKENS = { kam1: 'token-of-kam1-0123456789', kam2: 'token-of-kam2-0123456789' };
type Name = keyof typeof TOKENS;
const REFUSED = { result: 'error', 'error-reason': 'events of kam2: kam1 may have its own only' };

async function open(t: TestContext) {
  const tokens = `  tokens: { kam1: ${TOKENS.kam1}, kam2: ${TOKENS.kam2} }\n`;
  const settings = await writeSettings(t, `control:\n${tokens}events:\n  ways: [connection]\n`);
  const lease = await leasePorts();
  t.after(() => lease.release());
  const [tcp, http] = [await lease.port(), await lease.port()];
  const listening = ['--listen-ng', `tcp:127.0.0.1:${tcp}`, '--listen-ng', `http:127.0.0.1:${http}`];
  const relay = await startRelay({ args: [...listening, '--settings', settings.path] });
  t.after(() => relay.stop());
  return { tcp, http };
}

type Keys = Readonly<Record<string, unknown>>;
const payloadOf = (text: string): Keys => JSON.parse(text.slice(text.indexOf('{')));

/** A client over TCP that has shown its token. */
async function dial(t: TestContext, port: number, name: Name) {
  const client = await NgStreamClient.open(t, port);
  const ask = async (cookie: string, request: Keys): Promise<Keys> =>
    payloadOf(await client.ask(`${cookie} ${JSON.stringify(request)}`));
  await ask('hello', { command: 'ping', token: TOKENS[name] });
  return { client, ask };
}

test('[NG-17] a client with a token may ask for the events of its own name only, whichever way it asks', BOUND, async (t) => {
  const { tcp, http } = await open(t);
  const { ask } = await dial(t, tcp, 'kam1');
  deepEqual(await ask('1', { command: 'events', controller: 'kam2' }), REFUSED);
  deepEqual(await ask('2', { command: 'events', controller: 'kam1' }), { result: 'ok' });
  deepEqual(await ask('3', { command: 'events' }), { result: 'ok' }, 'and means them where it names nobody');

  const headers = { authorization: `Bearer ${TOKENS.kam1}` };
  const socket = new WebSocket(`ws://127.0.0.1:${http}/`, ['ng-plain.rtpengine.com'], { headers });
  t.after(() => socket.terminate());
  await once(socket, 'open');
  for (const [controller, wanted] of [
    ['kam2', REFUSED],
    ['kam1', { result: 'ok' }],
  ] as const) {
    socket.send(JSON.stringify({ command: 'events', controller }));
    deepEqual(JSON.parse(String((await once(socket, 'message'))[0])), wanted);
  }

  const { status, text } = await fetchNg({ port: http, path: '/events?controller=kam2', headers });
  deepEqual([status, text], [404, `${REFUSED['error-reason']}\n`]);
});

test('[NG-17] nor does a client get the events of another by opening a call for it', BOUND, async (t) => {
  const { tcp } = await open(t);
  const first = await dial(t, tcp, 'kam1');
  const offer = { command: 'offer', 'from-tag': 'a', sdp: sdpOf('203.0.113.1', 4000), controller: 'kam2' };
  const refused = await first.ask('1', { ...offer, 'call-id': 'wished', notify: ['connection'] });
  deepEqual(refused, { ...REFUSED, 'error-reason': `notify connection: ${REFUSED['error-reason']}` });
  equal((await first.ask('2', { ...offer, 'call-id': 'given' }))['result'], 'ok');
  equal((await first.ask('3', { command: 'delete', 'call-id': 'given' }))['result'], 'ok');
  await delay(QUIET_MS);
  ok(!first.client.text.includes('event-'), first.client.text);
  const second = await dial(t, tcp, 'kam2');
  await eventually(async () => match(second.client.text, /event-1 \{.*"event":"call-end".*"call-id":"given"/));
});
