import type { Dialogue } from '../../../../model/session/dialogue.js';
import { sameDialogue } from '../../../../model/session/dialogue.js';
import { otherSide, SIDES, type Side } from '../../../../model/session/side.js';
import type { Session } from '../../session/session.js';
import type { Shard } from '../../session/shard.js';

/** The media streams of one dialogue: never empty, one a media line at most. */
export type DialogueStreams = { readonly dialogue: Dialogue; readonly streams: ReadonlyMap<number, Session> };

/** What a request names: who speaks (offers, or is asked about) and to whom. */
export type Named = { readonly from: string | null; readonly to: string | null; readonly branch: string | null };

/** A dialogue, and which side of it the From tag names. */
export type FoundDialogue = DialogueStreams & { readonly side: Side };

/** All dialogues of a call, the oldest first. */
export function dialoguesOf(shard: Shard, call: string): DialogueStreams[] {
  const found: { dialogue: Dialogue; streams: Map<number, Session> }[] = [];
  for (const session of shard.directory.ofCall(call)) {
    const { dialogue } = session.snapshot.context;
    if (dialogue === null || dialogue.subscribes !== undefined) continue;
    const known = found.find((each) => sameDialogue(each.dialogue, dialogue));
    if (known === undefined) found.push({ dialogue, streams: new Map([[dialogue.media, session]]) });
    else {
      known.streams.set(dialogue.media, session);
      // The first media line knows the tags: others may have been added later.
      if (dialogue.tags.callee !== null && known.dialogue.tags.callee === null) known.dialogue = dialogue;
    }
  }
  return found;
}

/** How well a dialogue fits; 0: not at all. The side is that of the From tag. */
type Fit = { readonly side: Side; readonly rank: number };
const NO_FIT: Fit = { side: 'caller', rank: 0 };

const EXACT = 4;
const OF_BRANCH = 3;
const UNANSWERED = 2;
const ANYONE = 1;

/**
 * The dialogue that an offer is made in: the one of these two tags, whatever the branch is called now (a branch is named by its transaction,
 * and a re-INVITE is another one); else the one of that branch that the same party began. Null: a new one begins.
 */
export function dialogueOfOffer(dialogues: readonly DialogueStreams[], named: Named): FoundDialogue | null {
  return best(dialogues, ({ dialogue }) => {
    const { tags, branch } = dialogue;
    for (const side of SIDES) {
      if (tags[side] !== named.from) continue;
      if (named.to !== null && tags[otherSide(side)] === named.to) return { side, rank: EXACT };
    }
    if (tags.caller !== named.from || branch !== named.branch) return NO_FIT;
    if (named.to === null) return { side: 'caller', rank: OF_BRANCH };
    return tags.callee === null ? { side: 'caller', rank: UNANSWERED } : NO_FIT;
  });
}

/** The dialogue that an answer closes: `from` is who offered. Null: there was no such offer. The side is that of who offered. */
export function dialogueOfAnswer(dialogues: readonly DialogueStreams[], named: Named): FoundDialogue | null {
  return best(dialogues, ({ dialogue }) => {
    const { tags, branch } = dialogue;
    if (tags.callee === named.from && tags.caller === named.to) return { side: 'callee', rank: EXACT };
    if (tags.caller !== named.from) return NO_FIT;
    const isBranch = branch === named.branch;
    if (tags.callee === named.to) return { side: 'caller', rank: isBranch ? EXACT + 1 : EXACT };
    if (isBranch && branch !== null) return { side: 'caller', rank: OF_BRANCH };
    if (tags.callee === null) return { side: 'caller', rank: UNANSWERED };
    // Another party answers the same offer: it takes the place of the one before.
    return isBranch ? { side: 'caller', rank: ANYONE } : NO_FIT;
  });
}

function best(dialogues: readonly DialogueStreams[], fitOf: (each: DialogueStreams) => Fit): FoundDialogue | null {
  let found: FoundDialogue | null = null;
  let rank = 0;
  for (const each of dialogues) {
    const fit = fitOf(each);
    if (fit.rank <= rank) continue;
    rank = fit.rank;
    found = { dialogue: each.dialogue, streams: each.streams, side: fit.side };
  }
  return found;
}

/**
 * The dialogues that a request means to end. A branch that is known is meant alone, from whichever end and also where its tags are not named. One
 * that is not known (a BYE is a transaction of its own) says nothing where the tags do; without them it is a branch that has ended already, and
 * no other one ends for it. A To tag that nobody has is that of a party that failed: the dialogue it means has not been answered, and where there
 * are several such nobody can say which. Without tags and branch: all.
 */
export function dialoguesToEnd(dialogues: readonly DialogueStreams[], { from, to, branch }: Named): readonly DialogueStreams[] {
  const isOf = ({ dialogue: { tags } }: DialogueStreams): boolean =>
    from === null || SIDES.some((side) => tags[side] === from || (tags[side] !== null && tags[side] === to));
  const known = branch === null ? [] : dialogues.filter((each) => each.dialogue.branch === branch && isOf(each));
  if (known.length > 0) return known;
  const isNamed = ({ dialogue }: DialogueStreams): boolean => branch === null || dialogue.branch === null;
  if (to === null) return dialogues.filter((each) => isOf(each) && isNamed(each));
  const exact = dialogues.filter(({ dialogue: { tags } }) =>
    SIDES.some((side) => tags[side] === to && (from === null || tags[otherSide(side)] === from)),
  );
  if (exact.length > 0) return exact;
  const unanswered = dialogues.filter((each) => each.dialogue.tags.callee === null && isOf(each) && isNamed(each));
  return unanswered.length === 1 ? unanswered : [];
}

/**
 * The only dialogue of a party, where a branch is named that nobody knows, and no To tag. The branch may be the transaction of a BYE (Kamailio names
 * that with `via-branch=auto`, and leaves the To tag out), or one that ended before: only time can tell. Null: it has none, or several.
 */
export function dialogueInDoubt(dialogues: readonly DialogueStreams[], { from, to, branch }: Named): DialogueStreams | null {
  if (from === null || to !== null || branch === null) return null;
  const ofParty = dialogues.filter(({ dialogue: { tags } }) => SIDES.some((side) => tags[side] === from));
  return ofParty.length === 1 ? (ofParty[0] ?? null) : null;
}
