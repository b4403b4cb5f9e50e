import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export type HookRequest = { readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: string };

/** What a receiver does: answers with a status, takes the request and says nothing, or breaks off. */
export type HookAnswer = number | 'nothing' | 'break';

/** A receiver of webhooks, which can be away for a while. Gone after the test. */
export class HookServer {
  readonly requests: HookRequest[] = [];
  /** Connections that were opened. */
  connections = 0;
  answer: (turn: number) => HookAnswer = () => 204;
  #server: Server | null = null;
  #port = 0;

  static async start(t: TestContext): Promise<HookServer> {
    const hook = new HookServer();
    await hook.start();
    t.after(() => hook.stop());
    return hook;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/events`;
  }

  /** Bodies that were taken, read. */
  get events(): Readonly<Record<string, unknown>>[] {
    return this.requests.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  }

  /** Listens, again on the same port after `stop`. */
  start(): Promise<void> {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      request.on('end', () => {
        this.requests.push({ path: request.url ?? '', headers: request.headers, body });
        const answer = this.answer(this.requests.length);
        if (answer === 'break') request.socket.destroy();
        else if (answer !== 'nothing') response.writeHead(answer).end(answer === 204 ? undefined : 'words');
      });
    });
    server.on('connection', () => this.connections++);
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', () => {
        this.#port = (server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  /** As when its process ends. */
  stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    return new Promise((resolve) => {
      if (server === null) return resolve();
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }
}
