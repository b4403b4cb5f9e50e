import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { SpeechRate } from '../../protocol/audio/resample.js';
import {
  DATA_FORMATS,
  type DataFormat,
  defaultFormat,
  FILE_FORMATS,
  type FileFormat,
  parseDataFormat,
  parseFileFormat,
} from '../../protocol/audio/soundFormats.js';
import { parseSrtpPolicy, type SrtpPolicy } from '../../protocol/srtp/policy.js';

/** A file of packets, and with what they are protected. */
export type Recorded = { readonly path: string; readonly srtp: SrtpPolicy | null };

/** What `extractaudio` is asked to do. */
export type ExtractOptions = {
  /** Only count packets: then there is no output. */
  readonly scan: boolean;
  /** The packets of the answering side, and of the originating one. At least one of both. */
  readonly answer: Recorded | null;
  readonly originate: Recorded | null;
  /** Null: scanning. */
  readonly output: string | null;
  /** Further names of the output. */
  readonly links: readonly string[];
  readonly deleteInputs: boolean;
  readonly idle: boolean;
  readonly stereo: boolean;
  readonly keepsSilence: boolean;
  /** Whether both files have to be read to their end. */
  readonly strict: boolean;
  readonly fileFormat: FileFormat;
  readonly dataFormat: DataFormat;
  readonly sampleRate: SpeechRate;
};

type OptionRow = { readonly short?: string; readonly long: string; readonly value?: string; readonly help: string };

export const EXTRACT_OPTIONS = {
  delete: { short: 'd', long: 'delete', help: 'delete the recording afterwards, if all of it could be read' },
  idle: { short: 'i', long: 'idle', help: 'work at the lowest priority' },
  stereo: { short: 's', long: 'stereo', help: 'answering side left, originating side right' },
  skipSilence: { short: 'n', long: 'no-sync', help: 'leave out silence: the sides do not stay together' },
  strict: { short: 'e', long: 'strict', help: 'fail if one of the files cannot be read to its end' },
  scan: { short: 'S', long: 'scan', help: 'only print how many packets the files hold; -1: broken or not there' },
  answer: { short: 'A', long: 'answer', value: 'FILE', help: 'packets of the answering side' },
  originate: { short: 'B', long: 'originate', value: 'FILE', help: 'packets of the originating side' },
  answerKey: { long: 'alice-crypto', value: 'SUITE:KEY', help: 'what the packets of -A are protected with (pcap only)' },
  originateKey: { long: 'bob-crypto', value: 'SUITE:KEY', help: 'the same for -B' },
  fileFormat: { short: 'F', long: 'file-format', value: 'NAME', help: 'format of the output (default: wav)' },
  dataFormat: { short: 'D', long: 'data-format', value: 'NAME', help: 'its samples (default: gsm610; in stereo ms_adpcm)' },
  rate: { long: 'rate', value: 'HZ', help: 'samples a second, 8000 or 16000 (default: 8000)' },
  help: { long: 'help', help: 'print this and exit' },
} as const satisfies Record<string, OptionRow>;
type Key = keyof typeof EXTRACT_OPTIONS;

const ROWS = Object.entries(EXTRACT_OPTIONS) as readonly (readonly [Key, OptionRow])[];

export const EXTRACT_USAGE = `usage: extractaudio [-idsne] [-F NAME] [-D NAME] RDIR OUTFILE [LINK...]
       extractaudio [-idsne] [-F NAME] [-D NAME] [-A FILE] [-B FILE]
                    [--alice-crypto SUITE:KEY] [--bob-crypto SUITE:KEY] OUTFILE [LINK...]
       extractaudio -S RDIR
       extractaudio -S [-A FILE] [-B FILE]`;

/** What `--help` prints. */
export function formatExtractHelp(): string {
  const options = ROWS.map(([, { short, long, value, help }]) => {
    const flags = `${short === undefined ? '   ' : `-${short},`} --${long}${value === undefined ? '' : ` ${value}`}`;
    return `  ${flags.padEnd(28)} ${help}`;
  });
  return `${EXTRACT_USAGE}

Makes a sound file of a recorded call: of RDIR.a.rtp (answering side) and RDIR.o.rtp (originating side), in the ad-hoc format
of rtpproxy or as pcap. Each LINK becomes another name of OUTFILE.

${options.join('\n')}

SUITE is AES_CM_128_HMAC_SHA1_80 or AES_CM_128_HMAC_SHA1_32, KEY 40 characters of base64: key and salt, as in an SDP.
Formats of a file: ${Object.keys(FILE_FORMATS).join(' ')}.
Of its samples: ${Object.keys(DATA_FORMATS).join(' ')}.
What needs no library: wav, au or raw with pcm_16, ulaw, alaw, float and their like.
  extractaudio -F wav -D pcm_16 recordings/1-2345@192.0.2.1=tag call.wav

Statistics of each file go to stdout.
Exit code: 0; 1 if there is nothing to read, or the command line is wrong; 2 if the output cannot be written.`;
}

/** Reads the command line. Letters may be clustered, options may follow the file names, long names may be cut short. The error is one line. */
export function parseExtractOptions(args: readonly string[]): Result<ExtractOptions | 'help', string> {
  const read = readArguments(args);
  if (!read.ok) return read;
  const { given, names } = read.value;
  if (given.has('help')) return ok('help');
  const files = filesOf(given, names);
  if (!files.ok) return files;
  const fileFormat = optionOf(given, 'fileFormat', parseFileFormat);
  if (!fileFormat.ok) return fileFormat;
  const dataFormat = optionOf(given, 'dataFormat', parseDataFormat);
  if (!dataFormat.ok) return dataFormat;
  const rate = optionOf(given, 'rate', parseRate);
  if (!rate.ok) return rate;
  const stereo = given.has('stereo');
  const usual = defaultFormat(stereo ? 2 : 1);
  return ok({
    ...files.value,
    ...{ scan: given.has('scan'), deleteInputs: given.has('delete'), idle: given.has('idle'), strict: given.has('strict') },
    ...{ stereo, keepsSilence: !given.has('skipSilence'), sampleRate: rate.value ?? 8000 },
    ...{ fileFormat: fileFormat.value ?? usual.fileFormat, dataFormat: dataFormat.value ?? usual.dataFormat },
  });
}

type Given = ReadonlyMap<Key, string>;
type Files = Pick<ExtractOptions, 'answer' | 'originate' | 'output' | 'links'>;

/** Which of the forms it is: with -A or -B the first name is that of the output, without them it is what both recordings begin with. */
function filesOf(given: Given, names: readonly string[]): Result<Files, string> {
  const answerKey = optionOf(given, 'answerKey', parseSrtpPolicy);
  if (!answerKey.ok) return answerKey;
  const originateKey = optionOf(given, 'originateKey', parseSrtpPolicy);
  if (!originateKey.ok) return originateKey;
  const isNamed = given.has('answer') || given.has('originate');
  const wanted = (isNamed ? 0 : 1) + (given.has('scan') ? 0 : 1);
  if (names.length < wanted)
    return refuse(isNamed ? 'expected OUTFILE' : given.has('scan') ? 'expected RDIR' : 'expected RDIR and OUTFILE');
  if (given.has('scan') && names.length > wanted) return refuse(`'${names[wanted]}': expected nothing more with -S`);
  const [rdir, rest] = isNamed ? [null, names] : [names[0]!, names.slice(1)];
  const recorded = (path: string | null, srtp: SrtpPolicy | null): Recorded | null => (path === null ? null : { path, srtp });
  return ok({
    answer: recorded(rdir === null ? (given.get('answer') ?? null) : `${rdir}.a.rtp`, answerKey.value),
    originate: recorded(rdir === null ? (given.get('originate') ?? null) : `${rdir}.o.rtp`, originateKey.value),
    output: rest[0] ?? null,
    links: rest.slice(1),
  });
}

/** The value of an option, read; null where it is not given. */
function optionOf<T>(given: Given, key: Key, parse: (text: string) => Result<T, string>): Result<T | null, string> {
  const text = given.get(key);
  if (text === undefined) return ok(null);
  const parsed = parse(text);
  return parsed.ok ? parsed : refuse(`${flagOf(EXTRACT_OPTIONS[key])}: ${parsed.error}`);
}

const parseRate = (text: string): Result<SpeechRate, string> =>
  text === '8000' ? ok(8000) : text === '16000' ? ok(16000) : refuse(`${text}: 8000 or 16000 expected`);

const flagOf = ({ short, long }: OptionRow): string => (short === undefined ? `--${long}` : `-${short}`);

type Read = { readonly given: Given; readonly names: readonly string[] };

/** As getopt_long(3) does: `-Fwav`, `-F wav`, `--file-format=wav`; of an option that is given twice the last one counts. */
function readArguments(args: readonly string[]): Result<Read, string> {
  const given = new Map<Key, string>();
  const names: string[] = [];
  for (let at = 0; at < args.length; ) {
    const argument = args[at++]!;
    if (argument === '--') {
      names.push(...args.slice(at));
      break;
    }
    if (!argument.startsWith('-') || argument === '-') {
      names.push(argument);
      continue;
    }
    const found = argument.startsWith('--') ? longOption(argument) : letters(argument);
    if (!found.ok) return found;
    for (const { key, value } of found.value) {
      const row: OptionRow = EXTRACT_OPTIONS[key];
      if (row.value === undefined) given.set(key, '');
      else if (value !== null) given.set(key, value);
      else if (at < args.length) given.set(key, args[at++]!);
      else return refuse(`${argument}: expected ${row.value} behind it`);
    }
  }
  return ok({ given, names });
}

type Found = readonly { readonly key: Key; readonly value: string | null }[];

/** A cluster of letters; the first that takes a value takes the rest of it. */
function letters(argument: string): Result<Found, string> {
  const found: { key: Key; value: string | null }[] = [];
  for (let at = 1; at < argument.length; at++) {
    const row = ROWS.find(([, { short }]) => short === argument[at]);
    if (row === undefined) return refuse(`'-${argument[at]}': no such option`);
    const rest = argument.slice(at + 1);
    const takesRest = row[1].value !== undefined;
    found.push({ key: row[0], value: takesRest && rest !== '' ? rest : null });
    if (takesRest) break;
  }
  return ok(found);
}

function longOption(argument: string): Result<Found, string> {
  const equals = argument.indexOf('=');
  const name = argument.slice(2, equals < 0 ? undefined : equals).replaceAll('_', '-');
  const rows = ROWS.filter(([, { long }]) => long.startsWith(name));
  const row = rows.find(([, { long }]) => long === name) ?? rows[0];
  if (row === undefined || name === '') return refuse(`'--${name}': no such option`);
  if (rows.length > 1 && row[1].long !== name) {
    return refuse(`'--${name}': expected one of ${rows.map(([, { long }]) => `--${long}`).join(', ')}`);
  }
  if (equals >= 0 && row[1].value === undefined) return refuse(`${argument}: expected no value`);
  return ok([{ key: row[0], value: equals < 0 ? null : argument.slice(equals + 1) }]);
}
