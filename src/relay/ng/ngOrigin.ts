import type { NgEncoding } from '../../protocol/ng/value.js';
import type { Origin } from '../control/origin.js';

const NG_TRANSPORTS = ['udp', 'tcp', 'http', 'https', 'ws', 'wss'] as const;
export type NgTransport = (typeof NG_TRANSPORTS)[number];

/** Where a request of the NG protocol came from. Plain data: it crosses threads. */
export type NgOrigin = Origin & {
  readonly transport: NgTransport;
  /** The client's address, numeric, without port. */
  readonly client: string;
  /** The name that its token or certificate gives a client; null: it showed none. */
  readonly identity: string | null;
  /** Tells connections apart, where there is one that events can be sent by: `tcp/17`, `ws/3`. Null: there is none. */
  readonly connection: string | null;
  /** How is answered what tells by nothing how it is encoded, because its transport does. Left out: in bencode. */
  readonly encoding?: NgEncoding;
};

/**
 * Carries out one request: `payload` is what stands behind the cookie, one character a byte. `answer` gets the payload of the answer, once,
 * maybe at once. Never throws.
 */
export type NgHandler = (payload: string, origin: NgOrigin, answer: (reply: string) => void) => void;
