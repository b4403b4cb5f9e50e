import type { Counters, ShardCounter } from '../../media/counters.js';
import { BASIC_VERSION, CAPABILITIES } from '../../protocol/rtpproxy/capabilities.js';
import type { RtpproxyCommand } from '../../protocol/rtpproxy/command.js';
import { ERROR_CODES as E } from '../../protocol/rtpproxy/errors.js';
import { formatInfo } from '../../protocol/rtpproxy/format.js';
import { parseCommand } from '../../protocol/rtpproxy/parse.js';
import type { ShardCommand } from '../control/rtpproxy.js';

/** The way to one shard. */
export interface ShardLink {
  readonly counters: Counters;
  /** `answer` is called once, later; with null if the shard died over it. */
  command(command: ShardCommand, answer: (reply: string | null) => void): void;
  /** Ends all sessions of the shard; `done` is called once, later. */
  deleteAll(done: () => void): void;
}

/** What is said of a command whose shard died while it was carried out: its session is gone. */
const LOST_REPLIES = {
  update: E.noPortForSession,
  lookup: '0',
  delete: E.noSuchSession,
  query: E.noSuchSession,
} as const satisfies Record<ShardCommand['verb'], string>;

/**
 * Which shard holds a call: FNV-1a (RFC 9923) over the Call-ID, so that all its streams live together. Any control client may ask, so it
 * must depend on nothing else.
 */
export function shardOf(call: string, shards: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < call.length; i++) hash = Math.imul(hash ^ call.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % shards;
}

/** Takes a command's text to whoever can answer it: itself for the relay as a whole, a shard for a session. */
export class Dispatch {
  readonly #links: readonly ShardLink[];

  constructor(links: readonly ShardLink[]) {
    this.#links = links;
  }

  /** `text`: one command without its cookie, one character a byte. `answer` gets the reply without line feed, once, maybe at once. */
  handle(text: string, answer: (reply: string) => void): void {
    const parsed = parseCommand(text);
    if (!parsed.ok) answer(parsed.error);
    else this.#execute(parsed.value, answer);
  }

  #execute(command: RtpproxyCommand, answer: (reply: string) => void): void {
    switch (command.verb) {
      case 'version':
        answer(BASIC_VERSION);
        break;
      case 'capability':
        answer(Object.hasOwn(CAPABILITIES, command.date) ? '1' : '0');
        break;
      case 'info':
        // The load of the media threads is not measured yet; rtpproxy always says zero here.
        answer(formatInfo(this.#totals(), command.load ? 0 : null));
        break;
      case 'deleteAll':
        this.#deleteAll(() => answer('0'));
        break;
      default: {
        const link = this.#links[shardOf(command.call, this.#links.length)]!;
        link.command(command, (reply) => answer(reply ?? LOST_REPLIES[command.verb]));
      }
    }
  }

  sum(counter: ShardCounter): number {
    return this.#links.reduce((sum, link) => sum + link.counters.shard(counter), 0);
  }

  #totals() {
    return {
      sessionsCreated: this.sum('sessionsOpened'),
      activeSessions: this.sum('sessionsActive'),
      packetsReceived: this.sum('packetsReceived'),
      packetsTransmitted: this.sum('packetsRelayed'),
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
