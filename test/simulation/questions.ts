import { replyKey } from '../../src/relay/control/replyCache.js';
import type { ExchangeRecord } from '../../src/relay/events/record.js';
import type { ShardRequest } from '../../src/relay/supervisor/messages.js';

/** What is answered by its number. */
export type AskedRequest = Extract<ShardRequest, { readonly id: number }>;

/** Something that a shard was asked, and what becomes of the answer. */
type Question = {
  readonly request: AskedRequest;
  /** Null: the thread died over it. */
  readonly answer: (value: never) => void;
  /** How many threads got it: one that kills them is not asked a third time. */
  asked: number;
  /** The thread that got it has died. */
  isLost: boolean;
};

/** What a shard was asked and has not answered. It outlives the threads of the shard, so that no question is lost, or carried out twice. */
export class Questions {
  readonly #questions = new Map<number, Question>();
  #nextId = 1;

  get open(): number {
    return this.#questions.size;
  }

  /** `make` gets the number of the question. Answers the request, which is for the present thread. */
  ask<T>(make: (id: number) => AskedRequest, answer: (value: T) => void): AskedRequest {
    const id = this.#nextId++;
    const request = make(id);
    this.#questions.set(id, { request, answer, asked: 1, isLost: false });
    return request;
  }

  /** Each question is answered once: a second answer is not heard. */
  answer(id: number, value: unknown): void {
    const question = this.#questions.get(id);
    this.#questions.delete(id);
    question?.answer(value as never);
  }

  /** The call that a thread had in hand when it died, by the number of the request; its question is answered: the thread died over it. */
  takeInHand(id: number): string | null {
    const question = this.#questions.get(id);
    if (question === undefined || question.request.kind !== 'command') return null;
    this.answer(id, null);
    return question.request.assignment.command.call;
  }

  /** The thread has died, and what is asked from now on is for the next one. `unsent`: numbers of those that it did not get any more. */
  lose(unsent: ReadonlySet<number> = NONE): void {
    for (const [id, question] of this.#questions) if (!unsent.has(id)) question.isLost = true;
  }

  /**
   * What dead threads had not answered, in the order in which it was asked, to be asked of the one that serves now. `exchanges`: what they
   * had answered, as the log tells; those answers may have died with them on their way, and the commands must not be carried out again.
   */
  askAgain(exchanges: readonly ExchangeRecord[]): readonly AskedRequest[] {
    const replies = new Map(exchanges.map(({ from, command, reply }) => [replyKey(from, command), reply]));
    const requests: AskedRequest[] = [];
    for (const [id, question] of [...this.#questions]) {
      if (!question.isLost) continue;
      const reply = replyIn(replies, question.request);
      if (reply !== null) this.answer(id, reply);
      else if (question.asked > 1) this.answer(id, null);
      else {
        question.asked++;
        question.isLost = false;
        requests.push(question.request);
      }
    }
    return requests;
  }
}

const NONE: ReadonlySet<number> = new Set();

function replyIn(replies: ReadonlyMap<string, string>, request: AskedRequest): string | null {
  if (request.kind !== 'command' && request.kind !== 'ng') return null;
  const { origin } = request.assignment;
  const text = request.kind === 'ng' ? request.assignment.payload : request.assignment.text;
  // Without a cookie one command is like another.
  if (origin.from === undefined || origin.from.endsWith(' -')) return null;
  return replies.get(replyKey(origin.from, text)) ?? null;
}
