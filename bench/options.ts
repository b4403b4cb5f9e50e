import { parseArgs } from 'node:util';
import { ok, type Result, refuse } from '../model/kernel/index.js';
import { PPS_PER_CALL, WARMUP_CALLS } from './bench.js';
import { MAX_BATCH, MAX_CALLS } from './messages.js';

/** The parts of a run. */
export const SECTIONS = ['load', 'recording', 'calls', 'commands', 'ng', 'rss', 'gc'] as const;
export type Section = (typeof SECTIONS)[number];

/** The relays that we know how to start. */
export const RELAYS = ['io_uring', 'epoll', 'dgram', 'rtpengine'] as const;
export type RelayName = (typeof RELAYS)[number];

export type Options = {
  readonly relays: readonly RelayName[];
  readonly peerCommands: readonly string[];
  readonly sections: readonly Section[];
  readonly loads: readonly number[];
  readonly recordLoad: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly rounds: number;
  readonly batch: number;
  readonly workers: number;
  readonly calls: number;
  readonly commands: number;
  readonly rssCalls: readonly number[];
  readonly gcSeconds: number;
  readonly minPort: number;
  readonly maxPort: number;
  readonly out: string;
  readonly smoke: boolean;
};

type Row = {
  readonly argument: string;
  /** For a smoke run, where it differs. */
  readonly smoke?: string;
  readonly default: string;
  readonly means: string;
};

/** Every option that takes a value, with what it is when left out. */
const TABLE = {
  relays: {
    argument: 'LIST',
    default: 'io_uring,epoll,rtpengine',
    smoke: 'io_uring,epoll,dgram',
    means: `relays to measure, of ${RELAYS.join(', ')}: engines of rtpbridge, and a peer`,
  },
  sections: {
    argument: 'LIST',
    default: SECTIONS.join(','),
    smoke: 'load,recording,calls,commands,ng',
    means: `what to measure, of ${SECTIONS.join(', ')}`,
  },
  loads: {
    argument: 'LIST',
    default: '20000,50000,100000,200000',
    smoke: '5000',
    means: 'packets a second, all streams together',
  },
  'record-load': { argument: 'N', default: '100000', smoke: '5000', means: 'packets a second while every call is recorded' },
  seconds: { argument: 'N', default: '10', smoke: '2', means: 'length of each measured load' },
  'warmup-seconds': { argument: 'N', default: '2', smoke: '0.5', means: 'the same load before it, not measured' },
  rounds: { argument: 'N', default: '1', means: 'repeats of the loads and call rates; medians are reported' },
  batch: { argument: 'N', default: '32', means: `packets per sendmmsg call of the generator, 1 to ${MAX_BATCH}` },
  workers: { argument: 'N', default: '1', means: 'media threads of rtpbridge' },
  calls: { argument: 'N', default: '2000', smoke: '50', means: 'calls per measurement of a call rate' },
  commands: { argument: 'N', default: '20000', smoke: '400', means: 'commands per measurement of V and Q' },
  'rss-calls': { argument: 'LIST', default: '1000,5000', means: 'sessions at which memory is read, ascending' },
  'gc-seconds': { argument: 'N', default: '60', means: 'how long garbage collections are counted, at 50,000 packets a second' },
  ports: { argument: 'MIN-MAX', default: '20000-59999', means: 'media ports of every relay; a call takes four' },
  out: { argument: 'DIR', default: 'bench-results', means: 'where the JSON goes; relative to the project' },
} as const satisfies Record<string, Row>;
type Key = keyof typeof TABLE;

export function helpText(): string {
  const rows = Object.entries<Row>(TABLE).map(([key, row]) => {
    const fallback = row.smoke === undefined ? row.default : `${row.default}; smoke: ${row.smoke}`;
    return line(`--${key} ${row.argument}`, `${row.means} (${fallback})`);
  });
  return [
    'npm run bench -- [options]    compares rtpbridge with other relays on this machine',
    '',
    ...rows,
    line(
      "--peer-cmd 'CMD'",
      'one more relay that speaks the rtpproxy protocol over UDP: its command line, with {port} for the control',
    ),
    line(
      '',
      'port and {min} and {max} for the media ports, and {tcp} if it has a control port there; may be given several times',
    ),
    line('--smoke', 'a run of less than a minute that fails if a packet is lost or a call fails'),
    line('--help', 'this text'),
  ].join('\n');
}

const line = (left: string, right: string): string => `  ${left.padEnd(22)} ${right}`;

/** Reads the command line: the options, `'help'`, or one line that says what is wrong. */
export function parseOptions(args: readonly string[]): Result<Options | 'help', string> {
  const strings = Object.fromEntries(Object.keys(TABLE).map((key) => [key, { type: 'string' as const }]));
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...strings,
        'peer-cmd': { type: 'string', multiple: true },
        smoke: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    });
    if (values.help === true) return ok('help');
    const smoke = values.smoke === true;
    const given = values as Readonly<Record<string, unknown>>;
    const text = (key: Key): string => {
      const row: Row = TABLE[key];
      return (given[key] as string | undefined) ?? (smoke ? (row.smoke ?? row.default) : row.default);
    };
    const peerCommands = values['peer-cmd'] ?? [];
    return ok(readValues(text, peerCommands as readonly string[], smoke));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return refuse(message.split('\n')[0]!.replace(/\. To specify.*/, ''));
  }
}

function readValues(text: (key: Key) => string, peerCommands: readonly string[], smoke: boolean): Options {
  const number = (key: Key, min: number, max: number): number => numberIn(key, text(key), min, max);
  const whole = (key: Key, min: number, max: number): number => wholeIn(key, text(key), min, max);
  const list = (key: Key): string[] => text(key).split(',').filter(Boolean);
  for (const command of peerCommands) {
    for (const place of ['{port}', '{min}', '{max}'])
      if (!command.includes(place)) throw new Error(`--peer-cmd: ${place} is missing`);
  }
  const [, min, max] = /^(\d+)-(\d+)$/.exec(text('ports')) ?? [];
  const minPort = wholeIn('ports', min ?? text('ports'), 1024, 65_535);
  const maxPort = wholeIn('ports', max ?? '', minPort + 4, 65_535);
  const loads = list('loads').map((load) => wholeIn('loads', load, PPS_PER_CALL, MAX_CALLS * PPS_PER_CALL));
  const recordLoad = whole('record-load', PPS_PER_CALL, MAX_CALLS * PPS_PER_CALL);
  const rssCalls = list('rss-calls').map((calls) => wholeIn('rss-calls', calls, 1, MAX_CALLS));
  if (loads.length === 0 || rssCalls.length === 0) throw new Error('--loads and --rss-calls need a number each');
  const room = Math.floor((maxPort - minPort + 1) / 4);
  const calls = whole('calls', 1, MAX_CALLS);
  const needed =
    WARMUP_CALLS + Math.max(calls, ...rssCalls, ...[...loads, recordLoad].map((load) => Math.ceil(load / PPS_PER_CALL)));
  if (needed > room) throw new Error(`--ports: room for ${room} calls, but ${needed} are needed`);
  return {
    relays: choices('relays', list('relays'), RELAYS),
    peerCommands,
    sections: choices('sections', list('sections'), SECTIONS),
    loads,
    recordLoad,
    seconds: number('seconds', 0.1, 3600),
    warmupSeconds: number('warmup-seconds', 0.1, 3600),
    rounds: whole('rounds', 1, 100),
    batch: whole('batch', 1, MAX_BATCH),
    workers: whole('workers', 1, 256),
    calls,
    commands: whole('commands', 1, 10_000_000),
    rssCalls: rssCalls.sort((a, b) => a - b),
    gcSeconds: number('gc-seconds', 1, 3600),
    minPort,
    maxPort,
    out: text('out'),
    smoke,
  };
}

function numberIn(key: Key, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text === '' || !(value >= min && value <= max))
    throw new Error(`--${key}: a number from ${min} to ${max} is needed, not '${text}'`);
  return value;
}

function wholeIn(key: Key, text: string, min: number, max: number): number {
  const value = numberIn(key, text, min, max);
  if (!Number.isInteger(value)) throw new Error(`--${key}: a whole number is needed, not '${text}'`);
  return value;
}

function choices<T extends string>(key: Key, given: readonly string[], known: readonly T[]): T[] {
  return given.map((word) => {
    const found = known.find((one) => one === word);
    if (found === undefined) throw new Error(`--${key}: '${word}' is none of ${known.join(', ')}`);
    return found;
  });
}
