import { closeSync, readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import koffi from 'koffi';

const libc = koffi.load(null);
const socket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const uint8_t *address, uint32_t length)');

const AF_UNIX = 1;
const SOCK_DGRAM_NONBLOCK = 2 | 0o4000;
const LOOK_MS = 20;

/** A unix datagram socket that listens, as those of the system log and of a service manager. */
export type UnixDatagrams = {
  /** The next datagram. Throws when none comes in time. */
  readonly receive: (limitMs?: number) => Promise<string>;
  readonly close: () => void;
};

/** Opens one at this path; Node has none. Throws if it cannot. */
export function receiveUnixDatagrams(path: string): UnixDatagrams {
  const fd = socket(AF_UNIX, SOCK_DGRAM_NONBLOCK, 0) as number;
  const name = Buffer.from(path);
  if (bind(fd, Buffer.concat([Buffer.from([AF_UNIX, 0]), name, Buffer.from([0])]), 3 + name.length) !== 0)
    throw new Error(`a unix datagram socket cannot be bound to ${path}`);
  const buffer = Buffer.alloc(65_536);
  const take = (): string | null => {
    try {
      return buffer.toString('utf8', 0, readSync(fd, buffer));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      return null;
    }
  };
  return {
    receive: async (limitMs = 10_000) => {
      for (let leftMs = limitMs; leftMs > 0; leftMs -= LOOK_MS) {
        const text = take();
        if (text !== null) return text;
        await delay(LOOK_MS);
      }
      throw new Error(`no datagram came to ${path} in ${limitMs} ms`);
    },
    close: () => closeSync(fd),
  };
}
