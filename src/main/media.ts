import { fileURLToPath } from 'node:url';
import { packageVersion } from '../cli/version.js';
import type { Accountants } from '../io/accounting/accountants.js';
import { clock } from '../io/clock.js';
import type { EventLogKeeper } from '../io/log/eventLog.js';
import type { Logger } from '../io/logging.js';
import { openNotifier } from '../io/notify/notifier.js';
import { openPrompts } from '../io/prompts/openPrompts.js';
import { type FolderOwner, openRecorder } from '../io/recording/openRecorder.js';
import type { MediaThread } from '../io/threads/mediaThread.js';
import { MediaThreads } from '../io/threads/mediaThreads.js';
import type { ShardSetting } from '../io/threads/shardStart.js';
import { LastRecordings } from '../relay/callEvents/leaving.js';
import type { ControlSetting } from '../relay/control/setting.js';
import { EventHub } from '../relay/events/hub.js';
import { printable } from '../relay/events/timeline.js';
import type { ModuleSettings } from '../relay/modules/config.js';
import { allPairs, ownRanges } from '../relay/networks/ranges.js';
import { defaultAsymmetric, defaultNetwork } from '../relay/networks/table.js';
import type { RelayOptions } from '../relay/options.js';
import type { PromptSource } from '../relay/ports.js';
import type { RecordingDone, RecordingFailed } from '../relay/recording/orders.js';
import type { InForce } from '../relay/settings/changes.js';
import type { NgBeginning } from './ng.js';
import type { Closing, Plan } from './plan.js';

const fileOf = (worker: string): string => fileURLToPath(new URL(`../../workers/${worker}.js`, import.meta.url));

type MediaWorld = {
  readonly log: Logger;
  readonly run: number;
  readonly keeper: EventLogKeeper;
  readonly ng: NgBeginning;
  readonly onFatal: (reason: string) => void;
  readonly owner: FolderOwner | null;
};

/** The media threads, those whom they tell what happens, and where prompts come from. */
export async function openMedia(
  options: RelayOptions,
  plan: Plan,
  { log, run, keeper, ng, onFatal, owner }: MediaWorld,
  closing: Closing,
): Promise<Awaited<ReturnType<typeof MediaThreads.start>> & { readonly hub: EventHub; readonly prompts: PromptSource }> {
  // What a drop-in must say must be seen at the level it logs at when nothing is said, which is ERR.
  const warn = (text: string): void => log.error(text);
  const notifier = openNotifier(warn);
  closing.push(() => notifier.close());
  const accountants = await openAccounts(plan.modules, options.startFolder, warn);
  if (accountants !== null) closing.push(() => accountants.close());
  let hub: EventHub | null = null;
  let links: readonly MediaThread[] = [];
  const prompts = openPrompts(fileOf('jobs'), warn);
  closing.push(() => prompts.close());
  const lastRecordings = new LastRecordings(clock, ng.onEvent);
  const recorder = await openRecorder(options, fileOf('recorder'), owner, {
    onNotice: (notice) => {
      if (notice.kind === 'done') {
        if (notice.files.length > 0) log.info(doneText(notice));
        lastRecordings.recorded(notice);
      }
      // Here, as the thread of the session may have ended when the last packets are written.
      if (notice.kind === 'failed') warn(failedText(notice));
      links[notice.place.shard]?.send({ kind: 'recorder', notice });
    },
    onRestart: () => {
      for (const link of links) link.send({ kind: 'recordAgain' });
    },
    warn,
  });
  closing.push((leave) => recorder.stop(leave));
  const started = await MediaThreads.start({
    workerFile: fileOf('media'),
    workers: options.workers,
    setting: settingOf(options, plan, run),
    recoverRun: keeper.recoverRun,
    gate: keeper.gate,
    onLinks: (made) => {
      links = made;
    },
    tapeOf: recorder.tapeOf,
    ng: ng.sockets === null ? null : { starts: ng.sockets.starts, handle: ng.handle },
    onEvent: ng.onEvent,
    onLeaving: (shard, sessions) => lastRecordings.left(shard, sessions),
    onPromptSought: (shard, { target, side, prompt, payloadType }) =>
      prompts.find(prompt, [payloadType], (found) => links[shard]?.send({ kind: 'prompt', target, side, prompt: found })),
    onRecords: (shard, batch) => hub?.deliver(shard, batch),
    onRestart: (shard) => {
      recorder.takeOver(shard);
      hub?.restarted(shard);
    },
    onWarning: warn,
    onFatal,
    onNotification: ({ target, line, ended }) => notifier.send(target, line, ended),
    onAccount: (account) => accountants?.account(account),
    onRtcp: (report) => accountants?.reportRtcp(report),
  });
  closing.push((leave) => {
    lastRecordings.begin();
    return started.threads.stop(leave);
  });
  hub = hubOf(links);
  plan.live.onSettings((now) => started.threads.change(controlOf(options, plan, now), ownRanges(now.networks)));
  return { ...started, hub, prompts };
}

/** Loaded only where something is to be written: they need system calls. */
async function openAccounts(modules: ModuleSettings, folder: string, warn: (text: string) => void): Promise<Accountants | null> {
  if (!modules.acctCsv && modules.acctRtcpHep === null) return null;
  const { openAccountants } = await import('../io/accounting/accountants.js');
  return openAccountants(modules, folder, warn);
}

function settingOf(options: RelayOptions, plan: Plan, run: number): ShardSetting {
  const { networks, modules, range, logFolder, live } = plan;
  const { ttlSeconds, setupTtlSeconds, independentTtl, doubling, sequentialPorts, tos, engine } = options;
  const { host, advertised } = defaultNetwork(networks);
  return {
    range,
    ownRanges: ownRanges(networks),
    // A session holds one pair at least, and one thread may end up with all of them.
    slots: allPairs(networks, range),
    network: { host, advertised },
    ttlMs: ttlSeconds * 1000,
    setupTtlMs: setupTtlSeconds * 1000,
    independentTtl,
    deleteGraceMs: options.deleteGraceSeconds * 1000,
    doubling,
    recordRtcp: options.recordRtcp,
    reporting: modules.acctRtcpHep !== null,
    accounting: modules.acctCsv,
    loadLimits: options.overload,
    sequentialPorts,
    tos: tos < 0 ? null : tos,
    control: controlOf(options, plan, live.now),
    engine,
    run,
    log: options.eventLog.durability === 'none' ? null : { ...options.eventLog, folder: logFolder, program: packageVersion() },
    profileFolder: options.profileDir,
  };
}

/** What holds for commands, of what may change while the relay runs. */
export const controlOf = (
  options: RelayOptions,
  { permitted, loopId }: Plan,
  { settings, networks }: InForce,
): ControlSetting => ({
  ...{ networks, limits: settings.limits, events: settings.events, permitted, loopId },
  allow: settings.control.allow,
  asymmetric: defaultAsymmetric(options, networks),
  recording: recordingOf(options),
});

const recordingOf = ({ recordDir, recordForm, recordAll }: RelayOptions): ShardSetting['control']['recording'] =>
  recordDir === null ? null : { form: recordForm, all: recordAll };

const doneText = ({ place, files, packets, durationMs }: RecordingDone): string =>
  `recording of ${printable(place.call)} has ended: ${packets} packets of ${Math.round(durationMs / 100) / 10} s in ${files.map(({ path }) => printable(path)).join(', ')}`;

const failedText = ({ place, path, reason }: RecordingFailed): string =>
  `recording ${place.id} of ${printable(place.call)} cannot be written: ${printable(path)}: ${reason}`;

const hubOf = (threads: readonly MediaThread[]): EventHub =>
  new EventHub(threads.length, {
    watch: (shard) => threads[shard]?.send({ kind: 'watch' }),
    unwatch: (shard) => threads[shard]?.send({ kind: 'unwatch' }),
    grant: (shard, credit) => threads[shard]?.send({ kind: 'grant', credit }),
  });
