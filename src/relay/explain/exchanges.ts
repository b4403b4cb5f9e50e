import { ERROR_CODES } from '../../protocol/rtpproxy/errors.js';
import { type NgExchange, readNgExchange } from '../events/ngWords.js';
import type { ExchangeRecord } from '../events/record.js';
import type { Story } from '../events/story.js';
import { ngErrorMeaning } from '../manual/ngErrors.js';
import { ERROR_TEXTS } from '../manual/protocolErrors.js';
import type { FailedCommand, Undone } from './evidence.js';

type Records = Pick<Story, 'records'>;

const exchangesOf = ({ records }: Records): ExchangeRecord[] =>
  records.flatMap(({ record }) => (record.kind === 'exchange' ? [record] : []));

/**
 * Commands that were refused: of the classic protocol U, L, P, R and C that were answered with an error, or (L) with the 0 that means that nobody
 * knows the session; of the NG protocol any that has an error for its result.
 */
export const failedCommands = (story: Records): readonly FailedCommand[] =>
  exchangesOf(story).flatMap((record) => {
    const exchange = readNgExchange(record);
    return (exchange === null ? failedClassic(record) : failedNg(record, exchange)) ?? [];
  });

function failedClassic({ at, command, reply: text }: ExchangeRecord): FailedCommand | null {
  const reply = text.trim();
  const isRefused = /^\s*[ulprc]/i.test(command) && /^e\d+$/i.test(reply);
  const isUnknown = /^\s*l/i.test(command) && reply === '0';
  if (!isRefused && !isUnknown) return null;
  const isTelling = /^[ul]/i.test(command) && reply !== ERROR_CODES.noPortForLeg && reply !== ERROR_CODES.noPortForSession;
  return { at, command, name: command.charAt(0).toUpperCase(), reply, meaning: replyMeaning(reply), isTelling };
}

function failedNg({ at }: ExchangeRecord, { command: name, asked, refusal }: NgExchange): FailedCommand | null {
  if (refusal === null) return null;
  const isTelling = (name === 'offer' || name === 'answer') && refusal !== 'Ran out of ports';
  return { at, command: asked, name, reply: refusal, meaning: ngErrorMeaning(refusal), isTelling };
}

/** What an error code of the classic protocol means. */
export function replyMeaning(reply: string): string {
  if (reply === '0') return 'No session fits its Call-ID and tags.';
  const name = Object.entries(ERROR_CODES).find(([, code]) => code === reply.toUpperCase())?.[0];
  return name === undefined ? 'An error that this version does not know.' : ERROR_TEXTS[name as keyof typeof ERROR_TEXTS];
}

/** What was asked for and is known, and not done. */
export const undoneWishes = (story: Records): readonly Undone[] =>
  exchangesOf(story).flatMap((record) => {
    const exchange = readNgExchange(record);
    if (exchange === null || exchange.notDone.length === 0) return [];
    return [{ at: record.at, command: exchange.command, words: exchange.notDone }];
  });
