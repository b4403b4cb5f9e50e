import type { Sdp, SdpPlan } from './sdp.js';

const VERSION_WORDS = ['sdp-version', 'force-increment-sdp-ver', 'force-increment-sdp-version', 'origin-full'];

/** `o=` with what `replace` asks for. Its id stays: it names the session of whoever made it. What cannot be read stays as it is. */
export function originValue(value: string, { origin }: Sdp, { replace, origin: ours, version }: SdpPlan): string {
  if (origin === null) return value;
  const isFull = replace.has('origin-full');
  const username = isFull || replace.has('username') ? word(ours.username) : origin.username;
  const address = isFull || replace.has('origin') ? ours.address : origin.address;
  const asksForVersion = VERSION_WORDS.some((name) => replace.has(name));
  const number = version !== null && asksForVersion ? word(version) : origin.version;
  if (username === origin.username && address === origin.address && number === origin.version) return value;
  return `${username} ${origin.id} ${number} IN ${address.family} ${address.host}`;
}

/** A word that `o=` can have; `-` where there is none (RFC 8866 §5.2). */
function word(text: string): string {
  return text === '' || /[\s\0]/.test(text) ? '-' : text;
}
