import { isUtf8 } from 'node:buffer';
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { isPlainPayload, MAX_MESSAGE_BYTES, type NgRead, splitMessage } from '../../relay/ng/ngMessage.js';
import type { NgClient } from './access.js';
import { type Carrier, NgConnection, type Parting } from './connection.js';
import { NOT_PERMITTED } from './exchange.js';
import { clientOf, isOfForeignPage } from './httpClient.js';
import type { NgWorld } from './tcp.js';

const COOKIE_PROTOCOL = 'ng.rtpengine.com';
const PLAIN_PROTOCOL = 'ng-plain.rtpengine.com';
/** In front of a token in base64url, for clients in browsers, which cannot send an `Authorization` header. It is never chosen. */
const TOKEN_PROTOCOL = 'bearer.';

/** RFC 6455 §7.4.1. */
const CLOSE_NORMAL = 1000;
const CLOSE_GOING_AWAY = 1001;
const CLOSE_POLICY = 1008;

/** The WebSockets of all HTTP listeners: each message is a request, or an answer, or an event. */
export class NgWebSockets {
  readonly #world: NgWorld;
  readonly #origins: readonly string[];
  readonly #open = new Map<WebSocket, string>();
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => protocolOf(offered) ?? false,
  });

  constructor(world: NgWorld, origins: readonly string[]) {
    this.#world = world;
    this.#origins = origins;
  }

  /** Answers a request to speak WebSocket. `name`: of the socket that it came to. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, name: string): void {
    socket.on('error', () => socket.destroy());
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((word) => word.trim());
    const client = clientOf(request, tokenOf(offered));
    const problem = this.#problem(request, client, offered);
    if (problem === null) {
      this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#serve(webSocket, request, client, name));
      return;
    }
    const [status, line] = problem;
    if (line === NOT_PERMITTED) this.#world.exchange.noteRefusal(name, client.host, `WebSocket, answered with ${status}`);
    const text = `${line}\n`;
    const fields = [`content-length: ${text.length}`, 'content-type: text/plain', 'connection: close'];
    if (status === 401) fields.push('www-authenticate: Bearer');
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields.join('\r\n')}\r\n\r\n${text}`, () => socket.destroy());
  }

  /** Closes all that came to a socket. */
  cut(name: string): void {
    for (const [webSocket, socket] of this.#open) if (socket === name) webSocket.terminate();
  }

  #problem(request: IncomingMessage, client: NgClient, offered: readonly string[]): [number, string] | null {
    const permission = this.#world.exchange.gate.permit(client);
    if (permission.kind === 'refused') return [permission.why === 'address' ? 403 : 401, NOT_PERMITTED];
    if (isOfForeignPage(request, this.#origins)) return [403, NOT_PERMITTED];
    if (this.#world.connections.isFull) return [503, 'too many connections'];
    const isUnknown = offered.some((word) => word !== '' && !word.startsWith(TOKEN_PROTOCOL));
    return isUnknown && protocolOf(offered) === null
      ? [400, `expected the subprotocol ${COOKIE_PROTOCOL} or ${PLAIN_PROTOCOL}`]
      : null;
  }

  #serve(webSocket: WebSocket, request: IncomingMessage, client: NgClient, name: string): void {
    const { exchange, connections, patienceMs } = this.#world;
    this.#open.set(webSocket, name);
    const transport = client.isSecure ? 'wss' : 'ws';
    const word = connections.nextName(transport);
    const onUnreadable = (): void => void exchange.counters.unreadable++;
    const carrier = new WebSocketCarrier(webSocket, () => connection.drained(), onUnreadable);
    const { localAddress: asked } = request.socket;
    const peer = { transport, socket: name, key: word, client: client.host, asked, connection: word } as const;
    const connection = new NgConnection(exchange, carrier, { peer, client, takesToken: false, patienceMs });
    connections.add(connection);
    webSocket.on('message', (data: Buffer, isBinary) => {
      carrier.keep(data, isBinary);
      connection.received();
    });
    const stop = keepAlive(webSocket, patienceMs);
    webSocket.on('error', () => webSocket.terminate());
    webSocket.on('close', () => {
      stop();
      this.#open.delete(webSocket);
      connections.remove(connection);
    });
  }
}

/** The first that we speak of those that a client offers. */
function protocolOf(offered: Iterable<string>): string | null {
  for (const word of offered) if (word === COOKIE_PROTOCOL || word === PLAIN_PROTOCOL) return word;
  return null;
}

function tokenOf(offered: readonly string[]): string | null {
  const word = offered.find((word) => word.startsWith(TOKEN_PROTOCOL));
  return word === undefined ? null : Buffer.from(word.slice(TOKEN_PROTOCOL.length), 'base64url').toString('latin1');
}

/** Closes a connection whose other end does not answer pings. Answers how to stop that. */
function keepAlive(webSocket: WebSocket, intervalMs: number): () => void {
  let isAlive = true;
  webSocket.on('pong', () => {
    isAlive = true;
  });
  const timer = setInterval(() => {
    if (!isAlive) return webSocket.terminate();
    isAlive = false;
    webSocket.ping();
  }, intervalMs).unref();
  return () => clearInterval(timer);
}

class WebSocketCarrier implements Carrier {
  readonly #webSocket: WebSocket;
  readonly #onDrain: () => void;
  readonly #onUnreadable: () => void;
  readonly #messages: string[] = [];
  /** Answers and events come as the last request came. */
  #isBinary = false;

  /** `onUnreadable`: a message has no cookie where it should; it is skipped. */
  constructor(webSocket: WebSocket, onDrain: () => void, onUnreadable: () => void) {
    this.#webSocket = webSocket;
    this.#onDrain = onDrain;
    this.#onUnreadable = onUnreadable;
  }

  keep(data: Buffer, isBinary: boolean): void {
    this.#isBinary = isBinary;
    this.#messages.push(data.toString('latin1'));
  }

  next(): NgRead {
    for (let text = this.#messages.shift(); text !== undefined; text = this.#messages.shift()) {
      const { protocol } = this.#webSocket;
      const isPlain = protocol === '' ? isPlainPayload(text) : protocol === PLAIN_PROTOCOL;
      const message = isPlain ? { cookie: null, payload: text } : splitMessage(text);
      if (message !== null) return { kind: 'message', message };
      this.#onUnreadable();
    }
    return { kind: 'more' };
  }

  send(message: string): void {
    const bytes = Buffer.from(message, 'latin1');
    const binary = this.#isBinary || !isUtf8(bytes);
    this.#webSocket.send(bytes, { binary }, () => this.#onDrain());
  }

  buffered(): number {
    return this.#webSocket.bufferedAmount;
  }

  setReading(isReading: boolean): void {
    if (isReading && this.#webSocket.isPaused) this.#webSocket.resume();
    else if (!isReading && !this.#webSocket.isPaused) this.#webSocket.pause();
  }

  end(why: Parting): void {
    this.#webSocket.resume();
    if (why === 'refused') this.#webSocket.close(CLOSE_POLICY, NOT_PERMITTED);
    else this.#webSocket.close(why === 'ending' ? CLOSE_GOING_AWAY : CLOSE_NORMAL);
  }

  destroy(): void {
    this.#webSocket.terminate();
  }
}
