import { isModifierText } from './modifiers.js';
import { numericHost } from './numericHost.js';
import { splitTokens } from './tokens.js';

/*
 * Kamailio's rtpproxy module with flag `zNN` writes three bytes of foreign memory behind the number from the second m-line on:
 *
 *     UZ20c0,8 call 192.0.2.1 4000 tag;1
 *     UZ20???c96 call 192.0.2.1 4002 tag;2        or, without a list,  UZ20??? call …
 *
 * They may be any bytes, blanks and NULs too. Its modifiers are made in one order: A E I S, 6, Z, c; so the three are known by what is around
 * them. Only a command that cannot be read as it is may be mended, and only where all of this holds:
 *
 * - its head is one that Kamailio makes: U or L, letters of AEIS6, Z, one to three digits, three bytes, then the codec list or nothing;
 * - without the three, address and port stand where they belong;
 * - one of the three is no character of a modifier. (`UZ20IIE`, an error of configuration, stays one.) A blank counts as one only where
 *   address and port do not stand where they belong as it is;
 * - without a codec list behind them, the three do not hold one. (`UZ20yc8`, an unknown letter, stays an error.)
 */
const STRAY_BYTES = 3;
const HEAD = /^[ \t\r\n]*[ul][aeis6]*z(?=[0-9])/i;
const REST = /(?:c[0-9,]+)?[ \t\r\n]/iy;

/** The words of a command without Kamailio's stray bytes, or null where there are none. Only for what could not be read as it is. */
export function withoutStrayBytes(text: string, tokens: readonly string[] | null): readonly string[] | null {
  const head = HEAD.exec(text)?.[0];
  if (head === undefined) return null;
  const isWhole = tokens !== null && hasAddress(tokens);
  const digits = /^[0-9]{1,3}/.exec(text.slice(head.length))?.[0] ?? '';
  const mended = cut(text, head.length, digits, isWhole);
  // The first of the three may look like one more digit; the number has two then.
  return mended === null && digits.length === 3 ? cut(text, head.length, digits.slice(0, 2), isWhole) : mended;
}

/** Whether address and port stand where U and L have them. */
export function hasAddress(tokens: readonly string[]): boolean {
  const [, , host = '', port = ''] = tokens;
  return (numericHost(host, 'IPv4') ?? numericHost(host, 'IPv6')) !== null && /^[0-9]+$/.test(port);
}

function cut(text: string, from: number, digits: string, isWhole: boolean): readonly string[] | null {
  const at = from + digits.length;
  const stray = text.slice(at, at + STRAY_BYTES);
  const isMeant = (character: string): boolean => isModifierText(character) || (isWhole && /[ \t\r\n]/.test(character));
  REST.lastIndex = at + STRAY_BYTES;
  const rest = REST.exec(text)?.[0];
  if (rest === undefined || [...stray].every(isMeant)) return null;
  if (rest.length === 1 && /c[0-9,]/i.test(stray)) return null;
  const mended = splitTokens(text.slice(0, at) + text.slice(at + STRAY_BYTES));
  return mended !== null && hasAddress(mended) ? mended : null;
}
