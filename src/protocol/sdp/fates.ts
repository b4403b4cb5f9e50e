import { formatAddress, sameAddress, zeroAddress } from './address.js';
import { chooseCodecs } from './codecs.js';
import type { Sdp, SdpAddress, SdpLine, SdpMedia, SdpPlace, SdpPlan } from './sdp.js';
import type { Wishes } from './wishes.js';

/** What becomes of a section, everything weighed. */
export type Fate =
  | { readonly kind: 'untouched' }
  | { readonly kind: 'rejected' }
  | {
      readonly kind: 'relayed';
      readonly place: SdpPlace;
      /** What its `c=` says: the place, or a zero address. */
      readonly address: SdpAddress;
      /** With the codecs that stay. */
      readonly lines: readonly SdpLine[];
    };

export function fatesOf(sdp: Sdp, plan: SdpPlan, wishes: Wishes): Fate[] {
  const left = sdp.media.map((media) => linesLeft(sdp, plan, wishes, media));
  const places = placesOf(sdp, plan, wishes, left);
  return sdp.media.map((media, i): Fate => {
    const lines = left[i] ?? null;
    const place = places[i];
    if (lines === null) return { kind: 'rejected' };
    if (media.isRejected || place === undefined) return { kind: 'untouched' };
    return { kind: 'relayed', place, address: addressFor(media, place, wishes), lines };
  });
}

/** A section with the codecs that stay; null: it is to be rejected. */
function linesLeft({ sections }: Sdp, plan: SdpPlan, wishes: Wishes, media: SdpMedia): readonly SdpLine[] | null {
  const lines = sections[media.index]!;
  if (media.isRejected) return lines;
  const planned = plan.media[media.index]?.kind ?? 'keep';
  if (planned === 'reject' || wishes.removedKinds.has(media.kind.toLowerCase())) return null;
  if (planned === 'keep' || wishes.codecs === null || media.carrier !== 'rtp') return lines;
  return chooseCodecs(lines, media, wishes.codecs);
}

/** A hold of the old kind stays one. Port 0 goes by no `c=` of the session, so what that says is no hold of it. */
function addressFor(media: SdpMedia, { family, host }: SdpPlace, { keepsZeroAddress }: Wishes): SdpAddress {
  const isOwn = media.hasConnection || media.port !== 0;
  const isHold = media.isZeroAddress && isOwn && !media.isIcePlaceholder;
  return isHold && media.address !== null && keepsZeroAddress ? zeroAddress(media.address, family) : { family, host };
}

/**
 * Where each section is to be reached. Those of a bundle that the description sends to one address and port (a bundled answer, RFC 9143 §7.3)
 * share the place of the first of them that is not rejected; ICE agents without candidates share nothing yet.
 */
function placesOf(
  { media, bundles }: Sdp,
  plan: SdpPlan,
  { breaksBundles }: Wishes,
  left: readonly (readonly SdpLine[] | null)[],
): (SdpPlace | undefined)[] {
  const places = media.map((_, i) => {
    const planned = plan.media[i];
    return planned?.kind === 'relay' ? planned.place : undefined;
  });
  if (bundles.length === 0 || breaksBundles) return places;
  const waiting = new Map<string, number>();
  for (const { mid, index, isRejected } of media) {
    const isLeft = !isRejected && left[index] !== null;
    if (mid !== null && isLeft && !waiting.has(mid)) waiting.set(mid, index);
  }
  for (const mids of bundles) {
    const first = new Map<string, SdpPlace>();
    for (const mid of mids) {
      const index = waiting.get(mid);
      if (index === undefined) continue;
      waiting.delete(mid);
      const { address, port, isIcePlaceholder } = media[index]!;
      const place = places[index];
      if (place === undefined || port === 0 || isIcePlaceholder || address === null) continue;
      const at = `${port} ${address.host}`;
      const shared = first.get(at);
      if (shared === undefined) first.set(at, place);
      else places[index] = shared;
    }
  }
  return places;
}

/** What the `c=` lines become. */
export type Connections = {
  /** Of the session part; null: it stays, or there is none. */
  readonly session: SdpAddress | null;
  /** For each section: the value of the `c=` to put in. Null: none. */
  readonly added: readonly (string | null)[];
};

/**
 * A `c=` of the session stays where it is as long as sections go by it, and says what the first relayed one of them needs. Sections that need
 * something else are given their own.
 */
export function connectionsOf({ session: lines, media }: Sdp, fates: readonly Fate[]): Connections {
  const line = lines.find(({ type }) => type === 'c');
  const goesBySession = (i: number): boolean => !media[i]!.hasConnection && media[i]!.port !== 0;
  const session = line === undefined ? null : sessionAddress(fates, goesBySession, media);
  const added = fates.map((fate, i) => {
    if (!goesBySession(i) || fate.kind === 'rejected') return null;
    if (fate.kind === 'untouched') return line === undefined ? null : connectionKept(line.value, media[i]!.address, session);
    return sameAddress(session, fate.address) ? null : formatAddress(fate.address);
  });
  return { session, added };
}

/** Longer ones would be copied into each section. */
const MAX_KEPT = 300;

/** The `c=` of the session, for a section that goes by it, once that says something else. */
function connectionKept(value: string, was: SdpAddress | null, session: SdpAddress | null): string | null {
  if (was === null || session === null || sameAddress(session, was)) return null;
  return value.length <= MAX_KEPT ? value : formatAddress(was);
}

function sessionAddress(
  fates: readonly Fate[],
  goesBySession: (i: number) => boolean,
  media: readonly SdpMedia[],
): SdpAddress | null {
  const relayed = fates.flatMap((fate, i) => (fate.kind === 'relayed' && media[i]!.port !== 0 ? [{ fate, i }] : []));
  const going = relayed.find(({ i }) => goesBySession(i));
  if (going !== undefined) return going.fate.address;
  // Nobody needs it any more, but it would still tell an address that is not ours.
  const isNeeded = fates.some((fate, i) => fate.kind === 'untouched' && goesBySession(i));
  return isNeeded ? null : (relayed[0]?.fate.address ?? null);
}
