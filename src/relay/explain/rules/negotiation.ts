import { formatAddress } from '../../../../model/kernel/index.js';
import { otherSide, SIDES, type Side } from '../../../../model/session/side.js';
import type { Mute } from '../../../../model/session/state.js';
import { descriptionWords } from '../../events/dialogueWords.js';
import type { Evidence, HeldDeletion, MadeOffer, Muting } from '../evidence.js';
import type { Finding, Rule } from '../finding.js';
import { countText, spanText } from '../words.js';

/** So long the sides of an INVITE within a dialogue may take (RFC 3261, timer B); an answer that takes longer is none. */
const ANSWER_MS = 32_000;

const offerText = ({ offer: { address, description } }: MadeOffer): string =>
  `${address === null ? '' : `${formatAddress(address)}, `}${descriptionWords(description)}`;

/** A change of the running call that nobody agreed to: all goes on as it was, which is what the other side does not expect. */
export const offerUnanswered: Rule = ({ sides, endAt, clock }) =>
  SIDES.flatMap((side): Finding[] => {
    const made = sides[side].offers.at(-1);
    if (made === undefined || made.until !== null) return [];
    const ms = endAt - made.at;
    const text = `At ${clock(made.at)} the ${side} offered a change of the running call, and it was neither answered nor taken back (${spanText(ms)}): all goes on as it was agreed before.`;
    const finding = { id: 'offer-unanswered', side, sentence: text, evidence: [`offered: ${offerText(made)}`] } as const;
    if (ms < ANSWER_MS) return [{ ...finding, weight: 0, advice: null }];
    const advice =
      'See that the reply to the re-INVITE goes through the relay: answer for a 2xx with SDP, rollback or delete for a refusal.';
    return [{ ...finding, weight: 46, advice }];
  });

export const offerGivenUp: Rule = ({ sides, clock }) =>
  SIDES.flatMap((side): Finding[] => {
    const given = sides[side].offers.filter(({ taken }) => taken === false);
    const last = given.at(-1);
    if (last === undefined) return [];
    const times = given.length > 1 ? ` It was the last of ${given.length}.` : '';
    const text = `A change that the ${side} offered at ${clock(last.at)} was given up at ${clock(last.until ?? last.at)}, and the media went on as it was agreed before.${times}`;
    return [{ id: 'offer-given-up', side, weight: 0, sentence: text, evidence: [`offered: ${offerText(last)}`], advice: null }];
  });

/** Of several who answered one is in the place of the others. */
export const anotherParty: Rule = ({ parties, clock }) =>
  SIDES.flatMap((side): Finding[] => {
    const last = parties.findLast((each) => each.side === side);
    if (last === undefined) return [];
    const text = `At ${clock(last.at)} another party took the place of the ${side}: packets from where the one before was are refused since then.`;
    return [{ id: 'another-party', side, weight: 0, sentence: text, evidence: [], advice: null }];
  });

/** What of a side is not relayed at the end of what is known. */
const lasting = ({ sides }: Evidence, side: Side, ...mutes: readonly Mute[]): Muting | undefined =>
  sides[side].mutings.find(({ mute, until }) => until === null && mutes.includes(mute));

/** The call forks, and another branch was answered. */
export const branchMuted: Rule = (evidence) =>
  SIDES.flatMap((side): Finding[] => {
    const muted = lasting(evidence, side, 'branch');
    if (muted === undefined) return [];
    const { dialogue } = evidence.state;
    const branch = dialogue?.branch == null ? 'This branch' : `Branch ${dialogue.branch}`;
    const text = `${branch} is not heard since ${evidence.clock(muted.from)}, for another branch of the call was answered: what its ${side} still sends is not sent on.`;
    const advice =
      'If this is the branch that is to be heard, its answer (200 with SDP) has not gone through the relay after the other one.';
    return [{ id: 'branch-muted', side, weight: 82, sentence: text, evidence: unheard(evidence, side), advice }];
  });

const unheard = ({ sides }: Evidence, side: Side): string[] => {
  const { received, relayed } = sides[side].rtp;
  return [`${countText(received)} of the ${side} came, ${relayed} were sent on`];
};

/** Media that the proxy has asked not to be relayed. */
export const mediaBlocked: Rule = (evidence) =>
  SIDES.flatMap((side): Finding[] => {
    const muted = lasting(evidence, side, 'blocked', 'silenced');
    if (muted === undefined) return [];
    const isBlocked = muted.mute === 'blocked';
    const how = isBlocked ? 'is blocked' : 'is replaced by silence';
    const text = `What the ${side} sends ${how} since ${evidence.clock(muted.from)}, so the ${otherSide(side)} does not hear it: the proxy asked for that (${isBlocked ? 'block' : 'silence'} media).`;
    const advice = `If the ${side} is to be heard again: ${isBlocked ? 'unblock' : 'unsilence'} media.`;
    return [{ id: 'media-blocked', side, weight: 91, sentence: text, evidence: unheard(evidence, side), advice }];
  });

export const dtmfBlocked: Rule = (evidence) =>
  SIDES.flatMap((side): Finding[] => {
    const muted = lasting(evidence, side, 'dtmf');
    if (muted === undefined) return [];
    const text = `Digits of the ${side} (RFC 4733) are not sent on since ${evidence.clock(muted.from)}: the proxy asked for that (block DTMF).`;
    return [{ id: 'dtmf-blocked', side, weight: 0, sentence: text, evidence: [], advice: null }];
  });

/** Deleted, and not at once: media went on after it, or goes on still. */
export const deletionHeld: Rule = ({ deletions, clock }) => {
  const last = deletions.at(-1);
  return last === undefined ? [] : [deletionFinding(last, clock)];
};

function deletionFinding({ at, until, unlessHeard, end, endAt }: HeldDeletion, clock: Evidence['clock']): Finding {
  const finding = { side: null, weight: 0, evidence: [], advice: null } as const;
  const when = clock(at);
  if (end === 'heard') {
    const text = `The proxy deleted the call at ${when}; both sides went on sending, so it was kept: most likely a change of it had failed, and not the call ended.`;
    return { ...finding, id: 'kept', sentence: text };
  }
  if (end === 'signalled') {
    const text = `The proxy deleted the call at ${when}, and described it again at ${clock(endAt ?? at)}: it went on.`;
    return { ...finding, id: 'kept', sentence: text };
  }
  const why = unlessHeard ? 'to see whether both sides go on sending' : 'as was asked';
  const held = `The proxy deleted the call at ${when}; it ${end === null ? 'is' : 'was'} held until ${clock(endAt ?? until)}, ${why}.`;
  return { ...finding, id: 'deletion-held', sentence: held };
}

const MOST_WORDS = 8;

/** Wishes that the relay knows, and does not do: nobody need look for what became of them. */
export const notDone: Rule = ({ undone, openedAt, endAt }) => {
  const meant = undone.filter(({ at }) => at >= openedAt && at <= endAt);
  const words = [...new Set(meant.flatMap((each) => each.words))];
  if (words.length === 0) return [];
  const commands = [...new Set(meant.map(({ command }) => command))].join(', ');
  const more = words.length > MOST_WORDS ? ` and ${words.length - MOST_WORDS} more` : '';
  const text = `The proxy asked for what the relay does not do, and what changed nothing: ${words.slice(0, MOST_WORDS).join(', ')}${more} (${commands}).`;
  return [{ id: 'not-done', side: null, weight: 0, sentence: text, evidence: [], advice: null }];
};
