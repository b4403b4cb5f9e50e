import { type ControlAddress, endsWithInput, formatControlAddress, isWildcard } from '../../relay/controlAddress.js';
import type { ControlOptions, Listener } from './listener.js';
import { listenStdio } from './stdio.js';
import { Connections, listenStream, listenTcp } from './stream.js';
import { takePassedSocket } from './systemd.js';
import { listenUdp } from './udp.js';
import { listenUnix } from './unix.js';
import type { WildcardListener } from './wildcard.js';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use: is another relay running?',
  EADDRNOTAVAIL: 'the address is not on this host',
  EACCES: 'this user may not open it',
  EPERM: 'this user may not give it to another',
  ENOTFOUND: 'the host name is not known',
  ENOENT: 'its folder does not exist',
  EROFS: 'its folder is read-only',
  EEXIST: 'something that is no socket is in its place',
};

/**
 * Opens control sockets, all or none; standard input is read when all others are open. Rejects with one line that names the socket, what is
 * wrong with it, and the errno.
 */
export async function openControl(addresses: readonly ControlAddress[], options: ControlOptions): Promise<Listener> {
  const opening = new Opening(options);
  const isStdio = ({ transport }: ControlAddress): boolean => transport === 'stdio';
  const close = async (): Promise<void> => {
    await Promise.all(opening.open.map((listener) => listener.close()));
  };
  try {
    for (const address of addresses) if (!isStdio(address)) await opening.listen(address);
    await opening.start();
  } catch (error) {
    await close();
    throw error;
  }
  if (addresses.some(isStdio)) {
    const { stdin: input, stdout: output } = process;
    const onEnd = endsWithInput(addresses) ? options.onEnd : () => {};
    opening.open.push(listenStdio({ input, output }, options.handle, onEnd));
  }
  return { close };
}

class Opening {
  readonly open: Listener[] = [];
  readonly #options: ControlOptions;
  readonly #connections = new Connections();
  #wildcard: WildcardListener | null = null;

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  async listen(address: ControlAddress): Promise<void> {
    try {
      await this.#listenTo(address);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const isPort = code === 'EACCES' && 'port' in address;
      const why = (REASONS[code ?? ''] ?? message) + (isPort ? ' (ports below 1024 are privileged)' : '');
      const name = formatControlAddress(address).replace(/:$/, '');
      throw new Error(`control socket ${name}: ${why}${code === undefined ? '' : ` (${code})`}`);
    }
  }

  /** Serves the sockets that are served together. */
  async start(): Promise<void> {
    await this.#wildcard?.start();
  }

  async #listenTo(address: ControlAddress): Promise<void> {
    const streams = { handle: this.#options.handle, connections: this.#connections };
    switch (address.transport) {
      case 'udp':
        await this.#listenToUdp(address);
        break;
      case 'tcp':
        this.open.push(await listenTcp(address.host, address.port, address.ipv6, { ...streams, lines: true }));
        break;
      case 'unix':
        this.open.push(await listenUnix(address.path, this.#options.unixFiles, { ...streams, lines: address.lines }));
        break;
      case 'systemd':
        await this.#listenToPassed();
    }
  }

  async #listenToUdp(address: ControlAddress & { readonly transport: 'udp' | 'tcp' }): Promise<void> {
    const { host, port, ipv6 } = address;
    const wildcard = isWildcard(address) ? await this.#openWildcard() : null;
    if (wildcard !== null) wildcard.open(ipv6, port);
    else this.open.push(await listenUdp(host, port, ipv6, this.#options));
  }

  async #listenToPassed(): Promise<void> {
    const passed = await takePassedSocket();
    if (!passed.ok) throw new Error(passed.error);
    const { fd, kind } = passed.value;
    if (kind === 'listening stream') {
      const streams = { handle: this.#options.handle, connections: this.#connections, lines: true };
      this.open.push(await listenStream({ fd }, streams));
      return;
    }
    const wildcard = await this.#openWildcard();
    if (wildcard === null) throw new Error('a UDP socket cannot be taken over here');
    wildcard.adopt(fd, kind === 'IPv6 datagram');
  }

  /** Null where there are no Linux system calls. */
  async #openWildcard(): Promise<WildcardListener | null> {
    if (process.platform !== 'linux' || this.#wildcard !== null) return this.#wildcard;
    const module = await import('./wildcard.js').catch(() => null);
    if (module === null) return null;
    this.#wildcard = new module.WildcardListener(this.#options);
    this.open.push(this.#wildcard);
    return this.#wildcard;
  }
}
