import { isModifierText } from './modifiers.js';
import { numericHost } from './numericHost.js';
import { splitTokens } from './tokens.js';

/*
 * Kamailio's rtpproxy module with flag `zNN` writes foreign memory behind the number from the second m-line on: as many bytes as `Z` and the
 * number have, and in front of them what it wrote for the lines before:
 *
 *     UZ20c0,8 call 192.0.2.1 4000 tag;1
 *     UZ20???c96 call 192.0.2.1 4002 tag;2        or, without a list,  UZ20??? call …
 *     UZ20??????c8 call 192.0.2.1 4004 tag;3
 *
 * They may be any bytes, blanks and NULs too. Its modifiers are made in one order: A E I S, 6, Z, c; so the stray bytes are known by what is
 * around them. Only a command that cannot be read as it is may be mended, and only where all of this holds:
 *
 * - its head is one that Kamailio makes: U or L, letters of AEIS6, Z, one to three digits, as many stray bytes as the second m-line has, or
 *   as the number of the m-line behind the first tag demands, then the codec list or nothing;
 * - without them, address and port stand where they belong;
 * - one of them is no character of a modifier (`UZ20IIE`, an error of configuration, stays one), or they make the number longer than one can
 *   be, which the first m-line would have been refused for. A blank counts as one only where address and port do not stand where they
 *   belong as it is;
 * - without a codec list behind them, they do not hold one. (`UZ20yc8`, an unknown letter, stays an error.)
 */
const HEAD = /^[ \t\r\n]*[ul][aeis6]*z(?=[0-9])/i;
const REST = /(?:c[0-9,]+)?[ \t\r\n]/iy;
/** m-lines of one session description: more than anybody offers. */
const MOST_LINES = 32;

/** The words of a command without Kamailio's stray bytes, or null where there are none. Only for what could not be read as it is. */
export function withoutStrayBytes(text: string, tokens: readonly string[] | null): readonly string[] | null {
  const head = HEAD.exec(text)?.[0];
  if (head === undefined) return null;
  const isWhole = tokens !== null && hasAddress(tokens);
  const { length } = /^[0-9]{1,3}/.exec(text.slice(head.length))?.[0] ?? '';
  // The first of the stray bytes may look like one more digit; the number has two then.
  for (const digits of length === 3 ? [3, 2] : [length])
    for (let line = 2; line <= MOST_LINES; line++) {
      const mended = cut(text, head.length + digits, (line - 1) * (1 + digits), isWhole);
      // What the second m-line has is also passed over where tags are not numbered.
      if (mended !== null && (line === 2 || lineOf(mended) === line)) return mended;
    }
  return null;
}

/** Whether address and port stand where U and L have them. */
export function hasAddress(tokens: readonly string[]): boolean {
  const [, , host = '', port = ''] = tokens;
  return (numericHost(host, 'IPv4') ?? numericHost(host, 'IPv6')) !== null && /^[0-9]+$/.test(port);
}

/** The number of the m-line behind the first tag; 0 where it has none. */
const lineOf = ([, , , , tag = '']: readonly string[]): number => Number(/;([0-9]+)$/.exec(tag)?.[1] ?? 0);

function cut(text: string, at: number, count: number, isWhole: boolean): readonly string[] | null {
  const stray = text.slice(at, at + count);
  const isMeant = (character: string): boolean => isModifierText(character) || (isWhole && /[ \t\r\n]/.test(character));
  REST.lastIndex = at + count;
  const rest = REST.exec(text)?.[0];
  if (rest === undefined || ([...stray].every(isMeant) && !/^[0-9]+$/.test(stray))) return null;
  if (rest.length === 1 && /c[0-9,]/i.test(stray)) return null;
  const mended = splitTokens(text.slice(0, at) + text.slice(at + count));
  return mended !== null && hasAddress(mended) ? mended : null;
}
