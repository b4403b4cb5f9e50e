import { once } from 'node:events';
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 5;

/** Waits until `condition` holds. @throws after `limitMs`, naming what did not come about */
export async function until(what: string, condition: () => boolean, limitMs = 3_000): Promise<void> {
  for (const end = performance.now() + limitMs; !condition(); ) {
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs} ms`);
    await delay(POLL_MS);
  }
}

/** A SIP server that listens for notifications: lines over stream connections, on a unix socket or a TCP port. */
export class NotifyListener {
  readonly #where: ListenOptions;
  readonly #answer: string;
  readonly #open = new Set<Socket>();
  #server: Server | null = null;
  /** Where each connection came from, in order. */
  readonly connections: string[] = [];
  /** Whole lines, in the order in which they came, over all connections. */
  readonly lines: string[] = [];
  /** What connections ended with that was no whole line. */
  readonly torn: string[] = [];
  /** What becomes of the next connection: read, closed at its first bytes, or neither read nor closed. */
  next: 'read' | 'tear' | 'ignore' = 'read';

  private constructor(where: ListenOptions, answer: string) {
    this.#where = where;
    this.#answer = answer;
  }

  /** @param answer what is sent back for each line */
  static async start(where: ListenOptions, answer = ''): Promise<NotifyListener> {
    const listener = new NotifyListener(where, answer);
    await listener.start();
    return listener;
  }

  get openConnections(): number {
    return this.#open.size;
  }

  /** Listens again, after `stop`. */
  async start(): Promise<void> {
    this.#server = createServer((socket) => this.#take(socket));
    this.#server.listen(this.#where);
    await once(this.#server, 'listening');
  }

  /** As when the process ends: closes every connection, and listens no more. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = once(server, 'close');
    server.close();
    this.drop();
    await closed;
  }

  /** Closes every connection and goes on listening. */
  drop(): void {
    for (const socket of this.#open) socket.destroy();
  }

  received(count: number, limitMs?: number): Promise<void> {
    return until(`${count} lines (${this.lines.length} came)`, () => this.lines.length >= count, limitMs);
  }

  #take(socket: Socket): void {
    const use = this.next;
    this.next = 'read';
    this.connections.push(socket.remoteAddress ?? '');
    this.#open.add(socket);
    let rest = '';
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#open.delete(socket);
      if (rest !== '') this.torn.push(rest);
    });
    if (use === 'ignore') return;
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop()!;
      this.lines.push(...parts);
      if (use === 'tear') socket.destroy();
      else if (this.#answer !== '') answerLines(socket, this.#answer, parts.length);
    });
  }
}

/** As a program that answers with blocking calls: it reads on when its answers have been taken. */
function answerLines(socket: Socket, answer: string, lines: number): void {
  if (socket.write(answer.repeat(lines))) return;
  socket.pause();
  socket.once('drain', () => socket.resume());
}
