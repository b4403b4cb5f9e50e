import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';

/** A command and its answer as they were on the wire: without the cookie and without the line end, every byte a character of Latin-1. */
export type Exchanged = { readonly command: string; readonly answer: string };

/** How long the answer to a command that was seen may be under way. */
const ANSWER_LIMIT_MS = 3_000;

/** How long a command may be waited for: Kamailio sends it again after two seconds. */
const SENDING_LIMIT_MS = 8_000;

/** Whether a command is about a call. */
export type IsAbout = (command: string, callId: string) => boolean;

const isClassicAbout: IsAbout = (command, callId) => wordsOf(command).some((word) => word.split(';', 1)[0] === callId);

type Heard = {
  readonly cookie: string;
  readonly command: string;
  answer: string | null;
  readonly askedAt: number;
  waitedMs: number;
  /** How often it was sent. */
  times: number;
};

/** Stands between a control client and a relay on UDP, passes every datagram on unchanged, and keeps what was said. */
export class Tap {
  readonly #front: Socket;
  readonly #relayPort: number;
  readonly #isAbout: IsAbout;
  /** Towards the relay, one for each socket of the client: cookies are unique there only. */
  readonly #backs = new Map<string, Socket>();
  readonly #heard: Heard[] = [];

  private constructor(front: Socket, relayPort: number, isAbout: IsAbout) {
    this.#front = front;
    this.#relayPort = relayPort;
    this.#isAbout = isAbout;
    front.on('message', (bytes, client) => this.#toRelay(bytes, client));
    front.on('error', () => {});
  }

  /** @param relay the relay's control socket, `udp:127.0.0.1:PORT`; of the classic protocol, unless `isAbout` knows another one */
  static async open(relay: string, isAbout: IsAbout = isClassicAbout): Promise<Tap> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, '127.0.0.1', () => {
        socket.off('error', reject);
        resolve();
      });
    });
    return new Tap(socket, Number(relay.split(':').at(-1)), isAbout);
  }

  /** The name under which a client reaches the relay. */
  get name(): string {
    return `udp:127.0.0.1:${this.#front.address().port}`;
  }

  /**
   * What was said about a call so far, in order. Its sessions by branch (`Call-ID;branch`) count as well.
   * @throws when a command stays without an answer
   */
  async about(callId: string): Promise<Exchanged[]> {
    for (const until = Date.now() + ANSWER_LIMIT_MS; ; await delay(10)) {
      const mine = this.#about(callId);
      const open = mine.find(({ answer }) => answer === null);
      if (open === undefined) return mine.map(({ command, answer }) => ({ command, answer: answer! }));
      if (Date.now() > until) throw new Error(`no answer to "${open.command}"`);
    }
  }

  /**
   * Waits until a command about a call that begins with this letter was sent so many times, whether or not it is answered.
   * @throws when it is not
   */
  async sent(callId: string, letter: string, times = 1): Promise<void> {
    const isSent = (heard: Heard) => heard.command.startsWith(letter) && heard.times >= times;
    for (const until = Date.now() + SENDING_LIMIT_MS; !this.#about(callId).some(isSent); await delay(5)) {
      if (Date.now() > until) throw new Error(`no ${letter} about ${callId} was sent ${times} times`);
    }
  }

  /** The longest time that an answer about a call took, milliseconds; 0 before the first one. */
  longestWaitMs(callId: string): number {
    return Math.max(0, ...this.#about(callId).map(({ waitedMs }) => waitedMs));
  }

  #about(callId: string): Heard[] {
    return this.#heard.filter(({ command }) => this.#isAbout(command, callId));
  }

  close(): void {
    this.#front.close();
    for (const back of this.#backs.values()) back.close();
  }

  #toRelay(bytes: Buffer, client: RemoteInfo): void {
    const back = this.#backOf(client);
    const [cookie, command] = cut(bytes);
    // A command that was sent twice was said once.
    const known = this.#heard.find((heard) => heard.cookie === cookie && heard.command === command);
    if (known === undefined)
      this.#heard.push({ cookie, command, answer: null, askedAt: performance.now(), waitedMs: 0, times: 1 });
    else known.times++;
    back.send(bytes, this.#relayPort, '127.0.0.1');
  }

  #backOf(client: RemoteInfo): Socket {
    const name = `${client.address}:${client.port}`;
    const known = this.#backs.get(name);
    if (known !== undefined) return known;
    const back = createSocket('udp4');
    back.on('message', (bytes: Buffer) => {
      const [cookie, answer] = cut(bytes);
      const asked = this.#heard.find((heard) => heard.cookie === cookie && heard.answer === null);
      if (asked !== undefined) {
        asked.answer = answer.trimEnd();
        asked.waitedMs = performance.now() - asked.askedAt;
      }
      this.#front.send(bytes, client.port, client.address);
    });
    back.on('error', () => {});
    this.#backs.set(name, back);
    return back;
  }
}

function cut(bytes: Buffer): [cookie: string, rest: string] {
  const text = bytes.toString('latin1');
  const blank = text.indexOf(' ');
  return [text.slice(0, blank), text.slice(blank + 1)];
}

const wordsOf = (command: string): string[] => command.split(/[\s\0]+/);
