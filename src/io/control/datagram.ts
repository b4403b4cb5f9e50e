import { ERROR_CODES as E } from '../../protocol/rtpproxy/errors.js';
import type { Origin } from '../../relay/control/origin.js';
import { PENDING, ReplyCache, replyKey } from '../../relay/control/replyCache.js';
import { clock } from '../clock.js';
import type { ControlOptions } from './listener.js';

/** As rtpproxy sets it: a client that floods loses its own commands, not our memory. */
export const RECEIVE_BUFFER_BYTES = 256 << 10;

type DatagramOptions = Pick<ControlOptions, 'handle' | 'onDuplicate' | 'replies'>;
const NO_NAME = '-';

/** The client of a datagram. */
export type Sender = {
  /** Its address and port, one word that is always the same. */
  readonly key: string;
  readonly origin: Origin;
};

/** What serves the datagrams of one socket. */
export type DatagramReceiver = {
  /** `text`: one character a byte. `send` gets the whole answer, at once or later, or never. */
  readonly receive: (text: string, sender: Sender, send: (answer: string) => void) => void;
};

/**
 * The commands of one datagram socket: a datagram is `cookie command`, the answer `cookie reply`. Retransmissions are answered from a
 * cache, and while the first is still being carried out, not at all.
 */
export class DatagramCommands implements DatagramReceiver {
  readonly #replies: ReplyCache;
  readonly #options: DatagramOptions;
  readonly #socket: string;

  /** `socket`: its name, one word. */
  constructor(options: DatagramOptions, socket = NO_NAME) {
    this.#options = options;
    this.#socket = socket;
    this.#replies = options.replies ?? new ReplyCache();
  }

  receive(text: string, sender: Sender, send: (answer: string) => void): void {
    const [, cookie, command = ''] = /^[ \t\r\n]*([^ \t\r\n]+)[ \t\r\n]*([\s\S]*)$/.exec(text) ?? [];
    if (cookie === undefined) {
      send(`${E.unreadable}\n`);
      return;
    }
    const from = `${this.#socket} ${sender.key} ${cookie}`;
    const key = replyKey(from, command);
    const known = this.#replies.take(key, clock());
    if (known === undefined) {
      this.#options.handle(command, { ...sender.origin, from }, (reply) => {
        this.#replies.keep(key, reply);
        send(`${cookie} ${reply}\n`);
      });
      return;
    }
    this.#options.onDuplicate();
    if (known !== PENDING) send(`${cookie} ${known}\n`);
  }
}
