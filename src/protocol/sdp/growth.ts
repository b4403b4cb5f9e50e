import { attributeChanges, SESSION_KIND } from './attributes.js';
import type { Sdp, SdpLine, SdpPlan } from './sdp.js';

/** How much longer a description may become by lines that a request puts in, characters: far more than anybody needs. */
export const MAX_GROWTH = 262_144;

/** `a=` and a line end. */
const AROUND_VALUE = 4;

/**
 * How much longer the attributes of a plan can make a description at most, characters. One request can name a long text once and have it stand
 * in thousands of lines: who carries it out looks here before.
 */
export function growthBy({ session, sections, media }: Sdp, attributes: SdpPlan['attributes']): number {
  const changes = attributeChanges(attributes);
  if (changes.size === 0) return 0;
  const growths = new Map(
    [...changes].map(([kind, { add, substitute }]) => [
      kind,
      {
        once: add.reduce((sum, value) => sum + value.length + AROUND_VALUE, 0),
        eachLine: [...substitute.values()].reduce((most, to) => Math.max(most, to.length), 0),
      },
    ]),
  );
  const growthOf = (kind: string, lines: readonly SdpLine[]): number => {
    const growth = growths.get(kind);
    return growth === undefined ? 0 : growth.once + growth.eachLine * lines.filter(({ type }) => type === 'a').length;
  };
  return sections.reduce((sum, lines, i) => sum + growthOf(media[i]!.kind.toLowerCase(), lines), growthOf(SESSION_KIND, session));
}
