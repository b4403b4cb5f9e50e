import { parseArgs } from 'node:util';
import { readLog } from '../io/log/segmentReader.js';
import { Replay } from '../relay/events/replay.js';

const USAGE = `usage: rtpbridge replay LOG [--call ID]

Prints what happened to each call, read back from the event log. LOG is a data directory, a folder of segments, or one segment.

  --call ID   only the sessions of this Call-ID
  --help      print this and exit`;

/** `rtpbridge replay`. Answers the exit code: 1 if the log cannot be read, or what it says breaks a rule of the model. */
export async function replay(args: readonly string[]): Promise<number> {
  try {
    const options = { call: { type: 'string' }, help: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (values.help) {
      console.log(USAGE);
      return 0;
    }
    const [path] = positionals;
    if (path === undefined || positionals.length > 1) throw new Error('expected one LOG; see rtpbridge replay --help');
    const write = (line: string): void => console.log(line);
    return await replayLog(path, values.call === undefined ? { write } : { write, call: values.call });
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException;
    process.stderr.write(`rtpbridge: ${path === undefined ? message : `${path} cannot be read (${code})`}\n`);
    return 1;
  }
}

/**
 * Folds a log and writes its timeline line by line. Every record is folded, also of calls that are not shown, so that the rules of the model
 * are checked over the whole log. Answers 0, or 1 if something was wrong; throws if there is no log at `path`.
 */
export async function replayLog(
  path: string,
  options: { readonly call?: string; readonly write: (line: string) => void },
): Promise<number> {
  const fold = new Replay((at) => new Date(at).toISOString());
  let problems = 0;
  let shown = 0;
  const complain = (text: string): void => {
    problems++;
    options.write(`! ${text}`);
  };
  for (const entry of readLog(path)) {
    if (entry.kind === 'segment') fold.beginSegment(entry.header.shard, entry.header.run);
    else if (entry.kind === 'problem') complain(`${entry.path} ${entry.text}`);
    else {
      const { lines, broken } = fold.take(entry.record);
      if (options.call === undefined || options.call === entry.record.call) {
        for (const line of lines) options.write(line);
        shown++;
      }
      for (const rule of broken) complain(rule);
    }
  }
  if (shown === 0) options.write(options.call === undefined ? 'no calls in this log' : `no call ${options.call} in this log`);
  return problems > 0 ? 1 : 0;
}
