import { parseArgs } from 'node:util';
import { askCall } from '../io/admin/client.js';
import { readLogs } from '../io/log/segmentReader.js';
import type { LogEntry } from '../relay/events/logEntry.js';
import { collectStory, type Story } from '../relay/events/story.js';
import { printable } from '../relay/events/timeline.js';
import { explain, isKnown } from '../relay/explain/explain.js';
import { formatExplanation, formatJson } from '../relay/explain/format.js';
import { similarCalls } from '../relay/explain/similar.js';
import { ADMIN_OPTIONS, ADMIN_USAGE, adminPathOf } from './adminSocket.js';

const USAGE = `usage: rtpbridge explain --call ID [LOG...] [--data-dir DIR | --admin SOCKET] [--json]

Says in plain words what became of a call: why nothing is heard, the most likely cause first, what was signalled and what was really seen of
each side, and what happened when. Without LOG it asks the running relay where its log is, and how the call is now. With LOG it reads
only that: a data directory, a folder of segments, or one segment; several of several relays.

  --call ID        the Call-ID
${ADMIN_USAGE}
  --json           one line of JSON; its keys are described in src/relay/explain/explain.ts
  --help           print this and exit`;

/** What is said of a relay that does not run, or hangs. */
const IS_GONE = /\((ENOENT|ECONNREFUSED)\)$|: no answer within/;
const WITHOUT_RELAY = 'to read the log of a relay that is gone: rtpbridge explain --call ID DATA-DIR';
/** Of what is wrong with a log so many lines are shown. */
const MOST_PROBLEMS = 3;

/** Where the history of a call is, and what the running relay says of it. */
type Sources = { readonly logs: readonly string[]; readonly live: Story['live'] };

/** `rtpbridge explain`. Answers the exit code: 1 if nobody knows the call, the relay does not answer, or a log cannot be read. */
export async function explainCall(args: readonly string[]): Promise<number> {
  try {
    const options = { ...ADMIN_OPTIONS, call: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (values.help) {
      console.log(USAGE);
      return 0;
    }
    const { call } = values;
    if (call === undefined) throw new Error('expected --call ID; see rtpbridge explain --help');
    if (positionals.length > 0 && (values.admin ?? values['data-dir']) !== undefined) {
      throw new Error('LOG is read instead of asking a relay: expected either LOG, or --data-dir or --admin');
    }
    const sources = positionals.length > 0 ? { logs: positionals, live: [] } : await askRelay(adminPathOf(values), call);
    const problems: string[] = [];
    const entries = sources.logs.length > 0 ? readLogs(sources.logs, { call }) : [];
    const story = collectStory(notingProblems(entries, problems), call);
    warn(problems);
    const explanation = explain({ ...story, live: sources.live }, formatTime);
    if (!isKnown(explanation)) throw new Error(unknownCall(call, sources.logs));
    process.stdout.write(`${values.json ? formatJson(explanation) : formatExplanation(explanation, formatTime).join('\n')}\n`);
    return 0;
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException;
    const line = path === undefined ? message.split('\n')[0] : `${path} cannot be read (${code})`;
    process.stderr.write(`rtpbridge: ${line}\n`);
    return 1;
  }
}

/** Throws one line if nobody answers. */
async function askRelay(socketPath: string, call: string): Promise<Sources> {
  const answer = await askCall(socketPath, call);
  if (!answer.ok) throw new Error(IS_GONE.test(answer.error) ? `${answer.error}; ${WITHOUT_RELAY}` : answer.error);
  const { logFolder, live } = answer.value;
  return { logs: logFolder === null ? [] : [logFolder], live };
}

function formatTime(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? `${at}` : date.toISOString();
}

function* notingProblems(entries: Iterable<LogEntry>, problems: string[]): Generator<LogEntry> {
  for (const entry of entries) {
    if (entry.kind === 'problem') problems.push(`${entry.path} ${entry.text}`);
    yield entry;
  }
}

/** Not on stdout: what is said of the call may be right all the same. */
function warn(problems: readonly string[]): void {
  for (const problem of problems.slice(0, MOST_PROBLEMS)) process.stderr.write(`! ${problem}\n`);
  const more = problems.length - MOST_PROBLEMS;
  if (more > 0) process.stderr.write(`! and ${more} more: rtpbridge replay shows them\n`);
}

function unknownCall(call: string, logs: readonly string[]): string {
  const similar = logs.length === 0 ? [] : similarCalls(readLogs(logs, {}), call).map(printable);
  const where = logs.length === 0 ? 'the relay, which keeps no log' : logs.join(', ');
  const hint = similar.length === 0 ? '' : `; similar: ${similar.join(' ')}`;
  return `no call ${printable(call)} in ${where}${hint}`;
}
