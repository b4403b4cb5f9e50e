/** RFC 3550 A.1: a step forward of up to this many packets is loss, not a new start. */
const MAX_DROPOUT = 3000;
/** RFC 3550 A.1: a packet up to this many behind is late, not a new start. */
const MAX_MISORDER = 100;

/**
 * The sequence numbers of a stream whose packets are joined and split. What is made anew is numbered without a gap, whatever was lost
 * before it. Packets that go through unchanged keep their distances as long as they follow each other (a run), so that the receiver
 * sees their loss, order and copies as they were.
 */
export class Renumbering {
  #begun = false;
  #next = 0;
  /** How far the last packet of the run is ahead of its first; -1 outside a run. */
  #runSpan = -1;
  #runLast = 0;
  #runShift = 0;

  /** Whether a number was given: until then packets may keep their own. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Begins anew, as for another synchronisation source. */
  reset(): void {
    this.#begun = false;
    this.#runSpan = -1;
  }

  /** The number of a packet made anew. The very first takes `own`, the number its content came with. */
  numberNew(own: number): number {
    if (!this.#begun) this.#next = own;
    this.#begun = true;
    this.#runSpan = -1;
    return this.#takeNext();
  }

  /** The number of a packet that goes through unchanged and came as `own`. Only once `begun`. */
  numberUnchanged(own: number): number {
    const ahead = (own - this.#runLast) & 0xffff;
    if (this.#runSpan >= 0 && ahead > 0 && ahead <= MAX_DROPOUT) {
      this.#runSpan += ahead;
      this.#runLast = own;
      this.#next = (own + this.#runShift) & 0xffff;
      return this.#takeNext();
    }
    const behind = (this.#runLast - own) & 0xffff;
    if (behind <= Math.min(this.#runSpan, MAX_MISORDER)) return (own + this.#runShift) & 0xffff;
    // The first of a run, or from before it (where its number belongs to another packet), or from far away.
    this.#runSpan = 0;
    this.#runLast = own;
    this.#runShift = this.#next - own;
    return this.#takeNext();
  }

  #takeNext(): number {
    const number = this.#next;
    this.#next = (number + 1) & 0xffff;
    return number;
  }
}

/**
 * Tells late packets (and copies) from new ones by their sequence numbers, as RFC 3550 A.1 does: behind the newest by less than
 * 100 is late; everything else, a jump back too, is new.
 */
export class NewestSequence {
  #newest = -1;

  reset(): void {
    this.#newest = -1;
  }

  /** Notes a packet that has come, and answers whether it is late or a copy. */
  isLate(sequence: number): boolean {
    if (this.#newest >= 0 && ((this.#newest - sequence) & 0xffff) < MAX_MISORDER) return true;
    this.#newest = sequence;
    return false;
  }
}
