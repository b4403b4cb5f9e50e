import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { LogRecord, SnapshotRecord } from '../events/record.js';
import type { Told } from '../events/told.js';

/** A request on the admin socket: one line of JSON. It is answered by one line, `{"ok":true,…}` or `{"ok":false,"error":"…"}`. */
export type AdminRequest =
  /** The sessions of a call as they are now: `logFolder` and `live`. */
  | { readonly ask: 'call'; readonly call: string }
  /** How the relay is: `status`. */
  | { readonly ask: 'status' }
  /** Read the settings file again: a `Reloaded`. `check`: only say what would change. */
  | { readonly ask: 'reload'; readonly check: boolean }
  /** What happens from now on, to one call or (null) at all: after the answer come lines as `formatTold` makes them, and nothing else. */
  | { readonly ask: 'watch'; readonly call: string | null };

/** What `call` is answered with. */
export type CallAnswer = {
  /** Where the event log of the relay is. Null: it has none. */
  readonly logFolder: string | null;
  readonly live: readonly SnapshotRecord[];
};

/** What `reload` is answered with, in lines for people. */
export type Reloaded = {
  /** What is wrong with the file. Where there is anything, nothing was changed. */
  readonly problems: readonly string[];
  /** What is different. */
  readonly changes: readonly string[];
  /** What an operator should know besides. */
  readonly notes: readonly string[];
};

const ASKS = ['call', 'status', 'watch', 'reload'] as const satisfies readonly AdminRequest['ask'][];
/** So much of what was asked is repeated in an error. */
const SHOWN_CHARS = 40;

/** Reads a request. What is wrong is said in one line. */
export function readRequest(line: string): Result<AdminRequest, string> {
  const parsed = parseJson(line);
  if (!parsed.ok) return refuse(`not JSON: ${shown(line)}; expected a line such as {"ask":"status"}`);
  const request = parsed.value;
  if (!isObject(request)) return refuse(`${shown(line)}: expected an object such as {"ask":"status"}`);
  const ask = ASKS.find((each) => each === request['ask']);
  const { call } = request as { readonly call?: unknown };
  switch (ask) {
    case 'status':
      return ok({ ask });
    case 'reload':
      return ok({ ask, check: request['check'] === true });
    case 'call':
      return isCall(call) ? ok({ ask, call }) : refuse(`call ${shown(call)}: expected a Call-ID`);
    case 'watch':
      if (call === null || call === undefined) return ok({ ask, call: null });
      return isCall(call) ? ok({ ask, call }) : refuse(`call ${shown(call)}: expected a Call-ID, or null for all`);
    default:
      return refuse(`ask ${shown(request['ask'])}: expected one of ${ASKS.join(', ')}`);
  }
}

/** A line of those that watch, without its line end: `{"record":…}` or `{"lost":N,"shard":N}`. */
export const formatTold = (told: Told): string =>
  JSON.stringify(told.kind === 'record' ? { record: told.record } : { lost: told.records, shard: told.shard });

/** The reverse of `formatTold`. Null: it is no such line. */
export function readTold(line: string): Told | null {
  const parsed = parseJson(line);
  if (!parsed.ok || !isObject(parsed.value)) return null;
  const { record, lost, shard } = parsed.value as {
    readonly record?: unknown;
    readonly lost?: unknown;
    readonly shard?: unknown;
  };
  if (isRecord(record)) return { kind: 'record', record };
  return typeof lost === 'number' && typeof shard === 'number' ? { kind: 'lost', shard, records: lost } : null;
}

/** What the relay answered: the object without its `ok`, or the error that it gave. */
export function readAnswer(line: string): Result<Readonly<Record<string, unknown>>, string> {
  const parsed = parseJson(line);
  const answer = parsed.ok && isObject(parsed.value) ? parsed.value : {};
  const { ok: isOk, error, ...rest } = answer;
  if (isOk === true) return ok(rest);
  return refuse(typeof error === 'string' ? error : `${shown(line)}: this is no answer of rtpbridge`);
}

/** What `readAnswer` made of the answer to `call`. */
export function readCallAnswer(answer: Readonly<Record<string, unknown>>): Result<CallAnswer, string> {
  const { logFolder, live } = answer;
  const isFolder = logFolder === null || typeof logFolder === 'string';
  if (!isFolder || !Array.isArray(live)) return refuse(`${shown(answer)}: expected logFolder and live`);
  const snapshots = live.filter((each): each is SnapshotRecord => isRecord(each) && each.kind === 'snapshot');
  return snapshots.length === live.length ? ok({ logFolder, live: snapshots }) : refuse(`${shown(live)}: expected snapshots`);
}

/** What `readAnswer` made of the answer to `reload`. */
export function readReloaded({ problems, changes, notes }: Readonly<Record<string, unknown>>): Result<Reloaded, string> {
  const isLines = (value: unknown): value is string[] => Array.isArray(value) && value.every((line) => typeof line === 'string');
  if (!isLines(problems) || !isLines(changes) || !isLines(notes)) return refuse('the answer does not say what has changed');
  return ok({ problems: problems.map(printable), changes: changes.map(printable), notes: notes.map(printable) });
}

/** A terminal is left alone, whoever answers. */
const printable = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '?');

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCall = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** The relay is trusted to write whole records. */
const isRecord = (value: unknown): value is LogRecord =>
  isObject(value) && typeof value['kind'] === 'string' && typeof value['at'] === 'number' && typeof value['shard'] === 'number';

function parseJson(text: string): Result<unknown, null> {
  try {
    return ok(JSON.parse(text) as unknown);
  } catch {
    return refuse(null);
  }
}

/** A piece of what somebody sent, on one line. */
function shown(value: unknown): string {
  const text = value === undefined ? 'is missing' : JSON.stringify(value);
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}
