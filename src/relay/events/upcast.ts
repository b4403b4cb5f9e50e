import type { SegmentHeader } from './logEntry.js';

type Fields = { readonly [name: string]: unknown };

/**
 * What a record of an earlier release is today. Only what is missing is added, so that a record of which the version is not known (null: the
 * header of its segment is damaged) can be given to all of them. Takes whatever stands in a file and never throws; whether it is a
 * record then is for `wrongInRecord` to say.
 */
export function upcast(value: unknown, version: SegmentHeader['version'] | null): unknown {
  if (!isFields(value) || (version ?? 1) >= 3 || 'kind' in value) return value;
  return withKind((version ?? 1) >= 2 ? value : withNetworks(value));
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
