import type { Family } from '../../model/kernel/index.js';
import { countersBytes } from '../../src/media/counters.js';
import type { PacketEngine } from '../../src/media/engine.js';
import { PLAIN_GRAMMAR } from '../../src/protocol/rtpproxy/grammar.js';
import type { SessionAccount } from '../../src/relay/accounting/sessionAccount.js';
import type { OwnedEvent } from '../../src/relay/callEvents/callEvent.js';
import type { ExecutionWorld } from '../../src/relay/control/execution.js';
import type { ControlSetting } from '../../src/relay/control/setting.js';
import { Admission, admissionBytes, NO_LIMITS } from '../../src/relay/limits/admission.js';
import { mergeNetworks } from '../../src/relay/networks/merge.js';
import type { GivenNetworks } from '../../src/relay/networks/parse.js';
import type { NetworkTable } from '../../src/relay/networks/table.js';
import type { PortTable } from '../../src/relay/portalloc/portTable.js';
import { type MakeTable, PortTables } from '../../src/relay/portalloc/portTables.js';
import type { Clock } from '../../src/relay/ports.js';
import type { Shard, ShardOptions, ShardWorld } from '../../src/relay/session/shard.js';
import type { Notification, RtcpReport } from '../../src/relay/session/tellers.js';
import { NO_EVENT_SETTINGS } from '../../src/relay/settings/access.js';
import type { ShardLink } from '../../src/relay/supervisor/dispatch.js';
import type { ShardRequest } from '../../src/relay/supervisor/messages.js';
import { findNamed, ShardServer } from '../../src/relay/supervisor/shardServer.js';

export { PLAIN_GRAMMAR };

/** Everything that a shard told its world. */
export type Told = {
  readonly warnings: string[];
  readonly notifications: Notification[];
  readonly accounts: SessionAccount[];
  readonly events: OwnedEvent[];
  readonly reports: RtcpReport[];
};

export const oneNetwork = (host: string): NetworkTable =>
  tableOf({ networks: [{ host, advertised: null, label: null }], bridge: null });

/** What `-l` and `-6` would be alone. */
export function tableOf(given: GivenNetworks): NetworkTable {
  const settings = { networks: [], bridge: null, standard: null };
  const merged = mergeNetworks({ given, named: [], settings });
  if (!merged.ok) throw new Error(merged.error);
  return merged.value;
}

/** What a shard that nothing special is asked of is made with. */
export const plainOptions = (slots: number, host: string, ttlMs: number, setupTtlMs: number): ShardOptions => ({
  shard: 0,
  slots,
  lastSeq: 0,
  network: { host, advertised: null },
  ttlMs,
  setupTtlMs,
  independentTtl: false,
  doubling: false,
  recordRtcp: true,
  reporting: false,
  accounting: false,
  loadLimits: null,
  counterMemory: new ArrayBuffer(countersBytes(slots)),
});

/** A world that remembers what it is told, and in which shards have no lines to each other. */
export function recordingWorld(
  engine: PacketEngine,
  ports: Readonly<Record<Family, PortTable>>,
  clock: Clock,
  told: Told = { warnings: [], notifications: [], accounts: [], events: [], reports: [] },
  makeTable: MakeTable | null = null,
): { readonly told: Told; readonly world: ShardWorld } {
  const world: ShardWorld = {
    ...{ engine, clock },
    ports: new PortTables(ports, makeTable),
    admission: new Admission(new ArrayBuffer(admissionBytes(1)), 0),
    busyMs: () => 0,
    recorder: null,
    random: () => 0.5,
    warn: (text) => told.warnings.push(text),
    notify: (notification) => told.notifications.push(notification),
    tell: (owned) => told.events.push(owned),
    account: (account) => told.accounts.push(account),
    reportRtcp: (report) => told.reports.push(report),
    openLine: () => {},
    closeLine: () => {},
  };
  return { told, world };
}

/** What commands are carried out with on a shard for which nothing is configured. */
export const plainExecution = (shard: Shard, host: string, setting: Partial<ControlSetting> = {}): ExecutionWorld => ({
  shard,
  setting: {
    networks: oneNetwork(host),
    asymmetric: false,
    recording: null,
    permitted: [],
    limits: NO_LIMITS,
    loopId: 'test',
    allow: [],
    events: NO_EVENT_SETTINGS,
    ...setting,
  },
  routeTo: () => host,
  warn: () => {},
});

/** A link to a shard in the same thread. `carryOut`: when what is asked happens, and when its answer arrives. */
export function linkTo(
  world: ExecutionWorld,
  carryOut: <T>(act: () => T, answer: (value: T) => void) => void,
): ShardLink & { readonly change: (request: Extract<ShardRequest, { kind: 'setting' }>) => void } {
  const { shard } = world;
  let reply = '';
  const server = new ShardServer(world, (notice) => {
    if (notice.kind === 'replies') reply = notice.replies[0]![1];
  });
  const ask = (request: Parameters<ShardServer['take']>[0]): string => {
    reply = '';
    server.take(request);
    server.sendReplies([]);
    return reply;
  };
  return {
    counters: shard.counters,
    change: (request) => server.take(request),
    command: (assignment, answer) => carryOut(() => ask({ kind: 'command', id: 1, assignment }), answer),
    find: (call, tags, answer) => carryOut(() => findNamed(world, { call, tags }), answer),
    deleteAll: (done) => carryOut(() => ask({ kind: 'deleteAll', id: 1 }), done),
    drain: () =>
      carryOut(
        () => ask({ kind: 'drain' }),
        () => {},
      ),
  };
}

/** Sessions that live now. */
export const liveSessions = (shard: Shard): number => shard.counters.shard('sessionsActive');
