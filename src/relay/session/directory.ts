import type { Tags } from '../../protocol/rtpproxy/command.js';

/** Anything that is found by Call-ID and tags. */
export type Tagged = { readonly call: string; readonly tag: string };

/**
 * Whose tag the caller's is, when a session is found: `forward` where the command's From tag is the one that made the session (the
 * caller speaks), `reverse` where it is the To tag (the callee does).
 */
export type Direction = 'forward' | 'reverse';
export type Found<S> = { readonly session: S; readonly direction: Direction };

const NO_MATCH = 0;
const EXACT = 1;
/** Equal up to a media number: the stored `tag;2` answers to `tag`. Never the other way round. */
const ANY_MEDIA = 2;

function matchTag(stored: string, given: string): typeof NO_MATCH | typeof EXACT | typeof ANY_MEDIA {
  if (stored === given) return EXACT;
  return stored.startsWith(given) && stored.charAt(given.length) === ';' ? ANY_MEDIA : NO_MATCH;
}

/** What stands behind the last semicolon, itself included; empty if there is none. */
function mediaSuffix(tag: string): string {
  const at = tag.lastIndexOf(';');
  return at < 0 ? '' : tag.slice(at);
}

/**
 * The sessions of a shard by Call-ID and tag. The To tag is never stored: a session is (Call-ID, From tag of the first offer), and several
 * may share a Call-ID, one a media stream.
 */
export class Directory<S extends Tagged> {
  readonly #byCall = new Map<string, { sessions: readonly S[] }>();

  add(session: S): void {
    const call = this.#byCall.get(session.call);
    if (call) call.sessions = [...call.sessions, session];
    else this.#byCall.set(session.call, { sessions: [session] });
  }

  remove(session: S): void {
    const call = this.#byCall.get(session.call);
    if (call === undefined) return;
    // Let go of also where the call is forgotten: a map keeps what was deleted from it in the tables that it has outgrown, and where one of
    // those has grown old, V8 takes all that it leads to for alive and carries it to the old generation.
    call.sessions = call.sessions.filter((other) => other !== session);
    if (call.sessions.length === 0) this.#byCall.delete(session.call);
  }

  /** The one session that U, L and Q mean, the oldest that matches. */
  find(call: string, tags: Tags): Found<S> | null {
    for (const session of this.#byCall.get(call)?.sessions ?? []) {
      if (session.tag === tags.from) return { session, direction: 'forward' };
      if (tags.to === null) continue;
      const match = matchTag(session.tag, tags.to);
      const isSameMedia =
        match === ANY_MEDIA && mediaSuffix(tags.from) !== '' && mediaSuffix(tags.from) === mediaSuffix(session.tag);
      if (match === EXACT || isSameMedia) return { session, direction: 'reverse' };
    }
    return null;
  }

  /** All the sessions that D means: every media number where the tag has none, and otherwise the one, after which the search ends. */
  findEach(call: string, tags: Tags): Found<S>[] {
    const found: Found<S>[] = [];
    for (const session of this.#byCall.get(call)?.sessions ?? []) {
      const forward = matchTag(session.tag, tags.from);
      const match = forward !== NO_MATCH ? forward : matchTag(session.tag, tags.to ?? '');
      if (match === NO_MATCH) continue;
      found.push({ session, direction: forward !== NO_MATCH ? 'forward' : 'reverse' });
      if (match === EXACT) break;
    }
    return found;
  }

  /** The sessions of a Call-ID, the oldest first. */
  ofCall(call: string): readonly S[] {
    return this.#byCall.get(call)?.sessions ?? [];
  }

  /** So many Call-IDs at most. */
  callIds(limit: number): string[] {
    const calls: string[] = [];
    for (const call of this.#byCall.keys()) {
      if (calls.length >= limit) break;
      calls.push(call);
    }
    return calls;
  }

  /** How many Call-IDs there are. */
  get calls(): number {
    return this.#byCall.size;
  }

  *all(): Generator<S> {
    for (const { sessions } of this.#byCall.values()) yield* sessions;
  }
}
