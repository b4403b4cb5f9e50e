/**
 * The real media thread with an NG executor that only plays one. A payload is `CALL VERB …`; the call `-` is none.
 *
 * - `tell`: answers `tell SHARD COUNT CLIENT HOST LOCAL`; COUNT is how many requests this thread has carried out.
 * - `write`: as `tell`, and it stands in the log as an exchange.
 * - `work MS`: keeps the thread busy for so long first.
 * - `die`: the thread ends over it.
 * - `long N`: answers N characters.
 * - `main …`: only the main thread can see to it.
 *
 * Who asks from 127.0.0.66 is not admitted.
 */
import { callId } from '../../model/kernel/index.js';
import type { ShardStart } from '../../src/io/threads/shardStart.js';
import type { ExecutionWorld } from '../../src/relay/control/execution.js';
import type { NgExecutor } from '../../src/relay/ng/ngExecutor.js';
import { runShard } from '../../workers/media.js';

export const UNWELCOME = '127.0.0.66';
const EXIT_CODE = 3;

function playedBy({ shard }: ExecutionWorld): NgExecutor {
  let count = 0;
  return {
    call: (payload) => {
      const [call = '-'] = payload.split(' ');
      return call === '-' ? null : call;
    },
    needsMain: (payload) => payload.split(' ')[1] === 'main',
    execute: (payload, origin) => {
      const [call = '', verb = '', amount = ''] = payload.split(' ');
      count++;
      if (verb === 'die') process.exit(EXIT_CODE);
      if (verb === 'long') return 'x'.repeat(Number(amount));
      if (verb === 'work') {
        for (const end = performance.now() + Number(amount); performance.now() < end; );
      }
      const reply = `${verb} ${shard.number} ${count} ${origin.client} ${origin.host} ${origin.local}`;
      if (verb === 'write') {
        const { from = '- - -' } = origin;
        shard.write({ kind: 'exchange', at: shard.now(), call: callId(call), from, command: payload, reply });
      }
      return reply;
    },
  };
}

export default function servePlaying(start: ShardStart): Promise<void> {
  return runShard(start, ({ world }) => ({
    executor: playedBy(world),
    admits: ({ origin }) => origin.client !== UNWELCOME,
    onRefused: ({ key }) => start.mailbox.postMessage({ kind: 'warning', text: `refused ${key}` }),
    onDuplicate: () => start.mailbox.postMessage({ kind: 'warning', text: 'duplicate' }),
  }));
}
