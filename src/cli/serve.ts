import { writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { ok, type Result, refuse } from '../../model/kernel/index.js';
import { tooFewFiles } from '../io/fileLimit.js';
import { type BackgroundLink, joinBackground, startInBackground } from '../io/process/background.js';
import { type DataFolder, openDataFolder } from '../io/process/dataFolder.js';
import { joinSupervisor, type SupervisorLink } from '../io/process/inheritance.js';
import { applyLimits } from '../io/process/limits.js';
import {
  dropPrivileges,
  giveAway,
  giveLog,
  missingAccess,
  type ProcessAccount,
  resolveAccount,
  unwritableFolders,
} from '../io/process/privileges.js';
import { notifyReadiness } from '../io/process/readiness.js';
import { nameProcess } from '../io/process/title.js';
import { recordFolders } from '../io/recording/openRecorder.js';
import { onSignals } from '../io/signals.js';
import type { Relay } from '../main.js';
import { type GivenOptions, readCommandLine } from '../relay/commandLine.js';
import { usesStdout } from '../relay/controlAddress.js';
import type { ProgramName } from '../relay/optionRow.js';
import { type RelayOptions, readOptions, unmet, withAbsolutePaths } from '../relay/options.js';
import { formatHelp } from '../relay/optionText.js';
import { formatGreeting } from './greeting.js';
import { formatProtocols, formatVersion } from './version.js';

const USAGES: Readonly<Record<ProgramName, string>> = {
  rtpbridge: 'usage: rtpbridge serve [options]\n',
  rtpproxy: 'usage: rtpproxy [options]\n',
  rtpproxy_debug: 'usage: rtpproxy_debug [options]\n',
};

const STDOUT = 1;
const STDERR = 2;

/** Runs the relay until a signal ends it. Answers the exit code: 0 after a clean end, 1 if it could not start or go on. */
export async function serve(args: readonly string[], program: ProgramName): Promise<number> {
  const link = joinBackground();
  const supervisor = joinSupervisor();
  const given = readCommandLine(args, program);
  if (!given.ok) return refuseUsage(given.error, program);
  const said = sayAndLeave(given.value, program);
  if (said !== null) {
    console.log(said);
    return 0;
  }
  const read = readOptions(given.value, program, startFolder());
  if (!read.ok) return complain(program, read.error);
  const options = read.value.foreground ? read.value : withAbsolutePaths(read.value);
  const account = options.user === null ? ok(null) : await resolveAccount(options.user);
  if (!account.ok) return complain(program, account.error);
  if (link === null) {
    const root = checkRoot(options, account.value);
    if (!root.ok) return complain(program, root.error);
    if (root.value !== null) complain(program, root.value);
    if (!options.foreground) return startInBackground();
  }
  if (program !== 'rtpbridge') nameProcess(program, args);
  if (supervisor !== null) return new Service({ ...options, pidFile: null }, account.value, link, supervisor).run();
  if (!options.supervise) return new Service(options, account.value, link, null).run();
  const { supervise } = await import('./supervise.js');
  const ended = await supervise(options, account.value);
  return ended.ok ? ended.value : complain(program, ended.error);
}

/** One line on stderr. Answers the exit code that goes with it. */
function complain(program: ProgramName, text: string): 1 {
  // What was given may hold line ends; the complaint stays one line.
  say(STDERR, `${program}: ${text.replaceAll(/[\r\n]+/g, ' ')}`);
  return 1;
}

/** Written at once: the file may be about to become another one. A full disk or a reader that has gone is no reason not to serve. */
function say(fd: number, text: string): void {
  try {
    writeSync(fd, `${text}\n`);
  } catch {
    // Nobody can be told.
  }
}

/** A command line that cannot be read: one line, and from rtpproxy its usage, as its users know it. */
function refuseUsage(problem: string, program: ProgramName): 1 {
  if (program === 'rtpbridge') return complain(program, `${problem}; see rtpbridge serve --help`);
  complain(program, problem);
  say(STDERR, `${USAGES[program]}\n${formatHelp(program)}`);
  return 1;
}

function sayAndLeave(given: GivenOptions, program: ProgramName): string | null {
  switch (given.at(-1)?.key) {
    case 'help':
      return `${USAGES[program]}\n${formatHelp(program)}`;
    case 'version':
      return formatVersion(program);
    case 'protocols':
      return formatProtocols();
    case 'clock':
      return 'CLOCK_BOOTTIME';
    default:
      return null;
  }
}

function startFolder(): string {
  try {
    return process.cwd();
  } catch {
    return '/'; // The folder was removed under us.
  }
}

/**
 * As rtpproxy: whoever reaches a network control socket of a process run by root is too close to root, and is refused; with other control
 * sockets that is only worth a word. `rtpbridge serve` leaves it to the operator.
 */
function checkRoot(options: RelayOptions, account: ProcessAccount | null): Result<string | null, string> {
  const { program, rootCheck, control } = options;
  if (program === 'rtpbridge' || !rootCheck || process.getuid?.() !== 0 || (account !== null && account.user !== null))
    return ok(null);
  const remote = control.find((text) => /^(udp|tcp)6?:/.test(text));
  if (remote === undefined) return ok('running as root: give it a user of its own with -u, or say -F if you mean it');
  return refuse(`running as root with the control socket ${remote}: give it another user with -u, or say -F if you mean it`);
}

/** One run of the relay, from what its process needs to its end. */
class Service {
  readonly #options: RelayOptions;
  readonly #account: ProcessAccount | null;
  readonly #link: BackgroundLink | null;
  readonly #supervisor: SupervisorLink | null;
  readonly #ended: Promise<number>;
  #end: (code: number) => void = () => {};
  #relay: Relay | null = null;
  #isDraining = false;
  /** A signal may come before the relay serves: then whoever waits for it in front of the terminal is not told that it does. */
  #isEnding = false;
  #fatal: string | null = null;

  constructor(
    options: RelayOptions,
    account: ProcessAccount | null,
    link: BackgroundLink | null,
    supervisor: SupervisorLink | null,
  ) {
    this.#options = options;
    this.#account = account;
    this.#link = link;
    this.#supervisor = supervisor;
    this.#ended = new Promise((resolve) => {
      this.#end = (code) => {
        this.#isEnding = true;
        resolve(code);
      };
    });
  }

  async run(): Promise<number> {
    const { program, profileDir } = this.#options;
    const limits = await applyLimits(this.#options);
    if (!limits.ok) return complain(program, limits.error);
    // The profiler is loaded where it is asked for only: it takes memory.
    const profile = profileDir === null ? null : (await import('../io/process/profile.js')).startProfile(profileDir, 'main');
    if (profile !== null && !profile.ok) return complain(program, `--profile ${profileDir}: ${profile.error}`);
    onSignals({ stop: () => this.#end(0), drain: () => this.#drain() }, profile === null ? [] : ['SIGPROF']);
    const opened = this.#openDataDir();
    if (!opened.ok) return complain(program, opened.error);
    const data = opened.value;
    const options = { ...this.#options, dataDir: data.path };
    const owner = this.#account === null ? null : { uid: this.#account.user?.uid ?? null, gid: this.#account.gid };
    const onFatal = (reason: string): void => {
      this.#fatal ??= reason;
      this.#end(1);
    };
    // Whatever the relay consists of is read at the same time, a file each.
    const tooFew = await tooFewFiles();
    if (tooFew !== null) return complain(program, tooFew);
    const { startRelay } = await import('../main.js');
    const started = await startRelay(options, { onFatal, owner });
    if (!started.ok) return complain(program, started.error);
    const relay = started.value;
    // Errors, because rtpproxy's log begins with them unless it is told otherwise, and these are things that were asked for.
    for (const problem of [...limits.value, ...unmet(this.#options)]) relay.log.error(problem);
    if (data.warning !== null) relay.log.warn(data.warning);
    const code = await this.#serve(relay);
    void notifyReadiness('STOPPING=1');
    // What made the relay give up ends no call: whoever starts it again lets it take them up.
    await relay.stop(this.#fatal !== null);
    const unwritten = profile?.value() ?? null;
    if (unwritten !== null) complain(program, unwritten);
    return code;
  }

  async #serve(relay: Relay): Promise<number> {
    const { program, redirect, chdir, foreground } = this.#options;
    const became = this.#become(relay);
    if (!became.ok) return complain(program, became.error);
    this.#relay = relay;
    // Told by a signal to drain, or by the end of the input where commands come from.
    void relay.drained.then(() => this.#end(0));
    if (this.#isDraining) relay.drain();
    if (this.#link === null) this.#greet(relay);
    else {
      this.#logGreeting(relay);
      if (!this.#isEnding) await this.#link.ready({ redirect, chdir });
    }
    await notifyReadiness('READY=1');
    this.#supervisor?.served();
    const code = await this.#ended;
    if (this.#fatal !== null && foreground) complain(program, this.#fatal);
    else if (this.#fatal !== null) relay.log.fatal(this.#fatal);
    return code;
  }

  #drain(): void {
    this.#isDraining = true;
    this.#relay?.drain();
  }

  #openDataDir(): Result<DataFolder, string> {
    const { program, dataDir, control } = this.#options;
    return program === 'rtpbridge' ? ok({ path: dataDir, warning: null }) : openDataFolder(dataDir, control, process.env);
  }

  /** Hands over what the account needs, and becomes it. */
  #become(relay: Relay): Result<void, string> {
    const account = this.#account;
    if (account === null) return ok(undefined);
    const { program, user } = this.#options;
    try {
      if (program !== 'rtpbridge') giveAway(dirname(relay.logFolder), account);
      giveLog(relay.logFolder, account);
    } catch (error) {
      return refuse(`-u ${user}: ${(error as Error).message}`);
    }
    const dropped = dropPrivileges(account);
    if (dropped.ok) for (const lack of missingAccess(relay.logFolder)) relay.log.warn(lack);
    const folders = recordFolders(this.#options);
    if (dropped.ok && folders !== null) {
      for (const folder of unwritableFolders([folders.recordDir, folders.spoolDir ?? folders.recordDir]))
        relay.log.error(`-u ${user}: may not write to ${folder}, so nothing is recorded there; calls go on without`);
    }
    return dropped;
  }

  /** In the background only the log can say it. */
  #logGreeting(relay: Relay): void {
    for (const line of formatGreeting(relay, this.#options.engine !== null).split('\n')) relay.log.info(line);
    if (relay.advice !== null) relay.log.warn(relay.advice);
  }

  /** Where stdout carries commands it goes to stderr. */
  #greet(relay: Relay): void {
    const greeting = formatGreeting(relay, this.#options.engine !== null);
    say(usesStdout(relay.control) ? STDERR : STDOUT, greeting);
  }
}
