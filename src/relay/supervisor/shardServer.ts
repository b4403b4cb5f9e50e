import { callId, millis } from '../../../model/kernel/index.js';
import { SIDES } from '../../../model/session/side.js';
import { SHARD_COUNTERS } from '../../media/counters.js';
import { readNg } from '../../protocol/ng/readRequest.js';
import type { ExecutionWorld, NamedSession } from '../control/execution.js';
import { executeNg, type NgCarriedOut } from '../control/ng/executeNg.js';
import { codecsWanted } from '../control/ng/playing.js';
import { execute } from '../control/rtpproxy.js';
import type { RecorderNotice } from '../recording/orders.js';
import type { Session } from '../session/session.js';
import type { Shard } from '../session/shard.js';
import type { Assignment, NgAssignment, ShardNotice, ShardRequest } from './messages.js';

const REQUEST_IN_HAND = SHARD_COUNTERS.indexOf('requestInHand');
/** Where a command came from of which that is not known, as in `Origin`. */
export const NOBODY = '- - -';

/** Answers what the supervisor asks of a shard. */
export class ShardServer {
  #world: ExecutionWorld;
  readonly #notify: (notice: ShardNotice) => void;
  #replies: [number, string][] = [];

  /** What commands are carried out with now. */
  get world(): ExecutionWorld {
    return this.#world;
  }

  get hasReplies(): boolean {
    return this.#replies.length > 0;
  }

  constructor(world: ExecutionWorld, notify: (notice: ShardNotice) => void) {
    this.#world = world;
    world.shard.silenceMs = world.setting.events.silenceMs;
    this.#notify = notify;
  }

  /** Carries a request out; its reply goes with the next `sendReplies`. Answers false when the thread is to end. */
  take(request: Exclude<ShardRequest, { kind: 'untap' | 'watch' | 'unwatch' | 'grant' | 'ngBegin' | 'ngAnswer' }>): boolean {
    const { shard } = this.#world;
    switch (request.kind) {
      case 'command': {
        const { values } = shard.counters;
        values[REQUEST_IN_HAND] = request.id;
        this.#replies.push([request.id, this.#carryOut(request.assignment)]);
        values[REQUEST_IN_HAND] = 0;
        return true;
      }
      case 'ng': {
        const { values } = shard.counters;
        values[REQUEST_IN_HAND] = request.id;
        this.#replies.push([request.id, this.carryOutNg(request.assignment).reply]);
        values[REQUEST_IN_HAND] = 0;
        return true;
      }
      case 'ngCodecs':
        this.#notify({ kind: 'codecs', id: request.id, codecs: this.#codecsWanted(request.assignment) });
        return true;
      case 'calls':
        this.#notify({ kind: 'listed', id: request.id, calls: shard.directory.callIds(request.limit) });
        return true;
      case 'find':
        this.#notify({ kind: 'found', id: request.id, session: findNamed(this.#world, request) });
        return true;
      case 'inspect': {
        const sessions = shard.directory.ofCall(request.call).map((session) => shard.snapshotOf(session));
        this.#notify({ kind: 'inspected', id: request.id, sessions });
        return true;
      }
      case 'fork': {
        const target = shard.sessionAt(request.target.slot, request.target.session);
        if (target !== null) shard.forks.start(target, request.source, request.place);
        return true;
      }
      case 'prompt': {
        const target = shard.sessionAt(request.target.slot, request.target.session);
        if (target !== null) resumePlayback(shard, target, request);
        return true;
      }
      case 'recorder':
        this.#hear(request.notice);
        return true;
      case 'recordAgain':
        shard.recorders.repeat();
        return true;
      case 'deleteAll':
        shard.closeAll('purged');
        this.#replies.push([request.id, '']);
        return true;
      case 'drain':
        shard.isDraining = true;
        return true;
      case 'setting':
        this.#world = { ...this.#world, setting: request.control };
        shard.silenceMs = request.control.events.silenceMs;
        shard.changePorts(request.ports);
        return true;
      case 'stop':
        if (!request.leave) {
          shard.closeAll('shutdown');
          this.#notify({ kind: 'leaving', sessions: shard.herald.leaving.sessions });
        }
        return false;
    }
  }

  /** What becomes of recordings stands in the log, too; so it does when the session has ended. */
  #hear(notice: RecorderNotice): void {
    const { shard } = this.#world;
    const { call, session, id } = notice.place;
    const at = shard.now();
    const recorded = shard.directory.ofCall(call).find((each) => each.session === session);
    switch (notice.kind) {
      case 'opened':
        if (recorded !== undefined) shard.command(recorded, { type: 'NameRecording', recording: id, files: notice.files });
        break;
      case 'done': {
        const { startedAt, durationMs, packets, files } = notice;
        const what = { call: callId(call), session, recording: id, startedAt: millis(startedAt), durationMs, packets, files };
        shard.write({ kind: 'recording', at, ...what });
        shard.herald.recorded(notice);
        break;
      }
      case 'failed':
        shard.counters.addToShard('recordingErrors', 1);
        if (recorded !== undefined)
          shard.command(recorded, { type: 'StopRecording', recording: id, sides: SIDES, reason: 'failed' });
    }
  }

  #carryOut({ command, text, origin, sources, prompt }: Assignment): string {
    // Each by its name: a spread before others costs as much as a small command.
    const { shard, setting, routeTo, warn } = this.#world;
    const reply = execute(command, { shard, setting, routeTo, warn, origin, sources, prompt });
    // Who only asks is told the same again at any time, and some ask all the time.
    if (command.verb === 'query' && command.subcommands.length === 0) return reply;
    const call = callId(command.call);
    shard.write({ kind: 'exchange', at: shard.now(), call, from: origin.from ?? NOBODY, command: text, reply });
    return reply;
  }

  /** The same for the NG protocol. */
  carryOutNg({ call, payload, origin, prompts }: NgAssignment): Omit<NgCarriedOut, 'isToBeKept'> {
    const { shard, setting, routeTo, warn } = this.#world;
    const { reply, isToBeKept, isError } = executeNg(payload, { shard, setting, routeTo, warn, origin, prompts });
    if (isError) shard.counters.addToShard('ngErrors', 1);
    if (isToBeKept)
      shard.write({
        kind: 'exchange',
        at: shard.now(),
        call: callId(call),
        from: origin.from ?? NOBODY,
        command: payload,
        reply,
      });
    return { reply, isError };
  }

  #codecsWanted({ payload, origin, prompts }: NgAssignment): readonly (readonly number[])[] {
    const read = readNg(payload);
    return read.kind === 'error' ? [] : codecsWanted(read.request, { ...this.#world, origin, prompts });
  }

  /** The answers to a batch of requests go in one message. `written`: the files where their events stand. */
  sendReplies(written: readonly string[]): void {
    if (this.#replies.length > 0) this.#notify({ kind: 'replies', replies: this.#replies, written });
    this.#replies = [];
  }
}

/** A prompt that a crash has interrupted goes on, unless another one has taken its place while it was sought. */
function resumePlayback(shard: Shard, target: Session, { side, prompt }: Extract<ShardRequest, { kind: 'prompt' }>): void {
  if (shard.playbacks.isPlaying(target, side)) return;
  if (prompt !== null) shard.playbacks.resume(target, side, prompt);
  else shard.command(target, { type: 'StopPlay', side, reason: 'failed' });
}

/** The session that a call and tags mean, so that another shard can speak of it. */
export function findNamed(
  { shard }: ExecutionWorld,
  { call, tags }: Pick<Extract<ShardRequest, { kind: 'find' }>, 'call' | 'tags'>,
): NamedSession | null {
  const found = shard.directory.find(call, tags);
  if (found === null) return null;
  const { session, slot, tag, snapshot } = found.session;
  const { codecs } = snapshot.context.legs[found.direction === 'forward' ? 'caller' : 'callee'];
  return { place: { shard: shard.number, session, slot }, tag, direction: found.direction, codecs };
}
