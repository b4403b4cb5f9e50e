import { parseArgs } from 'node:util';
import { watchAdmin } from '../io/admin/client.js';
import { formatTold } from '../relay/admin/protocol.js';
import type { LogRecord } from '../relay/events/record.js';
import { describeRecord } from '../relay/events/timeline.js';
import type { Told } from '../relay/events/told.js';
import { ADMIN_OPTIONS, ADMIN_USAGE, adminPathOf } from './adminSocket.js';

const USAGE = `usage: rtpbridge watch [--call ID] [--data-dir DIR | --admin SOCKET] [--json]

Prints what happens in a running relay while it happens, until Ctrl-C. If it is more than can be shown, what is left out is counted; the event
log has it.

  --call ID        only this Call-ID
${ADMIN_USAGE}
  --json           a line of JSON a record, {"record":…}, and {"lost":N} where records are missing
  --help           print this and exit`;

/** `rtpbridge watch`. Answers the exit code: 0 after Ctrl-C or when nobody reads its output any more, 1 if the relay does not tell. */
export async function watch(args: readonly string[]): Promise<number> {
  try {
    const options = { ...ADMIN_OPTIONS, call: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } } as const;
    const { values } = parseArgs({ args: [...args], options });
    if (values.help) {
      console.log(USAGE);
      return 0;
    }
    const format = values.json ? formatTold : describe;
    for await (const told of watchAdmin(adminPathOf(values), values.call ?? null, untilStopped())) {
      if (!told.ok) throw new Error(told.error);
      const lines = format(told.value);
      if (lines !== '') process.stdout.write(`${lines}\n`);
    }
    return 0;
  } catch (error) {
    process.stderr.write(`rtpbridge: ${(error as Error).message.split('\n')[0]}\n`);
    return 1;
  }
}

/** Given by Ctrl-C, and when whoever reads our output has gone. */
function untilStopped(): AbortSignal {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  process.stdout.on('error', () => stopping.abort());
  return stopping.signal;
}

/** Lines for people. */
function describe(told: Told): string {
  if (told.kind === 'lost') return `! ${told.records} records of media thread ${told.shard} came too fast to be shown`;
  return describeAny(told.record).join('\n');
}

const formatTime = (at: number): string => new Date(at).toISOString();

const describeAny = (record: LogRecord): readonly string[] =>
  record.kind === 'step' || record.kind === 'exchange' ? describeRecord(record, formatTime) : [];
