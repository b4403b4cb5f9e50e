/** Two media threads as the relay starts them, but mortal (see `mortalShard.ts`); without control sockets. */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { clock } from '../../src/io/clock.js';
import type { Gate } from '../../src/io/threads/mediaThread.js';
import { type MediaThreadOptions, MediaThreads } from '../../src/io/threads/mediaThreads.js';
import type { ShardSetting } from '../../src/io/threads/shardStart.js';
import type { EngineName } from '../../src/media/engine.js';
import { type Grammar, PLAIN_GRAMMAR } from '../../src/protocol/rtpproxy/grammar.js';
import type { SessionAccount } from '../../src/relay/accounting/sessionAccount.js';
import { LOCAL_ORIGIN } from '../../src/relay/control/origin.js';
import type { ControlSetting } from '../../src/relay/control/setting.js';
import { NO_LIMITS } from '../../src/relay/limits/admission.js';
import { MODULES } from '../../src/relay/modules/names.js';
import type { Permitted } from '../../src/relay/notify/targets.js';
import type { EventLogOptions } from '../../src/relay/options.js';
import { type PortRange, portRange } from '../../src/relay/portalloc/portTable.js';
import type { PromptSource } from '../../src/relay/ports.js';
import type { Notification } from '../../src/relay/session/tellers.js';
import { NO_EVENT_SETTINGS } from '../../src/relay/settings/access.js';
import { Dispatch, shardOf } from '../../src/relay/supervisor/dispatch.js';
import { oneNetwork, plainOptions } from '../property/shardWorld.js';
import { FATE_BYTES, type MortalSetting, ON_HOLD } from './mortalFate.js';
import { leasePorts } from './ports.js';
import { temporaryFolder } from './startAttempt.js';

export const HOST = '127.0.0.1';
export const SHARDS = 2;
const ANSWER_LIMIT_MS = 5_000;
const EVENT_LOG: EventLogOptions = {
  ...{ durability: 'os', fsyncIntervalMs: 5, segmentBytes: 16 << 20, segmentAgeMs: 3_600_000 },
  ...{ keepAgeMs: 3_600_000, keepBytes: 1 << 30, minFreeBytes: 0 },
};

/** Whom calls may ask to be notified; nobody is, but it is kept what they would be told. */
export const NOTIFIED = 'tcp:127.0.0.1:9';
const PERMITTED: readonly Permitted[] = [{ text: NOTIFIED, target: { kind: 'tcp', host: '127.0.0.1', port: 9, bind: null } }];
const GRAMMAR: Grammar = { ...PLAIN_GRAMMAR, notify: true, moduleInstances: (id) => (id === MODULES.catch_dtmf.id ? 1 : 0) };

export type ThreadScene = {
  readonly t: TestContext;
  readonly folder: string;
  readonly threads: MediaThreads;
  readonly dispatch: Dispatch;
  readonly warnings: string[];
  readonly fatal: string[];
  /** What was told of ended sessions. */
  readonly accounts: SessionAccount[];
  readonly notifications: Notification[];
  readonly range: PortRange;
  /** `from`: the client and its cookie as the log has them, if they are to be known. */
  readonly ask: (command: string, from?: string) => Promise<string>;
  /** Whether threads that are to take sessions up wait before they do. */
  readonly hold: (isOnHold: boolean) => void;
};

/** What of a scene is not as without any option. */
export type SceneOptions = {
  readonly setting?: Partial<ShardSetting>;
  /** How many media ports there are. */
  readonly ports?: number;
  /** Called with every warning, besides its being kept. */
  readonly onWarning?: (text: string) => void;
  readonly gate?: Gate;
  /** Whoever makes recordings and reads prompts; otherwise nobody does. See `soundScene.ts`. */
  readonly sound?: SoundWorld;
  /** The module of the threads, if not `mortalShard`, and what they take NG requests by. */
  readonly worker?: string;
  readonly ng?: MediaThreadOptions['ng'];
};

export type SoundWorld = Pick<MediaThreadOptions, 'onLinks' | 'tapeOf' | 'onPromptSought' | 'onRestart'> & {
  readonly recording: ControlSetting['recording'];
  readonly prompts: PromptSource;
};

const WITHOUT_SOUND: SoundWorld = {
  ...{ onLinks: () => {}, tapeOf: () => null, onPromptSought: () => {}, onRestart: () => {}, recording: null },
  prompts: { find: (_prompt, _payloadTypes, found) => found(null) },
};

function settingOf(range: PortRange, engine: EngineName, logFolder: string, { recording }: SoundWorld): ShardSetting {
  const { shard: _shard, counterMemory: _memory, lastSeq: _seq, ...plain } = plainOptions(range.pairs, HOST, 60_000, 60_000);
  const control = {
    networks: oneNetwork(HOST),
    asymmetric: false,
    recording,
    permitted: PERMITTED,
    limits: NO_LIMITS,
    allow: [],
    loopId: 'test',
    events: NO_EVENT_SETTINGS,
  };
  const log = { ...EVENT_LOG, folder: logFolder, program: 'test' };
  return {
    ...plain,
    range,
    ownRanges: [],
    engine,
    run: Math.round(clock()),
    log,
    sequentialPorts: false,
    tos: null,
    control,
    profileFolder: null,
  };
}

/** Stopped with the test. */
export async function startThreads(t: TestContext, engine: EngineName, options: SceneOptions = {}): Promise<ThreadScene> {
  const { setting = {}, ports = 80, onWarning = () => {}, gate = (_, release) => release(), sound = WITHOUT_SOUND } = options;
  const lease = await leasePorts(ports);
  t.after(() => lease.release());
  const folder = await temporaryFolder(t);
  const { min, max } = lease.range(ports);
  const range = portRange(min, max);
  const [warnings, fatal]: [string[], string[]] = [[], []];
  const [accounts, notifications]: [SessionAccount[], Notification[]] = [[], []];
  const mortal: MortalSetting = {
    ...{ ...settingOf(range, engine, join(folder, 'log'), sound), ...setting },
    fate: new SharedArrayBuffer(FATE_BYTES),
  };
  const { threads } = await MediaThreads.start({
    workerFile: fileURLToPath(new URL(options.worker ?? './mortalShard.js', import.meta.url)),
    workers: SHARDS,
    setting: mortal,
    onWarning: (text) => {
      warnings.push(text);
      onWarning(text);
    },
    onFatal: (text) => fatal.push(text),
    onNotification: (notification) => notifications.push(notification),
    onAccount: (account) => accounts.push(account),
    onRtcp: () => {},
    recoverRun: null,
    gate,
    onRecords: () => {},
    onRestart: sound.onRestart,
    onLinks: sound.onLinks,
    tapeOf: sound.tapeOf,
    ng: options.ng ?? null,
    onPromptSought: sound.onPromptSought,
  });
  t.after(() => threads.stop());
  const dispatch = new Dispatch(threads.links, GRAMMAR, sound.prompts);
  const ask = (command: string, from?: string): Promise<string> =>
    Promise.race([
      new Promise<string>((resolve) =>
        dispatch.handle(command, from === undefined ? LOCAL_ORIGIN : { ...LOCAL_ORIGIN, from }, resolve),
      ),
      delay(ANSWER_LIMIT_MS, undefined, { ref: false }).then(() => Promise.reject(new Error(`"${command}" is not answered`))),
    ]);
  const fate = new Int32Array(mortal.fate);
  const hold = (isOnHold: boolean): void => {
    Atomics.store(fate, ON_HOLD, isOnHold ? 1 : 0);
    Atomics.notify(fate, ON_HOLD);
  };
  t.after(() => hold(false));
  return { t, folder, threads, dispatch, warnings, fatal, accounts, notifications, range, ask, hold };
}

/** A Call-ID that belongs to the given thread. */
export function callOn(shard: number, name: string): string {
  for (let n = 0; ; n++) if (shardOf(`${name}-${n}`, SHARDS) === shard) return `${name}-${n}`;
}
