import { type ParseArgsConfig, parseArgs } from 'node:util';
import { ok, type Result, refuse } from '../../model/kernel/index.js';
import { type GivenOptions, OPTIONS, type OptionKey, type OptionRow } from '../relay/options.js';

/**
 * Reads a command line by the option table: letters may be clustered, values glued on (`-T5`), long options written `--ttl=5` or `--ttl 5`.
 * `ours`: also the options that rtpproxy does not have. The error is one line.
 */
export function loadOptions(args: readonly string[], ours: boolean): Result<GivenOptions, string> {
  const rows = (Object.entries(OPTIONS) as [OptionKey, OptionRow][]).filter(([, row]) => ours || !row.ours);
  const config: NonNullable<ParseArgsConfig['options']> = {};
  for (const [, row] of rows) {
    config[row.long] = {
      type: row.value === undefined ? 'boolean' : 'string',
      ...(row.short === undefined ? {} : { short: row.short }),
      ...(row.many ? { multiple: true } : {}),
    };
  }
  try {
    const { values } = parseArgs({ args: [...args], options: config, allowPositionals: false, strict: true });
    const given: Record<string, unknown> = {};
    for (const [key, row] of rows) if (values[row.long] !== undefined) given[key] = values[row.long];
    return ok(given as GivenOptions);
  } catch (error) {
    return refuse((error as Error).message.split('. ')[0]!.split('\n')[0]!);
  }
}
