import type { LogEntry } from '../events/logEntry.js';

/** How many are suggested. */
const MOST = 3;
/** So many first letters must be the same, or half of what was asked for: everything else is another call. */
const FEWEST_LETTERS = 4;

/**
 * Call-IDs in a log that begin like one that is not there, most alike first and the newest of the like: one was cut off, or written with or
 * without what stands behind a semicolon.
 */
export function similarCalls(entries: Iterable<LogEntry>, call: string): readonly string[] {
  const fewest = Math.max(FEWEST_LETTERS, Math.ceil(call.length / 2));
  const seen = new Map<string, { readonly shared: number; readonly at: number }>();
  for (const entry of entries) {
    if (entry.kind !== 'record' || !('call' in entry.record) || entry.record.kind === 'exchange') continue;
    const { call: other, at } = entry.record;
    const shared = sharedLetters(call, other);
    if (shared >= fewest || other.startsWith(call)) seen.set(other, { shared, at });
  }
  const found = [...seen].sort(([, a], [, b]) => b.shared - a.shared || b.at - a.at);
  return found.slice(0, MOST).map(([other]) => other);
}

function sharedLetters(a: string, b: string): number {
  let shared = 0;
  while (shared < a.length && shared < b.length && a[shared] === b[shared]) shared++;
  return shared;
}
