import { join } from 'node:path';
import { shardStatus } from '../../relay/admin/status.js';
import { watchCall } from '../../relay/admin/watchCall.js';
import type { EventHub } from '../../relay/events/hub.js';
import type { SnapshotRecord } from '../../relay/events/record.js';
import { ADMIN_IN_DATA_DIR, type RelayOptions } from '../../relay/options.js';
import { shardOf } from '../../relay/supervisor/dispatch.js';
import type { Listener } from '../control/listener.js';
import { inheritedSockets } from '../process/inheritance.js';
import type { MediaThread } from '../threads/mediaThread.js';
import { openAdmin } from './server.js';
import type { AdminWorld } from './world.js';

export type RelayFacts = {
  readonly version: string;
  readonly run: number;
  readonly logFolder: string | null;
  readonly startedAtMs: number;
  /** The networks in force, as `AdminStatus` has them. */
  readonly networks: () => readonly string[];
  readonly reload: AdminWorld['reload'];
  readonly owner: { readonly uid: number | null; readonly gid: number } | null;
};

const NOTHING: Listener = { close: async () => {} };

/**
 * The admin socket of a relay. Rejects with one line where it cannot be opened; one that nobody has asked for is done without then, and
 * `warn` told why: a path may be too long for a socket.
 */
export async function openRelayAdmin(
  options: RelayOptions,
  facts: RelayFacts,
  threads: readonly MediaThread[],
  hub: EventHub,
  warn: (text: string) => void,
): Promise<Listener> {
  if (options.admin === null) return NOTHING;
  const isAsked = options.admin !== ADMIN_IN_DATA_DIR;
  const path = isAsked ? options.admin.slice('unix:'.length) : join(options.dataDir, 'admin.sock');
  const owner = { mode: null, uid: facts.owner?.uid ?? null, gid: facts.owner?.gid ?? null };
  try {
    return await openAdmin(path, worldOf(options, facts, threads, hub), owner, inheritedSockets().get(`unix:${path}`) ?? null);
  } catch (error) {
    if (isAsked) throw error;
    warn((error as Error).message);
    return NOTHING;
  }
}

function worldOf(options: RelayOptions, facts: RelayFacts, threads: readonly MediaThread[], hub: EventHub): AdminWorld {
  const inspect = (call: string): Promise<readonly SnapshotRecord[]> =>
    new Promise((resolve) => {
      threads[shardOf(call, threads.length)]!.inspect(call, (sessions) => resolve(sessions ?? []));
    });
  const { version, run, logFolder, startedAtMs, networks, reload } = facts;
  return {
    logFolder,
    reload,
    inspect,
    status: async () => ({
      ...{ version, pid: process.pid, run, startedAtMs, logFolder },
      shards: threads.map(({ counters }, shard) => shardStatus(shard, counters)),
      durability: options.eventLog.durability,
      networks: networks(),
      lost: hub.lost,
    }),
    watch: (call) => (call === null ? hub.all$ : watchCall(hub, call, inspect)),
  };
}
