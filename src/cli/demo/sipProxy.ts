import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * As Kamailio's rtpproxy module does it: ask again after a while, give up after some times. The cookie makes repeats harmless.
 */
const ATTEMPT_MS = 500;
const ATTEMPTS = 4;

/** The part of a SIP proxy that talks to the relay: classic rtpproxy protocol over UDP, a cookie in front of every command. */
export class SipProxy {
  readonly #socket: Socket;
  readonly #waiting = new Map<string, (reply: string) => void>();
  #commands = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (datagram) => {
      const text = datagram.toString('utf8').trimEnd();
      const space = text.indexOf(' ');
      this.#waiting.get(text.slice(0, space))?.(text.slice(space + 1));
    });
    // A refused datagram (nobody listens) counts as no answer; the attempts run out.
    socket.on('error', () => {});
  }

  /** Opens a socket towards the control socket of the relay. */
  static async open(host: string, port: number): Promise<SipProxy> {
    const socket = createSocket('udp4');
    socket.connect(port, host);
    await once(socket, 'connect');
    return new SipProxy(socket);
  }

  /**
   * Sends a command and resolves to the reply without its cookie. Rejects on an error code, and if no reply comes in two seconds.
   */
  async ask(command: string, signal: AbortSignal): Promise<string> {
    const cookie = `${process.pid}_${++this.#commands}`;
    const answered = new AbortController();
    const reply = new Promise<string>((resolve) => this.#waiting.set(cookie, resolve));
    try {
      const text = await Promise.race([reply, this.#insist(`${cookie} ${command}`, AbortSignal.any([signal, answered.signal]))]);
      signal.throwIfAborted();
      if (text === null) throw new Error(`the relay did not answer "${command}" in ${(ATTEMPT_MS * ATTEMPTS) / 1000} s`);
      if (/^E\d+$/.test(text)) throw new Error(`the relay answered ${text} to "${command}"`);
      return text;
    } finally {
      this.#waiting.delete(cookie);
      answered.abort();
    }
  }

  close(): void {
    this.#socket.close();
  }

  /** Sends until stopped. Resolves to null when stopped or when the attempts are used up. */
  async #insist(datagram: string, stop: AbortSignal): Promise<null> {
    for (let attempt = 0; attempt < ATTEMPTS && !stop.aborted; attempt++) {
      this.#socket.send(datagram);
      await delay(ATTEMPT_MS, null, { signal: stop }).catch(() => null);
    }
    return null;
  }
}

/** The port and host of a reply to `U` or `L`. */
export function mediaAddressOf(reply: string): { readonly host: string; readonly port: number } {
  const match = /^([1-9]\d{0,4}) (\S+)/.exec(reply);
  if (match === null) throw new Error(`the relay answered "${reply}": a port and an address expected`);
  return { port: Number(match[1]), host: match[2]! };
}
