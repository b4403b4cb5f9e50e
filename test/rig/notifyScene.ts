import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { NotifyTarget } from '../../model/session/notify.js';
import { type Notifier, openNotifier } from '../../src/io/notify/notifier.js';
import { NotifyListener } from './notifyListener.js';
import { leasePorts } from './ports.js';

/** A call that has ended. */
export const CALL = { callId: 'call-1@192.0.2.1', fromTag: 'f1;1', toTag: 't1;1' };

export const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `r ${i}`);

/** A notifier with what it warned of, a folder for sockets and a TCP port on which nobody listens. */
export type Scene = { readonly notifier: Notifier; readonly warnings: string[]; readonly dir: string; readonly port: number };

/** All of it is gone after the test. */
export async function openScene(t: TestContext): Promise<Scene> {
  const warnings: string[] = [];
  const notifier = openNotifier((text) => warnings.push(text));
  const lease = await leasePorts();
  const dir = await mkdtemp(join(tmpdir(), 'rtpbridge-notify-'));
  t.after(async () => {
    await notifier.close();
    await lease.release();
    await rm(dir, { recursive: true, force: true });
  });
  return { notifier, warnings, dir, port: await lease.port() };
}

/** A listener that lives as long as the test. */
export async function listen(
  t: TestContext,
  ...[where, answer]: Parameters<typeof NotifyListener.start>
): Promise<NotifyListener> {
  const listener = await NotifyListener.start(where, answer);
  t.after(() => listener.stop());
  return listener;
}

/** What a SIP proxy answers over XML-RPC: status and body, nothing at all, or half an answer before it closes the connection. */
export type ProxyAnswer = readonly [status: number, body: string] | 'nothing' | 'half';

/** A SIP proxy with an XML-RPC interface: `answer` is asked for each request, counted from one. */
export async function startProxy(t: TestContext, answer: (turn: number) => ProxyAnswer) {
  const requests: { readonly head: IncomingMessage; readonly body: string }[] = [];
  let connections = 0;
  const server = createServer((head, response) => {
    let body = '';
    head.setEncoding('latin1').on('data', (chunk: string) => {
      body += chunk;
    });
    head.on('end', () => {
      requests.push({ head, body });
      const given = answer(requests.length);
      if (given === 'half') response.writeHead(200, { 'Content-Length': 1_000 }).write('half', () => head.socket.destroy());
      else if (given !== 'nothing') response.writeHead(given[0], { 'Content-Type': 'text/xml' }).end(given[1]);
    });
  });
  server.on('connection', () => connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/RPC2`;
  return { requests, target: { kind: 'xmlrpc', url } satisfies NotifyTarget, count: () => connections };
}
