import type { NgDictionary } from '../../protocol/ng/value.js';
import type { OwnedEvent } from './callEvent.js';
import { jsonOf, type Numbering, publish, publishLoss } from './wording.js';

/** An event of a controller, kept. */
export type Letter = {
  readonly seq: number;
  /** Counts the events of all controllers. */
  readonly arrival: number;
  /** When it came, milliseconds. */
  readonly takenAt: number;
  readonly owned: OwnedEvent;
  /** Where it goes beside those who are attached. */
  readonly ways: readonly string[];
  readonly json: string;
};

/** What a reader is to hand on next: an event, or (`letter` null) that events are missing. */
export type Parcel = {
  readonly seq: number;
  readonly arrival: number;
  readonly event: string;
  readonly letter: Letter | null;
  readonly json: string;
  readonly published: () => NgDictionary;
};

/** What a letter takes beside its JSON, about. */
const LETTER_BYTES = 1_000;
export const bytesOf = ({ json }: Letter): number => json.length + LETTER_BYTES;

/** Gone from the front of the array before it is made anew. */
const MOST_HOLES = 1_024;

/** The numbered events of one controller, the oldest first, until they are too old or too many. */
export class Mailbox {
  readonly controller: string;
  readonly run: number;
  readonly readers = new Set<Reader>();
  #letters: Letter[] = [];
  /** Where the first letter stands. */
  #head = 0;
  #nextSeq = 1;
  #bytes = 0;
  /** When it was last of use, milliseconds. */
  usedAt = 0;

  constructor(controller: string, run: number) {
    this.controller = controller;
    this.run = run;
  }

  get size(): number {
    return this.#letters.length - this.#head;
  }

  /** What its letters take, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The number of the last event; 0: there was none. */
  get lastSeq(): number {
    return this.#nextSeq - 1;
  }

  get oldest(): Letter | undefined {
    return this.#letters[this.#head];
  }

  put(owned: OwnedEvent, ways: readonly string[], arrival: number, nowMs: number): Letter {
    const seq = this.#nextSeq++;
    const json = jsonOf(publish(owned.event, this.#numbering(seq)));
    const letter: Letter = { seq, arrival, takenAt: nowMs, owned, ways, json };
    this.#letters.push(letter);
    this.#bytes += bytesOf(letter);
    this.usedAt = nowMs;
    return letter;
  }

  /** The first letter with a greater number. */
  after(seq: number): Letter | undefined {
    const first = this.oldest?.seq ?? this.#nextSeq;
    return this.#letters[this.#head + Math.max(0, seq + 1 - first)];
  }

  /** Forgets the oldest. Whoever has not handed it on is told that it is missing. */
  drop(): void {
    const letter = this.oldest;
    if (letter === undefined) return;
    this.#head++;
    this.#bytes -= bytesOf(letter);
    if (this.#head >= MOST_HOLES || this.#head === this.#letters.length) {
      this.#letters = this.#letters.slice(this.#head);
      this.#head = 0;
    }
    for (const reader of this.readers) reader.miss(letter);
  }

  parcelOf(letter: Letter): Parcel {
    const { seq, arrival, owned, json } = letter;
    const published = (): NgDictionary => publish(owned.event, this.#numbering(seq));
    return { seq, arrival, event: owned.event.event, letter, json, published };
  }

  lossOf(count: number, firstSeq: number, last: { readonly seq: number; readonly arrival: number }, at: number): Parcel {
    const { controller, run } = this;
    const dictionary = publishLoss({ count, firstSeq, lastSeq: last.seq, at }, { controller, run });
    const event = String(dictionary['event']);
    return { ...last, event, letter: null, json: jsonOf(dictionary), published: () => dictionary };
  }

  #numbering(seq: number): Numbering {
    return { controller: this.controller, run: this.run, seq };
  }
}

/** Events that are gone. `seq`, `arrival` and `at`: of the last of them. */
type Missing = {
  readonly count: number;
  readonly firstSeq: number;
  readonly seq: number;
  readonly arrival: number;
  readonly at: number;
};

const addUp = (a: Missing | null, b: Missing): Missing => {
  if (a === null) return b;
  const last = a.seq > b.seq ? a : b;
  return { ...last, count: a.count + b.count, firstSeq: Math.min(a.firstSeq, b.firstSeq) };
};

/** Where somebody stands who is handed the events of a mailbox, or some of them, one behind the other. */
export class Reader {
  readonly mailbox: Mailbox;
  readonly #wants: (letter: Letter) => boolean;
  /** Everything up to this number is done with. */
  #seq: number;
  #missing: Missing | null = null;
  /** The letter that is being handed on just now; it may be forgotten meanwhile. */
  #inHand: Letter | null = null;
  #isInHandGone = false;
  #missingInHand: Missing | null = null;

  /** Begins behind the number `seq`; what of that is gone already is missing. */
  constructor(mailbox: Mailbox, wants: (letter: Letter) => boolean, seq: number) {
    this.mailbox = mailbox;
    this.#wants = wants;
    this.#seq = seq;
    this.#noteGap();
    mailbox.readers.add(this);
  }

  /** Everything up to this number is done with. */
  get seq(): number {
    return this.#seq;
  }

  /** What comes next: the same until it is settled; undefined: nothing. */
  peek(): Parcel | undefined {
    if (this.#inHand !== null) return this.mailbox.parcelOf(this.#inHand);
    const missing = this.#missingInHand ?? this.#missing;
    if (missing !== null) {
      const { count, firstSeq, seq, arrival, at } = missing;
      return this.mailbox.lossOf(count, firstSeq, { seq, arrival }, at);
    }
    let letter = this.mailbox.after(this.#seq);
    while (letter !== undefined && !this.#wants(letter)) {
      this.#seq = letter.seq;
      letter = this.mailbox.after(letter.seq);
    }
    return letter === undefined ? undefined : this.mailbox.parcelOf(letter);
  }

  /** What `peek` answered is being handed on, which may take a while. */
  take(): void {
    if (this.#inHand !== null || this.#missingInHand !== null) return;
    if (this.#missing === null) this.#inHand = this.mailbox.after(this.#seq) ?? null;
    else [this.#missingInHand, this.#missing] = [this.#missing, null];
  }

  /** It has arrived, or never will. */
  settle(parcel: Parcel): void {
    this.#release();
    this.#seq = Math.max(this.#seq, parcel.seq);
    if (this.#missing !== null && this.#missing.seq <= parcel.seq) this.#missing = null;
  }

  /** It has not arrived. Whether there is still something to try again. */
  fail(): boolean {
    const letter = this.#inHand;
    const isGone = this.#isInHandGone;
    const missing = this.#missingInHand;
    this.#release();
    if (missing !== null) this.#missing = addUp(this.#missing, missing);
    if (letter !== null && isGone) this.#lose(letter);
    return !isGone;
  }

  /** A letter is gone from the mailbox. */
  miss(letter: Letter): void {
    if (letter === this.#inHand) this.#isInHandGone = true;
    else if (letter.seq > this.#seq && this.#wants(letter)) this.#lose(letter);
  }

  /** Goes back behind the number `seq`: what was handed on since then has not arrived. */
  rewind(seq: number): void {
    if (seq >= this.#seq) return;
    this.#seq = seq;
    this.#noteGap();
  }

  /** Leaves out everything up to the number `seq`. */
  skip(seq: number): void {
    this.#seq = Math.max(this.#seq, seq);
    if (this.#missing !== null && this.#missing.seq <= seq) this.#missing = null;
  }

  /** How many events wait for it. */
  waiting(): number {
    let count = (this.#missing?.count ?? 0) + (this.#missingInHand?.count ?? 0) + (this.#isInHandGone ? 1 : 0);
    for (let letter = this.mailbox.after(this.#seq); letter !== undefined; letter = this.mailbox.after(letter.seq)) {
      if (this.#wants(letter)) count++;
    }
    return count;
  }

  leave(): void {
    this.mailbox.readers.delete(this);
  }

  #release(): void {
    this.#inHand = null;
    this.#isInHandGone = false;
    this.#missingInHand = null;
  }

  /** What is gone between where it stands and the oldest letter is missing: all of it, as nobody knows any more whom it was for. */
  #noteGap(): void {
    const { oldest, lastSeq, usedAt } = this.mailbox;
    const lastGone = (oldest?.seq ?? lastSeq + 1) - 1;
    if (lastGone <= this.#seq) return;
    const [arrival, at] = [oldest?.arrival ?? 0, oldest?.takenAt ?? usedAt];
    const gap = { count: lastGone - this.#seq, firstSeq: this.#seq + 1, seq: lastGone, arrival, at };
    this.#missing = addUp(this.#missing, gap);
    this.#seq = lastGone;
  }

  #lose({ seq, arrival, takenAt: at }: Letter): void {
    this.#missing = addUp(this.#missing, { count: 1, firstSeq: seq, seq, arrival, at });
    this.#seq = Math.max(this.#seq, seq);
  }
}
