import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { plainHost } from '../../relay/ng/allowList.js';
import { isForeignPage } from '../../relay/ng/webPage.js';
import { bearerOf, type NgClient } from './access.js';
import { certificateName } from './tls.js';

/** Who asks by a request of HTTP. `token`: where it does not stand in the `Authorization` header. */
export function clientOf({ socket, headers }: IncomingMessage, token: string | null = null): NgClient {
  const isSecure = isEncrypted(socket as Partial<TLSSocket>);
  return {
    host: plainHost(socket.remoteAddress ?? ''),
    isSecure,
    token: bearerOf(headers.authorization) ?? token,
    certificate: isSecure ? certificateName(socket as TLSSocket) : null,
  };
}

const isEncrypted = (socket: Partial<TLSSocket>): boolean => socket.encrypted === true;

/** Whether a web page asks that may not: see `isForeignPage`. */
export function isOfForeignPage({ socket, headers }: IncomingMessage, allowed: readonly string[]): boolean {
  const site = headers['sec-fetch-site'];
  const page = { origin: headers.origin, host: headers.host, site: typeof site === 'string' ? site : undefined };
  return isForeignPage(page, isEncrypted(socket as Partial<TLSSocket>), allowed);
}
