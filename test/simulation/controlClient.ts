import { type Address, udpPort } from '../../model/kernel/index.js';
import { CONTROL } from './simulatedRelay.js';
import type { SimulatedNetwork } from './world.js';

const RESEND_MS = 500;
/** A client that gives up earlier than the relay forgets its answers cannot make a command happen twice. */
const GIVE_UP_MS = 30_000;

/** A SIP proxy's side of the control channel: asks until it is answered, always with the same cookie. */
export class ControlClient {
  readonly #network: SimulatedNetwork;
  readonly #local: Address;
  readonly #answers = new Map<string, string>();
  asked = 0;
  /** Datagrams sent, the repeated ones included. */
  sent = 0;

  constructor(network: SimulatedNetwork, port: number) {
    this.#network = network;
    this.#local = { host: '10.0.0.2', port: udpPort(port) };
    network.bind(this.#local, (bytes) => {
      const [, cookie = '', answer = ''] = /^(\S+) (.*)\n$/s.exec(String.fromCharCode(...bytes)) ?? [];
      this.#answers.set(cookie, answer);
    });
  }

  /** Lets the world go on until the answer is there. */
  ask(command: string): string {
    return this.askAll([command])[0]!;
  }

  /** Asks several things at once, whose datagrams may overtake each other; the answers in the order of the commands. */
  askAll(commands: readonly string[]): readonly string[] {
    const cookies = commands.map((command) => this.#begin(command));
    const isAnswered = (): boolean => cookies.every((cookie) => this.#answers.has(cookie));
    this.#network.time.runUntilDone(isAnswered, GIVE_UP_MS, commands.join(', '));
    return cookies.map((cookie) => this.#answers.get(cookie) ?? '');
  }

  #begin(command: string): string {
    const { time } = this.#network;
    const cookie = `cookie_${this.asked++}`;
    const datagram = Uint8Array.from(`${cookie} ${command}`, (letter) => letter.charCodeAt(0));
    const send = (): void => {
      if (this.#answers.has(cookie)) return;
      this.sent++;
      this.#network.send(this.#local, CONTROL, datagram);
      time.after(RESEND_MS, send);
    };
    send();
    return cookie;
  }
}
