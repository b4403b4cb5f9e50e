import type { Dialogue, MediaDescription, SourceRule, Subscribed } from '../../../model/session/dialogue.js';
import { SIDES } from '../../../model/session/side.js';
import type { Mute } from '../../../model/session/state.js';
import { ascii } from './words.js';

/** `dialogue of alice and bob, branch 1, media line 2, told to sbc-1`; `subscription of carol, media line 1, to media line 1 of ...`. */
export function dialogueWords({ tags, branch, media, labels, owner, subscribes }: Dialogue): string {
  if (subscribes !== undefined)
    return `subscription of ${ascii(tags.callee ?? 'nobody')}, media line ${media}, to what the ${subscribes.side} sends as media line ${subscribes.media} of the ${branchWords(subscribes)}`;
  const who = SIDES.map((side) => {
    const label = labels[side];
    return `${ascii(tags[side] ?? 'nobody yet')}${label === null ? '' : ` (${ascii(label)})`}`;
  });
  const told = owner === null ? '' : `, told to ${ascii(owner.controller)}`;
  return `dialogue of ${who.join(' and ')}${branch === null ? '' : `, branch ${ascii(branch)}`}, media line ${media}${told}`;
}

const branchWords = ({ caller, branch }: Subscribed): string =>
  `dialogue of ${ascii(caller ?? 'nobody yet')}${branch === null ? '' : `, branch ${ascii(branch)}`}`;

/** `audio by RTP/AVP, sendrecv, PCMU/8000 PCMA/8000`. */
export function descriptionWords({ kind, protocol, direction, formats, rtcpMux }: MediaDescription): string {
  const codecs = formats.map(({ payloadType, name }) => (name === '' ? String(payloadType) : ascii(name)));
  const list = codecs.length === 0 ? '' : `, ${codecs.join(' ')}`;
  return `${ascii(kind)} by ${ascii(protocol)}, ${direction}${rtcpMux ? ', RTCP on the same port' : ''}${list}`;
}

const MUTE_WORDS: Readonly<Record<Mute, string>> = {
  blocked: 'media is blocked',
  silenced: 'media is made silence',
  dtmf: 'digits are blocked',
  branch: 'nothing is heard, another branch is',
};

export const muteWords = (mutes: readonly Mute[]): string =>
  mutes.length === 0 ? 'everything is relayed' : mutes.map((mute) => MUTE_WORDS[mute]).join(', ');

/** Whose packets are believed. */
export function sourcesWords(rule: SourceRule): string {
  if (rule === 'strict') return 'packets of no other source are taken once one is confirmed';
  return rule === 'handover'
    ? 'packets of any source are taken, and answered there'
    : 'other sources are taken if they go on with the stream';
}
