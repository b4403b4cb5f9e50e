import { ok, type Result, refuse } from '../../model/kernel/index.js';
import { ENGINE_NAMES, type EngineName } from '../media/engine.js';
import { DEFAULT_CONTROL_PORT } from './controlAddress.js';

/** One row of the option table. Command line, help and manual derive from it. */
export type OptionRow = {
  readonly short?: string;
  readonly long: string;
  /** What stands behind it on the command line; none: a switch. */
  readonly value?: string;
  readonly many?: true;
  /** As it is shown; the value itself is filled in by `readOptions`. */
  readonly default?: string;
  readonly help: string;
  /** Only for `rtpbridge serve`: rtpproxy has no such option. */
  readonly ours?: true;
};

export const OPTIONS = {
  control: {
    short: 's',
    long: 'control',
    value: 'SOCKET',
    many: true,
    default: 'see above',
    help: `control socket, repeatable: udp:HOST[:PORT] udp6:HOST[:PORT] tcp:HOST[:PORT] tcp6:HOST[:PORT] unix:PATH cunix:PATH; port ${DEFAULT_CONTROL_PORT} if none is given`,
  },
  listen: { short: 'l', long: 'listen', value: 'ADDRESS', default: '*', help: 'IPv4 address of the media sockets; * for all' },
  portMin: { short: 'm', long: 'port-min', value: 'PORT', default: '35000', help: 'lowest media port' },
  portMax: { short: 'M', long: 'port-max', value: 'PORT', default: '65000', help: 'highest media port' },
  ttl: { short: 'T', long: 'ttl', value: 'SECONDS', default: '60', help: 'a session without packets ends after so long' },
  setupTtl: { short: 'W', long: 'setup-ttl', value: 'SECONDS', default: 'as -T', help: 'the same, until both sides are known' },
  logLevel: { short: 'd', long: 'log-level', value: 'LEVEL', default: 'INFO', help: 'DBUG, INFO, WARN, ERR or CRIT' },
  pidFile: { short: 'p', long: 'pid-file', value: 'FILE', help: 'write the process id there' },
  foreground: { short: 'f', long: 'foreground', help: 'stay in the foreground' },
  noRootCheck: { short: 'F', long: 'no-root-check', help: 'run as root without complaint' },
  workers: { long: 'workers', value: 'N', default: 'one per core', help: 'media threads', ours: true },
  engine: {
    long: 'engine',
    value: 'NAME',
    default: 'the best that works',
    help: `packet engine: ${ENGINE_NAMES.join(', ')}`,
    ours: true,
  },
  dataDir: { long: 'data-dir', value: 'DIR', default: './rtpbridge-data', help: 'event log and control socket', ours: true },
  protocols: { short: 'v', long: 'protocols', help: 'print the protocol versions and exit' },
  version: { short: 'V', long: 'version', help: 'print the version and exit' },
  help: { long: 'help', help: 'print this and exit', ours: true },
} as const satisfies Record<string, OptionRow>;

export type OptionKey = keyof typeof OPTIONS;
/** What a command line gave: texts as written, `true` for switches, all occurrences of a repeatable one. */
export type GivenOptions = Partial<Record<OptionKey, string | true | readonly string[]>>;

export const LOG_LEVELS = ['DBUG', 'INFO', 'WARN', 'ERR', 'CRIT'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type RelayOptions = {
  readonly control: readonly string[];
  readonly listen: string;
  readonly portMin: number;
  readonly portMax: number;
  readonly ttlSeconds: number;
  readonly setupTtlSeconds: number;
  readonly logLevel: LogLevel;
  readonly pidFile: string | null;
  readonly foreground: boolean;
  readonly rootCheck: boolean;
  /** Null: one per core. */
  readonly workers: number | null;
  /** Null: the best that works. */
  readonly engine: EngineName | null;
  readonly dataDir: string;
};

const LONGEST_TTL_SECONDS = 10_000_000;
const MOST_WORKERS = 256;

/** Checks what was given and fills in the defaults. The error names the option, the value and what was expected. */
export function readOptions(given: GivenOptions): Result<RelayOptions, string> {
  const problems: string[] = [];
  const text = (key: OptionKey, fallback: string): string => (typeof given[key] === 'string' ? given[key] : fallback);
  const number = (key: OptionKey, fallback: number, min: number, max: number): number => {
    const value = given[key];
    if (typeof value !== 'string') return fallback;
    if (/^-?\d+$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
    problems.push(`${flagOf(key)} ${value}: expected a whole number from ${min} to ${max}`);
    return fallback;
  };
  const oneOf = <T extends string>(key: OptionKey, values: readonly T[], fallback: T | null): T | null => {
    const value = given[key];
    if (typeof value !== 'string') return fallback;
    const found = values.find((candidate) => candidate.toLowerCase() === value.toLowerCase());
    if (found === undefined) problems.push(`${flagOf(key)} ${value}: expected one of ${values.join(', ')}`);
    return found ?? fallback;
  };
  const ttlSeconds = number('ttl', 60, 1, LONGEST_TTL_SECONDS);
  const control = given.control;
  const options: RelayOptions = {
    control: Array.isArray(control) ? control : [],
    listen: text('listen', '*'),
    portMin: number('portMin', 35_000, 1, 65_535),
    portMax: number('portMax', 65_000, 1, 65_535),
    ttlSeconds,
    setupTtlSeconds: number('setupTtl', ttlSeconds, 1, LONGEST_TTL_SECONDS),
    logLevel: oneOf('logLevel', LOG_LEVELS, 'INFO') ?? 'INFO',
    pidFile: typeof given.pidFile === 'string' ? given.pidFile : null,
    foreground: given.foreground === true,
    rootCheck: given.noRootCheck !== true,
    workers: given.workers === undefined ? null : number('workers', 1, 1, MOST_WORKERS),
    engine: oneOf('engine', ENGINE_NAMES, null),
    dataDir: text('dataDir', './rtpbridge-data'),
  };
  return problems.length > 0 ? refuse(problems.join('; ')) : ok(options);
}

/** `-m`, or `--workers` where there is no letter: as the user wrote it, or would. */
export function flagOf(key: OptionKey): string {
  const row: OptionRow = OPTIONS[key];
  return row.short === undefined ? `--${row.long}` : `-${row.short}`;
}

/** The help text: a line or two an option. `ours`: with the options that rtpproxy does not have, and the long names. */
export function formatHelp(ours: boolean): string {
  const lines: string[] = [];
  for (const row of Object.values(OPTIONS) as OptionRow[]) {
    if (row.ours && !ours) continue;
    const long = ours ? `--${row.long}` : '';
    const flags = [row.short === undefined ? '   ' : `-${row.short}`, long].filter(Boolean).join(row.short && long ? ', ' : ' ');
    const head = `  ${flags}${row.value ? ` ${row.value}` : ''}`;
    const tail = row.default ? `${row.help} (default: ${row.default})` : row.help;
    lines.push(head.length < 30 ? `${head.padEnd(30)} ${tail}` : `${head}\n${' '.repeat(31)}${tail}`);
  }
  return lines.join('\n');
}
