import { type Address, formatAddress } from '../../../model/kernel/index.js';
import type { CloseReason, ForkSource, PlayedDtmf, Tally } from '../../../model/session/event.js';
import type { Playback, PlaybackEnd } from '../../../model/session/playback.js';
import type { Recording, RecordingEnd } from '../../../model/session/recording.js';
import { digitOf } from '../../protocol/rtp/telephoneEvent.js';
import type { RecordingRecord } from './record.js';

/** Text of strangers as one line of ASCII, blanks and all: a terminal is left alone, and nobody is fooled by letters that turn the line around. */
export const ascii = (text: string): string =>
  text.replace(/[^ -~]/gu, (letter) => `\\x${(letter.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`);

/** No longer than so many letters; `~` stands for what is missing. */
export const cut = (text: string, width: number): string =>
  text.length <= width ? text : width < 1 ? '' : `${text.slice(0, width - 1)}~`;

/** How many lines a text may become. */
const MOST_LINES = 4;

/** Breaks a text at its blanks into lines of so many letters at most. A word that is longer is cut, and so is what does not fit at all. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  const kept = lines.slice(0, MOST_LINES);
  if (lines.length > MOST_LINES) kept[MOST_LINES - 1] += ' ~';
  return kept.map((each) => cut(each, width));
}

/** A span of time as people say it. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${Math.round(ms / 100) / 10} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Payload types whose meaning needs no session description (RFC 3551 tables 4 and 5), as far as telephones use them. */
const CODECS: ReadonlyMap<number, string> = new Map([
  ...([
    [0, 'PCMU'],
    [3, 'GSM'],
    [4, 'G723'],
    [8, 'PCMA'],
    [9, 'G722'],
    [13, 'CN'],
    [15, 'G728'],
    [18, 'G729'],
  ] as const),
  ...([
    [26, 'JPEG'],
    [31, 'H261'],
    [32, 'MPV'],
    [34, 'H263'],
  ] as const),
]);

/** `0 PCMU`, or the number alone where the session description gives it its meaning. */
export const codecName = (payloadType: number): string => {
  const name = CODECS.get(payloadType);
  return name === undefined ? `${payloadType}` : `${payloadType} ${name}`;
};

/** A prompt, and how often it is heard. */
export const playbackWords = ({ prompt, payloadType, count }: Playback): string =>
  `prompt ${ascii(prompt)} as ${codecName(payloadType)}, ${count < 0 ? 'for ever' : count === 1 ? 'once' : `${count} times`}`;

/** A key that the relay presses. */
export const playedDtmfWords = ({ code, payloadType, durationMs }: PlayedDtmf): string =>
  `key ${digitOf(code) ?? code} for ${duration(durationMs)} as ${payloadType} telephone-event`;

/** Whether a session gets anything of the one whose media it may be sent. */
export const forkVerb = ({ hears }: ForkSource): string =>
  hears.caller === null && hears.callee === null ? 'hears nothing of' : 'hears';

/** Who is recorded, and how. */
export const recordedWords = ({ sides, form, single, name }: Recording): string =>
  `${sides.join(' and ')}, ${form}${single ? ', in one file' : ''}${name === null ? '' : `, as ${ascii(name)}`}`;

/** How a prompt came to its end. */
export const PLAYBACK_END_WORDS: Readonly<Record<PlaybackEnd, string>> = {
  finished: 'heard to its end',
  stopped: 'stopped',
  replaced: 'another one takes its place',
  failed: 'after a crash it could not be read any more',
};

export const RECORDING_END_WORDS: Readonly<Record<RecordingEnd, string>> = {
  stopped: 'stopped',
  failed: 'it could not be written',
};

/** What became of a recording. */
export const recordingWords = ({ recording, ...record }: RecordingRecord): string =>
  `recording ${recording} is complete: ${recordedFilesWords(record)}`;

/** What was recorded, and where it is. */
export function recordedFilesWords({
  durationMs,
  packets,
  files,
}: Pick<RecordingRecord, 'durationMs' | 'packets' | 'files'>): string {
  const where = files.length === 0 ? ', no file' : ` in ${files.map(({ path }) => ascii(path)).join(', ')}`;
  return `${packets} ${packets === 1 ? 'packet' : 'packets'} of ${duration(durationMs)}${where}`;
}

export const CLOSE_WORDS: Readonly<Record<CloseReason, string>> = {
  deleted: 'deleted',
  timeout: 'timeout, nothing was heard for too long',
  purged: 'all sessions were deleted at once',
  shutdown: 'the relay ended',
  'port-lost': 'one of its ports could not be had again',
  'set-aside': 'set aside, for its command made the media thread die',
  defect: 'a defect in the relay',
};

/** What became of packets that the tally does not count. */
export type Strays = { readonly ignored: number; readonly early: number };

export function packetWords({ received, relayed, dropped }: Tally, { ignored, early }: Strays): string {
  const words = [`${received} received, ${relayed} relayed`];
  if (dropped > 0) words.push(`${dropped} dropped`);
  if (ignored > 0) words.push(`${ignored} refused`);
  if (early > 0) words.push(`${early} too early`);
  return words.join(', ');
}

/** Milliseconds since the epoch as ISO 8601 writes them, in UTC. Below floor 4 there is no Date, so it is reckoned here. */
export function isoTime(ms: number): { readonly date: string; readonly time: string } {
  const whole = Math.round(ms);
  const days = Math.floor(whole / 86_400_000);
  const inDay = whole - days * 86_400_000;
  const two = (value: number): string => `${Math.floor(value)}`.padStart(2, '0');
  const time = `${two(inDay / 3_600_000)}:${two((inDay / 60_000) % 60)}:${two((inDay / 1000) % 60)}.${`${inDay % 1000}`.padStart(3, '0')}`;
  return { date: isoDate(days), time };
}

/** The civil date of a day since 1970-01-01, counted in years that begin in March, so that the leap day stands last. */
function isoDate(days: number): string {
  const fromMarch0 = days + 719_468;
  const era = Math.floor(fromMarch0 / 146_097);
  const dayOfEra = fromMarch0 - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${year}-${`${month}`.padStart(2, '0')}-${`${day}`.padStart(2, '0')}`;
}

/** An address, or `-` where there is none. */
export const place = (address: Address | null): string => (address === null ? '-' : formatAddress(address));
