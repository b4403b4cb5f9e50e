import type { Phase } from '../../../../model/session/chart.js';
import type { MediaDescription } from '../../../../model/session/dialogue.js';
import { formatTarget } from '../../../../model/session/notify.js';
import type { Playback } from '../../../../model/session/playback.js';
import type { Recording } from '../../../../model/session/recording.js';
import { SIDES, type Side } from '../../../../model/session/side.js';
import { currentTtlMs, type Deletion, type Remote, type SessionState } from '../../../../model/session/state.js';
import type { Snapshot } from '../../session/apply.js';
import { descriptionWords, dialogueWords, muteWords } from '../dialogueWords.js';
import { ascii, codecName, duration, isoTime, place, playbackWords } from '../words.js';

/** A session at a moment, in words. `cells`: in the order of `SESSION_FACTS`, then of `LEG_FACTS` with the caller before the callee. */
export type StateView = { readonly phase: Phase; readonly cells: readonly string[] };

type Fact<From extends unknown[]> = { readonly name: string; readonly of: (...from: From) => string };

const NONE = '-';
const list = (texts: readonly string[]): string => (texts.length === 0 ? NONE : texts.join(', '));

export const SESSION_FACTS: readonly Fact<[Snapshot]>[] = [
  { name: 'State', of: ({ value, context }) => (context.closed === null ? value : `${value}: ${context.closed}`) },
  { name: 'From tag', of: ({ context }) => ascii(context.tag) },
  { name: 'Opened', of: ({ context }) => `${isoTime(context.openedAt).date} ${isoTime(context.openedAt).time}` },
  { name: 'Dialogue', of: ({ context: { dialogue } }) => (dialogue === null ? NONE : dialogueWords(dialogue)) },
  { name: 'Deleted', of: ({ context: { deletion } }) => (deletion === null ? NONE : deletionWords(deletion)) },
  { name: 'References', of: ({ context }) => list(referencesOf(context)) },
  {
    name: 'Told of a timeout',
    of: ({ context }) => (context.notify === null ? NONE : ascii(formatTarget(context.notify.target))),
  },
  {
    name: 'Hears',
    of: ({ context: { fork } }) => (fork === null ? NONE : `session ${ascii(fork.tag)} of call ${ascii(fork.call)}`),
  },
  { name: 'Taken up after a crash', of: ({ context }) => (context.recoveries === 0 ? NONE : times(context.recoveries)) },
];

export const LEG_FACTS: readonly Fact<[SessionState, Side]>[] = [
  { name: 'Local port', of: ({ legs }, side) => place(legs[side].local) },
  { name: 'Shown as', of: ({ legs }, side) => legs[side].network.advertised ?? NONE },
  { name: 'Signalled address', of: ({ legs }, side) => place(legs[side].lastSignal?.address ?? null) },
  { name: 'RTP address', of: ({ legs }, side) => remoteWords(legs[side].rtp) },
  { name: 'RTCP address', of: ({ legs }, side) => remoteWords(legs[side].rtcp) },
  { name: 'Asymmetric', of: ({ legs }, side) => (legs[side].asymmetric ? 'yes' : 'no') },
  { name: 'Sources', of: ({ legs }, side) => legs[side].sources },
  { name: 'Codecs', of: ({ legs }, side) => list(legs[side].codecs.map(codecName)) },
  { name: 'Describes', of: ({ legs }, side) => describedAs(legs[side].description) },
  { name: 'Offers', of: ({ legs }, side) => describedAs(legs[side].pending?.offer.description ?? null) },
  { name: 'Hold', of: ({ legs }, side) => holdWords(legs[side]) },
  { name: 'Muted', of: ({ legs }, side) => (legs[side].mutes.length === 0 ? 'no' : muteWords(legs[side].mutes)) },
  { name: 'Resized to', of: ({ legs }, side) => (legs[side].resizeMs === null ? NONE : `${legs[side].resizeMs} ms`) },
  { name: 'TOS', of: ({ legs }, side) => `${legs[side].tos ?? NONE}` },
  { name: 'May be silent for', of: (state, side) => duration(currentTtlMs(state, side)) },
  { name: 'Digits', of: ({ legs }, side) => digitWords(legs[side].dtmf) },
  { name: 'Copied to', of: ({ legs }, side) => list(legs[side].copies.map(({ to }) => place(to))) },
  { name: 'Prompt', of: ({ legs }, side) => heardPrompt(legs[side].playback) },
  { name: 'Recorded', of: ({ recordings }, side) => list(recordings.flatMap((each) => recordedAs(each, side))) },
  { name: 'Refused sources', of: ({ legs }, side) => list(legs[side].refused.map(place)) },
  { name: 'Nobody receives at', of: ({ legs }, side) => list(unreachableOf(legs[side].unreachable)) },
];

export const viewOf = (snapshot: Snapshot): StateView => ({
  phase: snapshot.value,
  cells: [
    ...SESSION_FACTS.map(({ of }) => of(snapshot)),
    ...LEG_FACTS.flatMap(({ of }) => SIDES.map((side) => of(snapshot.context, side))),
  ],
});

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);

const referencesOf = ({ references }: SessionState): string[] =>
  (['strong', 'caller', 'callee'] as const)
    .filter((name) => references[name])
    .map((name) => (name === 'strong' ? name : `weak ${name}`));

function remoteWords({ address, latched, untrusted }: Remote): string {
  if (address === null) return NONE;
  return `${place(address)} (${untrusted ? 'learned' : latched ? 'latched' : 'signalled'})`;
}

const holdWords = ({ held, holds }: SessionState['legs'][Side]): string =>
  held ? 'on hold' : holds > 0 ? `no (was ${times(holds)})` : 'no';

const deletionWords = ({ until, unlessHeard }: Deletion): string =>
  `held until ${isoTime(until).time}${unlessHeard ? ', kept if both sides go on sending' : ''}`;

const describedAs = (description: MediaDescription | null): string =>
  description === null ? NONE : descriptionWords(description);

const digitWords = (dtmf: SessionState['legs'][Side]['dtmf']): string =>
  dtmf === null ? NONE : `told (payload type ${dtmf.payloadType})${dtmf.swallow ? ', not relayed' : ''}`;

const heardPrompt = (playback: Playback | null): string => (playback === null ? NONE : playbackWords(playback));

const recordedAs = ({ sides, form, files }: Recording, side: Side): string[] =>
  sides.includes(side) ? [files.length > 0 ? list(files.map(ascii)) : form] : [];

const unreachableOf = ({ rtp, rtcp }: SessionState['legs'][Side]['unreachable']): string[] =>
  [rtp, rtcp].flatMap((address) => (address === null ? [] : [place(address)]));
