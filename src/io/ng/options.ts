import type { EventStreams } from '../../relay/callEvents/ports.js';
import type { ReplyCache } from '../../relay/control/replyCache.js';
import type { NgHandler, NgTransport } from '../../relay/ng/ngOrigin.js';
import type { ControlAccess } from '../../relay/settings/settings.js';
import type { OpenSockets } from '../process/inheritance.js';
import type { NgConnections } from './connections.js';

/** What the listeners of the NG protocol need of the relay. */
export type NgOptions = {
  readonly handle: NgHandler;
  readonly access: ControlAccess;
  /** A request was recognised as a repetition: it is not carried out again. */
  readonly onDuplicate?: () => void;
  /** Something worth a line in the log: clients that were refused, a thread that was mended. */
  readonly onWarning: (text: string) => void;
  /** Texts served as `/openapi.json` and `/schema.json`. */
  readonly documents?: { readonly openApi: string; readonly schema: string };
  /** Serves `GET /events`; without it there is no such page. */
  readonly eventStreams?: EventStreams;
  /** Web pages that may ask besides those of our own origin: `https://console.example.net`. */
  readonly origins?: readonly string[];
  /** Answers that were given; where it is left out, the listeners remember their own. */
  readonly replies?: ReplyCache;
  /** Where connections are kept; where it is left out, the listeners have their own. */
  readonly connections?: NgConnections;
  /** Sockets that stand open already, by `formatNgAddress`. */
  readonly inherited?: OpenSockets;
  /** Of connections by which nothing can be sent or read; milliseconds. For tests. */
  readonly patienceMs?: number;
};

/** Since the listeners were opened. */
export type NgCounters = {
  /** Repetitions included. */
  readonly requests: Record<NgTransport, number>;
  duplicates: number;
  /** Requests and connections of those who may not. */
  refused: number;
  /** Messages without cookie, and streams that made no sense. */
  unreadable: number;
  /** Answers that did not fit into a datagram. */
  tooLong: number;
};
