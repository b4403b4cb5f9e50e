import type { MediaDescription } from '../../../../model/session/dialogue.js';
import { otherSide } from '../../../../model/session/side.js';
import type { Session } from '../../session/session.js';
import type { Shard } from '../../session/shard.js';
import { type Participant, tagOf } from './participants.js';

/** A media line of a party that can be copied. */
export type CopiedMedia = Participant & {
  readonly tag: string;
  /** From 1, in the party's own descriptions. */
  readonly line: number;
  /** What it sends: what the other side said it takes. */
  readonly sent: MediaDescription;
};

const COPIED_KINDS: readonly string[] = ['audio', 'video'];

/** Media that is encrypted end to end is of no use without its keys. */
export const isPlainRtp = ({ protocol }: MediaDescription): boolean => /^RTP\/AVPF?$/i.test(protocol);

/** What a side sends, as far as descriptions tell; null: it has not said anything. */
function sentBy({ session, side }: Participant): MediaDescription | null {
  const { legs } = session.snapshot.context;
  const own = legs[side].description;
  const asked = legs[otherSide(side)].description;
  if (own === null || asked === null || asked.formats.length === 0) return own;
  return { ...own, protocol: asked.protocol, formats: asked.formats, ptimeMs: asked.ptimeMs };
}

/**
 * The audio and video of the given sides, each party's together. Where a call has branches, a party has each of its lines once: in the branch
 * that is heard.
 */
export function copiedMedia(sides: readonly Participant[]): readonly CopiedMedia[] {
  const parties = new Map<string, Map<number, CopiedMedia>>();
  for (const one of sides) {
    const { dialogue } = one.session.snapshot.context;
    const [tag, sent] = [tagOf(one), sentBy(one)];
    if (dialogue === null || tag === null || sent === null || !COPIED_KINDS.includes(sent.kind)) continue;
    const lines = parties.get(tag) ?? new Map<number, CopiedMedia>();
    parties.set(tag, lines);
    const known = lines.get(dialogue.media);
    if (known === undefined || rankOf(one) > rankOf(known))
      lines.set(dialogue.media, { ...one, tag, line: dialogue.media, sent });
  }
  return [...parties.values()].flatMap((lines) => [...lines.values()].sort((a, b) => a.line - b.line));
}

/** How well a branch stands for the party: it is heard, it has answered, or neither. */
function rankOf({ session }: Participant): number {
  const { caller, callee } = session.snapshot.context.legs;
  if (caller.description === null || callee.description === null) return 0;
  return caller.mutes.includes('branch') || callee.mutes.includes('branch') ? 1 : 2;
}

/** The media lines of a subscriber, by their number. */
export function subscriptionOf(shard: Shard, call: string, tag: string): ReadonlyMap<number, Session> {
  const found = new Map<number, Session>();
  for (const session of shard.directory.ofCall(call)) {
    const { dialogue } = session.snapshot.context;
    if (dialogue?.subscribes !== undefined && dialogue.tags.callee === tag) found.set(dialogue.media, session);
  }
  return found;
}
