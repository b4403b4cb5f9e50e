/** Two media threads as the relay starts them, but mortal (see `mortalShard.ts`); without control sockets. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { MediaThreads } from '../../src/io/threads/mediaThreads.js';
import type { ShardSetting } from '../../src/io/threads/shardStart.js';
import type { EngineName } from '../../src/media/engine.js';
import { PLAIN_GRAMMAR } from '../../src/protocol/rtpproxy/grammar.js';
import type { SessionAccount } from '../../src/relay/accounting/sessionAccount.js';
import { LOCAL_ORIGIN } from '../../src/relay/control/origin.js';
import { type PortRange, portRange } from '../../src/relay/portalloc/portTable.js';
import { Dispatch, shardOf } from '../../src/relay/supervisor/dispatch.js';
import { oneNetwork, plainOptions } from '../property/shardWorld.js';
import { leasePorts } from './ports.js';
import { temporaryFolder } from './startAttempt.js';

export const HOST = '127.0.0.1';
const SHARDS = 2;
const ANSWER_LIMIT_MS = 5_000;

export type ThreadScene = {
  readonly t: TestContext;
  readonly folder: string;
  readonly threads: MediaThreads;
  readonly dispatch: Dispatch;
  readonly warnings: string[];
  readonly fatal: string[];
  /** What was told of ended sessions. */
  readonly accounts: SessionAccount[];
  readonly ask: (command: string) => Promise<string>;
};

function settingOf(range: PortRange, engine: EngineName, logFolder: string): ShardSetting {
  const { shard: _shard, counterMemory: _memory, ...plain } = plainOptions(range.pairs, HOST, 60_000, 60_000);
  const control = { networks: oneNetwork(HOST), asymmetric: false, permitted: [] };
  return { ...plain, range, engine, logFolder, sequentialPorts: false, tos: null, control, profileFolder: null };
}

/** Stopped with the test. `onWarning`: besides being kept. `special`: what of the setting is not as without any option. */
export async function startThreads(
  t: TestContext,
  engine: EngineName,
  onWarning: (text: string) => void = () => {},
  special: Partial<ShardSetting> = {},
): Promise<ThreadScene> {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const folder = await temporaryFolder(t);
  const { min, max } = lease.range(80);
  const [warnings, fatal]: [string[], string[]] = [[], []];
  const accounts: SessionAccount[] = [];
  const { threads } = await MediaThreads.start({
    workerFile: fileURLToPath(new URL('./mortalShard.js', import.meta.url)),
    workers: SHARDS,
    setting: { ...settingOf(portRange(min, max), engine, join(folder, 'log')), ...special },
    onWarning: (text) => {
      warnings.push(text);
      onWarning(text);
    },
    onFatal: (text) => fatal.push(text),
    onNotification: () => {},
    onAccount: (account) => accounts.push(account),
    onRtcp: () => {},
  });
  t.after(() => threads.stop());
  const dispatch = new Dispatch(threads.links, PLAIN_GRAMMAR);
  const ask = (command: string): Promise<string> =>
    Promise.race([
      new Promise<string>((resolve) => dispatch.handle(command, LOCAL_ORIGIN, resolve)),
      delay(ANSWER_LIMIT_MS, undefined, { ref: false }).then(() => Promise.reject(new Error(`"${command}" is not answered`))),
    ]);
  return { t, folder, threads, dispatch, warnings, fatal, accounts, ask };
}

/** A Call-ID that belongs to the given thread. */
export function callOn(shard: number, name: string): string {
  for (let n = 0; ; n++) if (shardOf(`${name}-${n}`, SHARDS) === shard) return `${name}-${n}`;
}
