import type { NgEncoding } from '../../protocol/ng/value.js';
import { ReplyCache } from '../../relay/control/replyCache.js';
import type { NgMessage } from '../../relay/ng/ngMessage.js';
import type { NgOrigin, NgTransport } from '../../relay/ng/ngOrigin.js';
import { clock } from '../clock.js';
import { clientOrigin } from '../control/clientOrigin.js';
import type { AccessGate } from './access.js';
import type { NgCounters, NgOptions } from './options.js';
import { RefusalLog } from './refusals.js';

/** Whoever asks: the client of a datagram or of a connection. */
export type NgPeer = {
  readonly transport: NgTransport;
  /** The socket that it came to, one word. */
  readonly socket: string;
  /** Tells it from all others of the same socket: its address and port, or a connection's name, which is never used again. */
  readonly key: string;
  /** Numeric, as `plainHost` writes it. */
  readonly client: string;
  /** The address of ours that it asked, numeric. */
  readonly asked: string | undefined;
  readonly identity: string | null;
  readonly connection: string | null;
  /** As in `NgOrigin`. */
  readonly encoding?: NgEncoding;
};

export const NOT_PERMITTED = 'Not permitted';

/** Has requests of all transports carried out, once each, however often they come. */
export class NgExchange {
  readonly gate: AccessGate;
  readonly counters: NgCounters = {
    requests: { udp: 0, tcp: 0, http: 0, https: 0, ws: 0, wss: 0 },
    duplicates: 0,
    refused: 0,
    unreadable: 0,
    tooLong: 0,
  };
  readonly #options: NgOptions;
  readonly #replies: ReplyCache;
  readonly #refusals: RefusalLog;

  constructor(options: NgOptions, gate: AccessGate) {
    this.#options = options;
    this.gate = gate;
    this.#replies = options.replies ?? new ReplyCache();
    this.#refusals = new RefusalLog(options.onWarning);
  }

  /** `answer` gets the payload of the answer, at once or later; `fit` makes of it what the transport can carry. */
  carryOut(peer: NgPeer, message: NgMessage, answer: (reply: string) => void, fit = (reply: string): string => reply): void {
    this.counters.requests[peer.transport]++;
    const { cookie, payload } = message;
    const origin = originOf(peer, cookie);
    if (cookie === null) {
      this.#options.handle(payload, origin, answer);
      return;
    }
    const settle = this.#replies.ask(`${peer.socket} ${peer.key} ${cookie}`, clock(), answer);
    if (settle === null) {
      this.counters.duplicates++;
      this.#options.onDuplicate?.();
      return;
    }
    this.#options.handle(payload, origin, (reply) => settle(fit(reply)));
  }

  noteRefusal(socket: string, client: string, why: string): void {
    this.counters.refused++;
    this.#refusals.note(socket, client, why, clock());
  }
}

function originOf(peer: NgPeer, cookie: string | null): NgOrigin {
  const { host, local } = clientOrigin(peer.client, peer.asked);
  const word = cookie === null ? '-' : cookie.replaceAll(/[\s\0]/g, '_');
  return {
    host,
    local,
    from: `${peer.socket} ${peer.transport === 'udp' ? peer.key : peer.client} ${word}`,
    transport: peer.transport,
    client: peer.client,
    identity: peer.identity,
    connection: peer.connection,
    ...(peer.encoding !== undefined && { encoding: peer.encoding }),
  };
}
