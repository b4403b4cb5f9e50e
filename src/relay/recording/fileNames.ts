import { SIDES, type Side } from '../../../model/session/side.js';
import { crc32 } from '../../protocol/bytes/crc32.js';
import type { RecorderOrder } from './orders.js';

/** What file systems take. */
const MAX_NAME_BYTES = 255;
const HASH_CHARACTERS = 8;

/** Which of a session's streams (`media/streams.ts`) a file holds: 0 caller's RTP, 1 RTCP, 2 and 3 the callee's; or all of them. */
export type FileStreams = 0 | 1 | 2 | 3 | 'all';

/** How a file's name ends, once it is complete and until then. */
export type FileKind = { readonly streams: FileStreams; readonly suffix: string; readonly workingSuffix: string };

/** How the files of a recording are called, apart from a number where the name is taken. */
export type FileNames = {
  /** One character a byte, safe as the beginning of a name. */
  readonly base: string;
  /** The number to begin with: that of the medium within its call; 1 stands for none. */
  readonly number: number;
  readonly kinds: readonly FileKind[];
};

type OpenOrder = Extract<RecorderOrder, { kind: 'open' }>;

/**
 * As rtpproxy calls its files: `<call>=<tag>.o.rtp` and so on, the caller's with `o` (originate), the callee's with `a` (answer); after a name
 * that was given without these letters if there is one side only. A WAV file that is being written has `.part` in its name.
 */
export function fileNamesOf(order: OpenOrder): FileNames {
  const { name, form, single } = order;
  const { tag, medium } = splitTag(order.tag);
  const base = name ?? `${order.place.call}=${tag}`;
  const number = name === null ? medium : 1;
  if (form === 'wav') {
    return { base: safeBase(base), number, kinds: [{ streams: 'all', suffix: '.wav', workingSuffix: '.part.wav' }] };
  }
  if (form === 'pcap' && single) {
    const suffix = name === null || name.endsWith('.pcap') ? '.pcap' : '';
    const stem = name !== null && suffix !== '' ? base.slice(0, -suffix.length) : base;
    return { base: safeBase(stem), number, kinds: [kindOf('all', suffix)] };
  }
  const sides = order.sides.length > 1 || name === null;
  return { base: safeBase(base), number, kinds: order.sides.flatMap((side) => streamKinds(side, order.rtcp, sides)) };
}

/** The files of one side. */
export function streamKinds(side: Side, rtcp: boolean, isSideNamed: boolean): FileKind[] {
  const letter = isSideNamed ? { caller: '.o', callee: '.a' }[side] : '';
  const first = SIDES.indexOf(side) * 2;
  const kinds = [kindOf(first as FileStreams, `${letter}.rtp`)];
  if (rtcp) kinds.push(kindOf((first + 1) as FileStreams, `${letter}.rtcp`));
  return kinds;
}

const kindOf = (streams: FileStreams, suffix: string): FileKind => ({ streams, suffix, workingSuffix: suffix });

/** What names are made of: what follows may begin with a dot. */
const safeBase = (name: string): string => safeName(name).replace(/\.$/, '_');

/** What stands before the suffixes: the base, shortened where the longest suffix would not fit, and a number from 2 on. */
export function stemOf(base: string, number: number, kinds: readonly FileKind[]): string {
  const suffixBytes = Math.max(0, ...kinds.flatMap(({ suffix, workingSuffix }) => [suffix.length, workingSuffix.length]));
  const digits = number > 1 ? `-${number}` : '';
  const room = MAX_NAME_BYTES - suffixBytes - digits.length;
  if (base.length <= room) return base + digits;
  const hash = crc32(Uint8Array.from(base, (character) => character.charCodeAt(0)));
  const mark = `~${hash.toString(16).padStart(HASH_CHARACTERS, '0')}`;
  return base.slice(0, room - mark.length) + mark + digits;
}

/**
 * A name that stays in its folder and is seen there: no separators of paths, no control bytes, no dot at its beginning, no two of them together.
 * One character a byte; what is more is replaced, too.
 */
export function safeName(name: string): string {
  const safe = Array.from(name, (character) => (isHarmless(character) ? character : '_')).join('');
  return safe.replace(/^\./, '_').replace(/\.(?=\.)/g, '_') || '_';
}

/** Whether this is a name that `safeName` could have made: for names that come from outside. */
export const isSafeName = (name: string): boolean => name.length <= MAX_NAME_BYTES && name === safeName(name);

function isHarmless(character: string): boolean {
  const code = character.charCodeAt(0);
  return code >= 0x20 && code !== 0x7f && code <= 0xff && character !== '/' && character !== '\\';
}

/** A From tag without the number of the medium, `;1` and up. */
function splitTag(tag: string): { readonly tag: string; readonly medium: number } {
  const found = /;(\d{1,4})$/.exec(tag);
  return found === null ? { tag, medium: 1 } : { tag: tag.slice(0, found.index), medium: Math.max(1, Number(found[1])) };
}
