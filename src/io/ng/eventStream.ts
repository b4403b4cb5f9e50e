import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EventStream, EventStreams } from '../../relay/callEvents/ports.js';
import type { AccessGate, NgClient } from './access.js';
import { MAX_BUFFERED_BYTES } from './connection.js';

/** The clients that read server-sent events. */
export class EventStreamResponses {
  readonly #streams: EventStreams;
  readonly #gate: AccessGate;
  readonly #open = new Map<ServerResponse, NgClient>();

  constructor(streams: EventStreams, gate: AccessGate) {
    this.#streams = streams;
    this.#gate = gate;
    gate.onReplaced(() => this.#judgeAgain());
  }

  /** Answers a request for events, or says in one line why it cannot be. */
  serve(request: IncomingMessage, response: ServerResponse, client: NgClient, identity: string | null): string | null {
    const query = new URLSearchParams(request.url?.split('?').slice(1).join('?'));
    const controller = query.get('controller') || identity;
    if (controller === null) return 'expected the name of a controller: /events?controller=NAME';
    // Who has shown who it is gets its own events only, so that none reads those of another.
    if (identity !== null && identity !== controller) return `events of ${controller}: ${identity} may have its own only`;
    const last = request.headers['last-event-id'] ?? query.get('after');
    const after = typeof last === 'string' && /^\d{1,15}$/.test(last) ? Number(last) : null;
    // Nothing is sent before the headers are, and those depend on what the other side says.
    response.cork();
    const refusal = this.#streams.attach(streamOf(response, controller, after));
    if (refusal !== null) {
      response.uncork();
      if (!response.headersSent) return refusal;
      response.end();
      return null;
    }
    this.#open.set(response, client);
    response.on('close', () => this.#open.delete(response));
    begin(response);
    response.flushHeaders();
    response.uncork();
    return null;
  }

  /** The relay ends: each is ended when everything is sent. Fulfilled when all are, if their clients read. */
  async finish(): Promise<void> {
    await Promise.all([...this.#open.keys()].map(finished));
  }

  #judgeAgain(): void {
    for (const [response, client] of this.#open) if (this.#gate.permit(client).kind === 'refused') response.destroy();
  }
}

const streamOf = (response: ServerResponse, controller: string, after: number | null): EventStream => ({
  controller,
  after,
  write: (text) => write(response, text),
  buffered: () => response.writableLength,
  onClose: (listener) => response.once('close', listener),
  end: () => response.end(),
});

function finished(response: ServerResponse): Promise<void> {
  if (response.writableFinished || response.destroyed) return Promise.resolve();
  return new Promise((done) => {
    response.once('finish', done).once('close', done).end();
  });
}

function begin(response: ServerResponse): void {
  if (response.headersSent) return;
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  });
}

function write(response: ServerResponse, text: string): boolean {
  if (response.destroyed || response.writableEnded) return false;
  begin(response);
  if (response.writableLength > MAX_BUFFERED_BYTES) {
    response.destroy();
    return false;
  }
  response.write(text);
  return true;
}
