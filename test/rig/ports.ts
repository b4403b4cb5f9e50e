import { createSocket } from 'node:dgram';
import { createServer, type Server } from 'node:net';

/**
 * Blocks of ports lie below the ephemeral range of Linux (32768 and up), so that no socket bound to port 0, ours or a
 * peer's, can fall into a range that a test has leased.
 */
const FIRST_PORT = 10_000;
const LAST_PORT = 31_999;
const BLOCK_PORTS = 200;
const BLOCKS = Math.floor((LAST_PORT + 1 - FIRST_PORT) / BLOCK_PORTS);

/** Ports that nobody else on this machine uses while the lease lives. */
export interface PortLease {
  /** One port, free for UDP and TCP on IPv4 and IPv6. */
  port(): Promise<number>;
  /**
   * `count` adjacent free ports beginning at an even one.
   * @throws when the lease has no such run left
   */
  range(count: number): Promise<{ readonly min: number; readonly max: number }>;
  release(): Promise<void>;
}

/**
 * Leases `ports` adjacent ports (rounded up to whole blocks). The first port of each block is held by a TCP listener of
 * this process: that is the lock against other test processes, and the kernel drops it with the process, so that no
 * stale lock can remain.
 * @throws when no block is left
 */
export async function leasePorts(ports: number = BLOCK_PORTS - 1): Promise<PortLease> {
  const wanted = Math.ceil((ports + 1) / BLOCK_PORTS);
  const start = Math.floor(Math.random() * BLOCKS);
  for (let turn = 0; turn < BLOCKS; turn++) {
    const block = (start + turn) % BLOCKS;
    if (block + wanted > BLOCKS) continue;
    const locks = await lockBlocks(block, wanted);
    if (locks !== null) return leaseOf(FIRST_PORT + block * BLOCK_PORTS, wanted * BLOCK_PORTS, locks);
  }
  throw new Error(`no ${wanted} adjacent free blocks of ${BLOCK_PORTS} ports in ${FIRST_PORT}..${LAST_PORT}`);
}

function leaseOf(base: number, size: number, locks: readonly Server[]): PortLease {
  let next = base + 1;
  async function range(count: number): Promise<{ min: number; max: number }> {
    next += next % 2;
    while (next + count <= base + size) {
      const busy = await lastBusyPort(next, count);
      if (busy === null) {
        const min = next;
        next += count;
        return { min, max: min + count - 1 };
      }
      next = busy + 1 + ((busy + 1) % 2);
    }
    throw new Error(`the lease of ports ${base}..${base + size - 1} has no run of ${count} free ports left`);
  }
  return {
    range,
    port: async () => (await range(1)).min,
    release: async () => {
      await Promise.all(locks.map(closeServer));
    },
  };
}

async function lockBlocks(first: number, count: number): Promise<Server[] | null> {
  const locks: Server[] = [];
  for (let block = first; block < first + count; block++) {
    const lock = await listen(FIRST_PORT + block * BLOCK_PORTS, '127.0.0.1');
    if (lock === null) {
      await Promise.all(locks.map(closeServer));
      return null;
    }
    lock.unref();
    locks.push(lock);
  }
  return locks;
}

/** The highest port of the run that something already uses (the locks of other blocks included), or null. */
async function lastBusyPort(first: number, count: number): Promise<number | null> {
  for (let port = first + count - 1; port >= first; port--) {
    const isLock = (port - FIRST_PORT) % BLOCK_PORTS === 0;
    if (isLock || !(await isFree(port))) return port;
  }
  return null;
}

/** Whether nothing on this machine is bound to the port, UDP or TCP, on any address. */
export async function isFree(port: number): Promise<boolean> {
  if (!(await udpBinds(port, 'udp4')) || !(await udpBinds(port, 'udp6'))) return false;
  const tcp = await listen(port, '::');
  if (tcp === null) return false;
  await closeServer(tcp);
  return true;
}

function udpBinds(port: number, type: 'udp4' | 'udp6'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket({ type, ipv6Only: type === 'udp6' });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EAFNOSUPPORT'));
    socket.bind({ port, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

function listen(port: number, host: string): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', () => resolve(null));
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
