import { wordsOf } from './lines.js';
import type { SdpAddress } from './sdp.js';

/** RFC 1035 §2.3.4: of a name; what is longer is no host. */
const MAX_HOST = 255;

/** `IN IP4 192.0.2.1`, as `c=` and `a=rtcp` have it (RFC 8866 §5.7), without TTL and number of addresses. Null: it cannot be read. */
export function readAddress(value: string): SdpAddress | null {
  const words = wordsOf(value);
  return addressOf(words[0], words[1], words[2]);
}

/** Of network type, address type and address. An address with colons is one of IPv6, whatever the type says. */
export function addressOf(network: string | undefined, type: string | undefined, text: string | undefined): SdpAddress | null {
  if (network === undefined || type === undefined || text === undefined) return null;
  if (network !== 'IN' && network.toUpperCase() !== 'IN') return null;
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  if (host === '' || host.length > MAX_HOST) return null;
  if (host.includes(':')) return { family: 'IP6', host };
  if (type === 'IP4') return { family: 'IP4', host };
  const family = type.toUpperCase();
  return family === 'IP4' || family === 'IP6' ? { family, host } : null;
}

export const formatAddress = ({ family, host }: SdpAddress): string => `IN ${family} ${host}`;

export const sameAddress = (a: SdpAddress | null, b: SdpAddress | null): boolean =>
  a !== null && b !== null && a.host === b.host && a.family === b.family;

/** `0.0.0.0`, `::` in any form, or a name that by RFC 6761 §6.4 is none: nothing is to be sent there (RFC 3264 §8.4). */
export function isZeroHost(host: string): boolean {
  const last = host.charCodeAt(host.length - 1);
  if (last === DIGIT_ZERO || last === COLON) return isAllZeros(host);
  return (last === LETTER_D || last === LETTER_D - 32) && /(?:^|\.)invalid$/i.test(host.slice(-8));
}

const DOT = 46;
const DIGIT_ZERO = 48;
const COLON = 58;
const LETTER_D = 100;

function isAllZeros(host: string): boolean {
  for (let i = 0; i < host.length; i++) {
    const code = host.charCodeAt(i);
    if (code !== DOT && code !== DIGIT_ZERO && code !== COLON) return false;
  }
  return true;
}

/** A zero address in a family: the one it was, if that has the family or is a name. */
export function zeroAddress(was: SdpAddress, family: SdpAddress['family']): SdpAddress {
  if (was.family === family) return was;
  if (isAllZeros(was.host)) return { family, host: family === 'IP4' ? '0.0.0.0' : '::' };
  return { family, host: was.host };
}
