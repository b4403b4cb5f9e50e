import type { Readable, Writable } from 'node:stream';
import { LOCAL_ORIGIN } from '../../relay/control/origin.js';
import { serveLines } from './lines.js';
import type { CommandHandler, Listener } from './listener.js';

/** Standard input and output, or what stands for them. */
export type StdioStreams = { readonly input: Readable; readonly output: Writable };

/**
 * Control over a pair of streams, a command a line. `onEnd`: the input has ended and everything is answered, or nobody reads the answers
 * any more.
 */
export function listenStdio({ input, output }: StdioStreams, handle: CommandHandler, onEnd: () => void): Listener {
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    input.destroy();
    onEnd();
  };
  input.on('error', end);
  output.on('error', end);
  serveLines({ input, output, origin: LOCAL_ORIGIN, onOver: end }, handle);
  const close = async (): Promise<void> => {
    isOver = true;
    input.destroy(); // A descriptor that is read keeps the process alive.
  };
  return { close };
}
