import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { joinMessage, MAX_MESSAGE_BYTES, type NgMessage, splitMessage } from '../../relay/ng/ngMessage.js';
import type { NgClient, Permission } from './access.js';
import { EventStreamResponses } from './eventStream.js';
import { NOT_PERMITTED } from './exchange.js';
import { clientOf, isOfForeignPage } from './httpClient.js';
import type { NgOptions } from './options.js';
import { NOT_LISTED } from './refusals.js';
import type { NgWorld } from './tcp.js';

const COOKIE_TYPE = 'application/x-rtpengine-ng';
const PLAIN_TYPE = 'application/x-rtpengine-ng-plain';
const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain; charset=utf-8';

type Page = {
  readonly method: 'GET' | 'POST';
  /** Whether a token is asked for where there are any. */
  readonly isGuarded: boolean;
  readonly serve: (call: Call) => void;
};

/** One request and its answer. `client`: its address may ask. */
type Call = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly client: NgClient;
  readonly identity: string | null;
  /** Of the socket that it came to. */
  readonly socket: string;
};

/** Why a request is not served. `why`: for the log. */
type Problem = {
  readonly status: number;
  readonly line: string;
  readonly why: string;
  readonly headers: Readonly<Record<string, string>>;
};

const ENDING: Problem = { status: 503, line: 'the relay ends', why: '', headers: { connection: 'close' } };

/** Serves the pages of the NG listeners: requests by POST, and what else there is to read. Says nothing that lets foreign web pages in. */
export class NgPages {
  readonly #world: NgWorld;
  readonly #origins: readonly string[];
  readonly #pages = new Map<string, Page>();
  readonly #names = new WeakMap<Socket, string>();
  readonly #events: EventStreamResponses | null = null;
  #isResting = false;

  constructor(world: NgWorld, { documents, eventStreams, origins = [] }: NgOptions) {
    this.#world = world;
    this.#origins = origins;
    this.#pages.set('/ng', { method: 'POST', isGuarded: true, serve: (call) => this.#readBody(call, true) });
    this.#pages.set('/ng-plain', { method: 'POST', isGuarded: true, serve: (call) => this.#readBody(call, false) });
    this.#addText('/ping', TEXT_TYPE, 'pong\n');
    if (documents !== undefined) {
      this.#addText('/openapi.json', JSON_TYPE, documents.openApi);
      this.#addText('/schema.json', JSON_TYPE, documents.schema);
    }
    if (eventStreams === undefined) return;
    this.#events = new EventStreamResponses(eventStreams, world.exchange.gate);
    this.#pages.set('/events', { method: 'GET', isGuarded: true, serve: (call) => this.#serveEvents(call) });
  }

  /** `socket`: its name, one word. */
  of(socket: string): RequestListener {
    return (request, response) => this.#serve(request, response, socket);
  }

  /** Serves nothing more. What was asked before is still answered, and events go out. */
  rest(): void {
    this.#isResting = true;
  }

  /** The relay ends: answers that have no end are ended. Fulfilled when they are. */
  async finish(): Promise<void> {
    await this.#events?.finish();
  }

  #addText(path: string, type: string, text: string): void {
    const serve = ({ response }: Call): void => this.#answer(response, 200, type, Buffer.from(text));
    this.#pages.set(path, { method: 'GET', isGuarded: false, serve });
  }

  #serve(request: IncomingMessage, response: ServerResponse, socket: string): void {
    const client = clientOf(request);
    const permission = this.#world.exchange.gate.permit(client);
    const page = this.#pages.get(request.url?.split('?')[0] ?? '');
    const problem =
      this.#strangerProblem(request, permission) ?? (this.#isResting ? ENDING : pageProblem(request, page, permission));
    if (problem !== null) {
      if (problem.status === 401 || problem.status === 403) this.#world.exchange.noteRefusal(socket, client.host, problem.why);
      for (const [name, value] of Object.entries(problem.headers)) response.setHeader(name, value);
      this.#say(response, problem.status, problem.line);
      return;
    }
    const identity = permission.kind === 'permitted' ? permission.identity : null;
    page?.serve({ request, response, client, identity, socket });
  }

  /** Those who may not know either what there is. */
  #strangerProblem(request: IncomingMessage, permission: Permission): Problem | null {
    const headers = { connection: 'close' };
    if (permission.kind === 'refused' && permission.why === 'address') {
      return { status: 403, line: NOT_PERMITTED, why: NOT_LISTED, headers };
    }
    if (!isOfForeignPage(request, this.#origins)) return null;
    const why = `it asks for a web page of ${(request.headers.origin ?? request.headers.host ?? '').slice(0, 100)}`;
    return { status: 403, line: NOT_PERMITTED, why, headers };
  }

  #readBody(call: Call, hasCookie: boolean): void {
    const { request, response } = call;
    const type = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
    const types = hasCookie ? [COOKIE_TYPE] : [PLAIN_TYPE, JSON_TYPE];
    if (type !== undefined && !types.includes(type)) {
      this.#say(response, 415, `expected the content type ${types.join(' or ')}`);
      return;
    }
    let pieces: Buffer[] = [];
    let bytes = Number(request.headers['content-length'] ?? 0);
    const tooLong = (): void => this.#say(response, 413, `expected at most ${MAX_MESSAGE_BYTES} bytes`);
    if (bytes > MAX_MESSAGE_BYTES) {
      tooLong();
      return;
    }
    bytes = 0;
    request.on('data', (piece: Buffer) => {
      if (response.writableEnded) return;
      bytes += piece.length;
      pieces.push(piece);
      if (bytes <= MAX_MESSAGE_BYTES) return;
      pieces = [];
      tooLong();
    });
    request.on('end', () => {
      if (!response.writableEnded) this.#carryOut(call, Buffer.concat(pieces).toString('latin1'), hasCookie, type);
    });
  }

  #carryOut(call: Call, body: string, hasCookie: boolean, type: string | undefined): void {
    const message: NgMessage | null = hasCookie ? splitMessage(body) : { cookie: null, payload: body };
    if (message === null) {
      this.#world.exchange.counters.unreadable++;
      this.#say(call.response, 400, 'expected a cookie, a blank and a request');
      return;
    }
    const { client, identity, socket } = call;
    const peer = {
      transport: client.isSecure ? ('https' as const) : ('http' as const),
      socket,
      key: this.#nameOf(call.request.socket),
      client: client.host,
      asked: call.request.socket.localAddress,
      identity,
      connection: null,
      ...(type === JSON_TYPE && { encoding: 'json' as const }),
    };
    this.#world.exchange.carryOut(peer, message, (reply) => {
      if (call.response.writableEnded || call.response.destroyed) return;
      const isJson = type !== PLAIN_TYPE && reply.startsWith('{');
      const text = joinMessage({ cookie: message.cookie, payload: reply });
      const answerType = hasCookie ? COOKIE_TYPE : isJson ? JSON_TYPE : PLAIN_TYPE;
      this.#answer(call.response, 200, answerType, Buffer.from(text, 'latin1'));
    });
  }

  #serveEvents({ request, response, client, identity }: Call): void {
    const problem = this.#events?.serve(request, response, client, identity) ?? null;
    if (problem !== null) this.#say(response, 404, problem);
  }

  /** Repetitions are known by the connection, whose port another may have later. */
  #nameOf(socket: Socket): string {
    const name = this.#names.get(socket) ?? this.#world.connections.nextName('http');
    this.#names.set(socket, name);
    return name;
  }

  #say(response: ServerResponse, status: number, line: string): void {
    this.#answer(response, status, TEXT_TYPE, Buffer.from(`${line}\n`));
  }

  #answer(response: ServerResponse, status: number, type: string, body: Buffer): void {
    response.writeHead(status, {
      'content-type': type,
      'content-length': body.length,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    response.end(body);
    const timer = setTimeout(() => response.destroy(), this.#world.patienceMs).unref();
    response.on('close', () => clearTimeout(timer));
  }
}

function pageProblem({ method }: IncomingMessage, page: Page | undefined, permission: Permission): Problem | null {
  if (page === undefined) return { status: 404, line: 'there is no such page', why: '', headers: {} };
  const isKnown = method === page.method || (page.method === 'GET' && method === 'HEAD');
  if (!isKnown) return { status: 405, line: `expected ${page.method}`, why: '', headers: { allow: page.method } };
  if (permission.kind === 'permitted' || !page.isGuarded) return null;
  const why = 'it showed no token or certificate that is known';
  return { status: 401, line: NOT_PERMITTED, why, headers: { 'www-authenticate': 'Bearer' } };
}
