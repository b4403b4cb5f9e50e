import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { ok, type Result, refuse } from '../../model/kernel/index.js';

/**
 * The numeric IPv4 address behind what `-l` was given (`*` for all), after it has been tried: a media socket can be bound to it. The error is
 * one line with the address and the errno.
 */
export async function resolveListenAddress(text: string): Promise<Result<string, string>> {
  if (text === '*') return ok('0.0.0.0');
  let host: string;
  try {
    host = (await lookup(text, { family: 4 })).address;
  } catch (error) {
    return refuse(`-l ${text}: no such IPv4 address or host name (${(error as NodeJS.ErrnoException).code})`);
  }
  const errno = await tryBind(host);
  if (errno === null) return ok(host);
  const known = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family }) => family === 'IPv4')
    .map(({ address }) => address);
  const why = errno === 'EADDRNOTAVAIL' ? `the address is not on this host, which has ${known.join(', ')}` : 'it cannot be bound';
  return refuse(`-l ${text}: ${why} (${errno})`);
}

function tryBind(host: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      resolve(error.code ?? 'error');
    });
    socket.bind(0, host, () => socket.close(() => resolve(null)));
  });
}
