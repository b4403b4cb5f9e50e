import { encodeBencode } from './bencode.js';
import { encodeJson } from './json.js';
import type { NgDictionary, NgEncoding } from './value.js';

/** What an answer says first. Clients take `ok` and `pong` for success only. */
export type NgResult = 'ok' | 'pong' | 'error' | 'load limit';

/** A payload, without cookie: keys in the order they have. */
export const encodeReply = (encoding: NgEncoding, reply: NgDictionary): string =>
  encoding === 'json' ? encodeJson(reply) : encodeBencode(reply);

/** It is done; `extra` is what the command returns. */
export const okReply = (extra: NgDictionary = {}): NgDictionary => ({ result: 'ok', ...extra });

/** A reason may have in it what strangers have written: it goes to logs and SIP replies as it is. */
const MAX_REASON = 300;

/** One line without control characters, and not too long, whatever it quotes; one character a byte, like all text of the protocol. */
export function reasonLine(reason: string): string {
  const line = reason
    .slice(0, MAX_REASON + 1)
    .replaceAll('…', '...')
    .replace(/[^ -~\x80-\xff]/g, '?');
  return line.length > MAX_REASON ? `${line.slice(0, MAX_REASON)}...` : line;
}

/** It is not done. `reason` as in section 3.1 of the protocol where it has words for it: clients match on some. */
export const errorReply = (reason: string): NgDictionary => ({ result: 'error', 'error-reason': reasonLine(reason) });

/** To `ping`. */
export const pongReply: NgDictionary = { result: 'pong' };

/** It is refused for load: only to whoever has said that it `supports` this. */
export const loadLimitReply = (message: string): NgDictionary => ({ result: 'load limit', message });
