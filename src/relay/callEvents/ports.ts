import type { NgDictionary } from '../../protocol/ng/value.js';

/** The NG connections that events can be pushed over, by their names in `NgOrigin.connection`. Nothing here may throw. */
export interface EventConnections {
  /** Sends `cookie`, a blank and `event`, encoded as the client encodes its requests, behind what was sent before. False: it is not open. */
  send(connection: string, cookie: string, event: NgDictionary): boolean;
  isOpen(connection: string): boolean;
  /** Bytes that were sent and that the kernel has not taken. */
  buffered(connection: string): number;
  /** `listener` is told of each connection that is not open any more, once. */
  onClosed(listener: (connection: string) => void): void;
}

/** A client of `GET /events`, whose answer (`text/event-stream`) does not end. */
export type EventStream = {
  /** Whose events it wants: `?controller=NAME`, or else the name that its token or certificate gives it. */
  readonly controller: string;
  /** The number behind which it goes on (`Last-Event-ID`, or a query). Null: it has none. */
  readonly after: number | null;
  /** Sends whole fields and events (`id: 7\nevent: dtmf\ndata: {…}\n\n`), as UTF-8. False: it is not open. */
  readonly write: (text: string) => boolean;
  /** Bytes that were written and that the kernel has not taken. Who writes on regardless is cut off at a megabyte. */
  readonly buffered: () => number;
  /** `listener` is told once when the client has gone. */
  readonly onClose: (listener: () => void) => void;
  /** Ends the answer. */
  readonly end: () => void;
};

/** Where clients of server-sent events (HTML Standard, section 9.2) go. Answers why one cannot be served, or null. */
export interface EventStreams {
  attach(stream: EventStream): string | null;
}
