import type { Dialogue } from '../../../model/session/dialogue.js';
import type { SessionEvent } from '../../../model/session/event.js';
import { SIDES, type Side } from '../../../model/session/side.js';
import type { SessionState } from '../../../model/session/state.js';
import type { Counters } from '../../media/counters.js';
import type { Digit } from '../../media/stages/witness.js';
import { rowOf } from '../../media/streams.js';
import type { Clock } from '../ports.js';
import type { RecordingDone } from '../recording/orders.js';
import { legIndexOf, type Session } from '../session/session.js';
import {
  type CallEventName,
  type Counted,
  callEventOf,
  type More,
  type OwnedEvent,
  type SideCounters,
  type Told,
} from './callEvent.js';
import { DigitGate, type Hearing, hear, UNHEARD } from './hearing.js';
import { Leaving, recordingDetails } from './leaving.js';

/** Units of the RTP timestamp a second that events of telephony have where nothing else is said (RFC 4733 §2.1). */
const USUAL_CLOCK_RATE = 8000;
/** Recordings of one session that are waited for. */
const MOST_RECORDINGS = 64;

export type HeraldWorld = {
  readonly counters: Counters;
  readonly clock: Clock;
  /** When the last packet came on an RTP row; 0: none did. What is played in the place of a side does not count. */
  readonly heardAtMs: (row: number) => number;
  /** All sessions of the shard with that Call-ID. */
  readonly sessionsOf: (call: string) => readonly Session[];
  readonly dialogueOf: (state: SessionState) => Dialogue | null;
  /** The descriptions of the sides let one of them be silent: then that is not told. */
  readonly isOnHold: (state: SessionState) => boolean;
  /** How long a side that was heard may be silent before its owner is told; null: for ever. Asked each time, as it may change. */
  readonly silenceMs: () => number | null;
  /** Must not throw. */
  readonly tell: (owned: OwnedEvent) => void;
};

/** What sessions of a dialogue leave to the one that outlives them. */
type Legacy = { readonly counted: Counted; readonly openedAt: number };
/** What is known of a session beyond its state. */
type Watch = {
  readonly hearing: Record<Side, Hearing>;
  readonly digits: Readonly<Record<Side, DigitGate>>;
  /** Recordings that were begun, and are not complete. */
  readonly recordings: Set<number>;
  legacy: Legacy | null;
};
type Known = Told & { readonly state: SessionState };

/**
 * Puts what happens to sessions that have a dialogue with an owner into events for that owner. It looks and tells, and changes nothing; of
 * sessions without an owner it knows nothing.
 */
export class Herald {
  readonly #world: HeraldWorld;
  readonly #watches = new Map<Session, Watch>();
  /** Sessions that have ended while they were recorded. */
  readonly leaving = new Leaving();

  constructor(world: HeraldWorld) {
    this.#world = world;
  }

  /** Now and then, for each session: whether a side has begun, fallen silent, or goes on. Cheap where nobody wants to know. */
  check(session: Session, nowMs: number): void {
    const known = this.#know(session.snapshot.context);
    if (known === null || known.state.closed !== null) return;
    const watch = this.#watch(session);
    const silenceMs = this.#world.isOnHold(known.state) ? null : this.#world.silenceMs();
    for (const side of SIDES) {
      const { hearing, news } = hear(watch.hearing[side], this.#heardAt(session, side), nowMs, silenceMs);
      watch.hearing[side] = hearing;
      if (news !== null) this.#tell(known, news, this.#count(session), { side });
    }
  }

  /** A step of the session was made. `before`: its state before. */
  stepped(session: Session, before: SessionState, events: readonly SessionEvent[]): void {
    if (session.snapshot.context.dialogue === null) return;
    for (const event of events) {
      if (event.type === 'PartyChanged') this.partyChanged(session, event.side);
      else this.happened(session, before, event);
    }
  }

  /** An event was applied to the session. `before`: its state before the step that the event belongs to. */
  happened(session: Session, before: SessionState, event: SessionEvent): void {
    const known = this.#know(session.snapshot.context);
    if (known === null || known.state.closed !== null) return;
    switch (event.type) {
      case 'RemoteLatched': {
        // The packet that says so is on its way, and counted when it has gone.
        const watch = this.#watch(session);
        if (event.component !== 'rtp' || watch.hearing[event.side].state === 'heard') return;
        watch.hearing[event.side] = { state: 'heard', at: event.at };
        this.#tell(known, 'media-start', this.#count(session), { side: event.side });
        return;
      }
      case 'PlaybackEnded': {
        const playback = before.legs[event.side].playback;
        const heard =
          playback === null ? {} : { prompt: playback.prompt, 'duration-ms': Math.max(0, event.at - playback.startedAt) };
        const { side, reason } = event;
        this.#tell(known, 'play-finished', this.#count(session), { side, reason, details: heard });
        return;
      }
      case 'RecordingStarted': {
        const { recordings } = this.#watch(session);
        if (recordings.size < MOST_RECORDINGS) recordings.add(event.recording.id);
        return;
      }
    }
  }

  /** Another party is in the place of a side: its first packet is a beginning. */
  partyChanged(session: Session, side: Side): void {
    const at = this.#heardAt(session, side);
    if (this.#know(session.snapshot.context) !== null)
      this.#watch(session).hearing[side] = at === 0 ? UNHEARD : { state: 'silent', at };
  }

  /** A side has pressed a key. `clockRate`: of the events in its stream. */
  digit(session: Session | undefined, side: Side, { digit, volume, duration }: Digit, clockRate = USUAL_CLOCK_RATE): void {
    const known = session === undefined ? null : this.#know(session.snapshot.context);
    if (session === undefined || known === null || known.state.closed !== null) return;
    const held = this.#watch(session).digits[side].pass(this.#world.clock());
    if (held === null) return;
    const details = {
      digit,
      'duration-ms': Math.round((duration * 1000) / clockRate),
      volume,
      ...(held > 0 && { untold: held }),
    };
    this.#tell(known, 'dtmf', this.#count(session), { side, details });
  }

  /** The recorder has finished a recording; the session may have ended before. */
  recorded(notice: RecordingDone): void {
    const { place } = notice;
    const session = this.#world.sessionsOf(place.call).find((each) => each.session === place.session);
    if (session === undefined) {
      const owned = this.leaving.recorded(notice, this.#world.clock());
      if (owned !== null) this.#world.tell(owned);
      return;
    }
    this.#watches.get(session)?.recordings.delete(place.id);
    const known = this.#know(session.snapshot.context);
    if (known !== null) this.#tell(known, 'recording-finished', this.#count(session), { details: recordingDetails(notice) });
  }

  /**
   * The session has ended. It must still be found among those of its call or not at all, and its counters must not have been cleared. Where
   * it was the last stream of its dialogue, the call has ended.
   */
  ended(session: Session, state: SessionState): void {
    const watch = this.#watches.get(session) ?? null;
    this.#watches.delete(session);
    const known = this.#know(state);
    if (known === null) return;
    const counted = this.#count(session);
    this.#keepForRecorder(session, known, watch, counted);
    const own: Legacy = { counted, openedAt: state.openedAt };
    const legacy = watch?.legacy ? addUp(watch.legacy, own) : own;
    const heir = this.#heirOf(session, known.dialogue);
    if (heir !== null) {
      const watched = this.#watch(heir);
      watched.legacy = watched.legacy === null ? legacy : addUp(watched.legacy, legacy);
      return;
    }
    const reason = state.closed ?? 'defect';
    const details = { 'duration-ms': Math.max(0, Math.round(this.#world.clock() - legacy.openedAt)) };
    if (reason === 'timeout') this.#tell(known, 'media-timeout', legacy.counted, { reason, details, media: null });
    this.#tell(known, 'call-end', legacy.counted, { reason, details, media: null });
  }

  #know(state: SessionState): Known | null {
    const dialogue = this.#world.dialogueOf(state);
    const owner = dialogue?.owner ?? null;
    return dialogue === null || owner === null ? null : { owner, dialogue, call: state.call, tag: state.tag, state };
  }

  #watch(session: Session): Watch {
    const present = this.#watches.get(session);
    if (present !== undefined) return present;
    const isTakenUp = session.snapshot.context.recoveries > 0;
    // Who was heard before a crash does not begin again.
    const hearingOf = (side: Side): Hearing => {
      const at = this.#heardAt(session, side);
      return isTakenUp && at > 0 ? { state: 'heard', at } : UNHEARD;
    };
    const watch: Watch = {
      hearing: { caller: hearingOf('caller'), callee: hearingOf('callee') },
      digits: { caller: new DigitGate(), callee: new DigitGate() },
      recordings: new Set(),
      legacy: null,
    };
    this.#watches.set(session, watch);
    return watch;
  }

  /** Another stream of the same dialogue, which goes on. */
  #heirOf(session: Session, dialogue: Dialogue): Session | null {
    const isHeir = (other: Session): boolean => {
      const { context } = other.snapshot;
      const its = this.#world.dialogueOf(context);
      return other !== session && context.closed === null && its !== null && its.owner !== null && isSameDialogue(its, dialogue);
    };
    return this.#world.sessionsOf(session.call).find(isHeir) ?? null;
  }

  #keepForRecorder(session: Session, known: Known, watch: Watch | null, counted: Counted): void {
    // Those of before a crash stand in the state only.
    const recordings = new Set([...(watch?.recordings ?? []), ...known.state.recordings.map(({ id }) => id)]);
    if (recordings.size === 0) return;
    const { owner, dialogue, call, tag } = known;
    this.leaving.add({ session: session.session, told: { owner, dialogue, call, tag }, counted, recordings: [...recordings] });
  }

  #heardAt({ slot }: Session, side: Side): number {
    return this.#world.heardAtMs(rowOf(slot, legIndexOf(side), 0));
  }

  #count({ slot }: Session): Counted {
    const { counters, clock, heardAtMs } = this.#world;
    const nowMs = clock();
    const of = (side: Side): SideCounters => {
      const row = rowOf(slot, legIndexOf(side), 0);
      const atMs = heardAtMs(row);
      return {
        packets: counters.stream(row, 'received'),
        bytes: counters.stream(row, 'bytes'),
        relayed: counters.stream(row, 'relayed'),
        dropped: counters.stream(row, 'dropped'),
        silentMs: atMs === 0 ? null : Math.max(0, Math.round(nowMs - atMs)),
      };
    };
    return { caller: of('caller'), callee: of('callee') };
  }

  #tell(told: Told, name: CallEventName, counted: Counted, more: More): void {
    this.#world.tell(callEventOf(told, name, counted, this.#world.clock(), more));
  }
}

const isSameDialogue = (a: Dialogue, b: Dialogue): boolean =>
  a.branch === b.branch && a.tags.caller === b.tags.caller && a.tags.callee === b.tags.callee;

function addUp(a: Legacy, b: Legacy): Legacy {
  const of = (side: Side): SideCounters => {
    const [one, other] = [a.counted[side], b.counted[side]];
    const silences = [one.silentMs, other.silentMs].filter((ms) => ms !== null);
    return {
      packets: one.packets + other.packets,
      bytes: one.bytes + other.bytes,
      relayed: one.relayed + other.relayed,
      dropped: one.dropped + other.dropped,
      silentMs: silences.length === 0 ? null : Math.min(...silences),
    };
  };
  return { counted: { caller: of('caller'), callee: of('callee') }, openedAt: Math.min(a.openedAt, b.openedAt) };
}
