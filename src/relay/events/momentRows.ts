import { formatAddress, sameAddress, unreachable } from '../../../model/kernel/index.js';
import type { SessionEvent } from '../../../model/session/event.js';
import { formatTarget } from '../../../model/session/notify.js';
import type { Playback } from '../../../model/session/playback.js';
import { REFUSALS } from '../../../model/session/refusal.js';
import { otherSide, SIDES, type Side } from '../../../model/session/side.js';
import type { SessionState } from '../../../model/session/state.js';
import { STREAM_COUNTERS, type StreamCounter } from '../../media/counters.js';
import { readSavedAnalysis, type StreamAnalysis } from '../../media/stages/analyse.js';
import { descriptionWords, dialogueWords, muteWords, sourcesWords } from './dialogueWords.js';
import type { RecordingRecord, SessionSample, SnapshotRecord, StepRecord } from './record.js';
import {
  ascii,
  CLOSE_WORDS,
  codecName,
  cut,
  duration,
  forkVerb,
  PLAYBACK_END_WORDS,
  packetWords,
  place,
  playbackWords,
  playedDtmfWords,
  RECORDING_END_WORDS,
  recordedWords,
  recordingWords,
} from './words.js';

/** One thing that a ladder shows, in words of ASCII. */
export type Row =
  /** Something goes between a side and the relay. `fails`: it does not get there, or is thrown away there. */
  | {
      readonly kind: 'arrow';
      readonly side: Side;
      readonly towards: 'relay' | 'side';
      readonly fails: boolean;
      readonly text: string;
    }
  /** Said of the sides, each in its own half, at the line of the side or at that of the relay. Empty: nothing. */
  | { readonly kind: 'asides'; readonly near: 'relay' | 'side'; readonly caller: string; readonly callee: string }
  /** Said of the session. */
  | { readonly kind: 'note'; readonly text: string }
  /** A command and its reply, and what stands between them. `times`: how often in a row. */
  | {
      readonly kind: 'exchange';
      readonly command: string;
      readonly joint: '->' | '=>';
      readonly reply: string;
      readonly times: number;
    }
  /** It concerns everybody. */
  | { readonly kind: 'bar'; readonly text: string };

const LONGEST_NAME = 40;

const name = (text: string): string => cut(ascii(text), LONGEST_NAME);
const note = (text: string): Row => ({ kind: 'note', text });
const bar = (text: string): Row => ({ kind: 'bar', text });
const aside = (side: Side, near: 'relay' | 'side', text: string): Row => ({
  ...{ kind: 'asides', near, caller: '', callee: '' },
  [side]: text,
});
const arrow = (side: Side, towards: 'relay' | 'side', text: string, fails = false): Row => ({
  ...{ kind: 'arrow', side, towards, fails, text },
});

/** `before`: what the session was. `sample`: what was last counted of it. */
export function rowOf(event: SessionEvent, before: SessionState, sample: SessionSample | null): readonly Row[] {
  switch (event.type) {
    case 'SessionOpened':
      return [note(`session opened, tag ${name(event.tag)}`)];
    case 'LegOpened': {
      const had = before.legs[event.side].local;
      return [aside(event.side, 'relay', `${had === null ? 'port' : 'new port'} ${formatAddress(event.local)}`)];
    }
    case 'RemoteSignalled':
      return [aside(event.side, 'side', signalledWords(event, before))];
    case 'LegHeld':
      return [aside(event.side, 'side', 'on hold')];
    case 'SymmetryChanged':
      return [aside(event.side, 'side', event.asymmetric ? 'asymmetric: not learned from' : 'symmetric')];
    case 'CodecsOffered': {
      const codecs = event.codecs.map(codecName).join(', ');
      return [aside(event.side, 'side', codecs === '' ? 'names no codecs' : `codecs ${codecs}`)];
    }
    case 'RemoteLatched':
      return [arrow(event.side, 'relay', `${from(event)} ${event.learned ? 'learned' : 'as signalled'}`)];
    case 'SourceRefused':
      return [arrow(event.side, 'relay', `${from(event)} refused`, true)];
    case 'RemoteUnreachable':
      return [arrow(event.side, 'side', `${event.component.toUpperCase()}: nobody at ${place(event.address)} (ICMP)`, true)];
    case 'SessionRecovered':
      return [bar(`${event.cause === 'process' ? 'relay' : 'media thread'} died, back after ${event.downMs} ms`)];
    case 'SessionClosed':
      return [note(`session closed: ${CLOSE_WORDS[event.reason]}`), countsRow(event.tally, sample)];
    default:
      return settingRow(event, before);
  }
}

type SettingEvent = Exclude<
  SessionEvent,
  {
    type:
      | ('SessionOpened' | 'LegOpened' | 'RemoteSignalled' | 'LegHeld' | 'SymmetryChanged' | 'CodecsOffered')
      | ('RemoteLatched' | 'SourceRefused' | 'RemoteUnreachable' | 'SessionRecovered' | 'SessionClosed');
  }
>;

function settingRow(event: SettingEvent, before: SessionState): readonly Row[] {
  switch (event.type) {
    case 'NetworkChosen': {
      const { host, advertised } = event.network;
      return [aside(event.side, 'relay', `stands on ${host}${advertised === null ? '' : `, shown as ${advertised}`}`)];
    }
    case 'ResizingChanged':
      return [aside(event.side, 'side', event.resizeMs === null ? 'not resized any more' : `resized to ${event.resizeMs} ms`)];
    case 'TosChanged':
      return [aside(event.side, 'side', `is sent TOS ${event.tos}`)];
    case 'TtlChanged':
      return [aside(event.side, 'side', `may be silent for ${duration(event.ttlMs)}`)];
    case 'NotifyChanged':
      return [note(event.notify === null ? 'nobody is notified' : `${name(formatTarget(event.notify.target))} is notified`)];
    case 'DtmfCatchChanged':
      return [aside(event.side, 'side', `digits are told${event.dtmf.swallow ? ', not relayed' : ''}`)];
    case 'CopyStarted':
      return [aside(event.side, 'relay', `copied to ${place(event.to)}`)];
    case 'CopyStopped':
      return [
        aside(event.side, 'relay', event.local === null ? 'not copied any more' : `no copy from ${place(event.local)} any more`),
      ];
    case 'PlaybackStarted':
      return [arrow(event.side, 'side', playbackWords(event.playback))];
    case 'PlaybackEnded':
      return [aside(event.side, 'side', promptEndWords(event, before.legs[event.side].playback))];
    case 'DtmfPlayed':
      return [arrow(otherSide(event.side), 'side', playedDtmfWords(event.dtmf))];
    case 'RecordingStarted':
      return [note(`recording ${event.recording.id} begins: ${recordedWords(event.recording)}`)];
    case 'RecordingNamed':
      return [note(`recording ${event.recording} is made in ${event.files.map(name).join(', ')}`)];
    case 'RecordingStopped':
      return [
        note(`recording ${event.recording} of the ${event.sides.join(' and the ')} ends: ${RECORDING_END_WORDS[event.reason]}`),
      ];
    case 'ForkStarted':
      return [note(`fork: ${forkVerb(event.source)} session ${name(event.source.tag)} of call ${name(event.source.call)}`)];
    case 'DialogueChanged':
      return [note(dialogueWords(event.dialogue))];
    case 'PartyChanged':
      return [aside(event.side, 'side', 'another party')];
    case 'RemoteForgotten':
      return [aside(event.side, 'side', 'what was learned is forgotten')];
    case 'SourcesChanged':
      return [aside(event.side, 'side', sourcesWords(event.sources))];
    case 'MediaDescribed':
      return [aside(event.side, 'side', descriptionWords(event.description))];
    case 'OfferMade':
      return [aside(event.side, 'side', `offers a change: ${descriptionWords(event.offer.description)}`)];
    case 'OfferClosed':
      return [aside(event.side, 'side', event.taken ? 'change agreed on' : 'change given up')];
    case 'MutesChanged':
      return [aside(event.side, 'side', muteWords(event.mutes))];
    case 'DeletionSet':
      return [note(`deleted, held for ${duration(event.until - event.at)}`)];
    case 'DeletionCancelled':
      return [note(event.reason === 'heard' ? 'kept: both sides go on sending' : 'goes on: described again')];
    case 'ReferenceTaken':
      return [note(`${referenceWords(event.reference)} reference taken`)];
    case 'ReferenceReleased':
      return [note(`${referenceWords(event.reference)} reference released, others remain`)];
    default:
      return unreachable(event);
  }
}

const referenceWords = (reference: string): string => (reference === 'strong' ? 'strong' : `weak (${reference})`);

const from = ({ component, address }: Extract<SessionEvent, { type: 'RemoteLatched' | 'SourceRefused' }>): string =>
  `${component.toUpperCase()} ${formatAddress(address)}`;

function signalledWords({ side, address }: Extract<SessionEvent, { type: 'RemoteSignalled' }>, before: SessionState): string {
  const { lastSignal, rtp } = before.legs[side];
  if (rtp.untrusted && rtp.address !== null && !sameAddress(rtp.address, address))
    return `said to be at ${place(address)}, stays at ${place(rtp.address)}`;
  if (lastSignal === null) return `at ${place(address)}`;
  return sameAddress(lastSignal.address, address)
    ? `still at ${place(address)}`
    : `now at ${place(address)} (was ${place(lastSignal.address)})`;
}

/** `playback`: what ends; null where the log lacks its beginning. */
function promptEndWords({ at, reason }: Extract<SessionEvent, { type: 'PlaybackEnded' }>, playback: Playback | null): string {
  const span = playback === null ? '' : ` after ${duration(at - playback.startedAt)}`;
  return `prompt ends${span}: ${PLAYBACK_END_WORDS[reason]}`;
}

const strayCount = (sample: SessionSample | null, side: Side, counter: StreamCounter): number => {
  const first = SIDES.indexOf(side) * 2;
  const of = (row: number): number => sample?.streams[row]?.counters[STREAM_COUNTERS.indexOf(counter)] ?? 0;
  return of(first) + of(first + 1);
};

function countsRow(tally: Extract<SessionEvent, { type: 'SessionClosed' }>['tally'], sample: SessionSample | null): Row {
  const words = (side: Side): string =>
    packetWords(tally[side], { ignored: strayCount(sample, side, 'ignored'), early: strayCount(sample, side, 'early') });
  return { kind: 'asides', near: 'side', caller: words('caller'), callee: words('callee') };
}

/** What was counted of a session that has not ended. */
export const countsSoFar = (sample: SessionSample): Row => {
  const of = (side: Side) => ({
    received: strayCount(sample, side, 'received'),
    relayed: strayCount(sample, side, 'relayed'),
    dropped: strayCount(sample, side, 'dropped'),
  });
  return countsRow({ caller: of('caller'), callee: of('callee') }, sample);
};

/** A step that was refused. */
export const refusedRow = ({ command, refusal }: StepRecord): Row =>
  note(`${command.type} refused: ${refusal === undefined ? 'no reason' : REFUSALS[refusal]}`);

/** A recording is complete. */
export const recordingRow = (record: RecordingRecord): Row => note(recordingWords(record));

/** A session of which the log does not tell how it began. */
export function snapshotRows({ at, phase, state }: SnapshotRecord): readonly Row[] {
  const of = (side: Side) => state.legs[side];
  const remote = (side: Side): string => {
    const { address, untrusted } = of(side).rtp;
    return address === null ? 'not known' : `at ${place(address)}${untrusted ? ', learned' : ''}`;
  };
  const local = (side: Side): string => (of(side).local === null ? 'no port' : `port ${place(of(side).local)}`);
  return [
    note(`the log begins here: ${phase}, open for ${duration(at - state.openedAt)}, tag ${name(state.tag)}`),
    { kind: 'asides', near: 'side', caller: remote('caller'), callee: remote('callee') },
    { kind: 'asides', near: 'relay', caller: local('caller'), callee: local('callee') },
    ...SIDES.flatMap((side): Row[] => {
      const { playback } = of(side);
      return playback === null ? [] : [arrow(side, 'side', playbackWords(playback))];
    }),
    ...state.recordings.map((recording) => note(`recording ${recording.id} goes on: ${recordedWords(recording)}`)),
  ];
}

/** A row in words that need no picture. */
export function rowWords(row: Row): string {
  switch (row.kind) {
    case 'arrow':
      return `${row.side}: ${row.text}`;
    case 'asides':
      return SIDES.flatMap((side) => (row[side] === '' ? [] : [`${side}: ${row[side]}`])).join('; ');
    case 'exchange':
      return `${row.command} ${row.joint} ${row.reply}${row.times > 1 ? ` (${row.times} times)` : ''}`;
    case 'note':
    case 'bar':
      return row.text;
  }
}

/** What was found out about the RTP of a side; null: there was no packet. */
export function analysisOf(sample: SessionSample | null, side: Side): StreamAnalysis | null {
  const saved = sample?.streams[SIDES.indexOf(side) * 2]?.analysis ?? null;
  if (saved === null) return null;
  const analysis = readSavedAnalysis(saved);
  return analysis.firstAtMs > 0 ? analysis : null;
}

export function firstPacketRow(side: Side, { payloadTypeLast, ssrcLast }: StreamAnalysis): Row {
  if (ssrcLast === null) return arrow(side, 'relay', 'first packet, no RTP');
  return arrow(side, 'relay', `first RTP: ${codecName(payloadTypeLast)}, SSRC ${ssrcLast.toString(16).padStart(8, '0')}`);
}

/** `word`: last, or latest. */
export function lastPacketRows(side: Side, word: string, { nrcvd, nlost, ndups, longestIpiS }: StreamAnalysis): readonly Row[] {
  const last = arrow(side, 'relay', `${word} RTP: packet ${nrcvd}`);
  const more = [`${nlost} lost`, ...(ndups > 0 ? [`${ndups} twice`] : []), `longest gap ${duration(longestIpiS * 1000)}`];
  return nrcvd > 1 ? [last, aside(side, 'side', more.join(', '))] : [last];
}

export const END_ROWS = {
  up: note('still up'),
  lost: note('not heard of any more: the relay began anew without it'),
  unknown: note('what was before is not in the log'),
  foreign: note('what happened here this program cannot read'),
} as const;
