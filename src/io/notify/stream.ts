import { connect, isIP, type NetConnectOpts, type Socket } from 'node:net';
import type { NotifyTarget } from '../../../model/session/notify.js';
import { ATTEMPT_LIMIT_MS, type Carrier, DELIVERED, type Delivery, failed, type Notice, reasonOf } from './carrier.js';

/** After so long without traffic the kernel asks whether the listener's host is still there, and closes the connection if not. */
const KEEP_ALIVE_MS = 30_000;
/** How long the kernel may take to accept the end of a connection. */
const END_LIMIT_MS = 200;

/**
 * Lines over one stream connection, opened with the first line and kept. What the listener sends is read and thrown away: Sippy B2BUA
 * answers each line, and would stand still in the end if nobody took its answers.
 *
 * A line counts as delivered when the kernel has taken all of it. Whether the listener has read it cannot be known, as there is no
 * answer to wait for: if it ends, or its host does, with lines in its receive queue or on the way, those are lost. A line is written
 * again, and whole, only where the kernel has not taken all of it; so the listener may see its beginning as the end of the old connection.
 */
export class StreamCarrier implements Carrier {
  readonly #options: NetConnectOpts;
  /** The connection that takes the next line; null before the first, and from the moment on at which its end is known. */
  #socket: Socket | null = null;
  #isBusy = false;

  constructor(target: Exclude<NotifyTarget, { readonly kind: 'xmlrpc' }>) {
    this.#options = target.kind === 'unix' ? { path: target.path } : tcpOptions(target);
  }

  async deliver({ line }: Notice): Promise<Delivery> {
    this.#isBusy = true;
    const delivery = await writeLine(this.#socket ?? this.#open(), line);
    this.#isBusy = false;
    return delivery;
  }

  close(): Promise<void> {
    const socket = this.#socket;
    if (socket === null) return Promise.resolve();
    return new Promise((resolve) => {
      const limit = setTimeout(() => socket.destroy(), END_LIMIT_MS);
      socket.once('close', () => {
        clearTimeout(limit);
        resolve();
      });
      if (this.#isBusy) socket.destroy();
      else socket.end(() => socket.destroy());
    });
  }

  #open(): Socket {
    const socket = connect(this.#options);
    const forget = (): void => {
      if (this.#socket === socket) this.#socket = null;
    };
    // A listener that has ended its side (FIN) has most likely gone, and would answer the next line with RST.
    socket.on('end', forget).on('close', forget).on('error', forget);
    socket.resume();
    this.#socket = socket;
    return socket;
  }
}

function tcpOptions({ host, port, bind }: Extract<NotifyTarget, { readonly kind: 'tcp' }>): NetConnectOpts {
  const options = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
  return bind === null ? options : { ...options, localAddress: bind, family: isIP(bind) };
}

function writeLine(socket: Socket, line: string): Promise<Delivery> {
  return new Promise((resolve) => {
    const settle = (delivery: Delivery): void => {
      clearTimeout(limit);
      socket.off('error', onError).off('close', onClose);
      resolve(delivery);
    };
    const onError = (error: Error): void => settle(failed(reasonOf(error)));
    const onClose = (): void => settle(failed('the connection was closed'));
    const limit = setTimeout(() => socket.destroy(new Error('it takes nothing')), ATTEMPT_LIMIT_MS);
    socket.on('error', onError).on('close', onClose);
    socket.write(`${line}\n`, 'latin1', (error) => {
      if (!error) settle(DELIVERED); // If there was an error, one of the two events says which.
    });
  });
}
