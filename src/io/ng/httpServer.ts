import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createSecureServer, Server as SecureServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { beginToListen, type ListenPlace } from '../control/listener.js';
import { BACKLOG, restOf } from './place.js';
import type { NgWorld, RestingListener } from './tcp.js';
import type { TlsMaterial } from './tls.js';
import type { NgWebSockets } from './ws.js';

const MAX_CONNECTIONS = 512;
const MAX_HEADER_BYTES = 16_384;
const MAX_HEADERS_MS = 10_000;
const IDLE_MS = 75_000;

/** What a server serves, and how. */
export type HttpServing = {
  /** Null: it is not encrypted. */
  readonly tls: TlsMaterial | null;
  readonly serve: RequestListener;
  readonly webSockets: NgWebSockets;
  readonly world: NgWorld;
};

export type HttpListener = RestingListener & {
  /** From now on it shows another certificate. Where other certificates of clients are asked for, all its connections are closed. */
  readonly replaceTls: (tls: TlsMaterial) => void;
};

/** Serves HTTP and WebSockets at `where`; `name` of the socket, one word. Rejects if it cannot be bound. */
export async function listenNgHttp(where: ListenPlace, name: string, serving: HttpServing): Promise<HttpListener> {
  const { webSockets } = serving;
  const server = makeServer(serving);
  server.maxConnections = MAX_CONNECTIONS;
  server.on('upgrade', (request, socket, head) => {
    if (request.headers.upgrade?.toLowerCase() === 'websocket') webSockets.upgrade(request, socket, head, name);
    else ignoreUpgrade(server, request, socket, head);
  });
  server.on('tlsClientError', () => {}); // Of a client that does not speak TLS, or not ours.
  await beginToListen(server, where, BACKLOG);
  const cutAll = (): void => {
    server.closeAllConnections();
    webSockets.cut(name);
  };
  const rest = restOf(server);
  let authority = serving.tls?.ca;
  return {
    replaceTls: (tls) => {
      const secure = server as SecureServer;
      secure.setSecureContext({ cert: tls.cert, key: tls.key, ca: tls.ca });
      // Read by Node for each connection that comes; there is no call for it.
      Object.assign(secure, { requestCert: tls.ca !== undefined });
      if (String(authority) !== String(tls.ca)) cutAll();
      authority = tls.ca;
    },
    rest,
    close: () => {
      cutAll();
      return rest();
    },
  };
}

/**
 * Has a request served that offers to go on with another protocol, as if it did not (RFC 9110 §7.8 allows that): clients that know HTTP/2 offer
 * it on every connection. Node has given the connection away by now, so it is handed in anew, with what was read of it.
 */
function ignoreUpgrade(server: Server | SecureServer, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  const { rawHeaders } = request;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (!/^(?:upgrade|http2-settings|connection)$/i.test(rawHeaders[i]!)) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit(server instanceof SecureServer ? 'secureConnection' : 'connection', socket);
}

function makeServer({ tls, serve, world }: HttpServing): Server | SecureServer {
  const { patienceMs } = world;
  const headersTimeout = Math.min(patienceMs, MAX_HEADERS_MS);
  const limits: ServerOptions = {
    noDelay: true,
    keepAlive: true,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout,
    requestTimeout: patienceMs,
    connectionsCheckingInterval: Math.ceil(headersTimeout / 4),
    keepAliveTimeout: IDLE_MS,
  };
  if (tls === null) return createServer(limits, serve);
  const certificates = { cert: tls.cert, key: tls.key, ca: tls.ca, requestCert: tls.ca !== undefined };
  // A client without certificate is told so, which a broken handshake would not.
  return createSecureServer({ ...limits, ...certificates, rejectUnauthorized: false, handshakeTimeout: headersTimeout }, serve);
}
