import type { Millis } from '../../../model/kernel/index.js';
import type { Clock } from '../ports.js';
import type { RecordingDone } from '../recording/orders.js';
import { type CallEvent, type Counted, callEventOf, type OwnedEvent, type Told } from './callEvent.js';
import { bytesOfText } from './text.js';

const MOST_SESSIONS = 4096;

/** A session that has ended, and whose recordings the recorder still has to finish. Plain data: it crosses threads. */
export type LeavingSession = {
  readonly session: number;
  readonly told: Told;
  readonly counted: Counted;
  /** Those that are not complete. */
  readonly recordings: readonly number[];
};

/** The sessions of a shard that have ended while they were recorded: their owners are told when the recordings are complete. */
export class Leaving {
  /** By number of session. Of very many the oldest are forgotten. */
  readonly #sessions = new Map<number, LeavingSession>();

  get sessions(): readonly LeavingSession[] {
    return [...this.#sessions.values()];
  }

  add(leaving: LeavingSession): void {
    this.#sessions.set(leaving.session, leaving);
    const [oldest] = this.#sessions.keys();
    if (oldest !== undefined && this.#sessions.size > MOST_SESSIONS) this.#sessions.delete(oldest);
  }

  /** What is to be told of a recording that is complete; null: it is of no session that is known here. */
  recorded(notice: RecordingDone, at: Millis): OwnedEvent | null {
    const { session, call, id } = notice.place;
    const left = this.#sessions.get(session);
    if (left === undefined || left.told.call !== call) return null;
    const recordings = left.recordings.filter((each) => each !== id);
    if (recordings.length === 0) this.#sessions.delete(session);
    else this.#sessions.set(session, { ...left, recordings });
    return callEventOf(left.told, 'recording-finished', left.counted, at, { details: recordingDetails(notice) });
  }
}

/** What the main thread tells of recordings that the end of the relay has ended: the media threads are not there any more to do so. */
export class LastRecordings {
  readonly #tell: (owned: OwnedEvent) => void;
  readonly #clock: Clock;
  readonly #leaving = new Map<number, Leaving>();
  /** Of shards that have not said yet what they leave; null: the relay goes on. */
  #early: RecordingDone[] | null = null;

  constructor(clock: Clock, tell: (owned: OwnedEvent) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** The media threads are told to end. */
  begin(): void {
    this.#early ??= [];
  }

  /** A shard has ended. What it was still told of itself it does not leave. */
  left(shard: number, sessions: readonly LeavingSession[]): void {
    const leaving = new Leaving();
    for (const session of sessions) leaving.add(session);
    this.#leaving.set(shard, leaving);
    const early = this.#early ?? [];
    this.#early = early.filter(({ place }) => place.shard !== shard);
    for (const notice of early) if (notice.place.shard === shard) this.recorded(notice);
  }

  recorded(notice: RecordingDone): void {
    const leaving = this.#leaving.get(notice.place.shard);
    if (leaving === undefined) {
      this.#early?.push(notice);
      return;
    }
    const owned = leaving.recorded(notice, this.#clock());
    if (owned !== null) this.#tell(owned);
  }
}

export const recordingDetails = ({ place, files, packets, durationMs, startedAt }: RecordingDone): CallEvent['details'] => ({
  ...{ recording: place.id, files: files.map(({ path }) => bytesOfText(path)), packets },
  ...{ 'duration-ms': Math.round(durationMs), 'started-at': Math.round(startedAt) },
});
