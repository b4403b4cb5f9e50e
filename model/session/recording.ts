import type { Millis } from '../kernel/index.js';
import type { Side } from './side.js';

/**
 * How a recording is kept: rtpproxy's ad-hoc format or pcap, a file each for the RTP and RTCP of each side (pcap also all in one); or one WAV
 * file with the caller left and the callee right.
 */
export type RecordingForm = 'ad-hoc' | 'pcap' | 'wav';
export const RECORDING_FORMS: readonly RecordingForm[] = ['ad-hoc', 'pcap', 'wav'];

/** Somebody asked for it, or it could not be written. */
export type RecordingEnd = 'stopped' | 'failed';

/** A recording of a session that is being made. */
export type Recording = {
  /** Counts the recordings of the session from 1. */
  readonly id: number;
  readonly sides: readonly Side[];
  readonly form: RecordingForm;
  /** All streams in one file. */
  readonly single: boolean;
  /** What the file is to be called; null: after Call-ID and tag. */
  readonly name: string | null;
  readonly startedAt: Millis;
  /** Its files, as far as they are known. */
  readonly files: readonly string[];
};
