import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Counters } from '../../media/counters.js';
import type { EngineName } from '../../media/engine.js';
import type { Tags } from '../../protocol/rtpproxy/command.js';
import type { NamedSession } from '../../relay/control/execution.js';
import type { ShardLink } from '../../relay/supervisor/dispatch.js';
import type { Assignment, ShardNotice } from '../../relay/supervisor/messages.js';
import type { ShardMemory, ThreadRequest } from './shardStart.js';
import type { Waker } from './wake.js';

export type EngineChoice = { readonly engine: EngineName; readonly refused: readonly string[] };

type Answer = (reply: string | null) => void;
type Finding = (session: NamedSession | null) => void;
/** What a thread tells that is not an answer. */
export type ThreadNews = Exclude<ShardNotice, { kind: 'ready' | 'replies' | 'found' }>;

/** One media thread as the supervisor sees it: a mailbox, pending answers, shared counters. Survives the death of the thread. */
export class MediaThread implements ShardLink {
  readonly counters: Counters;
  readonly memory: ShardMemory;
  readonly waker: Waker;
  readonly #pending = new Map<number, Answer>();
  readonly #searches = new Map<number, Finding>();
  readonly #onNews: (news: ThreadNews) => void;
  /** Fulfilled when the thread serves for the first time. */
  readonly ready: Promise<EngineChoice>;
  #onReady: (choice: EngineChoice) => void = () => {};
  isReady = false;
  /** Whether the thread that is there now serves. */
  isServing = false;
  /** A thread that takes the place of a dead one must know it, too. */
  #isDraining = false;
  #port: MessagePort | null = null;
  #lastWord: Promise<void> = Promise.resolve();
  #outbox: ThreadRequest[] = [];
  #transfers: MessagePort[] = [];
  #nextId = 1;

  constructor(memory: ShardMemory, waker: Waker, onNews: (news: ThreadNews) => void) {
    this.memory = memory;
    this.waker = waker;
    this.counters = new Counters(memory.counters);
    this.#onNews = onNews;
    this.ready = new Promise((resolve) => {
      this.#onReady = resolve;
    });
  }

  command(assignment: Assignment, answer: Answer): void {
    const id = this.#nextId++;
    this.#pending.set(id, answer);
    this.send({ kind: 'command', id, assignment });
  }

  find(call: string, tags: Tags, answer: Finding): void {
    const id = this.#nextId++;
    this.#searches.set(id, answer);
    this.send({ kind: 'find', id, call, tags });
  }

  deleteAll(done: () => void): void {
    const id = this.#nextId++;
    this.#pending.set(id, done);
    this.send({ kind: 'deleteAll', id });
  }

  drain(): void {
    this.#isDraining = true;
    this.send({ kind: 'drain' });
  }

  stop(): void {
    this.send({ kind: 'stop' });
  }

  /** Opens a fresh mailbox; what was being carried out by a dead thread is answered with null. Answers the thread's end of it. */
  reconnect(): MessagePort {
    this.isServing = false;
    this.#port?.close();
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (notice: ShardNotice) => this.#receive(notice));
    this.#lastWord = new Promise((resolve) => port1.once('close', resolve));
    // What has not been posted yet will be, to the new thread.
    const unsent = new Set(this.#outbox.map((request) => ('id' in request ? request.id : 0)));
    for (const waiting of [this.#pending, this.#searches]) {
      for (const [id, answer] of [...waiting]) {
        if (unsent.has(id)) continue;
        waiting.delete(id);
        answer(null);
      }
    }
    if (this.#isDraining) this.#sendFirst({ kind: 'drain' });
    return port2;
  }

  /** Fulfilled when a thread that has ended has been heard to its last word: a mailbox closes behind what was said in it. */
  get lastWord(): Promise<void> {
    return this.#lastWord;
  }

  close(): void {
    this.#port?.close();
  }

  /** What comes in one turn of the event loop goes in one message, with one wake-up. */
  send(request: ThreadRequest): void {
    this.#outbox.push(request);
    if ('port' in request) this.#transfers.push(request.port);
    if (this.#outbox.length > 1) return;
    setImmediate(() => {
      const [batch, transfers] = [this.#outbox, this.#transfers];
      this.#outbox = [];
      this.#transfers = [];
      this.#port?.postMessage(batch, transfers);
      this.waker.wake();
    });
  }

  /** Before what waits to be posted. */
  #sendFirst(request: ThreadRequest): void {
    if (this.#outbox.length > 0) this.#outbox.unshift(request);
    else this.send(request);
  }

  #receive(notice: ShardNotice): void {
    switch (notice.kind) {
      case 'ready':
        this.isReady = true;
        this.isServing = true;
        this.#onReady(notice);
        break;
      case 'replies':
        for (const [id, reply] of notice.replies) take(this.#pending, id)?.(reply);
        break;
      case 'found':
        take(this.#searches, notice.id)?.(notice.session);
        break;
      default:
        this.#onNews(notice);
    }
  }
}

function take<T>(waiting: Map<number, T>, id: number): T | undefined {
  const answer = waiting.get(id);
  waiting.delete(id);
  return answer;
}
