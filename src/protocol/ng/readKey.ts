import { type FlagRow, NG_FLAG_TABLE, WEBRTC } from './flagTable.js';
import { type KeyRow, NG_KEY_TABLE } from './keyTable.js';
import { READERS } from './readers.js';
import { ignore, leaveUndone, type Reader, type Reading } from './reading.js';
import { readAttributeList, readCodecList, readExtensionList } from './readLists.js';
import { normalName, switchOf, textOf, unescaped } from './spelling.js';
import type { NgValue } from './value.js';

/** A key, and how it is read; null: it is not, or by somebody who knows more. */
type Known = { readonly row: KeyRow; readonly reader: Reader | null };

const KEYS = new Map<string, Known>();
for (const row of NG_KEY_TABLE) {
  const reader = (READERS as Readonly<Record<string, Reader | undefined>>)[row.name] ?? null;
  for (const name of [row.name, ...row.also]) KEYS.set(name, { row, reader }).set(normalName(name), { row, reader });
}

const FLAGS = new Map<string, FlagRow>();
for (const row of NG_FLAG_TABLE) for (const name of [row.name, ...row.also]) FLAGS.set(name, row).set(normalName(name), row);

/** A key in any of its spellings. Undefined: it is none. */
export const keyNamed = (name: string): KeyRow | undefined => knownKey(name)?.row;

const knownKey = (name: string): Known | undefined => KEYS.get(name) ?? KEYS.get(normalName(name));
const knownFlag = (name: string): FlagRow | undefined => FLAGS.get(name) ?? FLAGS.get(normalName(name));

/**
 * Reads a key. One that is no key may be a flag that is switched on or off, or a key and a word in one (`codec-strip`); what is neither is
 * ignored.
 */
export function readKey(reading: Reading, name: string, value: NgValue): void {
  const known = knownKey(name);
  if (known === undefined) {
    readStrangeKey(reading, name, value);
    return;
  }
  reading.takes = known.row.commands.includes(reading.request.command);
  if (known.reader !== null) {
    if (known.reader(reading, value, known.row.name)) return;
    ignore(reading, shown(name, value));
    if (known.row.kind === 'number' && value !== '') leaveUndone(reading, shown(known.row.name, value));
  } else if (known.row.effect === 'not done' && switchOf(value) !== false) leaveUndone(reading, shown(known.row.name, value));
}

/** `name=value` where the value is short text. */
function shown(name: string, value: NgValue): string {
  const text = textOf(value);
  return text === null || /[^ -~]/.test(text) ? name : `${name}=${text}`;
}

function readStrangeKey(reading: Reading, name: string, value: NgValue): void {
  const flag = knownFlag(name);
  const on = switchOf(value);
  if (flag !== undefined && on !== null) {
    if (on) setFlag(reading, flag);
  } else if (!readHyphenForm(reading, name, value)) ignore(reading, name);
}

/** Keys that may have a word behind a hyphen. The longer stand before what they begin with. */
const HYPHEN_FORMS: readonly string[] = [
  ...[
    'rtcp-mux',
    'ICE-lite',
    'ICE',
    'SDES',
    'OSRTP',
    'DTLS-fingerprint',
    'DTLS',
    'replace',
    'transcode',
    'T.38',
    'T38',
    'bundle',
  ],
  ...['endpoint-learning', 'delete-delay', 'ptime-reverse', 'ptime', 'TOS', 'sdp-media-remove', 'media-echo', 'DTMF-security'],
  ...['address-family', 'transport-protocol', 'audio-player'],
];
const PREFIXES = HYPHEN_FORMS.map((name) => ({ name, prefix: `${normalName(name)}-` }));

/** Lists of lists: `codec-LIST-NAME`, `extmap-LIST-NAME`. */
const LISTS = [
  { prefix: 'codec-', read: readCodecList },
  { prefix: 'extmap-', read: readExtensionList },
];
const ATTRIBUTE = 'sdp-attr-';

/**
 * A key and what it is to be in one word: `replace-origin`, `codec-strip-PCMU`, `sdp-attr-add-audio-x`. `value`: where it stands behind a `=`
 * instead; null: it does not. Whether it is one.
 */
function readHyphenForm(reading: Reading, word: string, value: NgValue | null): boolean {
  const normal = normalName(word);
  const list = LISTS.find(({ prefix }) => normal.startsWith(prefix));
  if (list !== undefined) {
    const parts = partsOf(word.slice(list.prefix.length), 1, value);
    reading.takes = knownKey(list.prefix.slice(0, -1))!.row.commands.includes(reading.request.command);
    if (parts !== null) list.read(reading, parts.names[0]!, parts.value);
    return parts !== null;
  }
  if (normal.startsWith(ATTRIBUTE)) {
    const parts = partsOf(word.slice(ATTRIBUTE.length), 2, value);
    if (parts !== null) readAttributeList(reading, parts.names[1]!, parts.names[0]!, parts.value);
    return parts !== null;
  }
  const form = value === null ? PREFIXES.find(({ prefix }) => normal.startsWith(prefix)) : undefined;
  if (form === undefined || word.length === form.prefix.length) return false;
  readKey(reading, form.name, unescaped(word.slice(form.prefix.length)));
  return true;
}

/** So many words, each with a hyphen behind it, and the rest; or, where there is a value, the words alone. Null: there are fewer. */
function partsOf(
  text: string,
  count: number,
  value: NgValue | null,
): { readonly names: string[]; readonly value: NgValue } | null {
  const names = text.split('-', value === null ? count : count + 1);
  if (names.length !== count || names.includes('')) return null;
  if (value !== null) return { names, value };
  const rest = unescaped(text.slice(names.join('-').length + 1));
  return rest === '' ? null : { names, value: [rest] };
}

const TRANSPORTS = ['RTP/AVP', 'RTP/AVPF', 'RTP/SAVP', 'RTP/SAVPF', 'UDP/TLS/RTP/SAVP', 'UDP/TLS/RTP/SAVPF'];
const TRANSPORT_WORDS = ['RTP', 'SRTP', 'AVP', 'AVPF', 'DTLS'];

/** Reads a word of `flags`, or one of `rtpp-flags` that has no value. */
export function readWord(reading: Reading, word: string): void {
  const flag = knownFlag(word);
  const upper = word.toUpperCase();
  if (flag !== undefined) setFlag(reading, flag);
  else if (TRANSPORTS.includes(upper)) reading.request.transportProtocol = upper;
  else if (TRANSPORT_WORDS.includes(upper)) reading.transportWords.add(upper);
  else if (word === 'internal' || word === 'external') readKey(reading, 'direction', word);
  else if (word.includes('=')) readAssignment(reading, word, word.indexOf('='));
  else if (!readHyphenForm(reading, word, null)) readBareKey(reading, word);
}

/** A key with its value in one word. What a call is named by, and the description, are no words of an operator. */
function readAssignment(reading: Reading, word: string, at: number): void {
  const name = word.slice(0, at);
  const kind = keyNamed(name)?.kind;
  if (name === '' || kind === 'name' || kind === 'names' || kind === 'description') ignore(reading, word);
  else readKey(reading, name, word.slice(at + 1));
}

/** A key that has only a name is one that is switched on. */
function readBareKey(reading: Reading, word: string): void {
  const known = knownKey(word);
  if (known === undefined || known.row.effect === 'done') {
    ignore(reading, word);
    return;
  }
  reading.takes = known.row.commands.includes(reading.request.command);
  leaveUndone(reading, known.row.name);
}

function setFlag(reading: Reading, row: FlagRow): void {
  reading.takes = row.commands.includes(reading.request.command);
  if (row.sets !== null) {
    reading.request.flags.add(row.sets);
    if (row.sets === 'all') reading.request.all ??= 'all';
  } else if (row.effect === 'not done') leaveUndone(reading, row.name);
  else if (row.name.toLowerCase() === WEBRTC) applyWebRtc(reading);
}

/** What a browser needs, as far as it is done. Keys that say otherwise count more. */
function applyWebRtc(reading: Reading): void {
  const { request } = reading;
  request.transportProtocol ??= 'UDP/TLS/RTP/SAVPF';
  if (request.ice === null) readKey(reading, 'ICE', 'force');
  setFlag(reading, FLAGS.get('trickle-ice')!);
  readKey(reading, 'rtcp-mux', ['offer', 'require']);
  readKey(reading, 'SDES', 'off');
  request.flags.add('no-rtcp-attribute').add('generate-mid');
}

/** What the words `RTP`, `SRTP`, `AVP`, `AVPF`, `DTLS` name together, once all are read; a transport that was named otherwise counts more. */
export function joinTransportWords({ request, transportWords: words }: Reading): void {
  if (words.size === 0 || request.transportProtocol !== null) return;
  const profile = words.has('AVPF') ? 'AVPF' : 'AVP';
  if (words.has('DTLS')) request.transportProtocol = `UDP/TLS/RTP/S${profile}`;
  else request.transportProtocol = `RTP/${words.has('SRTP') ? 'S' : ''}${profile}`;
}
