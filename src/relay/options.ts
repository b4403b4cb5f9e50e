import { type Family, ok, type Result, refuse } from '../../model/kernel/index.js';
import { RECORDING_FORMS, type RecordingForm } from '../../model/session/recording.js';
import { ENGINE_NAMES, type EngineName } from '../media/engine.js';
import type { GivenOptions } from './commandLine.js';
import type { ProgramName } from './optionRow.js';
import { OPTIONS, type OptionKey } from './optionTable.js';
import { defaultOf, flagOf } from './optionText.js';
import {
  DEFAULT_OVERLOAD,
  type LogFacility,
  type LogLevel,
  type OverloadLimits,
  oneOf,
  parseAccount,
  parseAdmin,
  parseLogLevel,
  parseMode,
  parseOverload,
  parseText,
  parseTos,
  type ValueParser,
  wholeNumber,
} from './optionValues.js';

/** An address to listen on as it was written; what it means is the business of the networks. */
export type NetworkText = { readonly family: Family; readonly text: string };

/** The admin socket stands in the data directory, wherever that will be. */
export const ADMIN_IN_DATA_DIR = 'data-dir';

export const DURABILITIES = ['none', 'os', 'fsync'] as const;
/** What an answer waits for: nothing, and there is no event log; its events with the operating system; or on disk. */
export type Durability = (typeof DURABILITIES)[number];

/** Bytes and milliseconds. */
export type EventLogOptions = {
  readonly durability: Durability;
  /** How long answers are gathered before the disk is waited for. */
  readonly fsyncIntervalMs: number;
  /** When a segment is closed and the next begun. */
  readonly segmentBytes: number;
  readonly segmentAgeMs: number;
  /** When the oldest segments are deleted: by the time since they were closed, by the size of all, by the room that is left on the disk. */
  readonly keepAgeMs: number;
  readonly keepBytes: number;
  readonly minFreeBytes: number;
};

/** Everything the operator has a say in, checked and with its defaults. */
export type RelayOptions = {
  readonly program: ProgramName;
  /** Where the process was started: relative names mean this place, also after it has gone to the background. */
  readonly startFolder: string;
  readonly control: readonly string[];
  /** Sockets of the NG protocol, as written. */
  readonly listenNg: readonly string[];
  /** Null: there are no settings but the options. */
  readonly settingsFile: string | null;
  /** In the order of the command line. Empty only where networks may come from `namedNetworks` or the settings file. */
  readonly networks: readonly NetworkText[];
  /** `NAME=ADDRESS[!ADVERTISED],…`, as written. */
  readonly namedNetworks: readonly string[];
  /** `ADDRESS`, or `INTERNAL/EXTERNAL`. Null: replies name the addresses the sockets are bound to. */
  readonly advertise: string | null;
  readonly portMin: number;
  readonly portMax: number;
  readonly sequentialPorts: boolean;
  /** Whether host names may be looked up. */
  readonly resolve: boolean;
  /** 0…255, or -1: leave it to the system. */
  readonly tos: number;
  readonly doubling: boolean;
  readonly bridgeSymmetric: boolean;
  readonly forceAsymmetric: boolean;
  readonly ttlSeconds: number;
  readonly setupTtlSeconds: number;
  readonly independentTtl: boolean;
  /** How long a session is held that the classic protocol deletes. 0: not at all. */
  readonly deleteGraceSeconds: number;
  /** Null: no overload protection. */
  readonly overload: OverloadLimits | null;
  /** Where timeouts may be reported, as written. */
  readonly notify: readonly string[];
  readonly recordDir: string | null;
  readonly spoolDir: string | null;
  readonly recordAll: boolean;
  readonly recordForm: RecordingForm;
  readonly recordBufferMegabytes: number;
  readonly recordRtcp: boolean;
  readonly dso: readonly string[];
  readonly configFile: string | null;
  readonly foreground: boolean;
  /** `-u` as written: see `parseAccount`. */
  readonly user: string | null;
  readonly rootCheck: boolean;
  /** Mode of unix control sockets, to be applied together with the owner that `user` names. Null: the usual one. */
  readonly socketMode: number | null;
  readonly pidFile: string | null;
  readonly chdir: boolean;
  readonly redirect: boolean;
  /** Null: as many as the port range needs. */
  readonly openFiles: number | null;
  readonly nice: number | null;
  readonly scheduler: 'fifo' | 'rr' | null;
  readonly logLevel: LogLevel;
  readonly logFacility: LogFacility;
  /** Null: one per core. */
  readonly workers: number | null;
  /** Null: the best that works. */
  readonly engine: EngineName | null;
  readonly dataDir: string;
  /** `unix:PATH`; or null: none. */
  readonly admin: string | typeof ADMIN_IN_DATA_DIR | null;
  readonly eventLog: EventLogOptions;
  /** Whether the calls that a crash has left behind are taken up again. */
  readonly recover: boolean;
  readonly supervise: boolean;
  /** Where processor profiles go. Null: none are made. */
  readonly profileDir: string | null;
};

const LONGEST_TTL_SECONDS = 10_000_000;
const LONGEST_GRACE_SECONDS = 3600;
const MOST_WORKERS = 256;
const MOST_OPEN_FILES = 2 ** 30;
const MAX_NICE = 20;
const DEFAULT_SOCKET_MODE = 0o755;

/**
 * Checks what was given and fills in the defaults of the program. The error is one line: for each option that is wrong its flag, the value
 * and what was expected.
 */
export function readOptions(
  given: GivenOptions,
  program: ProgramName = 'rtpbridge',
  startFolder = '.',
): Result<RelayOptions, string> {
  const values = new Values(given, program);
  const dataDir = values.last('dataDir', parseText, defaultOf(OPTIONS.dataDir, program) ?? '');
  const user = values.texts('user').at(-1) ?? null;
  const options: RelayOptions = {
    ...{ program, startFolder, dataDir, user },
    ...controlOptions(values, dataDir, user),
    ...mediaOptions(values),
    ...recordingOptions(values),
    ...processOptions(values),
    ...recoveryOptions(values),
    profileDir: values.last('profile', parseText, null),
  };
  const stdio = options.control.find((name) => /^stdioc?:/.test(name));
  if (!options.foreground && stdio !== undefined) values.complain('control', stdio, '-f too');
  if (options.spoolDir !== null && options.recordDir === null) values.complain('spoolDir', options.spoolDir, '-r too');
  return values.problems.length > 0 ? refuse(values.problems.join('; ')) : ok(options);
}

/** What was given, asked by the key. */
class Values {
  readonly program: ProgramName;
  readonly problems: string[] = [];
  readonly #given: GivenOptions;

  constructor(given: GivenOptions, program: ProgramName) {
    this.#given = given;
    this.program = program;
  }

  all(...keys: readonly OptionKey[]): { readonly key: OptionKey; readonly value: string }[] {
    return this.#given.flatMap(({ key, value }) => (keys.includes(key) ? [{ key, value: value ?? '' }] : []));
  }

  texts(key: OptionKey): string[] {
    return this.all(key).map(({ value }) => value);
  }

  has(key: OptionKey): boolean {
    return this.#given.some((option) => option.key === key);
  }

  /** Whether its last occurrence left the value out. */
  isBare(key: OptionKey): boolean {
    return this.#given.findLast((option) => option.key === key)?.value === null;
  }

  /** The value of the last occurrence, read by `parse`. */
  last<T, F>(key: OptionKey, parse: ValueParser<T>, fallback: F): T | F {
    const text = this.all(key).at(-1)?.value;
    if (text === undefined) return fallback;
    const parsed = parse(text);
    if (parsed.ok) return parsed.value;
    this.complain(key, text, parsed.error);
    return fallback;
  }

  complain(key: OptionKey, value: string, expected: string): void {
    this.problems.push(`${flagOf(key, this.program)} ${value}: expected ${expected}`);
  }
}

function controlOptions(values: Values, dataDir: string, user: string | null) {
  const control = values.texts('control');
  const account = values.last('user', parseAccount, null);
  const given = values.last('socketMode', parseMode, 0);
  const asGroup = account !== null && account.group !== null ? DEFAULT_SOCKET_MODE : null;
  return {
    control: control.length > 0 ? control : defaultControl(values.program, dataDir),
    notify: values.texts('notify'),
    listenNg: values.texts('listenNg'),
    settingsFile: values.last('settings', parseText, null),
    // As rtpproxy: without an account there is nobody to open the socket for.
    socketMode: user === null ? null : given > 0 ? given : asGroup,
  };
}

function defaultControl(program: ProgramName, dataDir: string): string[] {
  if (program !== 'rtpbridge') return [OPTIONS.control.rtpproxyDefault];
  return ['udp:127.0.0.1:22222', `unix:${dataDir.replace(/^\.\//, '')}/control.sock`];
}

function mediaOptions(values: Values) {
  const networks = values
    .all('listen', 'listen6')
    .map(({ key, value }): NetworkText => ({ family: key === 'listen' ? 'IPv4' : 'IPv6', text: value }));
  const namedNetworks = values.texts('network');
  const isNamed = namedNetworks.length > 0 || values.has('settings');
  const ttlSeconds = values.last('ttl', wholeNumber(1, LONGEST_TTL_SECONDS), Number(OPTIONS.ttl.default));
  const overload = values.isBare('overload') ? DEFAULT_OVERLOAD : values.last('overload', parseOverload, null);
  return {
    networks: networks.length > 0 || isNamed ? networks : [{ family: 'IPv4', text: OPTIONS.listen.default } as const],
    namedNetworks,
    advertise: values.last('advertise', parseText, null),
    portMin: values.last('portMin', wholeNumber(1, 65_535), Number(OPTIONS.portMin.default)),
    portMax: values.last('portMax', wholeNumber(1, 65_535), Number(OPTIONS.portMax.default)),
    sequentialPorts: values.has('sequentialPorts'),
    resolve: !values.has('noResolve'),
    tos: values.last('tos', parseTos, Number(OPTIONS.tos.default)),
    doubling: values.has('doubling'),
    bridgeSymmetric: values.has('bridgeSymmetric'),
    forceAsymmetric: values.has('forceAsymmetric'),
    ttlSeconds,
    setupTtlSeconds: values.last('setupTtl', wholeNumber(1, LONGEST_TTL_SECONDS), ttlSeconds),
    independentTtl: values.has('independentTtl'),
    deleteGraceSeconds: values.last('deleteGrace', wholeNumber(0, LONGEST_GRACE_SECONDS), Number(OPTIONS.deleteGrace.default)),
    overload,
  };
}

/** A ring of more bytes could not be numbered. */
const MOST_RECORD_BUFFER = 1024;

function recordingOptions(values: Values) {
  return {
    recordDir: values.last('recordDir', parseText, null),
    spoolDir: values.last('spoolDir', parseText, null),
    recordAll: values.has('recordAll'),
    recordForm: values.last('recordFormat', oneOf(RECORDING_FORMS), values.has('pcap') ? ('pcap' as const) : ('ad-hoc' as const)),
    recordBufferMegabytes: values.last('recordBuffer', wholeNumber(1, MOST_RECORD_BUFFER), Number(OPTIONS.recordBuffer.default)),
    recordRtcp: !values.has('noRtcp'),
    dso: values.texts('dso'),
    configFile: values.last('config', parseText, null),
  };
}

function processOptions(values: Values) {
  const { program } = values;
  const log = values.last('logLevel', parseLogLevel, null);
  return {
    foreground: program === 'rtpbridge' || values.has('foreground'),
    rootCheck: !values.has('noRootCheck'),
    pidFile: values.last('pidFile', parseText, program === 'rtpbridge' ? null : OPTIONS.pidFile.rtpproxyDefault),
    chdir: !values.has('noChdir'),
    redirect: !values.has('noRedirect'),
    openFiles: values.last('openFiles', wholeNumber(1, MOST_OPEN_FILES), null),
    nice: values.last('nice', wholeNumber(-MAX_NICE, MAX_NICE), null),
    scheduler: values.last('scheduler', oneOf(['fifo', 'rr'] as const), null),
    logLevel: log?.level ?? (defaultOf(OPTIONS.logLevel, program) as LogLevel),
    logFacility: log?.facility ?? ('LOG_DAEMON' as const),
    workers: values.last('workers', wholeNumber(1, MOST_WORKERS), null),
    engine: values.last('engine', oneOf(ENGINE_NAMES), null),
  };
}

const MEGABYTE = 1 << 20;
const MOST_MEGABYTES = 1 << 30;
const LONGEST_FSYNC_INTERVAL_MS = 1000;

function recoveryOptions(values: Values) {
  const whole = (
    key: OptionKey & ('fsyncInterval' | 'segmentSize' | 'segmentAge' | 'keepAge' | 'keepSize' | 'minFree'),
    most: number,
  ): number =>
    values.last(key, wholeNumber(key === 'minFree' || key === 'fsyncInterval' ? 0 : 1, most), Number(OPTIONS[key].default));
  const eventLog: EventLogOptions = {
    durability: values.last('durability', oneOf(DURABILITIES), 'os'),
    fsyncIntervalMs: whole('fsyncInterval', LONGEST_FSYNC_INTERVAL_MS),
    segmentBytes: whole('segmentSize', MOST_MEGABYTES) * MEGABYTE,
    segmentAgeMs: whole('segmentAge', LONGEST_TTL_SECONDS) * 1000,
    keepAgeMs: whole('keepAge', LONGEST_TTL_SECONDS * 100) * 1000,
    keepBytes: whole('keepSize', MOST_MEGABYTES) * MEGABYTE,
    minFreeBytes: whole('minFree', MOST_MEGABYTES) * MEGABYTE,
  };
  const admin = values.last('admin', parseAdmin, ADMIN_IN_DATA_DIR);
  return { eventLog, admin, recover: !values.has('fresh'), supervise: values.has('supervise') };
}

/** What was asked for and cannot be had, one line each. */
export function unmet({ program, recordDir, recordAll }: RelayOptions): string[] {
  if (!recordAll || recordDir !== null) return [];
  return [
    `${flagOf('recordAll', program)}: nothing is recorded, because ${flagOf('recordDir', program)} does not say where to; going on without`,
  ];
}

/** The options with every path made absolute, for a process that is about to leave the folder it was started in. */
export function withAbsolutePaths(options: RelayOptions): RelayOptions {
  const { startFolder } = options;
  const absolute = (path: string): string => (path.startsWith('/') ? path : `${startFolder}/${path}`);
  const absoluteOrNull = (path: string | null): string | null => (path === null ? null : absolute(path));
  return {
    ...options,
    control: options.control.map((name) => {
      const [, prefix = '', rest = ''] = /^([a-z0-9]+:)?(.*)$/s.exec(name) ?? [];
      return ['', 'unix:', 'cunix:'].includes(prefix) ? prefix + absolute(rest) : name;
    }),
    pidFile: absoluteOrNull(options.pidFile),
    recordDir: absoluteOrNull(options.recordDir),
    spoolDir: absoluteOrNull(options.spoolDir),
    configFile: absoluteOrNull(options.configFile),
    settingsFile: absoluteOrNull(options.settingsFile),
    profileDir: absoluteOrNull(options.profileDir),
    admin: options.admin?.startsWith('unix:') ? `unix:${absolute(options.admin.slice('unix:'.length))}` : options.admin,
    // A module is known by its name, too.
    dso: options.dso.map((module) => (module.includes('/') ? absolute(module) : module)),
    dataDir: absolute(options.dataDir),
  };
}
