import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { addressOf } from './address.js';
import { quoted, wordsOf } from './lines.js';
import { readMedia, readSession } from './media.js';
import type { ParseSdp, Sdp, SdpLine, SdpMedia } from './sdp.js';

/** What a datagram holds. */
const MAX_CHARACTERS = 65_536;
const MAX_MEDIA = 100;

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const EQUALS = 61;

/** RFC 8866, as leniently as SIP needs it: only `v=0` and `m=` lines that can be read have to be there. */
export const parseSdp: ParseSdp = (text) => {
  if (text.length > MAX_CHARACTERS)
    return refuse(`the description has ${text.length} characters, and at most ${MAX_CHARACTERS} are read`);
  const split = splitSections(text);
  if (!split.ok) return split;
  const { session, sections } = split.value;
  const view = readSession(session);
  const media: SdpMedia[] = [];
  for (const [index, lines] of sections.entries()) {
    const read = readMedia(lines, index, view);
    if (!read.ok) return read;
    media.push(read.value);
  }
  return ok({ session, sections, media, bundles: bundlesOf(session), origin: originOf(session) });
};

function splitSections(text: string): Result<Pick<Sdp, 'session' | 'sections'>, string> {
  const session: SdpLine[] = [];
  const sections: SdpLine[][] = [];
  let into = session;
  for (let at = 0; at < text.length; ) {
    const lineFeed = text.indexOf('\n', at);
    const next = lineFeed < 0 ? text.length : lineFeed + 1;
    const line = lineOf(text, at, next);
    at = next;
    if (line.type === 'm') {
      if (sections.length === MAX_MEDIA) return refuse(`the description has more than ${MAX_MEDIA} m= lines`);
      into = [];
      sections.push(into);
    }
    into.push(line);
  }
  const [first] = session;
  if (first === undefined) return refuse(text === '' ? 'the description is empty' : 'the description has no v= line');
  if (first.type !== 'v' || first.value.trim() !== '0')
    return refuse(
      `the description begins with ${quoted(first.type === '' ? first.value : `${first.type}=${first.value}`)}, and v=0 is expected`,
    );
  return sections.length === 0 ? refuse('the description has no m= line') : ok({ session, sections });
}

function lineOf(text: string, from: number, next: number): SdpLine {
  let end = next;
  if (end > from && text.charCodeAt(end - 1) === LINE_FEED) end--;
  while (end > from && text.charCodeAt(end - 1) === CARRIAGE_RETURN) end--;
  const isTyped = from + 1 < end && text.charCodeAt(from + 1) === EQUALS;
  return { type: isTyped ? text[from]! : '', value: text.slice(isTyped ? from + 2 : from, end), end: text.slice(end, next) };
}

const BUNDLE = 'group:BUNDLE';

export const isBundle = ({ type, value }: SdpLine): boolean =>
  type === 'a' && value.startsWith(BUNDLE) && (value.length === BUNDLE.length || value[BUNDLE.length] === ' ');

/** RFC 9143 §7: the mids of each group, the one whose address counts first. */
function bundlesOf(session: readonly SdpLine[]): string[][] {
  return session.filter(isBundle).map(({ value }) => wordsOf(value).slice(1));
}

function originOf(session: readonly SdpLine[]): Sdp['origin'] {
  const line = session.find(({ type }) => type === 'o');
  if (line === undefined) return null;
  const [username = '', id = '', version = '', network, type, host, ...more] = wordsOf(line.value);
  const address = addressOf(network, type, host);
  return address === null || more.length > 0 ? null : { username, id, version, address };
}
