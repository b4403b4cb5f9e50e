/** Sockets as a service manager makes them, by Linux system calls. */
import type { TestContext } from 'node:test';
import { udpPort } from '../../model/kernel/index.js';
import { declare, errnoName, lastErrno } from '../../src/io/sys/libc.js';
import { mapMemory } from '../../src/io/sys/memory.js';
import { closeDescriptor } from '../../src/io/sys/socket.js';
import { writeUnixAddress } from '../../src/io/sys/unixAddress.js';
import { encodeSockaddr } from '../../src/protocol/bytes/sockaddr.js';

const socket = declare<(family: number, type: number, protocol: number) => number>('socket', 'int', ['int', 'int', 'int']);
const bind = declare<(fd: number, address: number, length: number) => number>('bind', 'int', ['int', 'uint64_t', 'uint32_t']);
const listen = declare<(fd: number, backlog: number) => number>('listen', 'int', ['int', 'int']);

const AF_UNIX = 1;
const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const BACKLOG = 32;

const memory = mapMemory(4096);
const bytes = Buffer.from(memory.buffer);

function openBound(t: TestContext, family: number, type: number, length: number): number {
  const fd = socket(family, type | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new Error(`socket: ${errnoName(lastErrno())}`);
  t.after(() => closeDescriptor(fd));
  if (bind(fd, memory.address, length) !== 0) throw new Error(`bind: ${errnoName(lastErrno())}`);
  if (type === SOCK_STREAM && listen(fd, BACKLOG) !== 0) throw new Error(`listen: ${errnoName(lastErrno())}`);
  return fd;
}

const writeIPv4Address = (host: string, port: number): number => {
  encodeSockaddr({ host, port: udpPort(port) }, new Uint32Array(memory.buffer), 0);
  return 16;
};

/** A unix stream socket that listens. Closed with the test, as are all of these. */
export const listeningUnix = (t: TestContext, path: string): number =>
  openBound(t, AF_UNIX, SOCK_STREAM, writeUnixAddress(path, bytes));

export const listeningTcp = (t: TestContext, host: string, port: number): number =>
  openBound(t, AF_INET, SOCK_STREAM, writeIPv4Address(host, port));

export const boundUdp = (t: TestContext, host: string, port: number): number =>
  openBound(t, AF_INET, SOCK_DGRAM, writeIPv4Address(host, port));
