import { detached } from '../bytes/detached.js';
import { isDictionary, isList } from './bencode.js';
import { type Draft, ignore, leaveUndone, type Reading } from './reading.js';
import { normalName, textOf, wordsOf } from './spelling.js';
import type { NgValue } from './value.js';

type CodecLists = Draft['codec'];
const CODEC_LISTS: readonly (keyof CodecLists)[] = ['strip', 'offer', 'except', 'mask'];
/** What takes decoding. */
const CODEC_LISTS_NOT_DONE = ['consume', 'accept', 'ignore', 'transcode', 'set'];

/** `codec`: lists of names by what is to become of them. */
export function readCodecs(reading: Reading, value: NgValue): boolean {
  if (!isDictionary(value)) return false;
  for (const list of Object.keys(value)) readCodecList(reading, list, value[list]!);
  return true;
}

/** One list of `codec`. */
export function readCodecList(reading: Reading, list: string, value: NgValue): void {
  const name = normalName(list);
  const done = CODEC_LISTS.find((each) => each === name);
  if (done === undefined && !CODEC_LISTS_NOT_DONE.includes(name)) {
    ignore(reading, `codec-${list}`);
    return;
  }
  for (const codec of wordsOf(value)) {
    if (done !== undefined) reading.request.codec[done].push(detached(codec));
    else {
      reading.request.codec.notDone.push(detached(`${name} ${codec}`));
      leaveUndone(reading, `codec-${name}-${codec}`);
    }
  }
}

/** `extmap`: header extensions by what is to become of them. */
export function readExtensions(reading: Reading, value: NgValue): boolean {
  if (!isDictionary(value)) return false;
  for (const list of Object.keys(value)) readExtensionList(reading, list, value[list]!);
  return true;
}

/** One list of `extmap`. */
export function readExtensionList(reading: Reading, list: string, value: NgValue): void {
  for (const extension of wordsOf(value)) {
    if (normalName(list) === 'strip' && extension.toLowerCase() === 'all') reading.request.flags.add('strip-extmap');
    else leaveUndone(reading, `extmap-${normalName(list)}-${extension}`);
  }
}

const CHANGES = ['add', 'remove', 'substitute'] as const;

/** `sdp-attr`: for the session part and for kinds of media, which attributes are added, removed, and replaced. */
export function readAttributes(reading: Reading, value: NgValue): boolean {
  if (!isDictionary(value)) return false;
  for (const part of Object.keys(value)) {
    const changes = value[part]!;
    if (!isDictionary(changes)) ignore(reading, `sdp-attr-${part}`);
    else for (const change of Object.keys(changes)) readAttributeList(reading, part, change, changes[change]!);
  }
  return true;
}

/** One list of `sdp-attr`. `part`: a kind of media, or `none` (also `global`, `session`) for the session part. */
export function readAttributeList(reading: Reading, part: string, change: string, value: NgValue): void {
  const name = CHANGES.find((each) => each === normalName(change));
  if (name === undefined) {
    ignore(reading, `sdp-attr-${change}`);
    return;
  }
  const kind = ['global', 'session'].includes(part.toLowerCase()) ? 'none' : detached(part.toLowerCase());
  reading.request.sdpAttr[kind] ??= { add: [], remove: [], substitute: [] };
  const changes = reading.request.sdpAttr[kind]!;
  if (name !== 'substitute') changes[name].push(...attributesOf(value));
  else
    for (const pair of pairsOf(value)) {
      if (pair === null) ignore(reading, `sdp-attr-substitute-${part}`);
      else changes.substitute.push(pair);
    }
}

/** Attributes hold commas: only a list is a list here. */
const attributesOf = (value: NgValue): string[] => (isList(value) ? value : [value]).map(attributeOf).filter(Boolean);

/** Without the `a=` that it may come with. */
const attributeOf = (value: NgValue): string => detached((textOf(value) ?? '').replace(/^a=/, ''));

type Pair = { readonly from: string; readonly to: string };

/** Pairs as lists of two, as dictionaries `from`, `to`, as text `from>to`, or as one dictionary of what becomes what. Null: it is no pair. */
function pairsOf(value: NgValue): (Pair | null)[] {
  if (isList(value))
    return value.length === 2 && value.every(isAttribute) ? [pairOf(value[0]!, value[1]!)] : value.flatMap(pairsOf);
  if (!isDictionary(value)) {
    const text = textOf(value) ?? '';
    const at = text.indexOf('>');
    return [at < 0 ? null : pairOf(text.slice(0, at), text.slice(at + 1))];
  }
  const { from, to } = value;
  if (from !== undefined && to !== undefined) return [pairOf(from, to)];
  return Object.keys(value).map((key) => pairOf(key, value[key]!));
}

/** Text that is not itself a pair. */
const isAttribute = (value: NgValue): boolean => typeof value === 'string' && !value.includes('>');

function pairOf(from: NgValue, to: NgValue): Pair | null {
  const pair = { from: attributeOf(from), to: attributeOf(to) };
  return pair.from === '' || pair.to === '' ? null : pair;
}
