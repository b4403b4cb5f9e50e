import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { replayLog } from '../../src/cli/replay.js';
import { startChild } from '../rig/child.js';
import { NotifyListener } from '../rig/notifyListener.js';
import { findExecutable } from '../rig/peers.js';
import { leasePorts } from '../rig/ports.js';
import { type Call, conversation, handled, openPeers, placeCall } from './calls.js';
import { type Exchange, openExchange } from './exchange.js';
import { audio, expect, receive, respond, type Step, send, wait } from './scenario.js';

const BOUND = { timeout: 60_000 };
/** After so long without packets a session ends; while it is set up it may take longer. */
const TTL = ['-T', '2', '-W', '30'];
const NOTICE_LIMIT_MS = 8_000;

test('Kamailio hears of calls without media', { concurrency: 3, timeout: 90_000 }, async (t) => {
  await Promise.all([
    t.test('[KM-19 CW-37 PN-48 CW-12] over TCP: a line that is the Call-ID', BOUND, (t) => overTcp(t)),
    t.test('[KM-19 CW-37 PN-48] over a Unix socket: a line that is the Call-ID', BOUND, (t) => overUnix(t)),
    t.test('[KM-19 CW-37 PN-48] over XML-RPC: a call with which Kamailio ends the dialog', BOUND, (t) => overXmlRpc(t)),
  ]);
});

async function overTcp(t: TestContext): Promise<void> {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const port = await lease.port();
  const socket = `tcp:127.0.0.1:${port}`;
  const listener = await NotifyListener.start({ host: '127.0.0.1', port });
  t.after(() => listener.stop());
  const exchange = await openExchange(t, { relays: [{ args: [...TTL, '-n', socket] }, { args: TTL }], timeoutSocket: socket });
  if (exchange === null) return;
  const [renewed, plain, notPermitted] = await Promise.all([
    silentCall(exchange, 'tcp', socket),
    placeSilent(exchange, 'tcp-once', 1, false),
    silentCall(exchange, 'tcp-elsewhere', socket, 2),
  ]);
  await listener.received(1, NOTICE_LIMIT_MS);
  for (const call of [renewed, plain, notPermitted]) {
    await ended(exchange, call);
    await call.hangUp();
  }
  // Kamailio names the socket in requests with a To tag only, and the second relay permits no socket.
  deepEqual(listener.lines, ['tcp']);
  match(exchange.relays[1]!.stderr(), /tcp-elsewhere is not notified/);
}

async function overUnix(t: TestContext): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'rtpbridge-notify-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, 'proxy.sock');
  const listener = await NotifyListener.start({ path });
  t.after(() => listener.stop());
  const socket = `unix:${path}`;
  const exchange = await openExchange(t, { relays: [{ args: [...TTL, '-n', socket] }], timeoutSocket: socket });
  if (exchange === null) return;
  const call = await silentCall(exchange, 'unix', socket);
  await listener.received(1, NOTICE_LIMIT_MS);
  deepEqual(listener.lines, ['unix']);
  await ended(exchange, call);
  await call.hangUp();
}

/** Our notification goes to a stand-in for Kamailio's module xmlrpc, which hands it to Kamailio's dialog module. */
async function overXmlRpc(t: TestContext): Promise<void> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('latin1').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      bodies.push(body);
      response.end('<?xml version="1.0"?><methodResponse><params><param><value>OK</value></param></params></methodResponse>');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  t.after(() => server.closeAllConnections());
  const socket = `xmlrpc:http://127.0.0.1:${(server.address() as AddressInfo).port}/RPC2`;
  const exchange = await openExchange(t, { relays: [{ args: [...TTL, '-n', socket] }], timeoutSocket: socket });
  if (exchange === null) return;
  const call = await silentCall(exchange, 'rpc', socket, 1, [receive('BYE'), respond(200)]);
  for (const until = Date.now() + NOTICE_LIMIT_MS; bodies.length === 0 && Date.now() < until; ) await delay(20);
  const [body = ''] = bodies;
  equal(/<methodName>(.*)<\/methodName>/.exec(body)?.[1], 'dlg.terminate_dlg');
  const params = [...body.matchAll(/<string>(.*?)<\/string>/g)].map(([, text]) => text!);
  deepEqual(params, ['rpc', 'rpc-F', 'rpc-T']);
  const kamcmd = findExecutable('kamcmd');
  ok(kamcmd !== null, 'kamcmd comes with Kamailio');
  const asked = await startChild(kamcmd, ['-s', `unix:${join(exchange.dir, 'kamailio.ctl')}`, 'dlg.terminate_dlg', ...params]);
  deepEqual(await asked.exited, { code: 0, signal: null }, asked.stderr());
  await call.ended();
  await ended(exchange, call);
}

/** A call that is offered anew once, so that Kamailio names its timeout socket, talks, and then is silent. */
async function silentCall(exchange: Exchange, key: string, socket: string, relay = 1, end?: readonly Step[]): Promise<Call> {
  const call = await placeSilent(exchange, key, relay, true, end);
  const renewed = (await call.said(relay))[2]!;
  match(renewed.command, new RegExp(`^Uc0 ${key} 127\\.0\\.0\\.1 \\d+ ${key}-F;1 ${key}-T;1 ${socket}$`));
  match(renewed.answer, /^\d+ 127\.0\.0\.1$/);
  return call;
}

async function placeSilent(
  exchange: Exchange,
  key: string,
  relay: number,
  isRenewed: boolean,
  end: readonly Step[] | undefined = undefined,
): Promise<Call> {
  const [caller, callee] = await openPeers(exchange);
  const [offer, answer] = [audio('127.0.0.1', caller.port), audio('127.0.0.1', callee.port)];
  const times = isRenewed ? 2 : 1;
  const call = await placeCall(exchange, {
    key,
    headers: handled(relay, 'co'),
    caller: [
      ...Array.from({ length: times }, () => [send('INVITE', offer), expect(200), send('ACK')]).flat(),
      ...(end ?? [wait, send('BYE'), expect(200)]),
    ],
    callee: [
      ...Array.from({ length: times }, () => [receive('INVITE'), respond(200, answer), receive('ACK')]).flat(),
      ...[receive('BYE'), respond(200)],
    ],
  });
  await call.callee.received('ACK', times);
  const { toCaller, toCallee } = await call.answered();
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  return call;
}

/** The event log says that the session ended for want of packets; it is written a moment later. */
async function ended({ relays }: Exchange, call: Call): Promise<void> {
  const told = /session closed: timeout; caller 5 received, 5 relayed/;
  for (const until = Date.now() + NOTICE_LIMIT_MS; ; await delay(50)) {
    const lines: string[] = [];
    for (const { dataDir } of relays) await replayLog(dataDir, { call: call.id, write: (line) => lines.push(line) });
    if (lines.some((line) => told.test(line))) return;
    ok(Date.now() < until, lines.join('\n'));
  }
}
