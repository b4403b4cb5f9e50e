import { type Millis, millis } from '../../../model/kernel/index.js';
import { sameDialogue } from '../../../model/session/dialogue.js';
import { idleDeadline } from '../../../model/session/state.js';
import type { Counters } from '../../media/counters.js';
import { TICK_MS, TimingWheel } from '../timers/timingWheel.js';
import type { Directory } from './directory.js';
import { heardAt, type Session } from './session.js';
import { sourceOf } from './subscriptions.js';

/** When the sessions of a shard end if nothing more is heard of them, and who rings then. */
export class Lifetimes {
  readonly #wheel: TimingWheel;
  readonly #directory: Directory<Session>;
  readonly #counters: Counters;
  /** When timers were last looked at. */
  #nowMs: number;

  constructor(directory: Directory<Session>, counters: Counters, nowMs: number) {
    this.#directory = directory;
    this.#counters = counters;
    this.#nowMs = nowMs;
    this.#wheel = new TimingWheel(nowMs, TICK_MS);
  }

  /** (Re)starts the timer of a session. */
  arm(session: Session): void {
    const { deletion, ttlMs } = session.snapshot.context;
    let atMs: number = this.deadlineOf(session);
    // Silent too long, and kept by others; what they have left may become less meanwhile, as when what rang is answered.
    if (atMs <= this.#nowMs) atMs = Math.min(Math.max(atMs, this.keptUntil(session)), this.#nowMs + ttlMs);
    // What was deleted ends on time, whoever else is heard.
    this.#wheel.arm(session.slot, deletion === null ? atMs : Math.min(atMs, deletion.until));
  }

  cancel({ slot }: Session): void {
    this.#wheel.cancel(slot);
  }

  /** Calls `ring` for the slot of every session whose timer is due. Answers when the next one is. */
  advance(nowMs: number, ring: (slot: number) => void): number {
    this.#nowMs = nowMs;
    this.#wheel.advance(nowMs, ring);
    return this.#wheel.nextDeadlineMs();
  }

  /** By what is heard of the session itself, milliseconds. */
  deadlineOf(session: Session): number {
    return idleDeadline(session.snapshot.context, heardAt(session, this.#counters));
  }

  /** Until when the other streams of its dialogue keep a session alive: one that is heard keeps all of them. 0: there are none. */
  keptUntil(session: Session): Millis {
    const { dialogue } = session.snapshot.context;
    let until = 0;
    if (dialogue === null) return millis(until);
    const ofCall = this.#directory.ofCall(session.call);
    const source = sourceOf(ofCall, session);
    // A copy is there for as long as what it is a copy of.
    if (source !== null) return millis(Math.max(this.deadlineOf(source), this.keptUntil(source)));
    for (const other of ofCall) {
      const { dialogue: its, deletion } = other.snapshot.context;
      if (other === session || its === null || deletion !== null || !sameDialogue(its, dialogue)) continue;
      until = Math.max(until, this.deadlineOf(other));
    }
    return millis(until);
  }
}
