import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { connect } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** How long a client waits for an answer: Kamailio's own default for its rtpproxy. */
export const ANSWER_TIMEOUT_MS = 1_000;

/** Where a control socket listens. */
export type ControlPlace =
  | { readonly kind: 'udp' | 'udp6' | 'tcp' | 'tcp6'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix' | 'cunix'; readonly path: string };

/**
 * Reads a socket name as `-s` takes it; the port of an address stands after the last colon.
 * @throws on a name of another form
 */
export function controlPlace(name: string): ControlPlace {
  const parts = /^(udp6?|tcp6?|c?unix):(.+)$/.exec(name);
  if (parts === null) throw new Error(`not a control socket: ${name}`);
  const kind = parts[1] as ControlPlace['kind'];
  const rest = parts[2]!;
  if (kind === 'unix' || kind === 'cunix') return { kind, path: rest };
  const colon = rest.lastIndexOf(':');
  return { kind, host: rest.slice(0, colon), port: Number(rest.slice(colon + 1)) };
}

/** A datagram as it came: every byte a character of Latin-1, and whence. */
export interface Datagram {
  readonly text: string;
  readonly from: { readonly address: string; readonly port: number };
}

export interface AskOptions {
  readonly cookie?: string;
  /** Send the identical datagram again after each of these pauses. */
  readonly resendAfterMs?: number;
  readonly timeoutMs?: number;
}

let cookiesMade = 0;

/** A control client on UDP with a socket of its own, IPv4 or IPv6 as the address demands. */
export class UdpControl {
  readonly #socket: Socket;
  readonly #host: string;
  readonly #port: number;
  readonly #received: Datagram[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(socket: Socket, host: string, port: number) {
    this.#socket = socket;
    this.#host = host;
    this.#port = port;
    socket.on('message', (bytes: Buffer, from: RemoteInfo) => {
      this.#received.push({ text: bytes.toString('latin1'), from: { address: from.address, port: from.port } });
      for (const look of this.#waiting) look();
    });
    // A refused datagram comes back as an error of a later call; the client notices it as silence.
    socket.on('error', () => {});
  }

  /** @param bindTo local address, when it matters */
  static async open(host: string, port: number, bindTo?: string): Promise<UdpControl> {
    const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ port: 0, ...(bindTo === undefined ? {} : { address: bindTo }) }, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    return new UdpControl(socket, host, port);
  }

  /** Opens a client of a socket named `udp:…` or `udp6:…`. */
  static to(name: string): Promise<UdpControl> {
    const place = controlPlace(name);
    if (place.kind !== 'udp' && place.kind !== 'udp6') throw new Error(`not a UDP control socket: ${name}`);
    return UdpControl.open(place.host, place.port);
  }

  get localPort(): number {
    return this.#socket.address().port;
  }

  /** Sends a datagram as it is; a string goes as Latin-1. */
  send(bytes: string | Uint8Array, host: string = this.#host): void {
    this.#socket.send(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, this.#port, host);
  }

  /**
   * The next datagram that was not yet taken.
   * @throws after `timeoutMs` of silence
   */
  async receive(timeoutMs: number = ANSWER_TIMEOUT_MS): Promise<Datagram> {
    return this.#take(() => true, timeoutMs, 'a datagram');
  }

  /**
   * Sends `cookie command` and awaits the answer to that cookie; answers to other cookies are left for later.
   * @returns the answer without its cookie and without the line end
   * @throws when no answer comes in time
   */
  async ask(command: string, options: AskOptions = {}): Promise<string> {
    const cookie = options.cookie ?? `${process.pid}_${cookiesMade++}`;
    const request = `${cookie} ${command}`;
    this.send(request);
    const again = options.resendAfterMs;
    const resend = again === undefined ? undefined : setInterval(() => this.send(request), again);
    try {
      const mine = (datagram: Datagram) => datagram.text.startsWith(`${cookie} `);
      const answer = await this.#take(mine, options.timeoutMs ?? ANSWER_TIMEOUT_MS, `an answer to "${request}"`);
      return answer.text.slice(cookie.length + 1).replace(/\n$/, '');
    } finally {
      clearInterval(resend);
    }
  }

  /** Takes everything that has come and was not taken. */
  drain(): Datagram[] {
    return this.#received.splice(0);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  async #take(wanted: (datagram: Datagram) => boolean, timeoutMs: number, what: string): Promise<Datagram> {
    const until = Date.now() + timeoutMs;
    for (;;) {
      const at = this.#received.findIndex(wanted);
      if (at >= 0) return this.#received.splice(at, 1)[0]!;
      const leftMs = until - Date.now();
      if (leftMs <= 0) throw new Error(`${what} did not come from ${this.#host} port ${this.#port} in ${timeoutMs} ms`);
      await this.#news(leftMs);
    }
  }

  /** Several may wait at a time, each for another cookie. */
  #news(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      const timer = setTimeout(look, limitMs);
      this.#waiting.add(look);
    });
  }
}

/**
 * One command over a connection of its own to a `unix:` socket, without a line end and without closing the write side,
 * as Kamailio does it.
 * @returns everything the relay wrote before it closed the connection
 * @throws when the connection is not closed by the relay within `timeoutMs`
 */
export function unixCommand(path: string, text: string, timeoutMs: number = ANSWER_TIMEOUT_MS): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const connection = connect({ path, allowHalfOpen: true });
    const timer = setTimeout(() => {
      connection.destroy();
      reject(new Error(`"${text}" to ${path}: not answered and closed within ${timeoutMs} ms, only ${JSON.stringify(answer)}`));
    }, timeoutMs);
    connection.setEncoding('latin1');
    connection.once('connect', () => connection.write(text, 'latin1'));
    connection.on('data', (chunk: string) => {
      answer += chunk;
    });
    connection.once('end', () => {
      clearTimeout(timer);
      connection.destroy();
      resolve(answer);
    });
    connection.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

/** A client of a `tcp:` or `cunix:` socket, or of a process's standard input and output: commands and answers as lines. */
export class LineClient {
  readonly #input: Readable;
  readonly #output: Writable;
  #text = '';
  #look: () => void = () => {};
  /** What each read from the connection delivered. */
  readonly chunks: string[] = [];
  /** True when the relay has closed its side. */
  ended = false;

  private constructor(input: Readable, output: Writable) {
    this.#input = input;
    this.#output = output;
    input.setEncoding('latin1');
    input.on('data', (chunk: string) => {
      this.chunks.push(chunk);
      this.#text += chunk;
      this.#look();
    });
    const finish = () => {
      this.ended = true;
      this.#look();
    };
    input.on('end', finish).on('close', finish);
    input.on('error', finish);
    // A relay that is gone shows by its answers ending.
    output.on('error', () => {});
  }

  /** @param bindTo local address, when it matters */
  static open(name: string, bindTo?: string): Promise<LineClient> {
    const place = controlPlace(name);
    const from = bindTo === undefined ? {} : { localAddress: bindTo };
    const connection = 'path' in place ? connect({ path: place.path }) : connect({ host: place.host, port: place.port, ...from });
    // Each write is to leave as a segment of its own.
    connection.setNoDelay(true);
    return new Promise((resolve, reject) => {
      connection.once('error', reject);
      connection.once('connect', () => {
        connection.off('error', reject);
        resolve(new LineClient(connection, connection));
      });
    });
  }

  /** A client that writes to one stream and reads from another. */
  static over(input: Readable, output: Writable): LineClient {
    return new LineClient(input, output);
  }

  /** Sends text as it is. */
  send(text: string | Uint8Array): void {
    this.#output.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  /**
   * The next `count` lines, without their ends.
   * @throws when the connection ends or `timeoutMs` pass before
   */
  async lines(count: number, timeoutMs: number = ANSWER_TIMEOUT_MS): Promise<string[]> {
    const until = Date.now() + timeoutMs;
    for (;;) {
      const parts = this.#text.split('\n');
      if (parts.length > count) {
        this.#text = parts.slice(count).join('\n');
        return parts.slice(0, count);
      }
      const leftMs = until - Date.now();
      if (this.ended || leftMs <= 0) {
        throw new Error(`${count} lines did not come (${this.ended ? 'closed' : 'silent'}), only ${JSON.stringify(this.#text)}`);
      }
      const news = new Promise<void>((resolve) => {
        this.#look = resolve;
      });
      await Promise.race([news, delay(leftMs, undefined, { ref: false })]);
    }
  }

  /** Sends one command and awaits its answer of one line. */
  async ask(command: string, timeoutMs: number = ANSWER_TIMEOUT_MS): Promise<string> {
    this.send(`${command}\n`);
    return (await this.lines(1, timeoutMs))[0]!;
  }

  /** Reads nothing any more. */
  pause(): void {
    this.#input.pause();
  }

  /** Says that nothing more will be sent. */
  end(): void {
    this.#output.end();
  }

  close(): void {
    this.#output.destroy();
  }
}

/**
 * One command to a control socket of any kind, over a connection of its own.
 * @returns the answer without cookie and final line end; it may have several lines (`I`)
 */
export async function askOnce(name: string, command: string): Promise<string> {
  const place = controlPlace(name);
  if (place.kind === 'unix') return (await unixCommand(place.path, command)).replace(/\n$/, '');
  if (place.kind === 'udp' || place.kind === 'udp6') {
    const client = await UdpControl.to(name);
    return client.ask(command).finally(() => client.close());
  }
  const client = await LineClient.open(name);
  return client.ask(command).finally(() => client.close());
}
