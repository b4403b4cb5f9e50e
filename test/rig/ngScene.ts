import { once } from 'node:events';
import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { NgListeners } from '../../src/io/ng/openNg.js';
import { openNg } from '../../src/io/ng/openNg.js';
import type { NgOptions } from '../../src/io/ng/options.js';
import { encodingOf } from '../../src/protocol/ng/readRequest.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { type NgAddress, parseNgAddress } from '../../src/relay/ng/ngAddress.js';
import { NgStreamReader } from '../../src/relay/ng/ngMessage.js';
import type { NgOrigin } from '../../src/relay/ng/ngOrigin.js';
import type { ControlAccess } from '../../src/relay/settings/settings.js';
import { eventually } from './calls.js';
import { shortCodec } from './ngCodec.js';
import { leasePorts } from './ports.js';

export const OPEN_ACCESS: ControlAccess = { allow: [], tokens: [], tls: null };

/** A request in the encoding that is wanted. */
export const bencoded = (dictionary: NgDictionary): string => shortCodec.encode(dictionary, 'bencode');
export const inJson = (dictionary: NgDictionary): string => shortCodec.encode(dictionary, 'json');
export const PING = bencoded({ command: 'ping' });
export const PONG = bencoded({ result: 'pong' });

/** NG listeners in this process, and what a handler in place of the relay was asked. */
export type NgScene = {
  readonly listeners: NgListeners;
  /** The port that `PORT` stands for. */
  readonly port: number;
  readonly payloads: string[];
  readonly origins: NgOrigin[];
  readonly warnings: string[];
  readonly duplicates: () => number;
  /** Answers the oldest `later` that is waiting. */
  readonly release: () => void;
  readonly waiting: () => number;
};

/** Opens listeners on a free port, `PORT` in their names. They are closed with the test. */
export async function openNgScene(t: TestContext, names: readonly string[], options: Partial<NgOptions> = {}): Promise<NgScene> {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const port = await lease.port();
  const payloads: string[] = [];
  const origins: NgOrigin[] = [];
  const warnings: string[] = [];
  const held: (() => void)[] = [];
  let duplicates = 0;
  const listeners = await openNg(
    names.map((name) => addressOf(name.replace('PORT', String(port)))),
    {
      access: OPEN_ACCESS,
      onDuplicate: () => {
        duplicates++;
      },
      onWarning: (text) => warnings.push(text),
      handle: (payload, origin, answer) => {
        payloads.push(payload);
        origins.push(origin);
        replyTo(payload, answer, held);
      },
      ...options,
    },
  );
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= listeners.close();
    return closing;
  };
  t.after(close);
  return {
    listeners: { ...listeners, close },
    port,
    payloads,
    origins,
    warnings,
    duplicates: () => duplicates,
    release: () => held.shift()?.(),
    waiting: () => held.length,
  };
}

/** `ping`; `size` answers so many bytes; `later` waits to be released; everything else is answered with what was read. */
function replyTo(payload: string, answer: (reply: string) => void, held: (() => void)[]): void {
  const request = shortCodec.decode(payload);
  const encoding = encodingOf(payload);
  const say = (dictionary: NgDictionary): void => answer(shortCodec.encode(dictionary, encoding));
  if (request === null) say({ result: 'error', 'error-reason': 'unreadable' });
  else if (request['command'] === 'ping') say({ result: 'pong' });
  else if (request['command'] === 'size') say({ result: 'ok', filling: 'x'.repeat(Number(request['bytes'])) });
  else if (request['command'] === 'later') held.push(() => say({ result: 'ok', n: request['n'] ?? 0 }));
  else say({ result: 'ok', heard: request });
}

export function addressOf(name: string): NgAddress {
  const parsed = parseNgAddress(name);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

/** A client of TCP that does not judge what comes. */
export class NgStreamClient {
  readonly socket: Socket;
  readonly #reader = new NgStreamReader();
  text = '';
  isOver = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      this.text += chunk;
      this.#reader.push(chunk);
    });
    const finish = (): void => {
      this.isOver = true;
    };
    socket.on('end', finish).on('close', finish).on('error', finish);
  }

  static async open(t: TestContext, port: number, host = '127.0.0.1', localAddress?: string): Promise<NgStreamClient> {
    const socket = connect({ host, port, allowHalfOpen: true, ...(localAddress === undefined ? {} : { localAddress }) });
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    return new NgStreamClient(socket);
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** The next answer, with its cookie. */
  async receive(timeoutMs = 5_000): Promise<string> {
    let answer = '';
    await eventually(async () => {
      const read = this.#reader.next();
      if (read.kind !== 'message') throw new Error(`no answer, only ${JSON.stringify(this.text.slice(-200))}`);
      answer = `${read.message.cookie} ${read.message.payload}`;
    }, timeoutMs);
    return answer;
  }

  ask(text: string): Promise<string> {
    this.send(text);
    return this.receive();
  }

  over(timeoutMs = 5_000): Promise<void> {
    return eventually(async () => {
      if (!this.isOver) throw new Error('still open');
    }, timeoutMs);
  }
}

export type HttpAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly text: string };

/** One request of HTTP or, with a certificate to trust, HTTPS; texts are one character a byte. */
export async function fetchNg(options: RequestOptions & { readonly ca?: string }, body = ''): Promise<HttpAnswer> {
  const ask = 'ca' in options ? secureRequest : request;
  const asked = ask({ host: '127.0.0.1', agent: false, ...options });
  asked.end(body, 'latin1');
  const [answer] = await once(asked, 'response', { signal: AbortSignal.timeout(5_000) });
  let text = '';
  answer.setEncoding('latin1');
  for await (const chunk of answer) text += chunk;
  return { status: answer.statusCode, headers: answer.headers, text };
}

export const post = (port: number, path: string, type: string, body: string, more: RequestOptions = {}): Promise<HttpAnswer> =>
  fetchNg({ ...more, port, path, method: 'POST', headers: { 'content-type': type, ...more.headers } }, body);
