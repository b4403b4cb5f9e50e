/**
 * What the tables of the packet path know of one stream, as plain numbers: it outlives the thread in the event log, and a thread that takes
 * the stream up goes on from it.
 */
export type StreamMemory = {
  /** In the order of `STREAM_COUNTERS`. */
  readonly counters: readonly number[];
  /** What `LatchTable.save` answers; null: nothing was confirmed or accepted yet. */
  readonly latch: readonly number[] | null;
  /** What `AnalysisTable.save` answers; null: no packet, or an RTCP stream. */
  readonly analysis: readonly number[] | null;
  /** What `Players.save` answers; null, or not there: the stream's packets have their own numbers. */
  readonly splice?: readonly number[] | null;
  /** What `StreamSources.save` answers; null, or not there: no packet, an RTCP stream, or a log of before 0.5. */
  readonly sources?: readonly number[] | null;
};
