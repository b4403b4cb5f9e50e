import { formatAddress, unreachable } from '../../../model/kernel/index.js';
import type { DialogueEvent, SessionEvent, Tally } from '../../../model/session/event.js';
import { formatTarget } from '../../../model/session/notify.js';
import { REFUSALS } from '../../../model/session/refusal.js';
import { otherSide, SIDES } from '../../../model/session/side.js';
import type { Leg } from '../../../model/session/state.js';
import { STREAM_COUNTERS, type StreamCounter } from '../../media/counters.js';
import { descriptionWords, dialogueWords, muteWords, sourcesWords } from './dialogueWords.js';
import type { FoldedSession } from './fold.js';
import { readNgExchange } from './ngWords.js';
import type { ExchangeRecord, LogRecord, SessionSample, SnapshotRecord, StepRecord } from './record.js';
import { compareDescriptions, formatDifference } from './sdpDifference.js';
import {
  forkVerb,
  PLAYBACK_END_WORDS,
  playbackWords,
  playedDtmfWords,
  RECORDING_END_WORDS,
  recordedWords,
  recordingWords,
} from './words.js';

/** What a line needs to know besides the record. */
export type Telling = {
  /** The shard as it is shown; its number unless given. */
  readonly shard?: string;
  /** The session of the record as it was before; null: not known. */
  readonly before?: FoldedSession | null;
  /** Session descriptions are told as well, line by line: how they came, and what became of them. */
  readonly descriptions?: boolean;
};

type FormatTime = (at: number) => string;

/**
 * A record as lines of a timeline: time, shard and session, Call-ID, what happened; `-` stands for what it does not have. What was counted is
 * told where the session ends, and a session that a segment begins with only if nothing is known of it: samples and most snapshots make no
 * line. `formatTime`: how a time is shown.
 */
export function describeRecord(record: LogRecord, formatTime: FormatTime, telling: Telling = {}): string[] {
  const lines = wordsOf(record, telling.before ?? null);
  if (lines.length === 0) return [];
  const head = describeHead(record, formatTime, telling.shard);
  const told = lines.map((line) => head + printableText(line));
  return telling.descriptions === true && record.kind === 'exchange' ? [...told, ...describeDescriptions(record)] : told;
}

function describeDescriptions(record: ExchangeRecord): readonly string[] {
  const exchange = readNgExchange(record);
  if (exchange === null || (exchange.before ?? exchange.after) === null) return [];
  return formatDifference(compareDescriptions(exchange.before, exchange.after)).map((line) => `    ${line}`);
}

/** What every line of a record begins with. */
export function describeHead(record: LogRecord, formatTime: FormatTime, shard = String(record.shard)): string {
  const session = 'session' in record ? record.session : '-';
  const call = 'call' in record ? printable(record.call) : '-';
  return `${formatTime(record.at)}  ${shard}/${session}  ${call}  `;
}

function wordsOf(record: LogRecord, before: FoldedSession | null): string[] {
  switch (record.kind) {
    case 'step':
      return describeStep(record, before);
    case 'exchange':
      return [describeExchange(record)];
    case 'snapshot':
      return before === null ? [describeSnapshot(record)] : [];
    case 'base':
      return [`segment begins with ${record.sessions} ${record.sessions === 1 ? 'session' : 'sessions'}`];
    case 'recording':
      return [recordingWords(record)];
    case 'end':
      return ['the shard ends as it was told to'];
    case 'sample':
    case 'vitals':
      return [];
  }
}

function describeStep({ command, events, refusal }: StepRecord, before: FoldedSession | null): string[] {
  if (refusal !== undefined) return [`${command.type} refused: ${REFUSALS[refusal]}`];
  const lines = events.map(describeEvent);
  const sample = before?.sample ?? null;
  const counted = sample !== null && events.at(-1)?.type === 'SessionClosed' ? describeSample(sample) : null;
  if (counted !== null) lines.splice(-1, 0, counted);
  return lines;
}

function describeExchange(record: ExchangeRecord): string {
  const { from, command, reply } = record;
  const [socket = '-', client = '-'] = from.split(' ');
  const who = client === '-' ? 'a client' : printable(client);
  const where = socket === '-' ? '' : ` by ${printable(socket)}`;
  const exchange = readNgExchange(record);
  if (exchange !== null) return `${who} asks${where}: ${exchange.asked} => ${exchange.answered}`;
  return `${who} asks${where}: ${printableText(command)} => ${printableText(reply.replace(/\n$/, ''))}`;
}

function describeSnapshot({ phase, state }: SnapshotRecord): string {
  const legs = SIDES.map((side) => `${side} ${describeLeg(state.legs[side])}`);
  return `session of tag ${printable(state.tag)} is known from here on: ${phase}; ${legs.join('; ')}`;
}

function describeLeg({ local, rtp, held }: Leg): string {
  const on = local === null ? 'without a leg' : `on ${formatAddress(local)}`;
  const remote = rtp.address === null ? '' : `, receives at ${formatAddress(rtp.address)}${rtp.untrusted ? ' (learned)' : ''}`;
  return `${on}${remote}${held ? ', on hold' : ''}`;
}

/** What is told of a stream where it is not zero. */
const COUNTED: readonly (readonly [StreamCounter, string])[] = [
  ['received', 'received'],
  ['relayed', 'relayed'],
  ['dropped', 'dropped'],
  ['ignored', 'from elsewhere refused'],
  ['early', 'before both legs were open'],
  ['unreachable', 'times unreachable'],
];

/** Null if nothing came. */
function describeSample({ streams }: SessionSample): string | null {
  const sides = SIDES.flatMap((side, leg) => {
    const parts = ['RTP', 'RTCP'].flatMap((component, i) => {
      const counters = streams[leg * 2 + i]?.counters ?? [];
      const counts = COUNTED.map(([name, words]) => [counters[STREAM_COUNTERS.indexOf(name)] ?? 0, words] as const);
      const told = counts.filter(([count]) => count > 0).map(([count, words]) => `${count} ${words}`);
      return told.length > 0 ? [`${component} ${told.join(', ')}`] : [];
    });
    return parts.length > 0 ? [`${side} ${parts.join('; ')}`] : [];
  });
  return sides.length > 0 ? `counted: ${sides.join('; ')}` : null;
}

/** One event in words, without its time. */
export function describeEvent(event: SessionEvent): string {
  switch (event.type) {
    case 'SessionOpened':
      return `session opened for tag ${printable(event.tag)}; ends after ${seconds(event.setupTtlMs)} of silence, ${seconds(event.ttlMs)} once both legs are open`;
    case 'LegOpened':
      return `leg of the ${event.side} opened on ${formatAddress(event.local)}`;
    case 'RemoteSignalled':
      return `${event.side} is said to receive at ${formatAddress(event.address)}`;
    case 'LegHeld':
      return `${event.side} is put on hold`;
    case 'SymmetryChanged':
      return `${event.side} ${event.asymmetric ? 'does not send from where it receives: no address is learned' : 'sends from where it receives'}`;
    case 'CodecsOffered':
      return event.codecs.length > 0
        ? `${event.side} offers payload types ${event.codecs.join(', ')}`
        : `${event.side} names no payload types`;
    case 'NetworkChosen':
      return `leg of the ${event.side} is to stand on ${event.network.host}${event.network.advertised ? `, advertised as ${event.network.advertised}` : ''}`;
    case 'ResizingChanged':
      return event.resizeMs === null
        ? `packets of the ${event.side} are left as long as they are`
        : `packets of the ${event.side} are made ${event.resizeMs} ms long`;
    case 'TosChanged':
      return `what is sent to the ${event.side} has TOS ${event.tos}`;
    case 'TtlChanged':
      return `${event.side} may be silent for ${seconds(event.ttlMs)}`;
    case 'NotifyChanged':
      return event.notify === null
        ? 'nobody is notified of a timeout'
        : `${formatTarget(event.notify.target)} is notified of a timeout with ${printable(event.notify.tag)}`;
    case 'DtmfCatchChanged':
      return `digits of the ${event.side} (payload type ${event.dtmf.payloadType}) are told${event.dtmf.swallow ? ', and not relayed' : ''}`;
    case 'CopyStarted':
      return `what comes from the ${event.side} is copied to ${formatAddress(event.to)} from ${formatAddress(event.local)}`;
    case 'CopyStopped':
      return `what comes from the ${event.side} is not copied any more${event.local === null ? '' : ` from ${formatAddress(event.local)}`}`;
    case 'PlaybackStarted':
      return `${event.side} hears ${playbackWords(event.playback)}, and not the ${otherSide(event.side)}`;
    case 'PlaybackEnded':
      return `prompt for the ${event.side} ends: ${PLAYBACK_END_WORDS[event.reason]}`;
    case 'DtmfPlayed':
      return `${otherSide(event.side)} is sent ${playedDtmfWords(event.dtmf)} as if the ${event.side} had pressed it`;
    case 'RecordingStarted':
      return `recording ${event.recording.id} begins: ${recordedWords(event.recording)}`;
    case 'RecordingNamed':
      return `recording ${event.recording} is made in ${event.files.map(printable).join(', ')}`;
    case 'RecordingStopped':
      return `recording ${event.recording} of the ${event.sides.join(' and the ')} ends: ${RECORDING_END_WORDS[event.reason]}`;
    case 'ForkStarted':
      return `${forkVerb(event.source)} session ${printable(event.source.tag)} of call ${printable(event.source.call)}`;
    case 'RemoteLatched':
      return `${event.component.toUpperCase()} of the ${event.side} comes from ${formatAddress(event.address)}${event.learned ? ': learned' : ', as signalled'}`;
    case 'SourceRefused':
      return `${event.component.toUpperCase()} for the ${event.side} from ${formatAddress(event.address)} refused`;
    case 'RemoteUnreachable':
      return `nobody receives ${event.component.toUpperCase()} of the ${event.side} at ${formatAddress(event.address)} (ICMP)`;
    case 'SessionRecovered':
      return `taken up again ${event.downMs} ms after the ${event.cause === 'process' ? 'relay' : 'media thread'} was last heard of`;
    case 'ReferenceTaken':
      return `${describeReference(event.reference)} reference taken`;
    case 'ReferenceReleased':
      return `${describeReference(event.reference)} reference released, others remain`;
    case 'SessionClosed':
      return `session closed: ${event.reason}; caller ${describeTally(event.tally.caller)}; callee ${describeTally(event.tally.callee)}`;
    default:
      return describeDialogueEvent(event);
  }
}

function describeDialogueEvent(event: DialogueEvent): string {
  switch (event.type) {
    case 'DialogueChanged':
      return `belongs to ${dialogueWords(event.dialogue)}`;
    case 'PartyChanged':
      return `the ${event.side} is another party now: packets of the one before are refused`;
    case 'RemoteForgotten':
      return `what was learned of the ${event.side} is forgotten`;
    case 'SourcesChanged':
      return `of the ${event.side} ${sourcesWords(event.sources)}`;
    case 'MediaDescribed':
      return `${event.side} describes ${descriptionWords(event.description)}`;
    case 'OfferMade':
      return `${event.side} offers a change${event.offer.address === null ? '' : `: at ${formatAddress(event.offer.address)}`}, ${descriptionWords(event.offer.description)}`;
    case 'OfferClosed':
      return `change that the ${event.side} offered is ${event.taken ? 'agreed on' : 'given up: all stays as it was'}`;
    case 'MutesChanged':
      return `of the ${event.side} ${muteWords(event.mutes)}`;
    case 'DeletionSet':
      return `deleted, and held for ${seconds(event.until - event.at)}${event.unlessHeard ? '; kept if both sides go on sending' : ''}`;
    case 'DeletionCancelled':
      return event.reason === 'heard'
        ? 'kept though it was deleted: both sides go on sending'
        : 'goes on though it was deleted: it was described again';
    default:
      return unreachable(event);
  }
}

const seconds = (ms: number): string => `${ms / 1000} s`;

const describeReference = (reference: string): string => (reference === 'strong' ? 'strong' : `weak (${reference})`);

const describeTally = ({ received, relayed, dropped }: Tally): string =>
  `${received} received, ${relayed} relayed, ${dropped} dropped`;

/** What clients send may hold control characters: a word stays a word, a line a line, and a terminal is left alone. */
export const printable = (text: string): string => text.replace(/[^!-~]/gu, escaped);

/** The same for text whose words are to be seen: blanks stay. */
export const printableText = (text: string): string => text.replace(/[^ -~]/gu, escaped);

const escaped = (letter: string): string => `\\x${(letter.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`;
