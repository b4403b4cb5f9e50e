import { lookup } from 'node:dns/promises';
import { ok, type Result, refuse, udpPort } from '../../../model/kernel/index.js';
import { type ControlAddress, formatControlAddress, isWildcard } from '../../relay/controlAddress.js';
import { formatNgAddress, type NgAddress } from '../../relay/ng/ngAddress.js';
import { nameOfShared } from '../ng/threadSockets.js';
import type { OpenSockets } from '../process/inheritance.js';
import { RECEIVE_BUFFER_BYTES } from './datagram.js';
import { failure, type UnixFileOptions } from './listener.js';
import { openingProblem } from './openControl.js';
import { BACKLOG } from './stream.js';
import { takePassedSocket } from './systemd.js';
import { giveUnixFile, makeUnixSocket } from './unix.js';

/** Sockets that are open, for others to serve: what comes meanwhile waits in the kernel. */
export type HeldSockets = {
  readonly sockets: OpenSockets;
  /** Closes them and removes the files of unix sockets. */
  readonly close: () => void;
};

type Calls = typeof import('../sys/boundSocket.js') & typeof import('../sys/packetInfo.js') & typeof import('../sys/socket.js');

/** What is to be held open, of both protocols. */
export type HeldAddresses = { readonly control: readonly ControlAddress[]; readonly ng: readonly HeldNg[] };

/** `sockets`: how many there are of a UDP address, one for each thread that serves it. What waits in one that is closed is lost. */
export type HeldNg = { readonly address: NgAddress; readonly sockets: number };

/**
 * Opens control sockets as `openControl` and `openNg` do, and that of the administration (`admin`: `unix:PATH` or null), all or none, but serves
 * nothing. Standard input and output are not among them. Refuses with the same line as `openControl`.
 */
export async function holdSockets(
  { control, ng }: HeldAddresses,
  admin: string | null,
  files: UnixFileOptions,
): Promise<Result<HeldSockets, string>> {
  const calls = await loadCalls();
  if (!calls.ok) return calls;
  const holding = new Holding(calls.value, files);
  let [what, name] = ['control socket', ''];
  try {
    for (const address of control) {
      name = formatControlAddress(address);
      await holding.open(address, name);
    }
    what = 'NG socket';
    for (const held of ng) {
      name = formatNgAddress(held.address);
      await holding.openNg(held, name);
    }
    if (admin !== null) {
      [what, name] = ['admin socket', admin];
      await holding.openUnix(admin.slice('unix:'.length), name);
    }
  } catch (error) {
    holding.close();
    return refuse(openingProblem(what, name, error));
  }
  return ok({ sockets: holding.sockets, close: () => holding.close() });
}

async function loadCalls(): Promise<Result<Calls, string>> {
  const problem = '--supervise: it takes the system calls of Linux to hold control sockets open';
  if (process.platform !== 'linux') return refuse(`${problem}, and this is ${process.platform}`);
  try {
    const [bound, packetInfo, socket] = [
      await import('../sys/boundSocket.js'),
      await import('../sys/packetInfo.js'),
      await import('../sys/socket.js'),
    ];
    return ok({ ...bound, ...packetInfo, ...socket });
  } catch (error) {
    return refuse(`${problem}, and they cannot be loaded (${(error as Error).message.split('\n')[0]})`);
  }
}

/** Numeric. `family`: 0 is either, and IPv4 where there are both. */
const hostOf = async (host: string, family: 0 | 4 | 6): Promise<string> =>
  (await lookup(host, { family, verbatim: false })).address;

class Holding {
  readonly sockets = new Map<string, number>();
  readonly #calls: Calls;
  readonly #files: UnixFileOptions;
  readonly #removers: (() => void)[] = [];

  constructor(calls: Calls, files: UnixFileOptions) {
    this.#calls = calls;
    this.#files = files;
  }

  async open(address: ControlAddress, name: string): Promise<void> {
    switch (address.transport) {
      case 'udp':
      case 'tcp':
        this.#keep(name, this.#openPort({ ...address, host: await hostOf(address.host, address.ipv6 ? 6 : 4) }));
        break;
      case 'unix':
        await this.openUnix(address.path, name);
        break;
      case 'systemd': {
        const passed = await takePassedSocket();
        if (!passed.ok) throw new Error(passed.error);
        this.sockets.set(name, passed.value.fd);
      }
    }
  }

  async openNg({ address, sockets }: HeldNg, name: string): Promise<void> {
    const transport = address.transport === 'udp' ? 'udp' : 'tcp';
    const families = { IPv4: 4, IPv6: 6 } as const;
    const host = await hostOf(address.host, address.family === null ? 0 : families[address.family]);
    const local = { transport, host, port: address.port, ipv6: host.includes(':') } as const;
    if (transport === 'udp' && sockets > 1) this.#openShared({ ...local, transport }, sockets, name);
    else this.#keep(name, this.#openPort(local));
  }

  #openShared(address: ControlAddress & { readonly transport: 'udp' }, count: number, name: string): void {
    const { host, port, ipv6 } = address;
    const opened = this.#calls.openSharedSockets({ host, port: udpPort(port) }, ipv6, RECEIVE_BUFFER_BYTES, count);
    if (!opened.ok) throw failure(opened.error, name);
    for (const [i, fd] of opened.value.entries()) this.sockets.set(nameOfShared(name, i), fd);
    if (!isWildcard(address)) return;
    for (const fd of opened.value) {
      const told = this.#calls.tellAskedAddress(fd, ipv6);
      if (!told.ok) throw failure(told.error, name);
    }
  }

  async openUnix(path: string, name: string): Promise<void> {
    const { place, remove } = await makeUnixSocket(path);
    if (place.fd === undefined) throw failure('ENOSYS', path);
    this.#removers.push(remove);
    this.sockets.set(name, place.fd);
    const errno = this.#calls.beginToListen(place.fd, BACKLOG);
    if (errno !== null) throw failure(errno, path);
    giveUnixFile(path, this.#files);
  }

  close(): void {
    for (const remove of this.#removers) remove(); // While the socket is open no other file can have its number.
    for (const fd of this.sockets.values()) this.#calls.closeDescriptor(fd);
  }

  /** `host`: numeric. */
  #openPort(address: ControlAddress & { readonly transport: 'udp' | 'tcp' }): Result<number, string> {
    const { transport, host, port, ipv6 } = address;
    const { openWildcardSocket, openDatagramSocket, openListeningSocket } = this.#calls;
    if (transport === 'udp' && isWildcard(address)) return openWildcardSocket(ipv6, port, RECEIVE_BUFFER_BYTES);
    const local = { host, port: udpPort(port) };
    return transport === 'udp'
      ? openDatagramSocket(local, ipv6, RECEIVE_BUFFER_BYTES)
      : openListeningSocket(local, ipv6, BACKLOG);
  }

  #keep(name: string, opened: Result<number, string>): void {
    if (!opened.ok) throw failure(opened.error, name);
    this.sockets.set(name, opened.value);
  }
}
