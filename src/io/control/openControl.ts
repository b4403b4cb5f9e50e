import type { Result } from '../../../model/kernel/index.js';
import { MAX_COMMAND_BYTES } from '../../protocol/rtpproxy/tokens.js';
import { type ControlAddress, endsWithInput, formatControlAddress, isWildcard } from '../../relay/controlAddress.js';
import { inheritedSockets, type OpenSockets } from '../process/inheritance.js';
import { DatagramCommands } from './datagram.js';
import type { ControlOptions, Listener } from './listener.js';
import { listenStdio } from './stdio.js';
import { Connections, listenStream, listenTcp, type StreamOptions } from './stream.js';
import { examine, type OpenedSocket, takePassedSocket } from './systemd.js';
import { listenUdp } from './udp.js';
import { listenUnix } from './unix.js';
import type { WildcardListener } from './wildcard.js';

export const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use: is another relay running?',
  EADDRNOTAVAIL: 'the address is not on this host',
  EACCES: 'this user may not open it',
  EPERM: 'this user may not give it to another',
  ENOTFOUND: 'the host name is not known',
  ENOENT: 'its folder does not exist',
  EROFS: 'its folder is read-only',
  EEXIST: 'something that is no socket is in its place',
};

/** What is wrong with a socket that cannot be opened, in one line with its name and the errno. `what`: of what kind it is. */
export function openingProblem(what: string, name: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const isPort = code === 'EACCES' && /^((udp|tcp)6?|(http|ws)s?):/.test(name);
  const why = (REASONS[code ?? ''] ?? message) + (isPort ? ' (ports below 1024 are privileged)' : '');
  return `${what} ${name.replace(/:$/, '')}: ${why}${code === undefined ? '' : ` (${code})`}`;
}

/**
 * Opens control sockets, all or none; standard input is read when all others are open. Those that stand open already, because a supervisor
 * holds them (`inherited`), are taken over. Rejects with one line that names the socket, what is wrong with it, and the errno.
 */
export async function openControl(
  addresses: readonly ControlAddress[],
  options: ControlOptions,
  inherited: OpenSockets = inheritedSockets(),
): Promise<Listener> {
  const opening = new Opening(options, inherited);
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

/** A path may have blanks. */
const oneWord = (name: string): string => name.replaceAll(/\s/g, '_');

class Opening {
  readonly open: Listener[] = [];
  readonly #options: ControlOptions;
  readonly #inherited: OpenSockets;
  readonly #connections = new Connections();
  #wildcard: WildcardListener | null = null;

  constructor(options: ControlOptions, inherited: OpenSockets) {
    this.#options = options;
    this.#inherited = inherited;
  }

  async listen(address: ControlAddress): Promise<void> {
    const name = formatControlAddress(address);
    const fd = this.#inherited.get(name);
    try {
      if (fd === undefined) await this.#listenTo(address);
      else await this.#takeOver(name, await examine(fd), address.transport !== 'unix' || address.lines);
    } catch (error) {
      throw new Error(openingProblem('control socket', name, error));
    }
  }

  /** Serves the sockets that are served together. */
  async start(): Promise<void> {
    await this.#wildcard?.start();
  }

  async #listenTo(address: ControlAddress): Promise<void> {
    const streams = this.#streamsOf(formatControlAddress(address));
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
        await this.#takeOver('systemd:', await takePassedSocket(), true);
    }
  }

  async #listenToUdp(address: ControlAddress & { readonly transport: 'udp' | 'tcp' }): Promise<void> {
    const { host, port, ipv6 } = address;
    const wildcard = isWildcard(address) ? await this.#openWildcard() : null;
    const name = oneWord(formatControlAddress(address));
    if (wildcard !== null) wildcard.open(ipv6, port, this.#commandsOf(name));
    else this.open.push(await listenUdp(host, port, ipv6, this.#commandsOf(name), MAX_COMMAND_BYTES));
  }

  /** Serves a socket that somebody else has opened. */
  async #takeOver(name: string, opened: Result<OpenedSocket, string>, lines: boolean): Promise<void> {
    if (!opened.ok) throw new Error(opened.error);
    const { fd, kind } = opened.value;
    if (kind === 'listening stream') {
      this.open.push(await listenStream({ fd }, { ...this.#streamsOf(name), lines }));
      return;
    }
    const wildcard = await this.#openWildcard();
    if (wildcard === null) throw new Error('a UDP socket cannot be taken over here');
    wildcard.adopt(fd, kind === 'IPv6 datagram', this.#commandsOf(oneWord(name)));
  }

  /** Connections have no cookies: what came by them is written down without. */
  #streamsOf(name: string): Pick<StreamOptions, 'handle' | 'connections'> {
    const { handle } = this.#options;
    const word = oneWord(name);
    return {
      handle: (command, origin, answer) => handle(command, { ...origin, from: `${word} ${origin.host ?? '-'} -` }, answer),
      connections: this.#connections,
    };
  }

  #commandsOf(name: string): DatagramCommands {
    return new DatagramCommands(this.#options, name);
  }

  /** Null where there are no Linux system calls. */
  async #openWildcard(): Promise<WildcardListener | null> {
    if (process.platform !== 'linux' || this.#wildcard !== null) return this.#wildcard;
    const module = await import('./wildcard.js').catch(() => null);
    if (module === null) return null;
    this.#wildcard = new module.WildcardListener({ maxBytes: MAX_COMMAND_BYTES, onWarning: this.#options.onWarning });
    this.open.push(this.#wildcard);
    return this.#wildcard;
  }
}
