import type { Dialogue } from '../../../../model/session/dialogue.js';
import { sameDialogue } from '../../../../model/session/dialogue.js';
import type { Shard } from '../../session/shard.js';
import { type DialogueStreams, dialoguesOf } from './dialogues.js';

/** The dialogues that the same party began with the same call: its branches. */
const branchesOf = (dialogues: readonly DialogueStreams[], { tags }: Dialogue): readonly DialogueStreams[] =>
  dialogues.filter(({ dialogue }) => dialogue.tags.caller === tags.caller);

/** Whether the caller hears what who is called says in a branch. */
function hear({ streams }: DialogueStreams, isHeard: boolean, shard: Shard): void {
  for (const session of streams.values()) {
    const { closed, legs } = session.snapshot.context;
    if (closed !== null || legs.callee.mutes.includes('branch') === !isHeard) continue;
    shard.command(session, { type: 'SetMute', side: 'callee', mute: 'branch', on: !isHeard });
  }
}

/**
 * A branch has answered: the caller hears it, and none of the others, whose packets may still be on their way; also where it is the only one that
 * is left, since another may have been heard before. `dialogues`: of the call.
 */
export function heedAnsweredBranch(answered: Dialogue, dialogues: readonly DialogueStreams[], shard: Shard): void {
  for (const each of dialogues)
    if (each.dialogue.tags.caller === answered.tags.caller) hear(each, sameDialogue(each.dialogue, answered), shard);
}

/** A branch has ended, or will: where it was the one that was heard, the one that answered last before it is heard again. */
export function heedEndedBranch(ended: Dialogue, shard: Shard, call: string): void {
  let last: DialogueStreams | null = null;
  let lastAt = 0;
  for (const each of branchesOf(dialoguesOf(shard, call), ended)) {
    for (const { snapshot } of each.streams.values()) {
      const { legs, deletion } = snapshot.context;
      if (deletion !== null || legs.callee.lastSignal === null) continue;
      if (!legs.callee.mutes.includes('branch')) return;
      if (legs.callee.lastSignal.at < lastAt) continue;
      last = each;
      lastAt = legs.callee.lastSignal.at;
    }
  }
  if (last !== null) hear(last, true, shard);
}
