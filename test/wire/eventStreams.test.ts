/** Events of calls over real connections: server-sent events and NG over TCP, as the transports will serve them. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { type AddressInfo, connect, createServer as createTcp, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { EventOffice } from '../../src/io/callEvents/eventOffice.js';
import { WebhookCarrier } from '../../src/io/callEvents/webhook.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { Mailbox } from '../../src/relay/callEvents/mailbox.js';
import type { EventConnections, EventStream } from '../../src/relay/callEvents/ports.js';
import { clockNow, eventOf, FakeConnections, ownerOf, SETTINGS } from '../rig/callEvents.js';
import { HookServer } from '../rig/hookServer.js';
import { until } from '../rig/notifyListener.js';

const BOUND = { timeout: 30_000 };

function openOffice(t: TestContext, connections: EventConnections = new FakeConnections()): EventOffice {
  const office = new EventOffice({ settings: SETTINGS, connections, clock: clockNow, warn: () => {} });
  t.after(() => office.close());
  return office;
}

/** `GET /events?controller=NAME` of an office. */
async function serveStreams(
  t: TestContext,
  office: EventOffice,
): Promise<{ readonly url: string; readonly waiting: () => number }> {
  const streams: EventStream[] = [];
  const server = createHttp((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost');
    const last = request.headers['last-event-id'];
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
    const stream: EventStream = {
      controller: url.searchParams.get('controller') ?? '',
      after: typeof last === 'string' ? Number(last) : null,
      write: (text) => {
        if (!response.writable) return false;
        response.write(text);
        return true;
      },
      buffered: () => response.writableLength + (response.socket?.writableLength ?? 0),
      onClose: (listener) => response.once('close', listener),
      end: () => response.end(),
    };
    streams.push(stream);
    office.attach(stream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
  return { url, waiting: () => streams.reduce((sum, stream) => sum + stream.buffered(), 0) };
}

/** Reads a stream until the event `last` has come, then goes away. Answers the numbers of all. */
async function readUpTo(url: string, last: number, lastId: number | null): Promise<number[]> {
  const away = new AbortController();
  const headers: Record<string, string> = lastId === null ? {} : { 'Last-Event-ID': `${lastId}` };
  const response = await fetch(url, { headers, signal: away.signal });
  equal(response.headers.get('content-type'), 'text/event-stream');
  const ids: number[] = [];
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body!) {
    const parts = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n\n');
    rest = parts.pop()!;
    ids.push(...parts.map((part) => Number(/^id: (\d+)\nevent: .*\ndata: .*$/.exec(part)?.[1])));
    if (ids.at(-1) === last) break;
  }
  away.abort();
  return ids;
}

test('[NG-17] a client of server-sent events that breaks off goes on where it was; another one has its own', BOUND, async (t) => {
  const office = openOffice(t);
  const { url } = await serveStreams(t, office);
  for (let i = 0; i < 5; i++) office.take(eventOf(ownerOf('kam1')));
  office.take(eventOf(ownerOf('kam2')));
  deepEqual(await readUpTo(`${url}?controller=kam1`, 5, null), [1, 2, 3, 4, 5]);
  for (let i = 0; i < 3; i++) office.take(eventOf(ownerOf('kam1')));
  const reading = readUpTo(`${url}?controller=kam1`, 9, 3);
  setTimeout(() => office.take(eventOf(ownerOf('kam1'))), 50);
  deepEqual(await reading, [4, 5, 6, 7, 8, 9]);
  deepEqual(await readUpTo(`${url}?controller=kam2`, 1, 0), [1]);
});

test('a client that does not read holds nobody up, and what waits for it stays bounded', BOUND, async (t) => {
  const office = openOffice(t);
  const { url: href, waiting } = await serveStreams(t, office);
  const url = new URL(href);
  const dead = connect(Number(url.port), url.hostname);
  t.after(() => dead.destroy());
  dead.pause();
  dead.write('GET /events?controller=kam1 HTTP/1.1\r\nHost: x\r\n\r\n');
  const big = eventOf(ownerOf('kam1'), 'call-end', { fromTag: 'x'.repeat(4_000) });
  const reading = readUpTo(`${url.href}?controller=kam1`, 5_000, 0);
  for (let i = 0; i < 5_000; i++) {
    office.take(big);
    if (i % 100 === 0) await delay(1);
  }
  equal((await reading).at(-1), 5_000);
  ok(office.figures.bytes <= 17 << 20, `${office.figures.bytes}`);
  ok(waiting() < 1 << 20, `${waiting()} bytes wait in the connections`);
});

/** NG connections as they are: TCP, JSON behind a cookie. */
class TcpConnections implements EventConnections {
  readonly sockets = new Map<string, Socket>();
  #onClosed: (connection: string) => void = () => {};

  async listen(t: TestContext): Promise<number> {
    const server = createTcp((socket) => {
      const name = `tcp/${this.sockets.size + 1}`;
      this.sockets.set(name, socket);
      socket.on('error', () => {}).once('close', () => this.#onClosed(name));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.close();
      for (const socket of this.sockets.values()) socket.destroy();
    });
    return (server.address() as AddressInfo).port;
  }

  send(connection: string, cookie: string, event: NgDictionary): boolean {
    if (!this.isOpen(connection)) return false;
    this.sockets.get(connection)!.write(`${cookie} ${JSON.stringify(event)}\n`, 'latin1');
    return true;
  }

  isOpen(connection: string): boolean {
    return this.sockets.get(connection)?.writable ?? false;
  }

  buffered(connection: string): number {
    return this.sockets.get(connection)?.writableLength ?? 0;
  }

  onClosed(listener: (connection: string) => void): void {
    this.#onClosed = listener;
  }
}

async function dial(t: TestContext, port: number): Promise<{ readonly socket: Socket; readonly lines: string[] }> {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  const lines: string[] = [];
  let rest = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop()!;
    lines.push(...parts);
  });
  await once(socket, 'connect');
  return { socket, lines };
}

const cookieOf = (line: string): string => line.split(' ', 1)[0]!;

test(
  '[NG-17 NG-19] two controllers with a TCP connection each get their own events; one that comes again goes on',
  BOUND,
  async (t) => {
    const connections = new TcpConnections();
    const port = await connections.listen(t);
    const office = openOffice(t, connections);
    const first = await dial(t, port);
    await until('a connection', () => connections.sockets.size === 1);
    const second = await dial(t, port);
    await until('another', () => connections.sockets.size === 2);
    office.use('kam1', 'tcp/1');
    office.attach('kam2', 'tcp/2', null);
    for (const name of ['kam1', 'kam2', 'kam1']) office.take(eventOf(ownerOf(name, ['connection']), 'media-timeout'));
    await until('events', () => first.lines.length === 2 && second.lines.length === 1);
    deepEqual(first.lines.map(cookieOf), ['event-1', 'event-2']);
    deepEqual(second.lines.map(cookieOf), ['event-1']);
    ok(second.lines[0]!.includes('"controller":"kam2"'));
    first.socket.destroy();
    await until('its end', () => !connections.isOpen('tcp/1'));
    office.take(eventOf(ownerOf('kam1', ['connection']), 'media-timeout'));
    const again = await dial(t, port);
    await until('a third connection', () => connections.sockets.size === 3);
    office.attach('kam1', 'tcp/3', 1);
    await until('the rest', () => again.lines.length === 2);
    deepEqual(again.lines.map(cookieOf), ['event-2', 'event-3']);
    equal(second.lines.length, 1);
  },
);

test('a webhook that does not answer in time has failed; the end of the attempt ends its connection', BOUND, async (t) => {
  const hook = await HookServer.start(t);
  hook.answer = (turn) => (turn === 1 ? 'nothing' : 204);
  const carrier = new WebhookCarrier(hook.url, { clock: clockNow, secret: () => null, limitMs: 50 });
  t.after(() => carrier.close());
  const mailbox = new Mailbox('kam1', 1);
  const parcel = mailbox.parcelOf(mailbox.put(eventOf(ownerOf('kam1')), [], 1, 0));
  deepEqual(await carrier.deliver(parcel, mailbox), { kind: 'failed', reason: 'no answer in 0.05 s' });
  deepEqual(await carrier.deliver(parcel, mailbox), { kind: 'delivered' });
  equal(hook.connections, 2);
});
