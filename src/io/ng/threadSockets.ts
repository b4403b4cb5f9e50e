import { lookup } from 'node:dns/promises';
import { type Address, ok, type Result, refuse, udpPort } from '../../../model/kernel/index.js';
import { RECEIVE_BUFFER_BYTES } from '../control/datagram.js';
import { failure } from '../control/listener.js';
import { openingProblem } from '../control/openControl.js';

/** An address on which NG requests are taken as datagrams. */
export type NgUdpAddress = {
  /** One word that tells it from others, in the log and to people: `udp:127.0.0.1:2223`. */
  readonly name: string;
  /** Numeric or a name. */
  readonly host: string;
  readonly port: number;
  readonly ipv6: boolean;
};

/** A socket of a media thread. */
export type ThreadSocket = {
  readonly fd: number;
  readonly name: string;
  /** The address it is bound to, numeric; null: all of them, and each datagram tells. */
  readonly host: string | null;
};

/** What a media thread needs to take NG requests itself. The descriptors belong to the process, and outlive the thread. */
export type NgStart = {
  /** In the same order with every thread: the same addresses. */
  readonly sockets: readonly ThreadSocket[];
  /** More descriptors of these addresses that are to be read, because nobody else does. `socket`: which of `sockets` has the same address. */
  readonly more: readonly { readonly fd: number; readonly socket: number }[];
  /** Where datagrams come from that other threads have taken and whose calls this one holds. */
  readonly inbox: number;
  /** By shard, where datagrams are written to that belong there. */
  readonly outboxes: readonly number[];
};

export type ThreadSockets = {
  /** By shard. */
  readonly starts: readonly NgStart[];
  /** When the media threads have ended. */
  readonly close: () => void;
};

type Calls = typeof import('../sys/boundSocket.js') &
  typeof import('../sys/packetInfo.js') &
  typeof import('../sys/datagramPipe.js') &
  typeof import('../sys/socket.js');

/** The name under which one of several sockets on an address is inherited; `i` from 0. An address has no # in it. */
export const nameOfShared = (name: string, i: number): string => (i === 0 ? name : `${name}#${i}`);

/** So much may wait for a thread that is busy, or dead and about to be replaced. */
const PIPE_BYTES = 1 << 20;
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/**
 * Opens the sockets by which media threads take NG requests themselves, all or none: on each address one a thread, among which the kernel
 * shares out the clients; and the ways from thread to thread. `inherited`: sockets that stand open already, by name (`nameOfShared`); they come
 * first, in their order, so that each client stays with its thread, and are kept when the others are closed. Where there are more of them than
 * threads, threads read several: the kernel goes on to share out the clients among all. Refuses with one line that names the socket, what is
 * wrong with it, and the errno. Null where there are no Linux system calls: there somebody else must serve.
 */
export async function openThreadSockets(
  addresses: readonly NgUdpAddress[],
  shards: number,
  inherited: ReadonlyMap<string, number> = new Map(),
): Promise<Result<ThreadSockets | null, string>> {
  const calls = await loadCalls();
  if (calls === null) return ok(null);
  const opening = new Opening(calls, shards, inherited);
  let name = 'between media threads';
  try {
    opening.openPipes();
    for (const address of addresses) {
      name = address.name;
      await opening.open(address);
    }
  } catch (error) {
    opening.close();
    return refuse(openingProblem('NG socket', name, error));
  }
  return ok({ starts: opening.starts(), close: () => opening.close() });
}

async function loadCalls(): Promise<Calls | null> {
  if (process.platform !== 'linux') return null;
  try {
    const [bound, packetInfo, pipe, socket] = [
      await import('../sys/boundSocket.js'),
      await import('../sys/packetInfo.js'),
      await import('../sys/datagramPipe.js'),
      await import('../sys/socket.js'),
    ];
    return { ...bound, ...packetInfo, ...pipe, ...socket };
  } catch {
    return null;
  }
}

class Opening {
  readonly #calls: Calls;
  readonly #inherited: ReadonlyMap<string, number>;
  readonly #pipes: { readonly input: number; readonly output: number }[] = [];
  /** By shard. */
  readonly #sockets: ThreadSocket[][];
  readonly #more: { readonly fd: number; readonly socket: number }[][];

  constructor(calls: Calls, shards: number, inherited: ReadonlyMap<string, number>) {
    this.#calls = calls;
    this.#inherited = inherited;
    this.#sockets = Array.from({ length: shards }, () => []);
    this.#more = Array.from({ length: shards }, () => []);
  }

  openPipes(): void {
    for (const _ of this.#sockets) {
      const pipe = this.#calls.openDatagramPipe(PIPE_BYTES);
      if (!pipe.ok) throw failure(pipe.error, 'a way between threads');
      this.#pipes.push(pipe.value);
    }
  }

  async open({ name, host, port, ipv6 }: NgUdpAddress): Promise<void> {
    const isWildcard = WILDCARDS.has(host);
    const numeric = isWildcard ? host : (await lookup(host, { family: ipv6 ? 6 : 4 })).address;
    const local: Address = { host: numeric, port: udpPort(port) };
    const count = this.#sockets.length;
    const opened = this.#calls.openSharedSockets(local, ipv6, RECEIVE_BUFFER_BYTES, count, this.#givenOf(name));
    if (!opened.ok) throw failure(opened.error, name);
    for (const [i, fd] of opened.value.entries()) {
      if (i < count) this.#sockets[i]!.push({ fd, name, host: isWildcard ? null : numeric });
      else this.#more[i % count]!.push({ fd, socket: this.#sockets[i % count]!.length - 1 });
    }
    if (!isWildcard) return;
    for (const fd of opened.value) {
      const told = this.#calls.tellAskedAddress(fd, ipv6);
      if (!told.ok) throw failure(told.error, name);
    }
  }

  #givenOf(name: string): readonly number[] {
    const given: number[] = [];
    for (let i = 0; ; i++) {
      const fd = this.#inherited.get(nameOfShared(name, i));
      if (fd === undefined) return given;
      given.push(fd);
    }
  }

  starts(): readonly NgStart[] {
    const outboxes = this.#pipes.map(({ input }) => input);
    return this.#sockets.map((sockets, shard) => {
      return { sockets, more: this.#more[shard]!, inbox: this.#pipes[shard]!.output, outboxes };
    });
  }

  close(): void {
    const held = new Set(this.#inherited.values());
    const all = [...this.#pipes.flatMap(({ input, output }) => [input, output]), ...this.#sockets.flat().map(({ fd }) => fd)];
    for (const fd of all) if (!held.has(fd)) this.#calls.closeDescriptor(fd);
    this.#pipes.length = 0;
    for (const sockets of [...this.#sockets, ...this.#more]) sockets.length = 0;
  }
}
