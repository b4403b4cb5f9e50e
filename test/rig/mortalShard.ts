/**
 * The real media thread, which dies on demand: a command for the Call-ID `kill-by-exit…` ends the thread on the spot, with every socket
 * open; one for `kill-by-throw…` throws out of its loop, as a bug would. Neither is carried out, nor what came with it. One for
 * `count-lines…` is carried out, and a warning says how many lines the thread listens to, and how many packets it has sent by lines.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { ShardStart } from '../../src/io/threads/shardStart.js';
import type { ShardRequest } from '../../src/relay/supervisor/messages.js';
import serveShard from '../../workers/media.js';

const EXIT_CODE = 3;

let mailbox: MessagePort | null = null;
/** Ports that were looked into after the mailbox was found empty: the lines that are listened to. */
const linesSeen = new Set<MessagePort>();
let listening = 0;
let isMailboxEmpty = false;
let sent = 0;

function obey(requests: readonly ShardRequest[]): void {
  for (const request of requests) {
    if (request.kind !== 'command') continue;
    const { call } = request.assignment.command;
    if (call.startsWith('kill-by-exit')) process.exit(EXIT_CODE);
    if (call.startsWith('kill-by-throw')) throw new Error('killed by a test');
    if (call.startsWith('count-lines'))
      mailbox?.postMessage({ kind: 'warning', text: `lines: ${listening} in, ${sent} packets out` });
  }
}

/** The engines that block their thread read mailbox and lines with this. */
const readPort = receiveMessageOnPort;
Object.assign(createRequire(import.meta.url)('node:worker_threads'), {
  receiveMessageOnPort: (port: MessagePort) => {
    const got = readPort(port);
    if (port !== mailbox) linesSeen.add(port);
    else {
      if (isMailboxEmpty) listening = linesSeen.size;
      isMailboxEmpty = got === undefined;
      if (isMailboxEmpty) linesSeen.clear();
      else obey(got?.message as ShardRequest[]);
    }
    return got;
  },
});
syncBuiltinESMExports();

const post = MessagePort.prototype.postMessage;
MessagePort.prototype.postMessage = function (this: MessagePort, message: unknown, ...more): void {
  if (typeof message === 'object' && message !== null && 'bytes' in message) sent++;
  post.call(this, message, ...more);
};

export default function serveMortally(start: ShardStart): Promise<void> {
  mailbox = start.mailbox;
  // The engine that does not block its thread leaves the mailbox to the event loop.
  const listen = start.mailbox.on.bind(start.mailbox);
  const on = (event: 'message', listener: (requests: ShardRequest[]) => void): MessagePort =>
    listen(event, (requests: ShardRequest[]) => {
      obey(requests);
      listener(requests);
    });
  Object.assign(start.mailbox, { on });
  return serveShard(start);
}
