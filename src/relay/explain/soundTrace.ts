import { type Address, sameAddress } from '../../../model/kernel/index.js';
import type { SessionEvent } from '../../../model/session/event.js';
import type { Recording } from '../../../model/session/recording.js';
import { SIDES, type Side } from '../../../model/session/side.js';
import type { SessionState } from '../../../model/session/state.js';
import type { RecordingRecord } from '../events/record.js';
import type { HeardPrompt, MadeCopy, MadeRecording } from './evidence.js';

type OfSide = { prompts: readonly HeardPrompt[]; copies: readonly MadeCopy[] };

/** What a trace remembers of prompts that were heard, and of copies and recordings that were made. */
export class SoundTrace {
  readonly sides: Readonly<Record<Side, OfSide>> = {
    caller: { prompts: [], copies: [] },
    callee: { prompts: [], copies: [] },
  };
  recordings: readonly MadeRecording[] = [];

  follow(event: SessionEvent): void {
    const { at } = event;
    switch (event.type) {
      case 'PlaybackStarted':
        this.#begin(event.side, event.playback);
        break;
      case 'PlaybackEnded':
        this.#end(event.side, at, event.reason);
        break;
      case 'CopyStarted':
        this.#copy(event.side, { to: event.to, local: event.local }, at);
        break;
      case 'CopyStopped':
        this.#stopCopies(event.side, at, ({ local }) => event.local === null || sameAddress(local, event.local));
        break;
      case 'RecordingStarted':
        this.recordings = [...this.recordings, newRecording(event.recording)];
        break;
      case 'RecordingNamed':
        this.#change(event.recording, { files: event.files });
        break;
      case 'RecordingStopped':
        this.#stop(event);
        break;
      default:
    }
  }

  /** The session as it is at a time: what of it no event has told began before the log does, or has ended meanwhile. */
  agree({ legs, recordings }: SessionState, at: number): void {
    for (const side of SIDES) {
      const { playback, copies } = legs[side];
      const last = this.sides[side].prompts.at(-1);
      const isKnown = last !== undefined && last.until === null && last.playback.startedAt === playback?.startedAt;
      if (!isKnown) {
        this.#end(side, at, null);
        if (playback !== null) this.#begin(side, playback);
      }
      this.#stopCopies(side, at, (known) => !copies.some(({ to }) => sameAddress(to, known.to)));
      const isMade = (to: Address): boolean =>
        this.sides[side].copies.some((known) => known.until === null && sameAddress(known.to, to));
      for (const copy of copies) if (!isMade(copy.to)) this.#copy(side, copy, null);
    }
    const isEnded = ({ id, endedAt }: MadeRecording): boolean => endedAt === null && !recordings.some((each) => each.id === id);
    for (const { id } of this.recordings.filter(isEnded)) this.#change(id, { left: [], endedAt: at });
    for (const recording of recordings) {
      if (this.recordings.some(({ id }) => id === recording.id)) this.#change(recording.id, { files: recording.files });
      else this.recordings = [...this.recordings, newRecording(recording)];
    }
  }

  /** A recording is complete. */
  take({ recording: id, startedAt, packets, durationMs, files }: RecordingRecord): void {
    const done = { packets, durationMs, files: files.map(({ path }) => path) };
    if (this.recordings.some((known) => known.id === id)) this.#change(id, { done });
    else this.recordings = [...this.recordings, { ...UNKNOWN_RECORDING, id, startedAt, done }];
  }

  #begin(side: Side, playback: HeardPrompt['playback']): void {
    this.sides[side].prompts = [...this.sides[side].prompts, { playback, until: null, end: null }];
  }

  #end(side: Side, at: number, end: HeardPrompt['end']): void {
    const { prompts } = this.sides[side];
    this.sides[side].prompts = prompts.map((heard) => (heard.until === null ? { ...heard, until: at, end } : heard));
  }

  #copy(side: Side, { to, local }: { readonly to: Address; readonly local: Address }, from: number | null): void {
    this.sides[side].copies = [...this.sides[side].copies, { to, local, from, until: null }];
  }

  #stopCopies(side: Side, at: number, isMeant: (copy: MadeCopy) => boolean): void {
    const { copies } = this.sides[side];
    this.sides[side].copies = copies.map((copy) => (copy.until === null && isMeant(copy) ? { ...copy, until: at } : copy));
  }

  #stop({ recording: id, sides, reason, at }: Extract<SessionEvent, { type: 'RecordingStopped' }>): void {
    const left = this.recordings.find((known) => known.id === id)?.left.filter((side) => !sides.includes(side)) ?? [];
    this.#change(id, { left, ...(left.length === 0 && { endedAt: at }), ...(reason === 'failed' && { hasFailed: true }) });
  }

  #change(id: number, change: Partial<MadeRecording>): void {
    this.recordings = this.recordings.map((known) => (known.id === id ? { ...known, ...change } : known));
  }
}

/** All that is known of a recording whose beginning the log lacks. */
const UNKNOWN_RECORDING = { sides: [], left: [], form: null, files: [], endedAt: null, hasFailed: false } as const;

const newRecording = ({ id, sides, form, startedAt, files }: Recording): MadeRecording => ({
  ...{ id, sides, left: sides, form, startedAt, files, endedAt: null, hasFailed: false, done: null },
});
