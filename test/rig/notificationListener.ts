import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

/** What came over one connection, and from where. */
export type Connection = { readonly from: string; text: string; isOver: boolean };

/** What listens for notifications: a TCP port or a unix socket. Closed with the test. */
export class NotificationListener {
  readonly connections: Connection[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** @param where port and host, or the path of a unix socket; port 0 is a free one */
  static async open(
    t: TestContext,
    where: { readonly port: number; readonly host: string } | { readonly path: string },
  ): Promise<NotificationListener> {
    const listener = new NotificationListener();
    await new Promise<void>((resolve, reject) => {
      listener.#server.once('error', reject);
      listener.#server.listen(where, resolve);
    });
    t.after(() => listener.close());
    return listener;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Every whole line that came, over all connections. */
  get lines(): readonly string[] {
    return this.connections.flatMap(({ text }) => text.split('\n').slice(0, -1));
  }

  /**
   * Waits until `count` whole lines have come.
   * @returns all that have come until then
   * @throws after `limitMs`, with what came
   */
  async awaitLines(count: number, limitMs: number): Promise<readonly string[]> {
    for (const end = Date.now() + limitMs; this.lines.length < count; await delay(10)) {
      if (Date.now() > end) {
        const came = JSON.stringify(this.connections.map(({ text }) => text));
        throw new Error(`${this.lines.length} of ${count} notifications came in ${limitMs} ms: ${came}`);
      }
    }
    return this.lines;
  }

  /** Writes to everybody who is connected, as the B2BUA does; nobody need read it. */
  say(text: string): void {
    for (const socket of this.#sockets) socket.write(text);
  }

  /** Bytes that were said and have not left us, because nobody reads them. */
  get unread(): number {
    return [...this.#sockets].reduce((sum, { writableLength }) => sum + writableLength, 0);
  }

  /** Ends every connection; new ones are taken. */
  disconnect(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): Promise<void> {
    this.disconnect();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    const connection: Connection = { from: socket.remoteAddress ?? '', text: '', isOver: false };
    this.connections.push(connection);
    this.#sockets.add(socket);
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      connection.text += chunk;
    });
    const finish = (): void => {
      connection.isOver = true;
      this.#sockets.delete(socket);
    };
    socket.on('end', finish).on('close', finish).on('error', finish);
  }
}
