import { FRAME_HEADER_BYTES } from '../../protocol/events/frame.js';
import { fieldAt, isTextAt, numberAt } from '../../protocol/events/messagePack.js';
import type { FileWindow } from './fileWindow.js';
import type { Sieve } from './segmentCursor.js';

const KIND = Buffer.from('kind');
const AT = Buffer.from('at');
const SEQ = Buffer.from('seq');
const SESSION = Buffer.from('session');
const SAMPLE = Buffer.from('sample');
const EXCHANGE = Buffer.from('exchange');

/** So many commands with their replies are kept of each shard, the newest. */
export const MOST_EXCHANGES = 5000;

/** Where an exchange stands, and when it was. */
export type ExchangePlace = { readonly path: string; readonly offset: number; readonly atMs: number };

/**
 * Holds back what is mostly not needed, and notes where it stands: of the samples of a session only the last one says anything that those
 * before it do not, and of the exchanges only the newest are asked for.
 */
export class RecoverySieve implements Sieve {
  /** Session → where its last sample stands in the segment. */
  readonly samples = new Map<number, number>();
  readonly exchanges: ExchangePlace[] = [];
  /** Of what was held back. */
  lastAtMs = 0;
  lastSeq = 0;
  readonly #onlyExchanges: boolean;

  /** `onlyExchanges`: nothing else is let through either. */
  constructor(onlyExchanges: boolean) {
    this.#onlyExchanges = onlyExchanges;
  }

  wants({ bytes, base, path }: FileWindow, start: number, end: number): boolean {
    const kind = fieldAt(bytes, start, end, KIND);
    const isExchange = isTextAt(bytes, kind, EXCHANGE);
    if (!isExchange && (this.#onlyExchanges || !isTextAt(bytes, kind, SAMPLE))) return !this.#onlyExchanges;
    const atMs = numberAt(bytes, fieldAt(bytes, start, end, AT), end);
    const session = isExchange ? 0 : numberAt(bytes, fieldAt(bytes, start, end, SESSION), end);
    const seq = numberAt(bytes, fieldAt(bytes, start, end, SEQ), end);
    if (!Number.isFinite(atMs) || !Number.isSafeInteger(session) || !Number.isSafeInteger(seq)) return true; // It is to be told what is wrong with it.
    this.lastAtMs = Math.max(this.lastAtMs, atMs);
    this.lastSeq = Math.max(this.lastSeq, seq);
    const offset = base + start - FRAME_HEADER_BYTES;
    if (isExchange) this.#keep({ path, offset, atMs });
    else this.samples.set(session, offset);
    return false;
  }

  saw(): void {}

  /** Now and then those are thrown away that are too many. */
  #keep(place: ExchangePlace): void {
    this.exchanges.push(place);
    if (this.exchanges.length >= 2 * MOST_EXCHANGES) this.exchanges.splice(0, MOST_EXCHANGES);
  }
}
