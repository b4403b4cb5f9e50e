import { type ControlAddress, formatControlAddress } from '../../relay/controlAddress.js';
import type { CommandHandler, Listener } from './listener.js';
import { listenTcp, listenUnix } from './stream.js';
import { listenUdp } from './udp.js';

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use: is another relay running?',
  EADDRNOTAVAIL: 'the address is not on this host',
  EACCES: 'this user may not open it',
  ENOTFOUND: 'the host name is not known',
  ENOENT: 'its folder does not exist',
  EEXIST: 'something that is no socket is in its place',
};

/** Opens control sockets, all or none. Rejects with one line that names the socket, what is wrong with it, and the errno. */
export async function openControl(addresses: readonly ControlAddress[], handle: CommandHandler): Promise<Listener> {
  const open: Listener[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(open.map((listener) => listener.close()));
  };
  for (const address of addresses) {
    try {
      open.push(await openOne(address, handle));
    } catch (error) {
      await close();
      const code = (error as NodeJS.ErrnoException).code ?? 'error';
      const privileged = code === 'EACCES' && address.transport !== 'unix' ? ' (ports below 1024 are privileged)' : '';
      const why = (REASONS[code] ?? (error as Error).message) + privileged;
      throw new Error(`control socket ${formatControlAddress(address)}: ${why} (${code})`);
    }
  }
  return { close };
}

function openOne(address: ControlAddress, handle: CommandHandler): Promise<Listener> {
  switch (address.transport) {
    case 'udp':
      return listenUdp(address.host, address.port, address.ipv6, handle);
    case 'tcp':
      return listenTcp(address.host, address.port, address.ipv6, handle);
    case 'unix':
      return listenUnix(address.path, address.lines, handle);
  }
}
