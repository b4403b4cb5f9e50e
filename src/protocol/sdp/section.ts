import { formatAddress, readAddress, sameAddress } from './address.js';
import { changeAttributes } from './attributes.js';
import type { Fate } from './fates.js';
import { dropsForIce } from './ice.js';
import { endOf, skipBlanks, wordEnd } from './lines.js';
import { multiplexes, rtcpAttribute } from './rtcp.js';
import type { SdpLine, SdpMedia } from './sdp.js';
import { isPlainProfile, type Wishes } from './wishes.js';

type Relayed = Extract<Fate, { kind: 'relayed' }>;

/** A section on its way: what its lines are to say, and what of it has been said. */
type Edit = {
  readonly media: SdpMedia;
  readonly fate: Relayed;
  readonly wishes: Wishes;
  /** Of `m=`; null: the one it has. */
  readonly profile: string | null;
  readonly hasMux: boolean;
  /** `a=rtcp`; null: there is to be none. */
  readonly rtcp: string | null;
  /** Null: as it is. */
  readonly direction: string | null;
  readonly ptimeMs: number | null;
  readonly said: Set<'c' | 'rtcp' | 'mux' | 'mux-only' | 'direction' | 'ptime'>;
};

/** A relayed section. `connection`: a `c=` to put in; `mid`: the one that it is given, where it has none. */
export function relayedSection(
  media: SdpMedia,
  fate: Relayed,
  wishes: Wishes,
  given: { readonly connection: string | null; readonly mid: string | null; readonly end: string },
): readonly SdpLine[] {
  const edit = editOf(media, fate, wishes);
  const { end } = given;
  const last = endOf(fate.lines);
  const lines: SdpLine[] = [];
  let connection = given.connection;
  for (let i = 0; i < fate.lines.length; i++) {
    const line = fate.lines[i]!;
    if (connection !== null && i > 0 && line.type !== 'i') {
      lines.push({ type: 'c', value: connection, end });
      connection = null;
    }
    if (i === last) pushMissing(lines, edit, given);
    const value = editedValue(line, edit);
    if (value !== null) lines.push(value === line.value ? line : { type: line.type, value, end: line.end });
  }
  if (connection !== null) lines.push({ type: 'c', value: connection, end });
  if (last === fate.lines.length) pushMissing(lines, edit, given);
  const changes = wishes.attributes.get(media.kind.toLowerCase());
  return changes === undefined ? lines : changeAttributes(lines, changes, end);
}

function editOf(media: SdpMedia, fate: Relayed, wishes: Wishes): Edit {
  const isRtp = media.carrier === 'rtp';
  const protocol = media.protocol.toUpperCase();
  const profile = isPlainProfile(protocol) && protocol !== wishes.profile ? wishes.profile : null;
  const isReplaced = media.isZeroAddress && !media.isIcePlaceholder && !wishes.keepsZeroAddress;
  const receiving = isReplaced ? { sendrecv: 'sendonly', recvonly: 'inactive', sendonly: null, inactive: null } : null;
  return {
    media,
    fate,
    wishes,
    profile,
    hasMux: multiplexes(media, wishes),
    rtcp: rtcpAttribute(media, fate.place, fate.address, wishes),
    direction: receiving === null ? null : receiving[media.direction],
    ptimeMs: isRtp && media.kind.toLowerCase() === 'audio' ? wishes.ptimeMs : null,
    said: new Set(),
  };
}

/** Null: the line goes. */
function editedValue({ type, value }: SdpLine, edit: Edit): string | null {
  switch (type) {
    case 'a':
      return editedAttribute(value, edit);
    case 'm':
      return mediaLine(value, edit.media.port === 0 ? 0 : edit.fate.place.port, edit.profile);
    case 'c':
      if (edit.said.has('c')) return null;
      edit.said.add('c');
      return connectionValue(value, edit.fate.address);
    default:
      return value;
  }
}

/** As it was, where it says the same already. */
export function connectionValue(value: string, address: Relayed['address']): string {
  return sameAddress(readAddress(value), address) && !value.includes('/') ? value : formatAddress(address);
}

/** `m=` with another port and protocol; all else of it stays, but for the number of ports. */
function mediaLine(value: string, port: number, protocol: string | null): string {
  const portAt = skipBlanks(value, wordEnd(value, skipBlanks(value, 0)));
  const portEnd = wordEnd(value, portAt);
  const head = value.slice(0, portAt) + port;
  if (protocol === null) return head + value.slice(portEnd);
  const protocolAt = skipBlanks(value, portEnd);
  return head + value.slice(portEnd, protocolAt) + protocol + value.slice(wordEnd(value, protocolAt));
}

function editedAttribute(value: string, edit: Edit): string | null {
  const { wishes } = edit;
  if (wishes.dropsIce && dropsForIce(value)) return null;
  switch (value[0]) {
    case 'b':
      return wishes.breaksBundles && value === 'bundle-only' ? null : value;
    case 'e':
      return wishes.dropsExtmap && value.startsWith('extmap') ? null : value;
    case 'm':
      return edit.ptimeMs !== null && isBelow(value, 'maxptime:', edit.ptimeMs) ? null : value;
    case 'p':
      return edit.ptimeMs !== null && value.startsWith('ptime:') ? once(edit, 'ptime', `ptime:${edit.ptimeMs}`) : value;
    case 'r':
      return editedForRtcp(value, edit);
    default:
      return editedDirection(value, edit);
  }
}

function editedForRtcp(value: string, edit: Edit): string | null {
  if (value.startsWith('rtcp:')) return edit.rtcp === null ? null : once(edit, 'rtcp', edit.rtcp);
  if (value === 'rtcp-mux' || value === 'rtcp-mux-only') {
    edit.said.add(value === 'rtcp-mux' ? 'mux' : 'mux-only');
    return edit.hasMux || edit.media.carrier !== 'rtp' ? value : null;
  }
  // RFC 4585 §4.2: only the profile with feedback may have it.
  if (edit.profile === 'RTP/AVP' && value.startsWith('rtcp-fb:')) return null;
  return editedDirection(value, edit);
}

function editedDirection(value: string, edit: Edit): string | null {
  return edit.direction !== null && value === edit.media.direction ? once(edit, 'direction', edit.direction) : value;
}

function once(edit: Edit, name: 'rtcp' | 'direction' | 'ptime', value: string): string | null {
  if (edit.said.has(name)) return null;
  edit.said.add(name);
  return value;
}

function isBelow(value: string, name: string, limit: number): boolean {
  return value.startsWith(name) && Number(value.slice(name.length)) < limit;
}

/** What is to be said and had no line yet. */
function pushMissing(
  into: SdpLine[],
  { said, rtcp, direction, ptimeMs, wishes, hasMux, media }: Edit,
  { mid, end }: { readonly mid: string | null; readonly end: string },
): void {
  const push = (value: string): void => {
    into.push({ type: 'a', value, end });
  };
  if (ptimeMs !== null && !said.has('ptime')) push(`ptime:${ptimeMs}`);
  if (direction !== null && !said.has('direction')) push(direction);
  if (rtcp !== null && !said.has('rtcp')) push(rtcp);
  if (hasMux && !said.has('mux') && media.carrier === 'rtp') push('rtcp-mux');
  if (hasMux && wishes.mux === 'add-only' && !said.has('mux-only')) push('rtcp-mux-only');
  if (mid !== null) push(`mid:${mid}`);
}

/** A section that is refused: port 0, and nothing by which it could be taken for one of a bundle, or be reached. */
export function rejectedSection(lines: readonly SdpLine[], { dropsIce }: Wishes): readonly SdpLine[] {
  const [first, ...rest] = lines as [SdpLine, ...SdpLine[]];
  const stays = ({ type, value }: SdpLine): boolean =>
    type !== 'a' || (value !== 'bundle-only' && !(dropsIce && dropsForIce(value)));
  return [{ ...first, value: mediaLine(first.value, 0, null) }, ...rest.filter(stays)];
}
