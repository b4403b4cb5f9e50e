/**
 * The real media thread, which dies on demand, with every socket open:
 *
 * - before it carries out what came: a command for the Call-ID `kill-by-exit…` ends it on the spot; one for `kill-by-throw…` throws out of
 *   its loop, as a bug would. Neither is carried out, nor what came with it.
 * - in the middle of a command: one whose From tag is `exit-in-command` or `throw-in-command`, of any call.
 * - in the middle of a step: `die-at-TYPE…` is a Call-ID at whose command of that type (`Signal`, `NoteSource`, `CheckIdle`, `Recover`…) the
 *   thread dies, before it is written down; at `once-at-TYPE…` no more than one thread of the scene does.
 *
 * - when a command of the Call-ID `die-before-reply…` has been carried out and written down, before anybody is told.
 *
 * One that takes sessions up waits before that as long as the scene wants it to.
 *
 * A command for `count-lines…` is carried out, and a warning says how many lines the thread listens to, and how many packets it has sent by
 * lines.
 */
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { ShardStart } from '../../src/io/threads/shardStart.js';
import type { Tags } from '../../src/protocol/rtpproxy/command.js';
import type { NewRecord } from '../../src/relay/events/record.js';
import { Directory } from '../../src/relay/session/directory.js';
import { Journal } from '../../src/relay/session/journal.js';
import { Recovery } from '../../src/relay/session/recovery.js';
import type { ShardNotice, ShardRequest } from '../../src/relay/supervisor/messages.js';
import serveShard from '../../workers/media.js';
import { DIED_ONCE, type MortalSetting, ON_HOLD } from './mortalFate.js';

const EXIT_CODE = 3;

let mailbox: MessagePort | null = null;
let fate: Int32Array = new Int32Array(2);
let isToDie = false;
/** Ports that were looked into after the mailbox was found empty: the lines that are listened to. */
const linesSeen = new Set<MessagePort>();
let listening = 0;
let isMailboxEmpty = false;
let sent = 0;

const exit = (): never => process.exit(EXIT_CODE);

function fail(): never {
  throw new Error('killed by a test');
}

function obey(requests: readonly ShardRequest[]): void {
  for (const request of requests) {
    if (request.kind !== 'command') continue;
    const { call } = request.assignment.command;
    if (call.startsWith('kill-by-exit')) exit();
    if (call.startsWith('kill-by-throw')) fail();
    if (call.startsWith('die-before-reply')) isToDie = true;
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
  if (isToDie && (message as ShardNotice | null)?.kind === 'replies') exit();
  post.call(this, message, ...more);
};

/** Every command looks for its session first. */
function dieByTag({ from }: Tags): void {
  if (from === 'exit-in-command') exit();
  if (from === 'throw-in-command') fail();
}
const { find, findEach } = Directory.prototype;
Object.assign(Directory.prototype, {
  find(this: Directory<never>, call: string, tags: Tags) {
    dieByTag(tags);
    return find.call(this, call, tags);
  },
  findEach(this: Directory<never>, call: string, tags: Tags) {
    dieByTag(tags);
    return findEach.call(this, call, tags);
  },
});

function dieByStep(record: NewRecord): void {
  if (record.kind !== 'step') return;
  const { call, command } = record;
  if (call.startsWith(`die-at-${command.type}`)) exit();
  if (call.startsWith(`once-at-${command.type}`) && Atomics.exchange(fate, DIED_ONCE, 1) === 0) exit();
}
const { write } = Journal.prototype;
Journal.prototype.write = function (this: Journal, record: NewRecord): void {
  dieByStep(record);
  write.call(this, record);
};

const { adopt } = Recovery.prototype;
Recovery.prototype.adopt = function (this: Recovery, ...lost): ReturnType<typeof adopt> {
  Atomics.wait(fate, ON_HOLD, 1);
  return adopt.apply(this, lost);
};

export default function serveMortally(start: ShardStart): Promise<void> {
  mailbox = start.mailbox;
  fate = new Int32Array((start.setting as MortalSetting).fate);
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
