import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { callId } from '../../../model/kernel/index.js';
import { Counters } from '../../media/counters.js';
import type { EngineName } from '../../media/engine.js';
import type { Tags } from '../../protocol/rtpproxy/command.js';
import type { NamedSession } from '../../relay/control/execution.js';
import { replyKey } from '../../relay/control/replyCache.js';
import type { ExchangeRecord, SnapshotRecord } from '../../relay/events/record.js';
import { type NgClientRow, NgClientTable } from '../../relay/ng/clientTable.js';
import { lostReply, type NgLink } from '../../relay/supervisor/dispatch.js';
import type { Assignment, NgAssignment, ShardNotice, TakenUp } from '../../relay/supervisor/messages.js';
import { lostNgReply } from '../../relay/supervisor/ngDispatch.js';
import { NOBODY } from '../../relay/supervisor/shardServer.js';
import { clock } from '../clock.js';
import { CallInHand } from '../ng/callInHand.js';
import type { LostCommand, ShardMemory, ThreadRequest } from './shardStart.js';
import type { Waker } from './wake.js';

export type EngineChoice = { readonly engine: EngineName; readonly refused: readonly string[] };

/** What a thread tells that is not an answer. */
export type ThreadNews = Exclude<ShardNotice, { kind: 'replies' | 'found' | 'inspected' | 'codecs' | 'listed' }>;

/** Lets answers out when the files that tell of them are where they are to be. */
export type Gate = (written: readonly string[], release: () => void) => void;

/** How often something is asked at most: a thread that dies over it is not the only one that it may kill. */
const MOST_ASKED = 2;

/** The clocks of two threads are never so far apart. */
const CLOCKS_APART_MS = 1;

/** Something that a thread was asked, and what becomes of the answer. */
type Question = {
  readonly request: ThreadRequest;
  /** Null: no thread will answer it. */
  readonly answer: (value: never) => void;
  /** How many threads got it, and when the first did, milliseconds of the threads' clock. */
  asked: number;
  askedAtMs: number;
  /** A thread has answered it, and only the disk is waited for. */
  isSettled: boolean;
};

/** What concerns only the thread that got it: the one in its place is told anew. */
const OF_ONE_THREAD: ReadonlySet<ThreadRequest['kind']> = new Set([
  ...(['tap', 'untap', 'listen', 'unlisten', 'fork'] as const),
  ...(['watch', 'unwatch', 'grant'] as const),
  ...(['prompt', 'recordAgain', 'ngBegin', 'ngAnswer'] as const),
]);

/** One media thread as the supervisor sees it: a mailbox, pending answers, shared counters. Survives the death of the thread. */
export class MediaThread implements NgLink {
  readonly counters: Counters;
  readonly memory: ShardMemory;
  readonly waker: Waker;
  readonly #questions = new Map<number, Question>();
  readonly #onNews: (news: ThreadNews) => void;
  readonly #gate: Gate;
  /** Calls that threads have died over, and those that are not carried out any more because they did so twice. */
  readonly #struck = new Set<string>();
  readonly #setAside = new Set<string>();
  /** Fulfilled when the thread serves for the first time. */
  readonly ready: Promise<EngineChoice & { readonly takenUp: TakenUp }>;
  #onReady: (choice: EngineChoice & { readonly takenUp: TakenUp }) => void = () => {};
  isReady = false;
  /** Whether the thread that is there now serves. Before it does nothing is posted to it: what it inherits comes first. */
  isServing = false;
  /** No thread will serve any more. */
  #isGivenUp = false;
  /** A thread that takes the place of a dead one must know it, too. */
  #isDraining = false;
  #port: MessagePort | null = null;
  #lastWord: Promise<void> = Promise.resolve();
  #outbox: ThreadRequest[] = [];
  #nextId = 1;

  constructor(memory: ShardMemory, waker: Waker, gate: Gate, onNews: (news: ThreadNews) => void) {
    this.memory = memory;
    this.waker = waker;
    this.counters = new Counters(memory.counters);
    this.#gate = gate;
    this.#onNews = onNews;
    this.ready = new Promise((resolve) => {
      this.#onReady = resolve;
    });
  }

  command(assignment: Assignment, answer: (reply: string | null) => void): void {
    this.#ask((id) => ({ kind: 'command', id, assignment }), answer);
  }

  ng(assignment: NgAssignment, answer: (reply: string | null) => void): void {
    this.#ask((id) => ({ kind: 'ng', id, assignment }), answer);
  }

  ngCodecs(assignment: NgAssignment, answer: (codecs: readonly (readonly number[])[] | null) => void): void {
    this.#ask((id) => ({ kind: 'ngCodecs', id, assignment }), answer);
  }

  calls(limit: number, answer: (calls: readonly string[] | null) => void): void {
    this.#ask((id) => ({ kind: 'calls', id, limit }), answer);
  }

  ngClients(): readonly NgClientRow[] {
    return new NgClientTable(this.memory.ngClients).rows();
  }

  find(call: string, tags: Tags, answer: (session: NamedSession | null) => void): void {
    this.#ask((id) => ({ kind: 'find', id, call, tags }), answer);
  }

  inspect(call: string, answer: (sessions: readonly SnapshotRecord[] | null) => void): void {
    this.#ask((id) => ({ kind: 'inspect', id, call }), answer);
  }

  deleteAll(done: () => void): void {
    this.#ask((id) => ({ kind: 'deleteAll', id }), done);
  }

  drain(): void {
    this.#isDraining = true;
    this.send({ kind: 'drain' });
  }

  stop(leave: boolean): void {
    this.send({ kind: 'stop', leave });
  }

  /** Opens a fresh mailbox, whose other end it answers, for a thread that is to serve from now on. */
  reconnect(): MessagePort {
    this.isServing = false;
    new Int32Array(this.memory.threadId)[0] = 0;
    this.#port?.close();
    this.#outbox = this.#outbox.filter(({ kind }) => !OF_ONE_THREAD.has(kind));
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.on('message', (notice: ShardNotice) => this.#receive(notice));
    this.#lastWord = new Promise((resolve) => port1.once('close', resolve));
    return port2;
  }

  /** The number of the thread that serves, or has died; 0: it has not begun. */
  get threadId(): number {
    return new Int32Array(this.memory.threadId)[0]!;
  }

  /** The command that a dead thread had in hand, which is answered hereby: the thread died over it. Null if it had none. */
  takeInHand(): LostCommand | null {
    const inHand = new CallInHand(this.memory.callInHand).take();
    if (inHand !== null) return { call: callId(inHand), exchange: null };
    const id = this.counters.shard('requestInHand');
    this.counters.setShard('requestInHand', 0);
    const question = this.#questions.get(id);
    const asked = question === undefined ? null : commandOf(question.request);
    if (asked === null) return null;
    this.#answer(id, null);
    const { call, from, text, lost } = asked;
    return { call: callId(call), exchange: { from, text, reply: lost() } };
  }

  /** Answers all that a dead thread was asked, where no other will know of it. What was not posted yet waits for the next. */
  forsake(): void {
    const unsent = this.#unsent();
    for (const [id, { isSettled }] of [...this.#questions]) if (!isSettled && !unsent.has(id)) this.#answer(id, null);
  }

  /** Answers whatever is asked, and will be. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#outbox = [];
    this.forsake();
  }

  get struck(): readonly string[] {
    return [...this.#struck];
  }

  get setAside(): readonly string[] {
    return [...this.#setAside];
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
    if (this.isServing && this.#outbox.length === 1) setImmediate(() => this.#post());
  }

  #post(): void {
    if (!this.isServing || this.#outbox.length === 0) return;
    const batch = this.#outbox;
    this.#outbox = [];
    for (const request of batch) {
      const question = 'id' in request ? this.#questions.get(request.id) : undefined;
      if (question === undefined) continue;
      if (question.asked === 0) question.askedAtMs = clock();
      question.asked++;
    }
    if (this.#port !== null) postAll(this.#port, batch);
    this.waker.wake();
  }

  #ask<T>(make: (id: number) => ThreadRequest, answer: (value: T) => void): void {
    const id = this.#nextId++;
    const request = make(id);
    this.#questions.set(id, { request, answer, asked: 0, askedAtMs: 0, isSettled: false });
    if (this.#isGivenUp || this.#isSetAside(request)) queueMicrotask(() => this.#answer(id, null));
    else this.send(request);
  }

  #isSetAside(request: ThreadRequest): boolean {
    const command = commandOf(request);
    return command !== null && this.#setAside.has(command.call);
  }

  #answer(id: number, value: unknown): void {
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    question?.answer(value as never);
  }

  #unsent(): ReadonlySet<number> {
    return new Set(this.#outbox.flatMap((request) => ('id' in request ? [request.id] : [])));
  }

  #receive(notice: ShardNotice): void {
    switch (notice.kind) {
      case 'ready':
        this.#serve(notice);
        break;
      case 'replies':
        this.#settle(notice);
        break;
      case 'found':
        this.#answer(notice.id, notice.session);
        break;
      case 'codecs':
        this.#answer(notice.id, notice.codecs);
        break;
      case 'listed':
        this.#answer(notice.id, notice.calls);
        break;
      case 'inspected':
        this.#answer(notice.id, notice.sessions);
        break;
      case 'struck':
        (notice.setAside ? this.#setAside : this.#struck).add(notice.call);
        this.#onNews(notice);
        break;
      default:
        this.#onNews(notice);
    }
  }

  #settle({ replies, written }: Extract<ShardNotice, { kind: 'replies' }>): void {
    for (const [id] of replies) {
      const question = this.#questions.get(id);
      if (question !== undefined) question.isSettled = true;
    }
    this.#gate(written, () => {
      for (const [id, reply] of replies) this.#answer(id, reply);
    });
  }

  /** What was asked before comes first, and before that what forbids some of it. */
  #serve(notice: Extract<ShardNotice, { kind: 'ready' }>): void {
    this.isServing = true;
    this.#answerInPlace(notice.takenUp.exchanges);
    const unsent = this.#unsent();
    const again = [...this.#questions].filter(([id, { isSettled }]) => !isSettled && !unsent.has(id));
    const drain: ThreadRequest[] = this.#isDraining ? [{ kind: 'drain' }] : [];
    this.#outbox = [...drain, ...again.map(([, { request }]) => request), ...this.#outbox];
    this.isReady = true;
    this.#post();
    this.#onNews(notice);
    this.#onReady(notice);
  }

  /**
   * Answers what a dead thread was asked, and the one in its place is not to be. `exchanges`: what it had answered, as the log tells; those
   * answers may have died with it on their way, and the commands must not be carried out again.
   */
  #answerInPlace(exchanges: readonly ExchangeRecord[]): void {
    const last = new Map(exchanges.map((exchange) => [replyKey(exchange.from, exchange.command), exchange]));
    for (const [id, question] of [...this.#questions]) {
      const { request, asked, isSettled } = question;
      const reply = replyIn(last, question);
      const isHopeless = asked >= MOST_ASKED || this.#isSetAside(request);
      if (!isSettled && (reply !== null || isHopeless)) this.#answer(id, reply);
    }
    this.#outbox = this.#outbox.filter((request) => !('id' in request) || this.#questions.has(request.id));
  }
}

/** What a client has asked of a call, whichever way it speaks. */
type AskedCommand = { readonly call: string; readonly from: string; readonly text: string; readonly lost: () => string };

/** Null: it is no command of a client. */
function commandOf(request: ThreadRequest): AskedCommand | null {
  switch (request.kind) {
    case 'command': {
      const { command, origin, text } = request.assignment;
      return { call: command.call, from: origin.from ?? NOBODY, text, lost: () => lostReply(command) };
    }
    case 'ng': {
      const { call, origin, payload } = request.assignment;
      return { call, from: origin.from ?? NOBODY, text: payload, lost: () => lostNgReply(payload) };
    }
    default:
      return null;
  }
}

function postAll(port: MessagePort, batch: readonly ThreadRequest[]): void {
  const transfersOf = (request: ThreadRequest): MessagePort[] => ('port' in request ? [request.port] : []);
  try {
    port.postMessage(batch, batch.flatMap(transfersOf));
  } catch {
    // The thread at the other end of a line has died meanwhile, and its end here is closed: that is not to be handed over any more.
    const [request, ...rest] = batch;
    if (request === undefined || batch.length === 1) return;
    postAll(port, [request]);
    postAll(port, rest);
  }
}

/** What the log has as the answer to a question; null: nothing. */
function replyIn(last: ReadonlyMap<string, ExchangeRecord>, { request, asked, askedAtMs }: Question): string | null {
  const command = commandOf(request);
  if (command === null || asked === 0) return null;
  const { from, text } = command;
  const found = last.get(replyKey(from, text));
  if (found === undefined) return null;
  // Without a cookie one command is like another, but for its time.
  return !from.endsWith(' -') || found.at >= askedAtMs - CLOCKS_APART_MS ? found.reply : null;
}
