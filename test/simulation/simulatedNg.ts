import { type Address, udpPort } from '../../model/kernel/index.js';
import { decodeBencode, encodeBencode } from '../../src/protocol/ng/bencode.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { ReplyCache } from '../../src/relay/control/replyCache.js';
import type { ExchangeRecord } from '../../src/relay/events/record.js';
import type { PromptSource } from '../../src/relay/ports.js';
import type { NgLink } from '../../src/relay/supervisor/dispatch.js';
import { NgDispatch } from '../../src/relay/supervisor/ngDispatch.js';
import type { SimulatedNetwork } from './world.js';

export const NG: Address = { host: '10.0.0.1', port: udpPort(2223) };
const RESEND_MS = 500;
/** A client that gives up earlier than the relay forgets its answers cannot make a request happen twice. */
const GIVE_UP_MS = 30_000;

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

type NgDoor = {
  readonly prompts: PromptSource;
  /** What clients were told by the relay before. */
  readonly exchanges: readonly ExchangeRecord[];
  /** Nothing is said any more by a relay that is dead. */
  readonly isAlive: () => boolean;
};

/** The NG socket of a relay: cookie, cache of replies, dispatch. */
export function serveNg(network: SimulatedNetwork, links: readonly NgLink[], { prompts, exchanges, isAlive }: NgDoor): void {
  const { time } = network;
  const dispatch = new NgDispatch(links, {
    ...{ prompts, nowMs: () => time.nowMs, keepSound: (_bytes, kept) => kept(null), attach: () => null, use: () => {} },
  });
  const replies = new ReplyCache();
  for (const { from, reply, at } of exchanges) replies.restore(from, reply, at);
  network.bind(NG, (bytes, from) => {
    const text = textOf(bytes);
    const at = text.indexOf(' ');
    const [cookie, payload] = [text.slice(0, at), text.slice(at + 1)];
    const key = `ng ${from.host}:${from.port} ${cookie}`;
    const deliver = (reply: string): void => {
      if (isAlive()) network.send(NG, from, bytesOf(`${cookie} ${reply}`));
    };
    const settle = replies.ask(key, time.nowMs, deliver);
    if (settle === null) return;
    const client = { host: from.host, local: NG.host, transport: 'udp', client: from.host } as const;
    dispatch.handle(payload, { ...client, identity: null, connection: null, from: key }, settle);
  });
}

/** A SIP proxy that asks by NG until it is answered, always with the same cookie. */
export class NgClient {
  readonly #network: SimulatedNetwork;
  readonly local: Address;
  readonly #answers = new Map<string, string>();
  /** Their answers do not outlive a relay: whoever asks again is told what is so now. */
  readonly #queries = new Set<string>();
  /** Answers that are not what was answered to the same cookie before. */
  readonly differing: string[] = [];
  asked = 0;
  /** Datagrams sent, the repeated ones included. */
  sent = 0;

  constructor(network: SimulatedNetwork, port: number) {
    this.#network = network;
    this.local = { host: '10.0.0.2', port: udpPort(port) };
    network.bind(this.local, (bytes) => {
      const text = textOf(bytes);
      const at = text.indexOf(' ');
      const [cookie, answer] = [text.slice(0, at), text.slice(at + 1)];
      const known = this.#answers.get(cookie);
      if (known !== undefined && known !== answer && !this.#queries.has(cookie))
        this.differing.push(`${cookie}: ${known} and ${answer}`);
      this.#answers.set(cookie, answer);
    });
  }

  /** Asks several things at once, whose datagrams may overtake each other; the answers in the order of the requests. */
  askAll(requests: readonly NgDictionary[]): readonly NgDictionary[] {
    const cookies = requests.map((request) => this.#begin(request));
    const isAnswered = (): boolean => cookies.every((cookie) => this.#answers.has(cookie));
    this.#network.time.runUntilDone(isAnswered, GIVE_UP_MS, JSON.stringify(requests));
    return cookies.map((cookie) => {
      const decoded = decodeBencode(this.#answers.get(cookie) ?? '');
      if (!decoded.ok) throw new Error(decoded.error);
      return decoded.value;
    });
  }

  #begin(request: NgDictionary): string {
    const cookie = `ng_${this.asked++}`;
    if (request['command'] === 'query') this.#queries.add(cookie);
    const datagram = bytesOf(`${cookie} ${encodeBencode(request)}`);
    const send = (): void => {
      if (this.#answers.has(cookie)) return;
      this.sent++;
      this.#network.send(this.local, NG, datagram);
      this.#network.time.after(RESEND_MS, send);
    };
    send();
    return cookie;
  }
}
