import type { Readable, Writable } from 'node:stream';
import { MAX_COMMAND_BYTES } from '../../protocol/rtpproxy/tokens.js';
import type { Origin } from '../../relay/control/origin.js';
import type { CommandHandler } from './listener.js';

/** What may wait for its turn: a client that sends more than it reads is not read from, so that it cannot fill our memory. */
const MAX_WAITING_BYTES = MAX_COMMAND_BYTES * 4;

/** A client whose commands are lines, as are the answers. */
export type LineStream = {
  readonly input: Readable;
  /** Each answer is one write. */
  readonly output: Writable;
  readonly origin: Origin;
  /** Called once: the client has ended its side and has every answer, or its line is too long to be one. */
  readonly onOver: () => void;
};

/** Serves the lines of one client in order: the next is carried out when the one before is answered and the answer has left. */
export function serveLines({ input, output, origin, onOver }: LineStream, handle: CommandHandler): void {
  let rest = '';
  let isBusy = false;
  let isEnded = false;
  let isOver = false;
  const goOn = (): void => {
    isBusy = false;
    next();
  };
  const answer = (reply: string): void => {
    const isTaken = output.write(`${reply}\n`, 'latin1');
    if (rest.length <= MAX_COMMAND_BYTES) input.resume();
    // Answers that come at once would nest one call deeper a line.
    if (isTaken) setImmediate(goOn);
    else output.once('drain', goOn);
  };
  const next = (): void => {
    if (isBusy || isOver) return;
    const end = rest.indexOf('\n');
    const isTooLong = end > MAX_COMMAND_BYTES || (end < 0 && rest.length > MAX_COMMAND_BYTES);
    if (isTooLong || (end < 0 && isEnded)) {
      isOver = true;
      onOver();
    }
    if (isOver || end < 0) return;
    const line = rest.slice(0, end);
    rest = rest.slice(end + 1);
    isBusy = true;
    handle(line, origin, answer);
  };
  input.setEncoding('latin1');
  input.on('data', (chunk) => {
    if (isOver) return;
    rest += String(chunk);
    if (rest.length > MAX_WAITING_BYTES) input.pause();
    next();
  });
  input.on('end', () => {
    isEnded = true;
    next();
  });
}
