import type { Prompt } from '../../media/player/prompt.js';
import { encodingOf, readNg } from '../../protocol/ng/readRequest.js';
import { encodeReply, errorReply, okReply } from '../../protocol/ng/reply.js';
import type { NgRequest } from '../../protocol/ng/request.js';
import type { NgDictionary, NgEncoding } from '../../protocol/ng/value.js';
import { hearingProblem } from '../callEvents/ways.js';
import { codecsKey, type NgPrompts, NO_PROMPTS } from '../control/ng/ngExecution.js';
import type { NgOrigin } from '../ng/ngOrigin.js';
import type { PromptSource } from '../ports.js';
import { CallOrder } from './callOrder.js';
import { type NgLink, shardOf } from './dispatch.js';
import type { NgAssignment } from './messages.js';
import { NgCounts } from './ngCounts.js';

/** What is said of a request whose shard died over it twice. */
export const lostNgReply = (payload: string): string =>
  encodeReply(encodingOf(payload), errorReply('The media thread of this call has died over the request'));

/** What requests need that concern more than calls. */
export type NgWorld = {
  readonly prompts: PromptSource;
  /** Puts a sound that came with a request where prompts are found, and answers its name. Null: that cannot be done. */
  readonly keepSound: (bytes: string, kept: (name: string | null) => void) => void;
  /** Has the events of a controller sent by a connection, those behind `after` again. Answers what is wrong, or null. */
  readonly attach: (controller: string, origin: NgOrigin, after: number | null) => string | null;
  /** A client has asked for something of a call by a connection, by which it may want to be told of the call. */
  readonly use: (request: NgRequest, origin: NgOrigin) => void;
  readonly nowMs: () => number;
};

const DEFAULT_LIST = 32;

type Answer = (reply: string) => void;

/** Takes a request of the NG protocol to whoever can answer it: itself for the relay as a whole, a shard for a call. */
export class NgDispatch {
  readonly counts: NgCounts;
  readonly #links: readonly NgLink[];
  readonly #world: NgWorld;
  readonly #order = new CallOrder();

  constructor(links: readonly NgLink[], world: NgWorld) {
    this.#links = links;
    this.#world = world;
    this.counts = new NgCounts(world.nowMs);
  }

  /** `payload`: what stands behind the cookie, one character a byte. `answer` gets the payload of the reply, once, maybe at once. */
  readonly handle = (payload: string, origin: NgOrigin, answer: Answer): void => {
    const read = readNg(payload, origin.encoding);
    if (read.kind === 'error') {
      this.counts.wrong(origin.client);
      answer(encodeReply(read.encoding, errorReply(read.reason)));
      return;
    }
    const { request, encoding } = read;
    if (origin.connection !== null) this.#world.use(request, origin);
    const began = this.counts.begin(origin.client, request.command);
    const finish = (reply: string): void => {
      this.counts.end(began, reply);
      answer(reply);
    };
    const say = (dictionary: NgDictionary): void => finish(encodeReply(encoding, dictionary));
    switch (request.command) {
      case 'ping':
        say({ result: 'pong' });
        break;
      case 'list':
        this.#list(request.limit ?? DEFAULT_LIST, (calls) => say(okReply({ calls })));
        break;
      case 'statistics':
        say(okReply({ statistics: this.#statistics() }));
        break;
      case 'events':
        this.#attach(request, origin, encoding, finish);
        break;
      default:
        this.#toShard(request, payload, origin, finish);
    }
  };

  #attach({ controller, after }: NgRequest, origin: NgOrigin, encoding: NgEncoding, finish: Answer): void {
    const name = controller ?? origin.identity;
    const wrong =
      name === null
        ? 'No controller in message'
        : (hearingProblem(name, origin.identity) ?? this.#world.attach(name, origin, after));
    finish(encodeReply(encoding, wrong === null ? okReply() : errorReply(wrong)));
  }

  #toShard(request: NgRequest, payload: string, origin: NgOrigin, finish: Answer): void {
    const call = request.callId ?? '';
    const link = this.#links[shardOf(call, this.#links.length)]!;
    const assignment: NgAssignment = { call, payload, origin, prompts: NO_PROMPTS };
    const prepare =
      request.command === 'play media'
        ? (found: (prompts: NgPrompts) => void) => this.#findPrompts(request, link, assignment, found)
        : null;
    this.#order.take(call, prepare, NO_PROMPTS, (prompts) => {
      link.ng({ ...assignment, prompts }, (reply) => finish(reply ?? lostNgReply(payload)));
    });
  }

  /** A media thread reads no files. */
  #findPrompts({ file, blob }: NgRequest, link: NgLink, assignment: NgAssignment, found: (prompts: NgPrompts) => void): void {
    const findNamed = (name: string | null): void => {
      if (name === null) found(NO_PROMPTS);
      else link.ngCodecs(assignment, (lists) => this.#findEach(name, lists ?? [], found));
    };
    if (file === null && blob !== null) this.#world.keepSound(blob, findNamed);
    else findNamed(file);
  }

  #findEach(name: string, lists: readonly (readonly number[])[], done: (prompts: NgPrompts) => void): void {
    const found: [string, Prompt | null][] = [];
    if (lists.length === 0) done({ name, found });
    for (const codecs of lists) {
      this.#world.prompts.find(name, codecs, (prompt) => {
        found.push([codecsKey(codecs), prompt]);
        if (found.length === lists.length) done({ name, found });
      });
    }
  }

  #list(limit: number, done: (calls: readonly string[]) => void): void {
    const all: string[] = [];
    let left = this.#links.length;
    for (const link of this.#links) {
      link.calls(limit, (calls) => {
        all.push(...(calls ?? []));
        left--;
        if (left === 0) done(all.slice(0, limit));
      });
    }
  }

  #statistics(): NgDictionary {
    const others = this.#links.flatMap((link) => link.ngClients());
    return this.counts.statistics((counter) => this.#sum(counter), others);
  }

  #sum(counter: Parameters<NgLink['counters']['shard']>[0]): number {
    return this.#links.reduce((sum, link) => sum + link.counters.shard(counter), 0);
  }
}
