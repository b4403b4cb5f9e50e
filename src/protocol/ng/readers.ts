import { detached } from '../bytes/detached.js';
import { parseIPv4, parseIPv6 } from '../bytes/sockaddr.js';
import { decodeBase64 } from './base64.js';
import type { NgKeyName } from './keyTable.js';
import { type Draft, type FieldOf, ignore, leaveUndone, type Reader } from './reading.js';
import { readAttributes, readCodecs, readExtensions } from './readLists.js';
import { anyNumber, count, countIfAny, number, readPause, readVolume } from './readNumbers.js';
import { normalName, numberOf, placesOf, switchOf, textOf, wholeWordsOf, wordsOf } from './spelling.js';

/** Text, kept as it is. Empty text is as if it was not given. */
const text =
  (field: FieldOf<string>): Reader =>
  ({ request }, value) => {
    const given = textOf(value);
    if (given !== null) request[field] = detached(given);
    return given !== null || value === '';
  };

/** Words out of a set, in the order in which they were given; others are ignored one by one. */
const among =
  <T extends string>(known: readonly T[], list: (request: Draft) => T[]): Reader =>
  (reading, value, name) => {
    const words = list(reading.request);
    for (const given of wordsOf(value)) {
      const word = known.find((each) => each === normalName(given));
      if (word === undefined) ignore(reading, `${name}=${given}`);
      else if (!words.includes(word)) words.push(word);
    }
    return true;
  };

/** A list of wishes, of which only `off` is one that can be met. */
const offOnly =
  (list: (request: Draft) => string[]): Reader =>
  (reading, value, name) => {
    for (const word of wordsOf(value)) {
      list(reading.request).push(word);
      if (!isOff(word)) leaveUndone(reading, `${name}=${word}`);
    }
    return true;
  };

/** That what there is passes as it is, which it does. */
const isOff = (word: string): boolean =>
  switchOf(word) === false || word.toLowerCase() === 'off' || word.toLowerCase() === 'passthrough';

const readDtls: Reader = (reading, value, name) => {
  const [word] = wordsOf(value);
  if (word === undefined) return false;
  reading.request.dtls = isOff(word) ? 'off' : word.toLowerCase();
  if (!isOff(word)) leaveUndone(reading, `${name}=${word}`);
  return true;
};

const ICE_WORDS = ['remove', 'default', 'force', 'optional', 'force-relay'];
const ICE_DONE = ['remove', 'default'];

const readIce: Reader = (reading, value) => {
  for (const given of wordsOf(value)) {
    const word = normalName(given);
    if (ICE_WORDS.includes(word)) reading.request.ice = word;
    if (!ICE_DONE.includes(word)) leaveUndone(reading, `ICE=${word}`);
  }
  return true;
};

const REPLACED = [
  ...(['origin', 'origin-full', 'username', 'session-name', 'sdp-version', 'force-increment-sdp-ver'] as const),
  // The last one asks for what is done anyway: old proxies still say it.
  ...(['zero-address', 'session-connection'] as const),
];

const readReplace: Reader = (reading, value) => {
  for (const given of wordsOf(value)) {
    const word = normalName(given);
    if ((REPLACED as readonly string[]).includes(word)) reading.request.replace.add(word);
    else ignore(reading, `replace=${given}`);
  }
  return true;
};

/** Two names at once say both; one at a time, they say one after the other, and a third says nothing. One that is empty keeps its place. */
const readDirection: Reader = ({ request: { networks } }, value) => {
  const [first = null, second, ...others] = placesOf(value).map(detachedOrNone);
  if (second !== undefined) [networks.from, networks.to] = [first ?? networks.from, second ?? networks.to];
  else if (networks.from === null) networks.from = first;
  else networks.to ??= first;
  return [first, second, ...others].some((name) => typeof name === 'string');
};

const detachedOrNone = (name: string | null): string | null => (name === null ? null : detached(name));

const end =
  (pair: (request: Draft) => Draft['networks'], which: 'from' | 'to'): Reader =>
  ({ request }, value) => {
    const given = textOf(value);
    if (given !== null) pair(request)[which] = detached(given);
    return given !== null;
  };

const FAMILIES: Readonly<Record<string, 'IPv4' | 'IPv6'>> = {
  ip4: 'IPv4',
  ipv4: 'IPv4',
  inet: 'IPv4',
  ip6: 'IPv6',
  ipv6: 'IPv6',
  inet6: 'IPv6',
};

const readFamily: Reader = ({ request }, value) => {
  const word = (textOf(value) ?? '').toLowerCase();
  if (!Object.hasOwn(FAMILIES, word)) return false;
  request.addressFamily = FAMILIES[word]!;
  return true;
};

/** `[family, address]`; the family can be told by the address, and may be missing. */
const readReceivedFrom: Reader = ({ request }, value) => {
  const host =
    wordsOf(value)
      .at(-1)
      ?.replace(/^\[(.*)\]$/, '$1') ?? '';
  const family = parseIPv4(host) !== null ? 'IPv4' : host !== '' && parseIPv6(host) !== null ? 'IPv6' : null;
  if (family === null) return false;
  request.receivedFrom = { family, host: detached(host) };
  return true;
};

const DIGITS = '0123456789*#ABCD';
const HIGHEST_DIGIT = 15;

const readDigit: Reader = ({ request }, value) => {
  const code = numberOf(value) ?? (typeof value === 'string' && value.length === 1 ? DIGITS.indexOf(value.toUpperCase()) : -1);
  request.digit = code >= 0 && code <= HIGHEST_DIGIT ? code : null;
  return request.digit !== null;
};

const readRecordCall: Reader = ({ request }, value) => {
  if (switchOf(value) === true) request.flags.add('record-call');
  return switchOf(value) !== null;
};

const ALL = ['all', 'offer-answer', 'except-offer-answer', 'flows'];

const readAll: Reader = ({ request }, value) => {
  const word = switchOf(value) === true ? 'all' : normalName(textOf(value) ?? '');
  if (!ALL.includes(word)) return switchOf(value) === false;
  request.all = word;
  return true;
};

const SIP_MESSAGES: Readonly<Record<string, 'request' | 'reply'>> = { 'sip-request': 'request', 'sip-reply': 'reply' };

const readSipMessage: Reader = ({ request }, value) => {
  const word = normalName(textOf(value) ?? '');
  if (!Object.hasOwn(SIP_MESSAGES, word)) return false;
  request.sipMessageType = SIP_MESSAGES[word]!;
  return true;
};

const readBlob: Reader = ({ request }, value) => {
  if (typeof value === 'string') request.blob = value;
  return typeof value === 'string';
};

const readBlob64: Reader = ({ request }, value) => {
  const decoded = typeof value === 'string' ? decodeBase64(value) : null;
  if (decoded !== null) request.blob = decoded;
  return decoded !== null;
};

const RTCP_MUX = ['offer', 'require', 'demux', 'accept', 'reject'] as const;
const BUNDLE = ['accept', 'offer', 'require', 'strict', 'reject'] as const;
const HIGHEST_TOS = 255;
const HIGHEST_PTIME = 1000;

const append =
  (list: (request: Draft) => string[], words = wordsOf): Reader =>
  ({ request }, value) => {
    for (const word of words(value)) list(request).push(detached(word));
    return true;
  };

const networks = (request: Draft): Draft['networks'] => request.networks;
const peers = (request: Draft): Draft['peers'] => request.peers;

/** How each key with an effect is read. `command`, `flags` and `rtpp-flags` are more than that. */
export const READERS: Readonly<Record<Exclude<NgKeyName, 'command' | 'flags' | 'rtpp-flags'>, Reader>> = {
  'call-id': text('callId'),
  'from-tag': text('fromTag'),
  'to-tag': text('toTag'),
  'via-branch': text('viaBranch'),
  label: text('label'),
  'set-label': text('setLabel'),
  'to-label': text('toLabel'),
  address: text('address'),
  all: readAll,
  'from-tags': append((request) => request.fromTags),
  sdp: ({ request }, value) => {
    if (typeof value === 'string' && value !== '') request.sdp = value;
    return typeof value === 'string';
  },
  supports: ({ request }, value) => {
    if (wordsOf(value).some((word) => normalName(word) === 'load-limit')) request.supportsLoadLimit = true;
    return true;
  },
  direction: readDirection,
  'from-interface': end(networks, 'from'),
  'to-interface': end(networks, 'to'),
  peer: ({ request }, value) => {
    const [from = null, to = null] = placesOf(value).map(detachedOrNone);
    if (from !== null) request.peers.from = from;
    if (to !== null) request.peers.to = to;
    return from !== null || to !== null;
  },
  'inbound-peer': end(peers, 'from'),
  'outbound-peer': end(peers, 'to'),
  'address-family': readFamily,
  'media-address': text('mediaAddress'),
  'received-from': readReceivedFrom,
  'transport-protocol': text('transportProtocol'),
  ICE: readIce,
  'rtcp-mux': among(RTCP_MUX, (request) => request.rtcpMux),
  bundle: among(BUNDLE, (request) => request.bundle),
  DTLS: readDtls,
  SDES: offOnly((request) => request.sdes),
  OSRTP: offOnly((request) => request.osrtp),
  replace: readReplace,
  codec: readCodecs,
  ptime: number('ptime', 1, HIGHEST_PTIME),
  'ptime-reverse': number('ptimeReverse', 1, HIGHEST_PTIME),
  'sdp-attr': readAttributes,
  'sdp-media-remove': append((request) => request.sdpMediaRemove),
  extmap: readExtensions,
  TOS: number('tos', 0, HIGHEST_TOS),
  'delete-delay': count('deleteDelaySeconds', 'seconds'),
  metadata: text('metadata'),
  'xmlrpc-callback': text('xmlrpcCallback'),
  'sip-message-type': readSipMessage,
  'sip-code': number('sipCode', 0),
  'record-call': readRecordCall,
  'recording-file': text('recordingFile'),
  'recording-dir': text('recordingDir'),
  'recording-pattern': text('recordingPattern'),
  file: text('file'),
  blob: readBlob,
  blob64: readBlob64,
  'repeat-times': countIfAny('repeatTimes', 'times'),
  'repeat-duration': count('repeatDurationMs', 'milliseconds'),
  'start-pos': countIfAny('startPosition', 'packets'),
  code: readDigit,
  duration: anyNumber('durationMs', 'milliseconds'),
  volume: readVolume,
  pause: readPause,
  limit: anyNumber('limit', 'Call-IDs'),
  controller: text('controller'),
  notify: append((request) => request.notify, wholeWordsOf),
  'notify-tag': text('notifyTag'),
  after: count('after', 'events'),
};
