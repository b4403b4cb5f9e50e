import { isDictionary, isList } from '../../protocol/ng/bencode.js';
import { decodeNg, readDictionary } from '../../protocol/ng/readRequest.js';
import type { NgRequest } from '../../protocol/ng/request.js';
import type { NgDictionary, NgValue } from '../../protocol/ng/value.js';
import { parseSdp } from '../../protocol/sdp/parse.js';
import type { SdpMedia } from '../../protocol/sdp/sdp.js';
import type { ExchangeRecord } from './record.js';
import { ascii, cut } from './words.js';

/** An exchange of the NG protocol, read. Words are one line of ASCII, bounded. */
export type NgExchange = {
  readonly command: NgRequest['command'];
  /** What was asked: `offer alice -> (new), branch 1, audio 192.0.2.1:4000`. */
  readonly asked: string;
  /** What came of it: `audio 198.51.100.1:30000`, `ok`, `error: Unknown call-id`. */
  readonly answered: string;
  /** Why it was refused; null: it was not. As the client was told, one character a byte. */
  readonly refusal: string | null;
  /** What was asked for and is not done, as the client was told. */
  readonly notDone: readonly string[];
  /** The session description as it came, and as it was handed on. Null: there was none. */
  readonly before: string | null;
  readonly after: string | null;
};

const LONGEST_NAME = 60;
const LONGEST_ASKED = 240;
const LONGEST_ANSWERED = 160;
const MOST_MEDIA = 4;
const MOST_NOT_DONE = 4;

const name = (text: string): string => cut(ascii(text), LONGEST_NAME);

/** Null: it is none of the NG protocol, or cannot be read. Never throws. */
export function readNgExchange({ command, reply }: Pick<ExchangeRecord, 'command' | 'reply'>): NgExchange | null {
  // Commands of the classic protocol begin with a letter and modifiers: a length behind d, or a brace, is none of them.
  if (!/^\s*(?:\{|d\d)/.test(command)) return null;
  const decoded = decodeNg(command);
  const read = decoded.ok ? readDictionary(decoded.value) : null;
  if (read?.kind !== 'request') return null;
  const { request } = read;
  const told = decodeNg(reply);
  const answer: NgDictionary = told.ok ? told.value.dictionary : {};
  return {
    command: request.command,
    asked: cut(askedWords(request), LONGEST_ASKED),
    answered: cut(told.ok ? answerWords(answer) : ascii(reply), LONGEST_ANSWERED),
    refusal: refusalIn(answer),
    notDone: wordsIn(answer['not-done']),
    before: request.sdp,
    after: textIn(answer['sdp']),
  };
}

const textIn = (value: NgValue | undefined): string | null => (typeof value === 'string' ? value : null);
const wordsIn = (value: NgValue | undefined): readonly string[] =>
  value !== undefined && isList(value) ? value.filter((each) => typeof each === 'string') : [];

function refusalIn(answer: NgDictionary): string | null {
  switch (answer['result']) {
    case 'error':
      return textIn(answer['error-reason']) ?? '';
    case 'load limit':
      return textIn(answer['message']) ?? '';
    default:
      return null;
  }
}

function askedWords(request: NgRequest): string {
  const { command, viaBranch, networks, sdp } = request;
  const parts = [`${command} ${whoWords(request)}`.trim()];
  if (viaBranch !== null) parts.push(`branch ${name(viaBranch)}`);
  const [from, to] = [networks.from, networks.to];
  if (from !== null || to !== null) parts.push(`networks ${name(from ?? '-')}/${name(to ?? '-')}`);
  parts.push(...detailWords(request));
  if (sdp !== null) parts.push(descriptionPlaces(sdp));
  return parts.join(', ');
}

/** Who speaks to whom. The From tag is that of who offered, in the answer as well. */
function whoWords({ command, fromTag, toTag, label, address, all }: NgRequest): string {
  const [from, to] = [fromTag === null ? null : name(fromTag), toTag === null ? null : name(toTag)];
  if (command === 'offer') return `${from ?? '-'} -> ${to ?? '(new)'}`;
  if (command === 'answer') return `${to ?? '-'} -> ${from ?? '-'}`;
  if (label !== null) return `of ${name(label)}`;
  if (address !== null) return `of whoever is at ${name(address)}`;
  if (from === null && to === null) return all === null ? '' : `of ${name(all)}`;
  return to === null ? (from ?? '') : `${from ?? '-'} -> ${to}`;
}

/** What else a request says that matters to whoever reads of it. */
function detailWords(request: NgRequest): string[] {
  const { command, sipMessageType, sipCode, deleteDelaySeconds, file, blob, repeatTimes, digit, recordingFile } = request;
  const words: string[] = [];
  if (command === 'delete' && sipMessageType === 'reply') words.push(`by a reply${sipCode === null ? '' : ` (${sipCode})`}`);
  if (deleteDelaySeconds !== null) words.push(`in ${deleteDelaySeconds} s`);
  if (file !== null) words.push(name(file));
  else if (blob !== null) words.push(`a sound of ${blob.length} bytes`);
  if (repeatTimes !== null && repeatTimes > 1) words.push(`${repeatTimes} times`);
  if (digit !== null) words.push(`key ${'0123456789*#ABCD'[digit] ?? digit}`);
  if (recordingFile !== null) words.push(`as ${name(recordingFile)}`);
  return words;
}

function answerWords(answer: NgDictionary): string {
  const parts = [resultWords(answer)];
  const notDone = wordsIn(answer['not-done']);
  const shown = notDone.slice(0, MOST_NOT_DONE).map(name);
  if (notDone.length > MOST_NOT_DONE) shown.push(`${notDone.length - MOST_NOT_DONE} more`);
  if (shown.length > 0) parts.push(`not done: ${shown.join(' ')}`);
  return parts.join(', ');
}

function resultWords(answer: NgDictionary): string {
  const refusal = refusalIn(answer);
  if (refusal !== null) return `${ascii(String(answer['result']))}: ${ascii(refusal)}`;
  const sdp = textIn(answer['sdp']);
  if (sdp !== null) return descriptionPlaces(sdp);
  const words = [ascii(textIn(answer['result']) ?? 'no result')];
  const warning = textIn(answer['warning']);
  if (warning !== null) words.push(`but ${ascii(warning)}`);
  const { duration } = answer;
  if (typeof duration === 'number') words.push(`${duration} ms long`);
  const packets = packetsIn(answer['totals']);
  if (packets !== null) words.push(`${packets} RTP packets`);
  return words.join(', ');
}

function packetsIn(totals: NgValue | undefined): number | null {
  const rtp = totals !== undefined && isDictionary(totals) ? totals['RTP'] : undefined;
  const packets = rtp !== undefined && isDictionary(rtp) ? rtp['packets'] : undefined;
  return typeof packets === 'number' ? packets : null;
}

/** Where the media of a description are: `audio 192.0.2.1:4000, video refused`. */
function descriptionPlaces(text: string): string {
  const parsed = parseSdp(text);
  if (!parsed.ok) return 'a description that cannot be read';
  const { media } = parsed.value;
  const words = media.slice(0, MOST_MEDIA).map(mediaPlace);
  if (media.length > MOST_MEDIA) words.push(`${media.length - MOST_MEDIA} more`);
  return words.join(', ');
}

function mediaPlace({ kind, port, address, isRejected, isZeroAddress, isIcePlaceholder, direction }: SdpMedia): string {
  const what = name(kind);
  if (isRejected) return `${what} refused`;
  if (isIcePlaceholder) return `${what} at no address yet`;
  if (isZeroAddress) return `${what} on hold`;
  const host = address === null ? '-' : name(address.host);
  const place = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return `${what} ${place}${direction === 'sendrecv' ? '' : ` ${direction}`}`;
}
