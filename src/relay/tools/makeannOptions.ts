import { ok, type Result, refuse } from '../../../model/kernel/index.js';

/** What `makeann` is to do. */
export type MakeannOptions = {
  readonly input: string;
  /** Each output is this, a dot and the payload type. */
  readonly template: string;
  /** Samples at 8000 a second that are made at most; null: as many as there are. */
  readonly limit: number | null;
  /** The input begins again where it ends, until the limit. */
  readonly loop: boolean;
  /** Asks for silence suppression in G.729. */
  readonly vad: boolean;
  /** The input is raw, even if it begins like a WAV or AU file. */
  readonly raw: boolean;
};

/** `MakeannOptions`, or what is printed instead. */
export type MakeannWish = MakeannOptions | 'help';

export const MAKEANN_USAGE = 'usage: makeann [-l limit [-L]] [-v] [--raw] infile [outfile_template]';

export const MAKEANN_HELP = `${MAKEANN_USAGE}

Makes prompts: of one recording a file for each codec, to be played by the command P of the relay.

  infile              raw samples (16 bits signed, little-endian, 8000 a second, one channel), or a WAV or AU file of
                      any rate and number of channels
  outfile_template    how the files are called, with a dot and the payload type behind it [infile]:
                      .0 PCMU, .3 GSM, .18 G.729, .8 PCMA, .9 G.722
  -l limit            make no more than so many samples at 8000 a second
  -L                  begin the input again where it ends, until the limit
  -v                  accepted for makeann's sake: G.729 is made without silence suppression all the same
  --raw               infile is raw, even if it begins like a WAV or AU file
  --help              print this and exit

  makeann hello.wav /var/lib/prompts/hello          hello.0 hello.3 hello.18 hello.8 hello.9
  makeann -l 80000 -L ring.wav /var/lib/prompts/ring    ten seconds

G.729 needs the Debian package libbcg729-0; without it the other files are made. A file is put in place when it is
complete. Exit code: 0; 1 if the options are wrong, the input cannot be read or an output not be written.`;

/** More do not fit where makeann has always kept them. */
const HIGHEST_LIMIT = 2 ** 31 - 1;
const SWITCHES = { L: 'loop', v: 'vad' } as const;

/**
 * Reads a command line as getopt(3) does: letters may be clustered (`-Ll80`), the limit glued on, options and files stand in any order, and
 * `--` ends the options. The error is one line without the program's name.
 */
export function parseMakeann(args: readonly string[]): Result<MakeannWish, string> {
  const given = { limit: null as string | null, loop: false, vad: false, raw: false };
  const files: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    if (arg === '--') {
      files.push(...args.slice(at + 1));
      break;
    }
    if (arg === '--help') return ok('help');
    if (arg === '--raw') given.raw = true;
    else if (arg.startsWith('--')) return refuse(`${arg}: no such option`);
    else if (!arg.startsWith('-') || arg === '-') files.push(arg);
    else {
      const letters = takeLetters(arg.slice(1), args[at + 1], given);
      if (!letters.ok) return letters;
      if (letters.value === 'next') at++;
    }
  }
  return decide(given, files);
}

type Given = { limit: string | null; loop: boolean; vad: boolean; raw: boolean };

/** A cluster of letters. Answers whether the argument behind it was taken too. */
function takeLetters(letters: string, next: string | undefined, given: Given): Result<'next' | 'own', string> {
  for (const [i, letter] of [...letters].entries()) {
    if (letter === 'l') {
      const glued = letters.slice(i + 1);
      if (glued === '' && next === undefined) return refuse('-l: expected a number of samples behind it');
      given.limit = glued === '' ? next! : glued;
      return ok(glued === '' ? 'next' : 'own');
    }
    if (letter !== 'L' && letter !== 'v') return refuse(`-${letter}: no such option`);
    given[SWITCHES[letter]] = true;
  }
  return ok('own');
}

function decide({ limit, loop, vad, raw }: Given, files: readonly string[]): Result<MakeannOptions, string> {
  const [input, template = input, ...surplus] = files;
  if (input === undefined || input === '' || template === undefined) return refuse('expected the input file');
  if (template === '') return refuse('expected a template that is not empty');
  if (surplus.length > 0) return refuse(`${surplus[0]}: expected an input file and a template, and nothing behind them`);
  const samples = limit === null ? null : Number(limit);
  if (samples !== null && !(/^\d+$/.test(limit!) && samples > 0 && samples <= HIGHEST_LIMIT)) {
    return refuse(`-l ${limit}: expected a number of samples, 1 to ${HIGHEST_LIMIT}`);
  }
  if (loop && samples === null) return refuse('-L: expected a limit (-l) as well, it would never end');
  return ok({ input, template, limit: samples, loop, vad, raw });
}
