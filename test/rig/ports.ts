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
  /**
   * One port, free for UDP and TCP on IPv4 and IPv6.
   * @throws when the lease is used up
   */
  port(): Promise<number>;
  /**
   * `count` adjacent ports beginning at an even one, free for UDP.
   * @throws when the lease is used up
   */
  range(count: number): { readonly min: number; readonly max: number };
  release(): Promise<void>;
}

/**
 * Leases `ports` adjacent ports (rounded up to whole blocks). The first port of each block is held by a TCP listener of
 * this process: that is the lock against other test processes, and the kernel drops it with the process, so that no
 * stale lock can remain.
 * @throws when no block is left
 */
export async function leasePorts(ports: number = BLOCK_PORTS): Promise<PortLease> {
  const wanted = Math.ceil(ports / BLOCK_PORTS);
  const start = Math.floor(Math.random() * BLOCKS);
  for (let turn = 0; turn < BLOCKS; turn++) {
    const block = (start + turn) % BLOCKS;
    if (block + wanted > BLOCKS) continue;
    const locks = await lockBlocks(block, wanted);
    if (locks === null) continue;
    const base = FIRST_PORT + block * BLOCK_PORTS;
    const size = wanted * BLOCK_PORTS;
    // Others on this machine ask for no lease: blocks that they are using are left to them.
    if (await areFreeForUdp(base, size)) return leaseOf(base, size, locks);
    await Promise.all(locks.map(closeServer));
  }
  throw new Error(`no ${wanted} adjacent free blocks of ${BLOCK_PORTS} ports in ${FIRST_PORT}..${LAST_PORT}`);
}

function leaseOf(base: number, size: number, locks: readonly Server[]): PortLease {
  let next = base;
  function range(count: number): { min: number; max: number } {
    const min = next + (next % 2);
    if (min + count > base + size) throw new Error(`the lease of ports ${base}..${base + size - 1} is used up`);
    next = min + count;
    return { min, max: next - 1 };
  }
  async function port(): Promise<number> {
    for (;;) {
      const { min } = range(1);
      if (await isFree(min)) return min;
    }
  }
  return {
    port,
    range,
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

/** Whether nothing on this machine is bound to any of `count` UDP ports, on any address. */
export async function areFreeForUdp(first: number, count: number): Promise<boolean> {
  for (let port = first; port < first + count; port++) {
    if (!(await udpBinds(port, 'udp4')) || !(await udpBinds(port, 'udp6'))) return false;
  }
  return true;
}

/** The same of one port, for UDP and TCP. */
async function isFree(port: number): Promise<boolean> {
  if (!(await areFreeForUdp(port, 1))) return false;
  const tcp = await listen(port);
  if (tcp === null) return false;
  await closeServer(tcp);
  return true;
}

function udpBinds(port: number, type: 'udp4' | 'udp6'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket({ type, ipv6Only: type === 'udp6' });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      // A machine without IPv6 has nothing bound there.
      resolve(error.code === 'EAFNOSUPPORT');
    });
    socket.bind({ port, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

/** Without a host on every address, IPv6 included where the machine has it. */
function listen(port: number, host?: string): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', () => resolve(null));
    server.listen({ port, exclusive: true, ...(host === undefined ? {} : { host }) }, () => resolve(server));
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
