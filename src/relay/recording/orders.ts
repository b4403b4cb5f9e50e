import type { Address } from '../../../model/kernel/index.js';
import type { RecordingForm } from '../../../model/session/recording.js';
import type { Side } from '../../../model/session/side.js';

/** Which recording is meant: `id` counts those of a session. */
export type RecordingPlace = { readonly shard: number; readonly session: number; readonly call: string; readonly id: number };

/** What a media thread asks of the recorder. Plain data, sent along with the packets so that nothing overtakes anything. */
export type RecorderOrder =
  | {
      readonly kind: 'open';
      /** By which its packets name the recording from now on. A place that is open already gets this number, and goes on. */
      readonly number: number;
      readonly place: RecordingPlace;
      /** The From tag of the session, with its `;N` if it has one. */
      readonly tag: string;
      /** What the file is to be called; null: after Call-ID and tag. One character a byte, not made safe yet. */
      readonly name: string | null;
      readonly form: RecordingForm;
      /** All streams in one file (pcap only). */
      readonly single: boolean;
      /** Whose packets are recorded. */
      readonly sides: readonly Side[];
      readonly rtcp: boolean;
      /** Milliseconds since the Unix epoch. */
      readonly startedAt: number;
      /** Where the packets come to, by row of the session (`media/streams.ts`); null: its leg is not open yet. */
      readonly locals: readonly (Address | null)[];
      /** The files that a relay which has died has written so far, to be gone on with; empty: there are none. */
      readonly files: readonly string[];
    }
  /** Only these sides are recorded from now on. */
  | { readonly kind: 'narrow'; readonly number: number; readonly sides: readonly Side[] }
  /** It is complete. */
  | { readonly kind: 'close'; readonly number: number; readonly at: number };

/** A file of a recording, with its full path. */
export type RecordedFile = { readonly path: string; readonly packets: number; readonly bytes: number };

/** What the recorder has to say. */
export type RecorderNotice =
  /** These are its files, relative to the folder where recordings are made. Said again when there are more. */
  | { readonly kind: 'opened'; readonly place: RecordingPlace; readonly files: readonly string[] }
  /** It is complete, and its files stand where they belong. */
  | {
      readonly kind: 'done';
      readonly place: RecordingPlace;
      readonly files: readonly RecordedFile[];
      readonly startedAt: number;
      /** From the first packet to the last, milliseconds. */
      readonly durationMs: number;
      readonly packets: number;
    }
  /** A file could not be opened, written or moved. Nothing more is recorded in it; what there is stays. */
  | { readonly kind: 'failed'; readonly place: RecordingPlace; readonly path: string; readonly reason: string };

export type RecordingDone = Extract<RecorderNotice, { kind: 'done' }>;
export type RecordingFailed = Extract<RecorderNotice, { kind: 'failed' }>;
