import type { SessionCommand } from '../../../model/session/command.js';
import { isSubscribed } from '../../../model/session/dialogue.js';
import { isSubscription } from '../../../model/session/state.js';
import type { Directory } from './directory.js';
import type { Forks } from './forks.js';
import type { Session } from './session.js';

export type SubscriptionsWorld = {
  readonly shard: number;
  readonly directory: Directory<Session>;
  readonly forks: Forks;
  readonly command: (session: Session, command: SessionCommand) => unknown;
  /** From 0 up to 1, as `Math.random`. */
  readonly random: () => number;
};

const TAG_DIGITS = 16;

/** Whether a session is the one whose media a subscription gets. Of sessions of one call. */
const isSourceOf = (source: Session, subscription: Session): boolean => {
  const dialogue = source.snapshot.context.dialogue;
  const to = subscription.snapshot.context.dialogue?.subscribes;
  return dialogue !== null && to !== undefined && isSubscribed(dialogue, to);
};

/** The session of the same call whose media a subscription gets; null: there is none any more, or it is no subscription. */
export const sourceOf = (sessions: readonly Session[], subscription: Session): Session | null =>
  sessions.find((session) => isSourceOf(session, subscription)) ?? null;

/**
 * The sessions of a shard that are copies of others of their own call: they hear them as forks do, and end with them. They live with their
 * call, so there is no other thread to ask.
 */
export class Subscriptions {
  readonly #world: SubscriptionsWorld;

  constructor(world: SubscriptionsWorld) {
    this.#world = world;
  }

  /** A tag for a subscriber. `isTaken`: somebody in the call has it. */
  newTag(isTaken: (tag: string) => boolean): string {
    let tag = '';
    while (tag.length < TAG_DIGITS || isTaken(tag)) tag += Math.floor(this.#world.random() * 16).toString(16);
    return tag;
  }

  /** Lets a subscription hear what its state says. */
  follow(subscription: Session): void {
    const { shard, directory, forks } = this.#world;
    const { fork } = subscription.snapshot.context;
    const source = sourceOf(directory.ofCall(subscription.call), subscription);
    if (source === null || fork === null || (fork.hears.caller === null && fork.hears.callee === null)) forks.end(subscription);
    else forks.start(subscription, fork, { shard, session: source.session, slot: source.slot });
  }

  /** A session was taken up again. Answers whether it is a subscription: then it hears its source again, or ends where that is lost. */
  resume(session: Session): boolean {
    if (!isSubscription(session.snapshot.context)) return false;
    if (sourceOf(this.#world.directory.ofCall(session.call), session) === null)
      this.#world.command(session, { type: 'Close', reason: 'deleted' });
    else this.follow(session);
    return true;
  }

  /** A session has ended, and is not among those of its call any more: so have its copies. */
  endWith(source: Session): void {
    if (source.snapshot.context.dialogue === null) return;
    for (const session of [...this.#world.directory.ofCall(source.call)])
      if (isSourceOf(source, session)) this.#world.command(session, { type: 'Close', reason: 'deleted' });
  }
}
