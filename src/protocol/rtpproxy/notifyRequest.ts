import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { decodeUrlText } from '../bytes/urlText.js';
import type { NotifyRequest } from './command.js';
import { ERROR_CODES as E, type ErrorCode } from './errors.js';

/** What may stand behind the From tag of a U. */
export type Tail = { readonly to: string | null; readonly notify: NotifyRequest | null };

/** Whether a word names a notification socket. No tag of SIP holds a colon or a slash (RFC 3261 §25.1, `token`). */
export const looksLikeSocket = (word: string): boolean => /^(?:xmlrpc:|tcp:|unix:|udp:|http:|\/)/.test(word);

/**
 * Reads what stands behind the From tag of a U:
 *
 *     to                    to socket tag
 *     socket tag            (seven words in all are no To tag, but a notification)
 *
 * and two forms of Kamailio's that rtpproxy misreads:
 *
 *     to socket             5.6: the tag is left out
 *     socket;tag            later: glued, where there is no To tag yet
 */
export function parseTail(words: readonly string[]): Result<Tail, ErrorCode> {
  const [first, second, third] = words;
  if (first === undefined) return ok({ to: null, notify: null });
  if (second === undefined) return ok(looksLikeSocket(first) ? { to: null, notify: glued(first) } : { to: first, notify: null });
  if (third !== undefined) return asked(first, second, third);
  if (looksLikeSocket(second) && !looksLikeSocket(first))
    return ok({ to: first, notify: { socket: second, tag: null, lenient: true } });
  return asked(null, first, second);
}

function asked(to: string | null, socket: string, encoded: string): Result<Tail, ErrorCode> {
  const tag = decodeUrlText(encoded);
  return tag === null ? refuse(E.notifyTag) : ok({ to, notify: { socket, tag, lenient: false } });
}

/** The tag is sent as the script has it, encoded or not; with a To tag it would be decoded, so it is here too where that can be done. */
function glued(word: string): NotifyRequest {
  const end = word.indexOf(';');
  if (end < 0) return { socket: word, tag: null, lenient: true };
  const tag = word.slice(end + 1);
  return { socket: word.slice(0, end), tag: tag === '' ? null : (decodeUrlText(tag) ?? tag), lenient: true };
}
