import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { type Family, familyOf, ok, type Result, refuse } from '../../model/kernel/index.js';

/** The numeric address behind a host name. `mayAsk`: name servers may be asked. The error is one line. */
export async function resolveHost(name: string, family: Family, mayAsk: boolean): Promise<Result<string, string>> {
  if (!mayAsk) return refuse(`expected a numeric ${family} address, because of --no_resolve`);
  try {
    return ok((await lookup(name, { family: family === 'IPv4' ? 4 : 6 })).address);
  } catch (error) {
    return refuse(`no such ${family} address or host name (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** Why no media socket can be bound to an address, in one line with the errno; null if one can. */
export async function bindProblem(host: string): Promise<string | null> {
  const family = familyOf(host);
  const errno = await tryBind(host, family);
  if (errno === null) return null;
  const known = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => address.family === family)
    .map(({ address }) => address);
  const why = errno === 'EADDRNOTAVAIL' ? `the address is not on this host, which has ${known.join(', ')}` : 'it cannot be bound';
  return `${why} (${errno})`;
}

function tryBind(host: string, family: Family): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: family === 'IPv4' ? 'udp4' : 'udp6', ipv6Only: family === 'IPv6' });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code ?? 'error');
    });
    socket.bind(0, host, () => socket.close(() => resolve(null)));
  });
}
