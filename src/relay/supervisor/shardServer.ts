import type { ExecutionWorld, NamedSession } from '../control/execution.js';
import { execute } from '../control/rtpproxy.js';
import type { ShardNotice, ShardRequest } from './messages.js';

/** Answers what the supervisor asks of a shard. */
export class ShardServer {
  readonly #world: ExecutionWorld;
  readonly #notify: (notice: ShardNotice) => void;
  #replies: [number, string][] = [];

  constructor(world: ExecutionWorld, notify: (notice: ShardNotice) => void) {
    this.#world = world;
    this.#notify = notify;
  }

  /** Carries a request out; its reply goes with the next `sendReplies`. Answers false when the thread is to end. */
  take(request: Exclude<ShardRequest, { kind: 'untap' }>): boolean {
    const { shard } = this.#world;
    switch (request.kind) {
      case 'command': {
        const { command, origin, sources } = request.assignment;
        this.#replies.push([request.id, execute(command, { ...this.#world, origin, sources })]);
        return true;
      }
      case 'find':
        this.#notify({ kind: 'found', id: request.id, session: findNamed(this.#world, request) });
        return true;
      case 'deleteAll':
        shard.closeAll('purged');
        this.#replies.push([request.id, '']);
        return true;
      case 'drain':
        shard.isDraining = true;
        return true;
      case 'stop':
        shard.closeAll('shutdown');
        return false;
    }
  }

  /** The answers to a batch of requests go in one message. */
  sendReplies(): void {
    if (this.#replies.length > 0) this.#notify({ kind: 'replies', replies: this.#replies });
    this.#replies = [];
  }
}

/** The session that a call and tags mean, so that another shard can speak of it. */
export function findNamed(
  { shard }: ExecutionWorld,
  { call, tags }: Pick<Extract<ShardRequest, { kind: 'find' }>, 'call' | 'tags'>,
): NamedSession | null {
  const found = shard.directory.find(call, tags);
  if (found === null) return null;
  const { session, slot, tag } = found.session;
  return { place: { shard: shard.number, session, slot }, tag, direction: found.direction };
}
