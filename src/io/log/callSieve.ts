import { fieldAt, isTextAt, numberAt } from '../../protocol/events/messagePack.js';
import type { LogRecord } from '../../relay/events/record.js';
import type { FileWindow } from './fileWindow.js';
import type { Sieve } from './segmentCursor.js';

const KIND = Buffer.from('kind');
const SESSION = Buffer.from('session');
const SAMPLE = Buffer.from('sample');

/**
 * Lets through what may be about one call: records in which the Call-ID stands, and samples of its sessions, which bear only a number. One
 * for each shard, because each numbers its sessions by itself. The bytes are searched a window at a time, so that all the other calls
 * cost next to nothing.
 */
export class CallSieve implements Sieve {
  readonly #call: string;
  readonly #needle: Buffer;
  readonly #sessions = new Map<number, Set<number>>();
  #path = '';
  /** From `from` of the file on the Call-ID stands first at `hit`. `isEdge`: not even there, and what is behind it is not known. */
  #from = 0;
  #hit = 0;
  #isEdge = true;

  constructor(call: string) {
    this.#call = call;
    this.#needle = Buffer.from(call);
  }

  wants(window: FileWindow, start: number, end: number, run: number): boolean {
    if (this.#holdsCall(window, start, end)) return true;
    const sessions = this.#sessions.get(run);
    if (sessions === undefined || !isTextAt(window.bytes, fieldAt(window.bytes, start, end, KIND), SAMPLE)) return false;
    return sessions.has(numberAt(window.bytes, fieldAt(window.bytes, start, end, SESSION), end));
  }

  saw(record: LogRecord, run: number): void {
    if (!('session' in record) || !('call' in record) || record.call !== this.#call) return;
    const known = this.#sessions.get(run);
    if (known === undefined) this.#sessions.set(run, new Set([record.session]));
    else known.add(record.session);
  }

  /** Whether a record that was let through is about the call. */
  isAbout(record: LogRecord, run: number): boolean {
    if ('call' in record) return record.call === this.#call;
    return 'session' in record && this.#sessions.get(run)?.has(record.session) === true;
  }

  #holdsCall(window: FileWindow, start: number, end: number): boolean {
    const [from, to] = [window.base + start, window.base + end];
    const isKnown = window.path === this.#path && this.#from <= from && from <= this.#hit;
    if (!isKnown || (this.#isEdge && to > this.#hit)) this.#search(window, from);
    return !this.#isEdge && this.#hit < to;
  }

  #search(window: FileWindow, from: number): void {
    const at = window.bytes.subarray(0, window.end - window.base).indexOf(this.#needle, from - window.base);
    this.#path = window.path;
    this.#from = from;
    this.#isEdge = at < 0;
    this.#hit = at < 0 ? window.end : window.base + at;
  }
}
