import type { Row } from './momentRows.js';
import { readNgExchange } from './ngWords.js';
import type { ExchangeRecord } from './record.js';
import { ascii, cut } from './words.js';

const LONGEST_COMMAND = 200;
const LONGEST_REPLY = 100;

/** The Call-ID stands above the ladder and is left out. */
export function exchangeRow({ call, command, reply }: Pick<ExchangeRecord, 'call' | 'command' | 'reply'>): Row {
  const exchange = readNgExchange({ command, reply });
  // In what was asked an arrow stands between tags already.
  if (exchange !== null) return { kind: 'exchange', times: 1, joint: '=>', command: exchange.asked, reply: exchange.answered };
  const words = command.split(' ');
  if (words[1] === call) words.splice(1, 1);
  return {
    ...{ kind: 'exchange', times: 1, joint: '->' },
    command: cut(ascii(words.join(' ').trim()), LONGEST_COMMAND),
    reply: cut(ascii(reply.trim()), LONGEST_REPLY),
  };
}
