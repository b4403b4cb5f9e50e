import { encodingOf } from '../../protocol/ng/readRequest.js';
import { plainHost } from '../../relay/ng/allowList.js';
import { fitDatagram, joinMessage, splitMessage } from '../../relay/ng/ngMessage.js';
import type { DatagramReceiver, Sender } from '../control/datagram.js';
import type { NgExchange, NgPeer } from './exchange.js';
import { NOT_LISTED } from './refusals.js';

/**
 * Requests of one UDP socket: a datagram is cookie, blank and payload, as is the answer. One without cookie is not answered, and neither is one
 * from an address that may not ask: whoever sent it need not be who it says.
 */
export class NgDatagrams implements DatagramReceiver {
  readonly #exchange: NgExchange;
  readonly #socket: string;

  /** `socket`: its name, one word. */
  constructor(exchange: NgExchange, socket: string) {
    this.#exchange = exchange;
    this.#socket = socket;
  }

  receive(text: string, { key, origin }: Sender, send: (answer: string) => void): void {
    const exchange = this.#exchange;
    const colon = key.lastIndexOf(':');
    const client = plainHost(key.slice(0, colon));
    if (!exchange.gate.allows(client)) {
      exchange.noteRefusal(this.#socket, client, NOT_LISTED);
      return;
    }
    const message = splitMessage(text);
    if (message?.cookie == null) {
      exchange.counters.unreadable++;
      return;
    }
    const { cookie, payload } = message;
    const peer: NgPeer = {
      transport: 'udp',
      socket: this.#socket,
      key: client + key.slice(colon),
      client,
      asked: origin.local ?? undefined,
      identity: null,
      connection: null,
    };
    const fit = (reply: string): string => this.#fit(cookie, payload, reply);
    exchange.carryOut(peer, message, (reply) => send(joinMessage({ cookie, payload: reply })), fit);
  }

  #fit(cookie: string, payload: string, reply: string): string {
    const fitting = fitDatagram(cookie, encodingOf(payload), reply);
    if (fitting !== reply) this.#exchange.counters.tooLong++;
    return fitting;
  }
}
