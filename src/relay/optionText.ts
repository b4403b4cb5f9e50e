/** How options are written: by the user, in the help and in the manual. */
import type { OptionRow, ProgramName } from './optionRow.js';
import { OPTIONS, type OptionKey } from './optionTable.js';

/** The options of a program in the order of the table. */
export function optionsOf(program: ProgramName): readonly (readonly [OptionKey, OptionRow])[] {
  const rows = Object.entries(OPTIONS) as [OptionKey, OptionRow][];
  return rows.filter(([, { programs }]) => programs === undefined || programs.includes(program));
}

/** The long name of an option in a program, without its dashes; null where it has none. */
export function longNameOf(row: OptionRow, program: ProgramName): string | null {
  if (program === 'rtpbridge') return row.long;
  return row.short === undefined ? row.long.replaceAll('-', '_') : null;
}

/** `-m`, or `--workers` where there is no letter: as the user wrote it, or would. */
export function flagOf(key: OptionKey, program: ProgramName = 'rtpbridge'): string {
  const row: OptionRow = OPTIONS[key];
  return row.short === undefined ? `--${longNameOf(row, program)}` : `-${row.short}`;
}

/** The default of an option in a program, as it is shown. */
export function defaultOf(row: OptionRow, program: ProgramName): string | null {
  const theirs = program === 'rtpproxy_debug' ? (row.debugDefault ?? row.rtpproxyDefault) : row.rtpproxyDefault;
  const shown = (program === 'rtpbridge' ? undefined : theirs) ?? row.default;
  return shown === undefined ? null : row.unit === undefined ? shown : `${shown} ${row.unit}`;
}

/** `-T, --ttl SECONDS`: the ways to write an option of a program. */
function formatFlags(row: OptionRow, program: ProgramName): string {
  const long = longNameOf(row, program);
  const names = [row.short === undefined ? null : `-${row.short}`, long === null ? null : `--${long}`];
  const value = row.value === undefined ? '' : row.optional ? `[=${row.value}]` : ` ${row.value}`;
  return names.filter((name) => name !== null).join(', ') + value;
}

const FLAGS_WIDTH = 30;

/** The help text: a line or two an option. */
export function formatHelp(program: ProgramName): string {
  const lines: string[] = [];
  for (const [, row] of optionsOf(program)) {
    const head = `  ${row.short === undefined && program === 'rtpbridge' ? '    ' : ''}${formatFlags(row, program)}`;
    const shown = defaultOf(row, program);
    const tail = shown === null ? row.help : `${row.help} (default: ${shown})`;
    lines.push(
      head.length < FLAGS_WIDTH ? `${head.padEnd(FLAGS_WIDTH)} ${tail}` : `${head}\n${' '.repeat(FLAGS_WIDTH + 1)}${tail}`,
    );
  }
  return lines.join('\n');
}
