import type { NgRequest } from '../../../protocol/ng/request.js';
import type { Sdp, SdpMedia } from '../../../protocol/sdp/sdp.js';

/** A media line in which the relay has no part: it is refused or removed, or its packets do not go over UDP. */
export const NOBODY = 0;

/**
 * For each media line the number of the line, from 1, whose ports carry it: mostly itself. The lines of a bundle that name one address and port
 * (RFC 9143 §7.3), and those that have no port but that of their bundle, are carried by the first of them. Linear in the description.
 */
export function carriersOf({ media, bundles }: Sdp, { sdpMediaRemove, bundle }: NgRequest): readonly number[] {
  const carriers = media.map((each) => (each.port > 0 && isRelayed(each, sdpMediaRemove) ? each.index + 1 : NOBODY));
  if (bundles.length === 0 || bundle.includes('reject')) return carriers;
  const groups = groupsOf(bundles);
  const first = new Map<string, number>();
  for (const each of media) {
    const group = each.mid === null ? undefined : groups.get(each.mid);
    if (group === undefined || carriers[each.index] === NOBODY) continue;
    const place = isPlaceless(each) ? each.index : `${each.address?.host} ${each.port}`;
    carriers[each.index] = firstOf(first, `${group} ${place}`, each.index + 1);
    firstOf(first, String(group), each.index + 1);
  }
  for (const { mid, index, port, isBundleOnly } of media)
    if (port === 0 && isBundleOnly && mid !== null) carriers[index] = first.get(String(groups.get(mid))) ?? NOBODY;
  return carriers;
}

function isRelayed({ carrier, isRejected, kind }: SdpMedia, removed: readonly string[]): boolean {
  return carrier !== 'none' && !isRejected && (removed.length === 0 || !removed.some((each) => sameKind(each, kind)));
}

const sameKind = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** An ICE agent that has found no candidates yet shares nothing; nor does who names no address. */
const isPlaceless = ({ isIcePlaceholder, address }: SdpMedia): boolean => isIcePlaceholder || address === null;

/** Which bundle each mid is of. */
function groupsOf(bundles: Sdp['bundles']): ReadonlyMap<string, number> {
  const groups = new Map<string, number>();
  for (const [group, mids] of bundles.entries()) for (const mid of mids) if (!groups.has(mid)) groups.set(mid, group);
  return groups;
}

function firstOf(first: Map<string, number>, key: string, line: number): number {
  const known = first.get(key);
  if (known === undefined) first.set(key, line);
  return known ?? line;
}
