import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { config } from 'rxjs';
import { ok, type Result, refuse } from '../model/kernel/index.js';
import { packageVersion } from './cli/version.js';
import { openRelayAdmin } from './io/admin/openRelayAdmin.js';
import { clock } from './io/clock.js';
import type { ControlOptions } from './io/control/listener.js';
import { openControl } from './io/control/openControl.js';
import { makeRoomForSockets, recordedFiles } from './io/fileLimit.js';
import { openEventLog } from './io/log/eventLog.js';
import { closeLogger, type Logger, openLogger } from './io/logging.js';
import { removePidFile, writePidFile } from './io/pidFile.js';
import type { EngineChoice } from './io/threads/mediaThread.js';
import { openMedia } from './main/media.js';
import { beginNg, openNgControl } from './main/ng.js';
import { type Closing, hasIPv6, type Plan } from './main/plan.js';
import { LiveSettings, type RoomCheck } from './main/reload.js';
import type { Grammar } from './protocol/rtpproxy/grammar.js';
import { type ControlAddress, controlProblem, parseControlAddress } from './relay/controlAddress.js';
import { combineModules, type ModuleSettings, moduleInstances } from './relay/modules/config.js';
import { allPairs } from './relay/networks/ranges.js';
import { type NetworkTable, networkCalled } from './relay/networks/table.js';
import { type NgAddress, parseNgAddresses } from './relay/ng/ngAddress.js';
import { isNotifyEnabled, parsePermitted } from './relay/notify/targets.js';
import type { RelayOptions } from './relay/options.js';
import { type PortRange, portRange } from './relay/portalloc/portTable.js';
import { describeNetwork } from './relay/settings/changes.js';
import { Dispatch } from './relay/supervisor/dispatch.js';
import type { TakenUp } from './relay/supervisor/messages.js';
import { describeTakenUp, repliesOf } from './relay/supervisor/takenUp.js';

/** How often a relay that is about to end looks whether its last session has gone. */
const DRAIN_POLL_MS = 100;

/** A relay that serves. */
export type Relay = {
  readonly control: readonly ControlAddress[];
  readonly ng: readonly NgAddress[];
  readonly networks: NetworkTable;
  readonly range: PortRange;
  readonly workers: number;
  readonly choice: EngineChoice;
  readonly logFolder: string;
  /** Something to say about the system, if there is. */
  readonly advice: string | null;
  readonly log: Logger;
  /** Refuses new sessions from now on; `drained` is fulfilled when the last one has ended. May be called again. */
  readonly drain: () => void;
  readonly drained: Promise<void>;
  /**
   * Ends every session, closes everything, leaves no file behind but the event log. `leave`: the sessions are not ended, but left behind for
   * the next relay to take up.
   */
  readonly stop: (leave?: boolean) => Promise<void>;
};

/** What whoever starts a relay adds to the options. */
export type RelayWorld = {
  /** The relay cannot go on. */
  readonly onFatal: (reason: string) => void;
  /** Whose the socket files are to be, and the folders of recordings that are made; null: whoever runs the relay. */
  readonly owner: { readonly uid: number | null; readonly gid: number } | null;
};

/**
 * Puts a relay together and starts it: media threads first, then the control sockets, so that the first command finds everything ready.
 * What is wrong is said in one line, and nothing is left open then.
 */
export async function startRelay(options: RelayOptions, world: RelayWorld): Promise<Result<Relay, string>> {
  const planned = await planOf(options);
  if (!planned.ok) return planned;
  const plan = planned.value;
  const room = await roomFor(plan.networks, plan, options);
  if (!room.ok) return room;
  const log = openLogger(options);
  const run = Math.round(clock());
  const { eventLog, recover } = options;
  const warn = (text: string): void => log.error(text);
  config.onUnhandledError = (error) => log.error(`somebody who listened to events failed: ${(error as Error).message}`);
  const opened = await openEventLog({ folder: plan.logFolder, options: eventLog, recover, run, warn });
  // Whoever starts a relay twice wants to read of its control socket, if it is that which both have.
  if (!opened.ok) return (await controlTrouble(plan.control)) ?? opened;
  const keeper = opened.value;
  const closing: Closing = [
    () => closeLogger(log),
    keeper.close,
    async (leave) => {
      if (!leave) keeper.end();
    },
  ];
  const stop = async (leave = false): Promise<void> => {
    for (const close of closing.splice(0).reverse()) await close(leave);
  };
  try {
    const begun = await beginNg(options, plan, log, closing);
    if (!begun.ok) throw new Error(begun.error);
    const media = await openMedia(options, plan, { log, run, keeper, ng: begun.value, ...world }, closing);
    const { threads, choice, takenUp, prompts } = media;
    keeper.begin(threads.links.length);
    const said = describeTakenUp(takenUp);
    if (said !== null) log.error(said);
    plan.live.room = roomCheckOf(plan, options);
    plan.live.onSettings(({ networks: { named } }) => log.info(`settings were read again: ${named.length} networks`));
    const dispatch = new Dispatch(threads.links, grammarOf(plan), prompts);
    const draining = drainOf(dispatch, closing);
    const listener = await openControl(
      plan.control,
      controlOptions(options, world, { dispatch, takenUp, log, onEnd: draining.drain }),
    );
    closing.push(() => listener.close());
    await openNgControl(begun.value, plan, { links: threads.links, prompts, takenUp, log }, closing);
    const facts = { ...adminFacts(plan, options, run), owner: world.owner };
    const admin = await openRelayAdmin(options, facts, threads.links, media.hub, warn);
    closing.push(() => admin.close());
    const { pidFile } = options;
    if (pidFile !== null) {
      const written = writePidFile(pidFile);
      if (!written.ok) log.error(written.error);
      closing.push(async () => removePidFile(pidFile));
    }
    const { control, ng, networks, range, logFolder } = plan;
    const workers = threads.links.length;
    return ok({ control, ng, networks, range, logFolder, choice, workers, advice: room.value, log, ...draining, stop });
  } catch (error) {
    await stop(true); // Calls that were taken up are not ended because a socket cannot be opened.
    return refuse((error as Error).message);
  }
}

/** What is wrong with the control sockets; null: they could be opened. */
async function controlTrouble(control: readonly ControlAddress[]): Promise<Result<never, string> | null> {
  const sockets = control.filter(({ transport }) => transport !== 'stdio' && transport !== 'systemd');
  try {
    const nobody = { mode: null, uid: null, gid: null };
    const listener = await openControl(sockets, { handle: () => {}, onDuplicate: () => {}, onEnd: () => {}, unixFiles: nobody });
    await listener.close();
    return null;
  } catch (error) {
    return refuse((error as Error).message);
  }
}

type Served = {
  readonly dispatch: Dispatch;
  readonly takenUp: readonly TakenUp[];
  readonly log: Logger;
  readonly onEnd: () => void;
};

const controlOptions = (
  { socketMode: mode }: RelayOptions,
  { owner }: RelayWorld,
  { dispatch, takenUp, log, onEnd }: Served,
): ControlOptions => ({
  handle: dispatch.handle,
  onDuplicate: () => {
    dispatch.counts.duplicates++;
  },
  onEnd,
  replies: repliesOf(takenUp),
  unixFiles: { mode, uid: owner?.uid ?? null, gid: owner?.gid ?? null },
  onWarning: (text) => log.warn(text),
});

const adminFacts = ({ logFolder, live, range }: Plan, { eventLog }: RelayOptions, run: number) => ({
  ...{ version: packageVersion(), run, startedAtMs: clock() },
  reload: (isCheck: boolean) => live.reload(isCheck),
  networks: () => live.now.networks.named.map((network) => describeNetwork(network, range)),
  logFolder: eventLog.durability === 'none' ? null : logFolder,
});

/** Of the networks in force. */
const grammarOf = ({ live, permitted, modules }: Plan): Grammar => ({
  get bridging(): boolean {
    return live.now.networks.bridge !== null;
  },
  get ipv6(): boolean {
    return hasIPv6(live.now.networks);
  },
  notify: isNotifyEnabled(permitted),
  hasLabel: (label) => networkCalled(live.now.networks, label) !== undefined,
  moduleInstances: (id) => moduleInstances(modules, id),
});

const roomFor = (networks: NetworkTable, { range }: Plan, options: RelayOptions): Promise<Result<string | null, string>> =>
  makeRoomForSockets(allPairs(networks, range), options.openFiles !== null, recordedFiles(options));

/** What was made room for at the start stays: slots of sessions are memory that the threads share. */
const roomCheckOf =
  (plan: Plan, options: RelayOptions): RoomCheck =>
  async (networks) => {
    const [had, wanted] = [allPairs(plan.networks, plan.range), allPairs(networks, plan.range)];
    const slots = `there are ${wanted} port pairs now, and room for ${had} sessions: restart the relay to have room for all`;
    const room = await roomFor(networks, plan, options);
    return [...(wanted > had ? [slots] : []), ...(room.ok ? [room.value ?? []].flat() : [room.error])];
  };

function drainOf(dispatch: Dispatch, closing: Closing): Pick<Relay, 'drain' | 'drained'> {
  let begin: () => void = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  let isStopped = false;
  closing.push(async () => {
    isStopped = true;
  });
  const drained = begun.then(async () => {
    // A session that was on its way when the draining began is counted by then.
    do await delay(DRAIN_POLL_MS);
    while (!isStopped && dispatch.sum('sessionsActive') > 0);
    // The answer to the command that ended the last one is still on its way from its thread.
    if (!isStopped) await delay(DRAIN_POLL_MS);
  });
  const drain = (): void => {
    dispatch.drain();
    begin();
  };
  return { drain, drained };
}

async function planOf(options: RelayOptions): Promise<Result<Plan, string>> {
  const control: ControlAddress[] = [];
  for (const text of options.control) {
    const parsed = parseControlAddress(text);
    if (!parsed.ok) return parsed;
    control.push(parsed.value);
  }
  const problem = controlProblem(control, options.foreground);
  if (problem !== null) return refuse(problem);
  const range = portRange(options.portMin, options.portMax);
  if (range.pairs < 1) {
    return refuse(`-m ${options.portMin} -M ${options.portMax}: the range holds no even port with its odd neighbour`);
  }
  const permitted = parsePermitted(options.notify);
  if (!permitted.ok) return permitted;
  const modules = modulesOf(options);
  if (!modules.ok) return modules;
  const live = await LiveSettings.open(options);
  if (!live.ok) return refuse(live.error.join('; '));
  const { networks } = live.value.now;
  const logFolder = join(resolve(options.dataDir), 'log');
  const ng = parseNgAddresses(options.listenNg);
  if (!ng.ok) return ng;
  const loopId = randomBytes(6).toString('hex');
  return ok({
    ...{ control, ng: ng.value, networks, range, logFolder, loopId },
    live: live.value,
    permitted: permitted.value,
    modules: modules.value,
  });
}

function modulesOf({ dso, configFile }: RelayOptions): Result<ModuleSettings, string> {
  if (configFile === null) return combineModules(dso, null);
  let text: string;
  try {
    text = readFileSync(configFile, 'utf8');
  } catch (error) {
    return refuse(`--config ${configFile}: it cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const modules = combineModules(dso, text);
  return modules.ok ? modules : refuse(`--config ${configFile}: ${modules.error}`);
}
