import { ok, type Result, refuse } from '../../model/kernel/index.js';
import type { OptionRow, ProgramName } from './optionRow.js';
import type { OptionKey } from './optionTable.js';
import { longNameOf, optionsOf } from './optionText.js';

/** One option as it stands on a command line; the value is null for a switch, and where an optional one is left out. */
export type GivenOption = { readonly key: OptionKey; readonly value: string | null };

/** What a command line gave, in its order: every occurrence of every option. */
export type GivenOptions = readonly GivenOption[];

type Row = readonly [OptionKey, OptionRow];

/**
 * Reads a command line by the option table, as getopt_long(3) does: letters may be clustered (`-fF`), a value may be glued on or follow
 * (`-T5`, `-T 5`, `--ttl=5`, `--ttl 5`) and may begin with a dash, long names may be cut short while they stay unambiguous, an optional
 * value is glued on (`--name=value`), and `--` ends the options. An option that prints something and leaves ends the reading.
 * The error names what is wrong, in one line unless that holds line ends itself.
 */
export function readCommandLine(args: readonly string[], program: ProgramName): Result<GivenOptions, string> {
  const reader = new Reader(args, program);
  return reader.read();
}

class Reader {
  readonly #args: readonly string[];
  readonly #program: ProgramName;
  readonly #rows: readonly Row[];
  readonly #given: GivenOption[] = [];
  /** Where the next argument is taken from. */
  #at = 0;
  #hasLeft = false;
  #surplus: string | null = null;

  constructor(args: readonly string[], program: ProgramName) {
    this.#args = args;
    this.#program = program;
    this.#rows = optionsOf(program);
  }

  read(): Result<GivenOptions, string> {
    while (this.#at < this.#args.length && !this.#hasLeft) {
      const arg = this.#args[this.#at++]!;
      if (arg === '--') break;
      const problem = arg.startsWith('--') ? this.#takeLong(arg) : this.#takeLetters(arg);
      if (problem !== null) return refuse(problem);
    }
    if (this.#hasLeft) return ok(this.#given);
    const surplus = this.#surplus ?? this.#args[this.#at];
    return surplus === undefined ? ok(this.#given) : refuse(`'${surplus}': expected nothing but options`);
  }

  /** A cluster of letters; the first that takes a value takes the rest of it. Without a dash, or only with one, it is no option. */
  #takeLetters(arg: string): string | null {
    if (!arg.startsWith('-') || arg === '-') {
      this.#surplus ??= arg;
      return null;
    }
    const letters = [...arg.slice(1)];
    for (const [i, letter] of letters.entries()) {
      const found = this.#rows.find(([, { short }]) => short === letter);
      if (found === undefined) return `'-${letter}': no such option`;
      if (found[1].value === undefined) this.#take(found, null);
      else {
        const glued = letters.slice(i + 1).join('');
        return this.#takeValue(found, `-${letter}`, glued === '' ? null : glued);
      }
      if (this.#hasLeft) return null;
    }
    return null;
  }

  #takeLong(arg: string): string | null {
    const equals = arg.indexOf('=');
    const name = equals < 0 ? arg.slice(2) : arg.slice(2, equals);
    const glued = equals < 0 ? null : arg.slice(equals + 1);
    const found = this.#findLong(name);
    if (!found.ok) return found.error;
    const row = found.value[1];
    if (row.value === undefined) {
      if (glued !== null) return `${arg}: expected no value`;
      this.#take(found.value, null);
      return null;
    }
    if (row.optional) {
      this.#take(found.value, glued);
      return null;
    }
    return this.#takeValue(found.value, `--${name}`, glued);
  }

  /** By its name or the beginning of it. Hyphens and underscores are the same: rtpproxy writes these, we write those. */
  #findLong(name: string): Result<Row, string> {
    const wanted = name.replaceAll('_', '-');
    const candidates: (readonly [string, Row])[] = [];
    for (const row of this.#rows) {
      const long = longNameOf(row[1], this.#program);
      if (long === null || !row[1].long.startsWith(wanted)) continue;
      if (row[1].long === wanted) return ok(row);
      candidates.push([`--${long}`, row]);
    }
    if (candidates.length === 0 || name === '') return refuse(`'--${name}': no such option`);
    if (candidates.length > 1) return refuse(`'--${name}': expected one of ${candidates.map(([long]) => long).join(', ')}`);
    return ok(candidates[0]![1]);
  }

  #takeValue(row: Row, flag: string, glued: string | null): string | null {
    const value = glued ?? this.#args[this.#at++];
    if (value === undefined) return `${flag}: expected ${row[1].value} behind it`;
    this.#take(row, value);
    return null;
  }

  #take([key, { leaves }]: Row, value: string | null): void {
    this.#given.push({ key, value });
    this.#hasLeft = leaves === true;
  }
}
