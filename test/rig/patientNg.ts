import { createSocket, type Socket } from 'node:dgram';
import { decodeBencode, encodeBencode } from '../../src/protocol/ng/bencode.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';

/** As Kamailio has it: a request that is not answered is sent again after a second, so often at most. */
const RETRY_MS = 1_000;
const TRIES = 5;

/** What became of a request. */
export type NgOutcome = {
  /** Null: never answered. */
  readonly reply: NgDictionary | null;
  /** The relay was killed between the first try and the answer. */
  readonly isDoubtful: boolean;
  readonly tries: number;
};

type Asked = {
  readonly datagram: Buffer;
  readonly kills: number;
  readonly settle: (outcome: NgOutcome) => void;
  tries: number;
  timer: NodeJS.Timeout;
};

let cookiesMade = 0;

/** A SIP proxy that asks by NG over UDP: many requests under way at a time, each sent again with the same cookie until it is answered, or given up. */
export class PatientNg {
  readonly #socket: Socket;
  readonly #asked = new Map<string, Asked>();
  /** Answers by their cookies, of requests that had one already. */
  differing = 0;
  refused = 0;
  #kills = 0;
  readonly #answers = new Map<string, string>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes) => this.#take(bytes.toString('latin1')));
    // Connected, so that it hears of it when nobody listens.
    socket.on('error', () => this.refused++);
  }

  static open(port: number, host = '127.0.0.1'): Promise<PatientNg> {
    const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 });
    return new Promise((resolve) => {
      socket.connect(port, host, () => resolve(new PatientNg(socket)));
    });
  }

  /** Requests that are neither answered nor given up. */
  get underWay(): number {
    return this.#asked.size;
  }

  ask(request: NgDictionary, cookie = `${process.pid}_${cookiesMade++}`): Promise<NgOutcome> {
    return new Promise((settle) => {
      const datagram = Buffer.from(`${cookie} ${encodeBencode(request)}`, 'latin1');
      const timer = setTimeout(() => this.#retry(cookie), RETRY_MS);
      this.#asked.set(cookie, { datagram, kills: this.#kills, settle, tries: 1, timer });
      this.#socket.send(datagram);
    });
  }

  /** The relay is killed at this moment. */
  noteKill(): void {
    this.#kills++;
  }

  close(): Promise<void> {
    for (const { timer } of this.#asked.values()) clearTimeout(timer);
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  #retry(cookie: string): void {
    const asked = this.#asked.get(cookie);
    if (asked === undefined) return;
    if (asked.tries === TRIES) {
      this.#settle(cookie, null);
      return;
    }
    asked.tries++;
    asked.timer = setTimeout(() => this.#retry(cookie), RETRY_MS);
    this.#socket.send(asked.datagram);
  }

  #take(text: string): void {
    const space = text.indexOf(' ');
    const [cookie, payload] = [text.slice(0, space), text.slice(space + 1)];
    if ((this.#answers.get(cookie) ?? payload) !== payload) this.differing++;
    this.#answers.set(cookie, payload);
    const decoded = decodeBencode(payload);
    if (!decoded.ok) throw new Error(`an answer that is none: ${text}`);
    this.#settle(cookie, decoded.value);
  }

  #settle(cookie: string, reply: NgDictionary | null): void {
    const asked = this.#asked.get(cookie);
    if (asked === undefined) return; // An answer that came twice.
    clearTimeout(asked.timer);
    this.#asked.delete(cookie);
    asked.settle({ reply, isDoubtful: asked.kills !== this.#kills, tries: asked.tries });
  }
}
