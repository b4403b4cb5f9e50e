import { type Address, familyOf } from '../../../model/kernel/index.js';
import { isWildcard } from './numericHost.js';
import { MAX_SUBCOMMANDS } from './tokens.js';

/** Bytes of a reply with its cookie and line feed: B2BUA takes one `recv` of so many for the whole. */
export const MAX_REPLY_BYTES = 1024;
/** What of it is kept free for the cookie, the blank behind it and the line feed: the longest cookie of a known client has 33 characters. */
const ENVELOPE_BYTES = 64;

/** Whether a reply without cookie and line feed may be sent: G answers E25 if not, Q answers E26. */
export const fitsReply = (body: string): boolean => body.length <= MAX_REPLY_BYTES - ENVELOPE_BYTES;

/**
 * The answer to U and L: `port`, `port address`, or `port address 6`. The 6 is mandatory for IPv6: clients write IP4 into SDP without it.
 * `advertised` takes the place of the address that the socket is bound to, and may be a name: then the family is that of the socket. Bound to
 * all addresses and nothing advertised, it is the port alone: the client knows the host better.
 */
export function formatLocal(local: Address, advertised: string | null): string {
  if (advertised === null && isWildcard(local.host)) return `${local.port}`;
  const shown = advertised ?? local.host;
  const isNumeric = shown.includes(':') || /^[0-9.]+$/.test(shown);
  const family = familyOf(isNumeric ? shown : local.host);
  return `${local.port} ${shown}${family === 'IPv6' ? ' 6' : ''}`;
}

const SILENT = ' && 0';
const FAILED = ' && -1';
/** Behind a text there is always room for this: results of all sub-commands, none of them text. */
const NUMBERS_BYTES = MAX_SUBCOMMANDS * FAILED.length;

/**
 * An answer with the results of its sub-commands behind it. A result is 0 (done), a negative number (failed; nothing is carried out after it)
 * or text. Zeros are only shown where something is shown after them. A text that does not fit is shown as a failure, the last thing there is.
 */
export function formatSubresults(main: string, results: readonly (number | string)[]): string {
  let reply = main;
  let silent = '';
  for (const result of results) {
    if (result === 0) silent += SILENT;
    else if (typeof result === 'number') return `${reply}${silent} && ${result}`;
    else {
      const next = `${reply}${silent} && ${result}`;
      if (!fitsReply(next.padEnd(next.length + NUMBERS_BYTES))) return reply + silent + FAILED;
      reply = next;
      silent = '';
    }
  }
  return reply;
}

export type Totals = {
  readonly sessionsCreated: number;
  readonly activeSessions: number;
  readonly packetsReceived: number;
  readonly packetsTransmitted: number;
};

/** The answer to I: five lines, with `load` a sixth; every session has two streams in rtpproxy's count. */
export function formatInfo(totals: Totals, load: number | null): string {
  const lines = [
    `sessions created: ${totals.sessionsCreated}`,
    `active sessions: ${totals.activeSessions}`,
    `active streams: ${totals.activeSessions * 2}`,
    `packets received: ${totals.packetsReceived}`,
    `packets transmitted: ${totals.packetsTransmitted}`,
  ];
  if (load !== null) lines.push(`average load: ${load.toFixed(6)}`);
  return lines.join('\n');
}
