import type { Counters, ShardCounter } from '../../media/counters.js';
import { BASIC_VERSION, isCapable } from '../../protocol/rtpproxy/capabilities.js';
import type { PlayCommand, RtpproxyCommand, Subcommand, Tags } from '../../protocol/rtpproxy/command.js';
import { formatStatistics } from '../../protocol/rtpproxy/counters.js';
import { ERROR_CODES as E } from '../../protocol/rtpproxy/errors.js';
import { fitsReply, formatInfo } from '../../protocol/rtpproxy/format.js';
import type { Grammar } from '../../protocol/rtpproxy/grammar.js';
import { parseCommand } from '../../protocol/rtpproxy/parse.js';
import type { NamedSession } from '../control/execution.js';
import type { Origin } from '../control/origin.js';
import { SESSION_CODECS } from '../control/play.js';
import type { ShardCommand } from '../control/rtpproxy.js';
import type { NgClientRow } from '../ng/clientTable.js';
import type { PromptSource } from '../ports.js';
import { CallOrder } from './callOrder.js';
import type { Assignment, NgAssignment } from './messages.js';
import { CommandCounts, readStatistic } from './statistics.js';

/** The way to one shard. */
export interface ShardLink {
  readonly counters: Counters;
  /** `answer` is called once, later; with null if the shard died over it. */
  command(assignment: Assignment, answer: (reply: string | null) => void): void;
  /** Which session a call and tags mean; null if none. `answer` is called once, later. */
  find(call: string, tags: Tags, answer: (session: NamedSession | null) => void): void;
  /** Ends all sessions of the shard; `done` is called once, later. */
  deleteAll(done: () => void): void;
  /** Lets no new session begin. */
  drain(): void;
}

/** The way to one shard for the NG protocol, too. Every `answer` is called once, later; with null if the shard died over it. */
export interface NgLink extends ShardLink {
  /** Carries out a request of a call. */
  ng(assignment: NgAssignment, answer: (reply: string | null) => void): void;
  /** For which payload types `play media` needs prompts. */
  ngCodecs(assignment: NgAssignment, answer: (codecs: readonly (readonly number[])[] | null) => void): void;
  /** Call-IDs of the shard, so many at most. */
  calls(limit: number, answer: (calls: readonly string[] | null) => void): void;
  /** Who has asked the shard by sockets of its own, and how often. */
  ngClients(): readonly NgClientRow[];
}

/** What a command names that others have: sessions, and a prompt. */
type Named = Pick<Assignment, 'sources' | 'prompt'>;
const NOTHING_NAMED: Named = { sources: [], prompt: null };

const UNKNOWN_TO_LOOKUP = '0';

/** What is said of a command whose shard died while it was carried out: its session is gone. */
const LOST_REPLIES = {
  update: E.noPortForSession,
  lookup: UNKNOWN_TO_LOOKUP,
  delete: E.noSuchSession,
  query: E.noSuchSession,
  play: E.noSuchSession,
  stopPlay: E.noSuchSession,
  record: E.noSuchSession,
  copy: E.noSuchSession,
  stopRecord: E.noSuchSession,
} as const satisfies Record<ShardCommand['verb'], string>;

export const lostReply = ({ verb }: ShardCommand): string => LOST_REPLIES[verb];

/**
 * Which shard holds a call: FNV-1a (RFC 9923) over the Call-ID, so that all its streams live together. Any control client may ask, so it
 * must depend on nothing else.
 */
export function shardOf(call: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < call.length; i++) hash = Math.imul(hash ^ call.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % shards;
}

/** A relay that has none. */
const NO_PROMPTS: PromptSource = { find: (_, __, found) => found(null) };

/** The payload types that P names, in their order. None, if one of them is no number. */
function payloadTypesIn(codecs: string): number[] {
  const numbers = codecs.split(',').map((text) => (/^[0-9]{1,3}$/.test(text) ? Number(text) : -1));
  return numbers.some((number) => number < 0 || number > 127) ? [] : numbers;
}

/** Takes a command's text to whoever can answer it: itself for the relay as a whole, a shard for a session. */
export class Dispatch {
  readonly counts = new CommandCounts();
  readonly #links: readonly ShardLink[];
  readonly #grammar: Grammar;
  readonly #prompts: PromptSource;
  readonly #order = new CallOrder();

  constructor(links: readonly ShardLink[], grammar: Grammar, prompts: PromptSource = NO_PROMPTS) {
    this.#links = links;
    this.#grammar = grammar;
    this.#prompts = prompts;
  }

  /** `text`: one command without its cookie, one character a byte. `answer` gets the reply without line feed, once, maybe at once. */
  readonly handle = (text: string, origin: Origin, answer: (reply: string) => void): void => {
    this.counts.received++;
    const parsed = parseCommand(text, this.#grammar);
    const isLookup = parsed.ok && parsed.value.verb === 'lookup';
    const finish = (reply: string): void => {
      if (reply.startsWith('E') || (isLookup && reply === UNKNOWN_TO_LOOKUP)) this.counts.failed++;
      else this.counts.succeeded++;
      this.counts.replied++;
      answer(reply);
    };
    if (!parsed.ok) finish(parsed.error);
    else this.#execute(parsed.value, text, origin, finish);
  };

  #execute(command: RtpproxyCommand, text: string, origin: Origin, answer: (reply: string) => void): void {
    switch (command.verb) {
      case 'version':
        answer(BASIC_VERSION);
        break;
      case 'capability':
        answer(isCapable(command.date, this.#grammar) ? '1' : '0');
        break;
      case 'info':
        answer(formatInfo(this.#totals(), command.load ? this.#averageLoad() : null));
        break;
      case 'statistics':
        answer(this.#statistics(command.names, command.verbose));
        break;
      case 'deleteAll':
        this.#deleteAll(() => answer('0'));
        break;
      default:
        this.#order.take(command.call, this.#preparationOf(command), NOTHING_NAMED, (named) => {
          this.#linkOf(command.call).command({ command, text, origin, ...named }, (reply) => answer(reply ?? lostReply(command)));
        });
    }
  }

  /** Lets no new session begin; what there is goes on. */
  drain(): void {
    for (const link of this.#links) link.drain();
  }

  sum(counter: ShardCounter): number {
    return this.#links.reduce((sum, link) => sum + link.counters.shard(counter), 0);
  }

  #linkOf(call: string): ShardLink {
    return this.#links[shardOf(call, this.#links.length)]!;
  }

  /** What must be found before a command goes out; null: nothing. */
  #preparationOf(command: ShardCommand): ((found: (named: Named) => void) => void) | null {
    if (command.verb === 'play') return command.count === 0 ? null : (found) => this.#findPrompt(command, found);
    const subcommands: readonly Subcommand[] = 'subcommands' in command ? command.subcommands : [];
    const forks = subcommands.flatMap((subcommand) => (subcommand.kind === 'fork' ? [subcommand] : []));
    return forks.length === 0 ? null : (found) => this.#findSources(forks, (sources) => found({ sources, prompt: null }));
  }

  /** A media thread reads no files. */
  #findPrompt({ call, tags, codecs, prompt }: PlayCommand, found: (named: Named) => void): void {
    const find = (payloadTypes: readonly number[]): void => {
      if (payloadTypes.length === 0) found(NOTHING_NAMED);
      else this.#prompts.find(prompt, payloadTypes, (read) => found({ sources: [], prompt: read }));
    };
    if (codecs === SESSION_CODECS) this.#linkOf(call).find(call, tags, (session) => find(session?.codecs ?? []));
    else find(payloadTypesIn(codecs));
  }

  /** The sessions that `&& C` names may live with other shards. */
  #findSources(
    forks: readonly Extract<Subcommand, { kind: 'fork' }>[],
    go: (sources: readonly (NamedSession | null)[]) => void,
  ): void {
    const sources: (NamedSession | null)[] = forks.map(() => null);
    let left = forks.length;
    for (const [i, { call, tags }] of forks.entries()) {
      this.#linkOf(call).find(call, tags, (session) => {
        sources[i] = session;
        left--;
        if (left === 0) go(sources);
      });
    }
  }

  #statistics(names: readonly string[], verbose: boolean): string {
    const values: [string, number][] = [];
    for (const name of names) {
      const value = readStatistic(name, (counter) => this.sum(counter), this.counts);
      if (value === null) return E.statisticsCounter;
      values.push([name, value]);
    }
    const reply = formatStatistics(values, verbose);
    return fitsReply(reply) ? reply : E.statisticsOverflow;
  }

  #averageLoad(): number {
    return this.sum('load') / this.#links.length;
  }

  #totals() {
    return {
      sessionsCreated: this.sum('sessionsOpened'),
      activeSessions: this.sum('sessionsActive'),
      packetsReceived: this.sum('packetsReceived'),
      packetsTransmitted: this.sum('packetsRelayed') + this.sum('packetsPlayed'),
    };
  }

  #deleteAll(done: () => void): void {
    let left = this.#links.length;
    for (const link of this.#links) {
      link.deleteAll(() => {
        left--;
        if (left === 0) done();
      });
    }
  }
}
