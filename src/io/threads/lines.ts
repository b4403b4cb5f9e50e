import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { ForkedPacket } from '../../relay/session/forks.js';
import type { Shard } from '../../relay/session/shard.js';
import type { ThreadRequest } from './shardStart.js';

type LineRequest = Extract<ThreadRequest, { kind: 'tap' | 'listen' | 'untap' | 'unlisten' }>;

/** The ends that a media thread holds of lines by which packets go from one thread to another. */
export class Lines {
  readonly #shard: Shard;
  readonly #wake: (fd: number) => void;
  /** Whether this thread is woken by the event loop, not by an eventfd. */
  readonly #hasEventLoop: boolean;
  readonly #incoming = new Map<string, MessagePort>();
  readonly #outgoing = new Map<string, MessagePort>();

  constructor(shard: Shard, wake: (fd: number) => void, hasEventLoop: boolean) {
    this.#shard = shard;
    this.#wake = wake;
    this.#hasEventLoop = hasEventLoop;
  }

  take(request: LineRequest): void {
    switch (request.kind) {
      case 'tap':
        this.#tap(request);
        break;
      case 'listen':
        close(this.#incoming, request.line); // The thread it came from has died, and another sends by it now.
        this.#incoming.set(request.line, request.port);
        if (this.#hasEventLoop) request.port.on('message', (packet: ForkedPacket) => this.#shard.forks.deliver(packet));
        break;
      case 'untap':
        this.#shard.forks.untap(request.line);
        close(this.#outgoing, request.line);
        break;
      case 'unlisten':
        close(this.#incoming, request.line);
    }
  }

  #tap({ line, place, wakeFd, port }: Extract<LineRequest, { kind: 'tap' }>): void {
    const session = this.#shard.sessionAt(place.slot, place.session);
    if (session === null) {
      port.close(); // It has ended meanwhile: there is nothing to hear.
      return;
    }
    this.#outgoing.set(line, port);
    this.#shard.forks.tap(line, place.slot, (side, component, packet) => {
      const bytes = packet.bytes.slice(packet.start, packet.start + packet.length);
      port.postMessage({ line, side, component, bytes } satisfies ForkedPacket);
      this.#wake(wakeFd);
    });
  }

  /** Somebody woke the thread: packets may have come. */
  drain(): void {
    for (const port of this.#incoming.values()) {
      for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port)) {
        this.#shard.forks.deliver(got.message as ForkedPacket);
      }
    }
  }
}

function close(ports: Map<string, MessagePort>, line: string): void {
  ports.get(line)?.close();
  ports.delete(line);
}
