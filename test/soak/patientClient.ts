import { createSocket, type Socket } from 'node:dgram';
import { controlPlace } from '../rig/control.js';

/** As Kamailio has it: a command that is not answered is sent again after a second. */
const RETRY_MS = 1_000;
const TRIES = 3;

/** What became of a command. */
export type Outcome = {
  /** Without cookie and line end; null: never answered. */
  readonly reply: string | null;
  /** The relay was killed between the first try and the answer: it may have been carried out before, and once more after. */
  readonly isDoubtful: boolean;
};

type Asked = {
  readonly datagram: Buffer;
  readonly kills: number;
  readonly settle: (outcome: Outcome) => void;
  tries: number;
  timer: NodeJS.Timeout;
};

let cookiesMade = 0;

/** A SIP proxy as the relay knows it: many commands under way at a time, each sent again with the same cookie until it is answered, or given up. */
export class PatientClient {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #host: string;
  readonly #asked = new Map<string, Asked>();
  /** What became of each command but Q since this was last cleared, by its cookie; null: it was given up. */
  readonly outcomes = new Map<string, string | null>();
  givenUp = 0;
  #kills = 0;

  private constructor(socket: Socket, host: string, port: number) {
    this.#socket = socket;
    this.#host = host;
    this.#port = port;
    socket.on('message', (bytes) => this.#take(bytes.toString('latin1')));
    // While nobody listens datagrams are refused; the client notices it as silence.
    socket.on('error', () => {});
  }

  /** `name`: of the control socket, as `-s` takes it. */
  static open(name: string): Promise<PatientClient> {
    const place = controlPlace(name);
    if (!('host' in place)) throw new Error(`not a UDP control socket: ${name}`);
    const socket = createSocket('udp4');
    return new Promise((resolve) => {
      socket.bind({ port: 0 }, () => resolve(new PatientClient(socket, place.host, place.port)));
    });
  }

  /** Commands that are neither answered nor given up. */
  get underWay(): number {
    return this.#asked.size;
  }

  ask(command: string): Promise<Outcome> {
    const cookie = `${process.pid}_${cookiesMade++}`;
    return new Promise((settle) => {
      const datagram = Buffer.from(`${cookie} ${command}`, 'latin1');
      const timer = setTimeout(() => this.#retry(cookie), RETRY_MS);
      this.#asked.set(cookie, { datagram, kills: this.#kills, settle, tries: 1, timer });
      this.#send(datagram);
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

  #send(datagram: Buffer): void {
    this.#socket.send(datagram, this.#port, this.#host, () => {});
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
    this.#send(asked.datagram);
  }

  #take(text: string): void {
    const space = text.indexOf(' ');
    this.#settle(text.slice(0, space), text.slice(space + 1).replace(/\n$/, ''));
  }

  #settle(cookie: string, reply: string | null): void {
    const asked = this.#asked.get(cookie);
    if (asked === undefined) return; // An answer that came twice.
    clearTimeout(asked.timer);
    this.#asked.delete(cookie);
    // Questions are not in the log.
    if (!/^\S+ Q/.test(asked.datagram.toString('latin1'))) this.outcomes.set(cookie, reply);
    if (reply === null) this.givenUp++;
    asked.settle({ reply, isDoubtful: asked.kills !== this.#kills });
  }
}
