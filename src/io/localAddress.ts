import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type Family, ok, type Result, refuse } from '../../model/kernel/index.js';

/**
 * The numeric address behind a name or address given to `-l` or `-6`, after it has been tried: a media socket can be bound to it. `names`: host
 * names may be looked up. The error is one line with the address and the errno.
 */
export async function resolveListenAddress(text: string, family: Family, names: boolean): Promise<Result<string, string>> {
  const number = family === 'IPv4' ? 4 : 6;
  if (!names && isIP(text) !== number) return refuse(`${text}: expected a numeric ${family} address, because of --no_resolve`);
  let host: string;
  try {
    host = (await lookup(text, { family: number })).address;
  } catch (error) {
    return refuse(`${text}: no such ${family} address or host name (${(error as NodeJS.ErrnoException).code})`);
  }
  const errno = await tryBind(host, family);
  if (errno === null) return ok(host);
  const known = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter((address) => address.family === family)
    .map(({ address }) => address);
  const why = errno === 'EADDRNOTAVAIL' ? `the address is not on this host, which has ${known.join(', ')}` : 'it cannot be bound';
  return refuse(`${text}: ${why} (${errno})`);
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
