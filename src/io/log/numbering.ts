/** What the number of a record says, besides that all is well. `isStale`: the record was there before, and is not to be taken. */
export type Misnumbered = { readonly text: string; readonly isStale: boolean };

/** Watches whether the records of one shard are all there, over the segments of its runs. */
export class Numbering {
  /** Of the last record, and the run it is of. */
  run: number | null = null;
  last = 0;
  /** A problem was told that accounts for records that are missing. */
  isExcused = false;

  /**
   * Takes the number of the next record. `isFirst`: of its segment. `hasOpening`: its segment begins with all sessions as they are.
   * Answers what is wrong, or null.
   */
  follow(run: number, seq: number, offset: number, isFirst: boolean, hasOpening: boolean): Misnumbered | null {
    const isNew = run !== this.run;
    // A media thread that took the place of a dead one counts anew.
    const expected = isNew || (isFirst && seq === 1) ? 1 : this.last + 1;
    if (!isNew && seq < expected) {
      return {
        text: `the record at byte ${offset} is a copy, or not in its place: number ${seq} behind ${this.last}, skipped`,
        isStale: true,
      };
    }
    const missing = seq - expected;
    // Old segments are deleted, and the first that is left tells everything by itself.
    const isExcused = this.isExcused || (isNew && hasOpening);
    this.run = run;
    this.last = seq;
    this.isExcused = false;
    if (missing === 0 || isExcused) return null;
    const what = missing === 1 ? '1 record is' : `${missing} records are`;
    return { text: `${what} missing before byte ${offset}: a segment is missing, or the disk was full`, isStale: false };
  }
}
