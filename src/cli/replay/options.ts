import { parseArgs } from 'node:util';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { parseTime } from './times.js';

export const REPLAY_HELP = `usage: rtpbridge replay LOG... [--call ID] [--from T] [--until T] [--follow] [--json]
                        [--sdp] [--ladder] [--html FILE] [--redecide] [--check]

Tells what happened to each call, read back from the event log. LOG is a data directory, a folder of segments, or one
segment; several are those of several nodes, and are told together in the order of time.

Which part of the log:
  --call ID     only the sessions of this Call-ID
                  rtpbridge replay rtpbridge-data --call 1-2345@192.0.2.1
  --from T      only what happened at T or later
  --until T     only what happened at T or earlier. T is a time, local unless it names a zone
                (2026-11-21T09:00:00Z, 2026-11-21T09:00, 2026-11-21), a time of today (09:00, 09:00:30),
                or a span before now (-90s, -15m, -2h, -1d)
                  rtpbridge replay rtpbridge-data --from -15m
                  rtpbridge replay rtpbridge-data --from 2026-11-21T09:00 --until 2026-11-21T09:30
  --follow      go on as the log grows, until Ctrl-C
                  rtpbridge replay rtpbridge-data --follow --from -1m

How it is told (a timeline, a line for each thing that happened, unless one of these is given):
  --json        one JSON object a line: the records as they are, with log, run, path and offset; what is wrong as
                {"problem": ...}, and on stderr
                  rtpbridge replay rtpbridge-data --json | jq 'select(.kind == "exchange") | .command'
  --sdp         with the session descriptions of offers and answers, line by line: what came (-), and what it became (+)
                  rtpbridge replay rtpbridge-data --call 1-2345@192.0.2.1 --sdp
  --ladder      the call as a ladder of messages between client, relay and both sides; needs --call
                  rtpbridge replay node-a node-b --call 1-2345@192.0.2.1 --ladder
  --html FILE   the call as a page for a browser, written to FILE (-: stdout); needs --call
                  rtpbridge replay rtpbridge-data --call 1-2345@192.0.2.1 --html call.html
  --redecide    decides every recorded command anew with this version, and prints only what comes out otherwise:
                what was decided then (-), and what is today (+)
                  rtpbridge replay rtpbridge-data --redecide
  --check       prints only which rules of the model the log breaks, and how much was checked
                  rtpbridge replay rtpbridge-data --check

  --help        print this and exit

Files that are damaged and rules that are broken are told in any case, in lines that begin with "!".
Exit code: 0; 1 if a log cannot be read, is damaged or breaks a rule, or a command is decided otherwise.`;

export type ReplayOptions = {
  readonly paths: readonly string[];
  readonly call: string | null;
  /** Milliseconds since the Unix epoch; infinite where no time is given. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly follow: boolean;
  readonly json: boolean;
  readonly ladder: boolean;
  /** The file; `-` for stdout. */
  readonly html: string | null;
  readonly redecide: boolean;
  readonly check: boolean;
  readonly sdp: boolean;
};

const OPTIONS = {
  call: { type: 'string' },
  from: { type: 'string' },
  until: { type: 'string' },
  follow: { type: 'boolean' },
  json: { type: 'boolean' },
  ladder: { type: 'boolean' },
  html: { type: 'string' },
  redecide: { type: 'boolean' },
  check: { type: 'boolean' },
  sdp: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** Options of which a pair makes no sense together. */
const EXCLUSIVE: readonly (readonly [keyof typeof OPTIONS, readonly (keyof typeof OPTIONS)[]])[] = [
  ['follow', ['until', 'ladder', 'html']],
  ['ladder', ['json', 'redecide', 'check']],
  ['html', ['json', 'redecide', 'check']],
  ['sdp', ['json', 'ladder', 'redecide', 'check']],
];

/** Reads the command line of `rtpbridge replay`. Refuses in one line. */
export function parseReplayOptions(args: readonly string[], nowMs: number): Result<ReplayOptions | 'help', string> {
  const parsed = parse(joinTimes(args));
  if (!parsed.ok) return parsed;
  const { values, positionals } = parsed.value;
  if (values.help === true) return ok('help');
  if (positionals.length === 0) return refuse('expected a LOG; see rtpbridge replay --help');
  for (const [one, others] of EXCLUSIVE) {
    const other = others.find((name) => values[name] !== undefined);
    if (values[one] !== undefined && other !== undefined) return refuse(`--${one} and --${other} exclude each other`);
  }
  const story = values.ladder ? 'ladder' : 'html';
  if (values[story] !== undefined && values.call === undefined) return refuse(`--${story} needs --call ID: it shows one call`);
  if (values.ladder && values.html === '-') return refuse('--ladder and --html - exclude each other: both go to stdout');
  const from = timeOf('from', values.from, Number.NEGATIVE_INFINITY, nowMs);
  if (!from.ok) return from;
  const until = timeOf('until', values.until, Number.POSITIVE_INFINITY, nowMs);
  if (!until.ok) return until;
  if (from.value > until.value) return refuse(`--from ${values.from} is after --until ${values.until}`);
  return ok({
    ...{ paths: positionals, call: values.call ?? null, fromMs: from.value, untilMs: until.value, html: values.html ?? null },
    ...{ follow: values.follow === true, json: values.json === true, ladder: values.ladder === true },
    ...{ redecide: values.redecide === true, check: values.check === true, sdp: values.sdp === true },
  });
}

const parseStrictly = (args: string[]) => parseArgs({ args, options: OPTIONS, allowPositionals: true });

function parse(args: string[]): Result<ReturnType<typeof parseStrictly>, string> {
  try {
    return ok(parseStrictly(args));
  } catch (error) {
    // Node explains more in further sentences.
    return refuse(`${(error as Error).message.split(/[.\n]/)[0]}; see rtpbridge replay --help`);
  }
}

/** `--from -15m`: Node takes what begins with a dash for another option unless it is joined. */
function joinTimes(args: readonly string[]): string[] {
  const joined: string[] = [];
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  for (let i = 0; i < args.length; i++) {
    const [name, value] = [args[i] ?? '', args[i + 1]];
    const isTime = i + 1 < end && (name === '--from' || name === '--until') && /^-\d/.test(value ?? '');
    joined.push(isTime ? `${name}=${value}` : name);
    if (isTime) i++;
  }
  return joined;
}

function timeOf(name: string, text: string | undefined, otherwise: number, nowMs: number): Result<number, string> {
  if (text === undefined) return ok(otherwise);
  const time = parseTime(text, nowMs);
  return time.ok ? time : refuse(`--${name} ${time.error}`);
}

/** How logs are called where there are several: what their paths do not have in common, or else the paths. None for a single one. */
export function nodeNames(paths: readonly string[]): string[] {
  if (paths.length < 2) return [];
  const parts = paths.map((path) => path.replace(/\/+$/, '').split('/'));
  const isCommon = (at: number): boolean => parts.every((each) => each.at(at) !== undefined && each.at(at) === parts[0]?.at(at));
  let first = 0;
  while (isCommon(first)) first++;
  let last = 0;
  while (isCommon(-1 - last)) last++;
  const names = parts.map((each) => each.slice(first, each.length - last).join('/'));
  return names.every((name, i) => name !== '' && names.indexOf(name) === i) ? names : [...paths];
}
