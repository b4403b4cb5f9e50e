import type { SegmentHeader } from './logEntry.js';

type Fields = { readonly [name: string]: unknown };

/**
 * What a record of an earlier release is today. Only what is missing is added, so that a record of which the version is not known (null: the
 * header of its segment is damaged) can be given to all of them. Takes whatever stands in a file and never throws; whether it is a
 * record then is for `wrongInRecord` to say.
 */
export function upcast(value: unknown, version: SegmentHeader['version'] | null): unknown {
  const since = version ?? 1;
  if (!isFields(value) || since >= 5) return value;
  const known = since >= 3 || 'kind' in value ? value : withKind(since >= 2 ? value : withNetworks(value));
  return withDialogue(since >= 4 ? known : withSound(known));
}

/** 4 (release 0.4.0) → 5: sessions belonged to no dialogue, nothing was muted, and what was deleted was gone. */
function withDialogue(record: Fields): Fields {
  const { kind, state } = record;
  if (kind !== 'snapshot' || !isFields(state)) return record;
  const { legs } = state;
  if (!isFields(legs)) return record;
  const of = (leg: unknown): unknown =>
    isFields(leg) ? { mutes: [], description: null, strict: false, sources: 'usual', pending: null, ...leg } : leg;
  const described = Object.fromEntries(Object.entries(legs).map(([side, leg]) => [side, of(leg)]));
  return { ...record, state: { dialogue: null, deletion: null, ...state, legs: described } };
}

/** 3 (release 0.3.0) → 4: nothing was played or recorded, and each side was copied to one place. */
function withSound(record: Fields): Fields {
  const { kind, state, command, events } = record;
  if (kind === 'snapshot' && isFields(state)) return { ...record, state: withSoundIn(state) };
  if (kind !== 'step' || !Array.isArray(events)) return record;
  const stopped = (part: unknown, type: string): unknown =>
    isFields(part) && part['type'] === type ? { local: null, ...part } : part;
  return { ...record, command: stopped(command, 'StopCopy'), events: events.map((event) => stopped(event, 'CopyStopped')) };
}

function withSoundIn(state: Fields): Fields {
  const { legs } = state;
  if (!isFields(legs)) return state;
  const of = (leg: unknown): unknown => {
    if (!isFields(leg) || !('copy' in leg)) return leg;
    const { copy, ...rest } = leg;
    return { copies: copy === null ? [] : [copy], playback: null, ...rest };
  };
  return {
    recordings: [],
    recordingsBegun: 0,
    ...state,
    legs: Object.fromEntries(Object.entries(legs).map(([side, leg]) => [side, of(leg)])),
  };
}

/** 2 (release 0.2.0) → 3: there were no records but steps. */
const withKind = (record: Fields): Fields => ({ kind: 'step', ...record });

/**
 * 1 (release 0.1.0) → 2: a relay had one network, one time to live for both sides and no notifications. Which network it was only the
 * sockets tell that were opened in it.
 */
function withNetworks(record: Fields): Fields {
  const { command, events } = record;
  if (!Array.isArray(events)) return record;
  const opened = events.find((event) => isFields(event) && event['type'] === 'LegOpened');
  const local = isFields(opened) && isFields(opened['local']) ? opened['local'] : null;
  const network = { host: local?.['host'] ?? '', advertised: null };
  const opening = { independentTtl: false, networks: { caller: network, callee: network } };
  return {
    ...record,
    command: isFields(command) && command['type'] === 'Signal' ? { ...OLD_SIGNAL, ...command } : command,
    events: events.map((event) => (isFields(event) && event['type'] === 'SessionOpened' ? { ...opening, ...event } : event)),
  };
}

/** What a `Signal` could not ask for then. */
const OLD_SIGNAL = {
  resizeMs: null,
  newPort: false,
  networks: null,
  notify: 'keep',
  ttlMs: { caller: null, callee: null },
} as const;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
