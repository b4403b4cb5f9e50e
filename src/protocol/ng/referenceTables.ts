import { NG_COMMAND_ROWS, NG_COMMANDS_NOT_HAD } from './commands.js';
import { type FlagRow, NG_FLAG_TABLE } from './flagTable.js';
import { type KeyRow, NG_KEY_TABLE } from './keyTable.js';
import { NG_COMMANDS, type NgCommand } from './request.js';

/** A line of the manual. `known`: the words that a key knows; empty: any, or none. */
export type ReferenceRow = {
  readonly name: string;
  readonly also: readonly string[];
  readonly meaning: string;
  /** `all`, or their names with commas. */
  readonly commands: string;
  readonly known: readonly string[];
  readonly effect: 'done' | 'not done';
};

export type ReferenceTables = {
  readonly commands: readonly { readonly name: NgCommand; readonly meaning: string; readonly needs: readonly string[] }[];
  readonly commandsNotHad: readonly string[];
  readonly keys: readonly ReferenceRow[];
  readonly flags: readonly ReferenceRow[];
};

/** What the manual says of commands, keys and flags: out of the tables by which requests are read. */
export const referenceTables = (): ReferenceTables => ({
  commands: NG_COMMANDS.map((name) => ({ name, meaning: NG_COMMAND_ROWS[name].help, needs: NG_COMMAND_ROWS[name].needs })),
  commandsNotHad: NG_COMMANDS_NOT_HAD,
  keys: NG_KEY_TABLE.map((row) => rowOf(row, row.known)),
  flags: NG_FLAG_TABLE.map((row) => rowOf(row, [])),
});

const rowOf = (row: KeyRow | FlagRow, known: readonly string[]): ReferenceRow => ({
  ...{ name: row.name, also: row.also, meaning: row.help, commands: commandsOf(row.commands), known, effect: row.effect },
});

const commandsOf = (commands: readonly NgCommand[]): string =>
  commands.length === NG_COMMANDS.length ? 'all' : NG_COMMANDS.filter((command) => commands.includes(command)).join(', ');
