import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { NgAddress } from '../../relay/ng/ngAddress.js';
import { failure } from '../control/listener.js';

/** Connections that may wait to be accepted. */
export const BACKLOG = 128;

/** The numeric address to bind. Rejects with what the resolver says. */
export async function resolveHost({ host, family }: NgAddress): Promise<string> {
  if (isIP(host) !== 0) return host;
  if (family !== null) return (await lookup(host, { family: family === 'IPv6' ? 6 : 4 })).address;
  const found = await lookup(host, { all: true });
  const best = found.find(({ family }) => family === 4) ?? found[0];
  if (best === undefined) throw failure('ENOTFOUND', host);
  return best.address;
}

/** How a server takes no more connections, however often it is told; fulfilled when the last one has closed. */
export function restOf(server: { close(done: () => void): unknown }): () => Promise<void> {
  let closed: Promise<void> | undefined;
  return () => {
    closed ??= new Promise((done) => server.close(() => done()));
    return closed;
  };
}
