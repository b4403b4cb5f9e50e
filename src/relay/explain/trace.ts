import { type Address, sameAddress } from '../../../model/kernel/index.js';
import type { Phase } from '../../../model/session/chart.js';
import type { CloseReason, SessionEvent } from '../../../model/session/event.js';
import { evolve } from '../../../model/session/evolve.js';
import type { Refusal } from '../../../model/session/refusal.js';
import { COMPONENTS, otherSide, SIDES, type Side } from '../../../model/session/side.js';
import { isComplete, type SessionState } from '../../../model/session/state.js';
import { UPDATE_WINDOW_MS } from '../../media/stages/latch.js';
import type { SessionSample } from '../events/record.js';
import { NEW_SESSION, type Snapshot } from '../session/apply.js';
import type { Hold, Move, MoveReason, Recovery, Seen, StreamEvidence } from './evidence.js';
import { NegotiationTrace } from './negotiationTrace.js';
import { type SampledSide, sampledSide, streamEvidence } from './samples.js';
import { SoundTrace } from './soundTrace.js';

/** Where a session is told of. */
export type Place = { readonly log: number; readonly run: number; readonly shard: number; readonly session: number };

/** What a trace remembers of a side. */
export type SideTrace = {
  readonly signals: { readonly at: number; readonly address: Address }[];
  holds: Hold[];
  readonly ports: { readonly at: number; readonly local: Address }[];
  readonly moves: Move[];
  readonly refused: Seen[];
  readonly unreachable: Seen[];
  /** One after the other. */
  readonly samples: SampledSide[];
};

const newSide = (): SideTrace => ({
  ...{ signals: [], holds: [], ports: [], moves: [], refused: [], unreachable: [], samples: [] },
});

/** Follows one session through its records, over all runs that had it. */
export class SessionTrace {
  /** Of the last record. */
  place: Place;
  snapshot: Snapshot;
  /** The latest sample. */
  sample: SessionSample | null = null;
  relayingAt: number | null = null;
  lastAt = 0;
  closed: { readonly at: number; readonly reason: CloseReason } | null = null;
  isLive = false;
  readonly sides: Readonly<Record<Side, SideTrace>> = { caller: newSide(), callee: newSide() };
  readonly sound = new SoundTrace();
  readonly negotiation = new NegotiationTrace();
  readonly recoveries: Recovery[] = [];
  readonly refusals: { readonly at: number; readonly refusal: Refusal }[] = [];
  readonly events: SessionEvent[] = [];
  readonly problems: string[] = [];

  /** The log tells of its beginning. */
  readonly isWhole: boolean;

  constructor(place: Place, isWhole: boolean) {
    this.place = place;
    this.snapshot = NEW_SESSION;
    this.isWhole = isWhole;
  }

  /** Takes the events of a step. `after`: what the session is then. */
  takeEvents(events: readonly SessionEvent[], after: Snapshot): void {
    let state = this.snapshot.context;
    for (const event of events) {
      this.#follow(event, state);
      state = evolve(state, event);
      this.#noteRelaying(state, event.at);
    }
    this.events.push(...events);
    this.snapshot = after;
  }

  /** Takes a session as it is at a time: the first thing that is known of it, or known already. */
  takeSnapshot(phase: Phase, state: SessionState, sample: SessionSample | null, at: number): void {
    if (this.relayingAt === null && this.snapshot.context.call === '') for (const side of SIDES) this.#begin(side, state, at);
    this.sound.agree(state, at);
    this.negotiation.agree(state, at);
    this.snapshot = { value: phase, context: state };
    this.#noteRelaying(state, at);
    if (sample !== null) this.takeSample(sample, at);
    this.#noteTime(at);
  }

  takeSample(sample: SessionSample, at: number): void {
    this.sample = sample;
    for (const [leg, side] of SIDES.entries())
      this.sides[side].samples.push(sampledSide(sample, leg, at, this.#isReplaced(side)));
    this.#noteTime(at);
  }

  refuse(refusal: Refusal, at: number): void {
    this.refusals.push({ at, refusal });
    this.#noteTime(at);
  }

  /** What was last counted of the RTP of a side. */
  rtpOf(side: Side): StreamEvidence {
    return streamEvidence(this.sample?.streams[SIDES.indexOf(side) * 2] ?? null, this.#isReplaced(side));
  }

  /** When a side had the call on hold, one way or the other. */
  holdsOf(side: Side): readonly Hold[] {
    return [...this.sides[side].holds, ...this.negotiation.sides[side].holds];
  }

  /** Whether the other side has heard a prompt so far. */
  #isReplaced(side: Side): boolean {
    return this.sound.sides[otherSide(side)].prompts.length > 0;
  }

  #noteTime(at: number): void {
    this.lastAt = Math.max(this.lastAt, at);
  }

  #noteRelaying(state: SessionState, at: number): void {
    if (isComplete(state)) this.relayingAt ??= at;
  }

  /** What a side was when the log begins. */
  #begin(side: Side, state: SessionState, at: number): void {
    const { local, rtp, held, refused, unreachable, lastSignal } = state.legs[side];
    const trace = this.sides[side];
    if (local !== null) trace.ports.push({ at, local });
    if (lastSignal !== null) trace.signals.push(lastSignal);
    if (held) trace.holds.push({ from: at, until: null, how: 'zeros' });
    if (rtp.address !== null && (rtp.untrusted || rtp.latched))
      trace.moves.push({ at: null, address: rtp.address, reason: 'before' });
    for (const address of refused) trace.refused.push({ at: null, address, component: 'rtp' });
    for (const component of COMPONENTS) {
      const address = unreachable[component];
      if (address !== null) trace.unreachable.push({ at: null, address, component });
    }
  }

  /** `before`: the state that the event meets. */
  #follow(event: SessionEvent, before: SessionState): void {
    const { at } = event;
    this.#noteTime(at);
    this.sound.follow(event);
    this.negotiation.follow(event);
    if (event.type === 'SessionRecovered') this.recoveries.push({ at, cause: event.cause, downMs: event.downMs });
    if (event.type === 'SessionClosed') this.closed = { at, reason: event.reason };
    if (!('side' in event)) return;
    const trace = this.sides[event.side];
    switch (event.type) {
      case 'LegOpened':
        trace.ports.push({ at, local: event.local });
        break;
      case 'RemoteSignalled':
        trace.signals.push({ at, address: event.address });
        trace.holds = trace.holds.map((hold) => ({ ...hold, until: hold.until ?? at }));
        break;
      case 'LegHeld':
        if (!before.legs[event.side].held) trace.holds.push({ from: at, until: null, how: 'zeros' });
        break;
      case 'SourceRefused':
        trace.refused.push({ at, address: event.address, component: event.component });
        break;
      case 'RemoteUnreachable':
        trace.unreachable.push({ at, address: event.address, component: event.component });
        break;
      case 'RemoteLatched':
        if (event.component === 'rtp') this.#move(event, trace);
        break;
      default:
    }
  }

  #move({ at, address, learned }: Extract<SessionEvent, { type: 'RemoteLatched' }>, trace: SideTrace): void {
    const last = trace.moves.at(-1);
    if (last !== undefined && sameAddress(last.address, address)) return; // It is confirmed now, and was learned before.
    const isFresh = trace.signals.some((signal) => at - signal.at < UPDATE_WINDOW_MS);
    const moved: MoveReason = isFresh ? 'after-signalling' : 'same-stream';
    const reason = !learned ? 'as-signalled' : last === undefined ? 'first-packet' : moved;
    trace.moves.push({ at, address, reason });
  }
}
