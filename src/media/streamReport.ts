import type { QualityReport } from './stages/history.js';
import type { ReceiverNote, SenderNote } from './stages/reports.js';
import type { SavedSource } from './stages/sourceWords.js';

/**
 * What is known of one SSRC whose packets came in on a row. All times are milliseconds of the thread's clock.
 */
export type SourceReport = Omit<SavedSource, 'payloadTypes' | 'lastType' | 'otherTypes'> & {
  /** Expected and not received. */
  readonly lost: number;
  /** Of the last interval, bits a second of UDP payload; null: none has passed. */
  readonly bitrate: number | null;
  /** In the order in which they were first seen; packets of a ninth type and further ones stand under `otherTypes`. */
  readonly payloadTypes: readonly PayloadTypeReport[];
  /** Of the last packet; null: it is among the other types. */
  readonly lastPayloadType: number | null;
  readonly otherTypes: number;
  /** Null: no codec of speech that is known, or no packets. */
  readonly quality: QualityReport | null;
  /** What the source said of itself by RTCP last, and what its hearer said of it. */
  readonly sender: SenderNote | null;
  readonly receiver: ReceiverNote | null;
  readonly goodbyeAtMs: number | null;
};

export type PayloadTypeReport = {
  readonly payloadType: number;
  readonly packets: number;
  /** Null: a dynamic type that no description told. */
  readonly codec: string | null;
  /** RTP timestamp units a second; 0: not known. */
  readonly clockRate: number;
};

/** What is known of what came in on an RTP row. */
export type StreamReport = {
  /** The present SSRC first, then those before it, the latest first; eight at most. */
  readonly sources: readonly SourceReport[];
  /** How many SSRCs gave way to later ones. */
  readonly forgotten: number;
  /** From the relay to whoever sends on this row and back, microseconds; null: not known. */
  readonly roundTripUs: number | null;
};
