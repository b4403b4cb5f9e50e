import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startChild } from '../rig/child.js';
import { NotifyListener } from '../rig/notifyListener.js';
import { findExecutable } from '../rig/peers.js';
import { leasePorts } from '../rig/ports.js';
import { openExchange } from './exchange.js';
import { endedByProxy } from './scenario.js';
import { NOTICE_LIMIT_MS, placeSilent, silentCall, timedOut } from './silence.js';

const BOUND = { timeout: 60_000 };
/** After so long without packets a session ends; while it is set up it may take longer. */
const TTL = ['-T', '2', '-W', '30'];

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
    await timedOut(exchange, call);
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
  await timedOut(exchange, call);
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
  const call = await silentCall(exchange, 'rpc', socket, 1, endedByProxy);
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
  await timedOut(exchange, call);
}
