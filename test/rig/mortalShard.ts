/**
 * The real media thread, which dies on demand: a command for the Call-ID `kill-by-exit…` ends the thread on the spot, with every socket
 * open; one for `kill-by-throw…` throws out of its loop, as a bug would. Neither is carried out, nor what came with it.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { ShardStart } from '../../src/io/threads/shardStart.js';
import type { ShardRequest } from '../../src/relay/supervisor/messages.js';
import serveShard from '../../workers/media.js';

const EXIT_CODE = 3;

function dieIfAsked(requests: readonly ShardRequest[]): void {
  for (const request of requests) {
    if (request.kind !== 'command') continue;
    if (request.assignment.command.call.startsWith('kill-by-exit')) process.exit(EXIT_CODE);
    if (request.assignment.command.call.startsWith('kill-by-throw')) throw new Error('killed by a test');
  }
}

/** The engines that block their thread read the mailbox with this. */
const readMailbox = receiveMessageOnPort;
Object.assign(createRequire(import.meta.url)('node:worker_threads'), {
  receiveMessageOnPort: (port: MessagePort) => {
    const got = readMailbox(port);
    if (got !== undefined) dieIfAsked(got.message as ShardRequest[]);
    return got;
  },
});
syncBuiltinESMExports();

export default function serveMortally(start: ShardStart): Promise<void> {
  // The engine that does not block its thread leaves the mailbox to the event loop.
  const listen = start.mailbox.on.bind(start.mailbox);
  const on = (event: 'message', listener: (requests: ShardRequest[]) => void): MessagePort =>
    listen(event, (requests: ShardRequest[]) => {
      dieIfAsked(requests);
      listener(requests);
    });
  Object.assign(start.mailbox, { on });
  return serveShard(start);
}
