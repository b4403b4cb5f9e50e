import { SIDES, type Side } from '../../../model/session/side.js';
import { Fold } from '../events/fold.js';
import type { SnapshotRecord, StepRecord } from '../events/record.js';
import { type Story, sessionKey, shardKey, type ToldRecord } from '../events/story.js';
import {
  covers,
  type Evidence,
  SHORTEST_WATCH_MS,
  SILENCE_MS,
  type SideEvidence,
  type Silence,
  type Span,
  type StreamEvidence,
} from './evidence.js';
import { failedCommands, undoneWishes } from './exchanges.js';
import { heardTimes, longestPause, streamEvidence } from './samples.js';
import { changesOf } from './timeline.js';
import { type Place, SessionTrace } from './trace.js';
import { shortClock } from './words.js';

/** A place that no log has: sessions of which only the running relay knows. */
const NO_PLACE = { log: -1, run: 0 };

/**
 * Folds a story to what is known of each session of the call, in the order in which they began. A session that was taken up again after a
 * crash is one session, whatever its number is in each run. Never throws: what cannot be folded becomes a problem of its session.
 * `formatTime`: ISO 8601.
 */
export function gather(story: Story, formatTime: (at: number) => string): readonly Evidence[] {
  const traces = new Traces();
  for (const told of story.records) traces.take(told);
  for (const record of story.live) traces.takeLive(record);
  const exchanges = { failed: failedCommands(story), undone: undoneWishes(story) };
  return traces.all.map((trace) => evidenceOf(trace, exchanges, formatTime));
}

class Traces {
  readonly all: SessionTrace[] = [];
  readonly #byKey = new Map<string, SessionTrace>();
  readonly #folds = new Map<string, Fold>();

  take(told: ToldRecord): void {
    const { record } = told;
    const key = sessionKey(told);
    if (key === null || !('session' in record)) return;
    if (record.kind === 'recording') {
      this.#byKey.get(key)?.sound.take(record);
      return;
    }
    if (record.kind === 'sample') {
      this.#byKey.get(key)?.takeSample(record.sample, record.at);
      return;
    }
    const known = this.#byKey.get(key);
    try {
      const folded = this.#foldOf(shardKey(told)).take(record);
      if (folded === null) return;
      const place = { log: told.log, run: told.run, shard: record.shard, session: record.session };
      const trace = this.#traceFor(key, place, record);
      trace.place = place;
      if (record.kind === 'snapshot') trace.takeSnapshot(record.phase, record.state, record.sample, record.at);
      if (record.kind === 'step') trace.takeEvents(record.events, folded.snapshot);
      if (record.kind === 'step' && record.refusal !== undefined) trace.refuse(record.refusal, record.at);
    } catch (error) {
      known?.problems.push(error instanceof Error ? error.message : String(error));
    }
  }

  /** What a running relay knows is newer than its log. */
  takeLive(record: SnapshotRecord): void {
    const { shard, session, phase, state, sample, at } = record;
    const known = this.#openTrace(state);
    if (known === undefined && this.all.some((trace) => isSame(trace, state))) return; // It has ended since.
    const trace = known ?? new SessionTrace({ ...NO_PLACE, shard, session }, false);
    if (known === undefined) this.all.push(trace);
    trace.takeSnapshot(phase, state, sample, at);
    trace.isLive = true;
  }

  /** What a segment begins with may be a session that another run had. Sessions that were refused before they began are told together. */
  #traceFor(key: string, place: Place, record: StepRecord | SnapshotRecord): SessionTrace {
    const earlier = record.kind === 'snapshot' ? this.#openTrace(record.state) : this.#refusedTrace(record, place);
    const known = this.#byKey.get(key) ?? earlier;
    const trace = known ?? new SessionTrace(place, record.kind === 'step');
    this.#byKey.set(key, trace);
    if (known === undefined) this.all.push(trace);
    return trace;
  }

  #refusedTrace({ events }: StepRecord, { log, run }: Place): SessionTrace | undefined {
    if (events.length > 0) return undefined;
    return this.all.find(({ snapshot, place }) => snapshot.context.call === '' && place.log === log && place.run === run);
  }

  #openTrace(state: SnapshotRecord['state']): SessionTrace | undefined {
    return this.all.findLast((trace) => trace.closed === null && isSame(trace, state));
  }

  #foldOf(key: string): Fold {
    const fold = this.#folds.get(key) ?? new Fold();
    this.#folds.set(key, fold);
    return fold;
  }
}

function isSame(trace: SessionTrace, { tag, openedAt, dialogue }: SnapshotRecord['state']): boolean {
  const known = trace.snapshot.context;
  const isBranch = (known.dialogue?.branch ?? null) === (dialogue?.branch ?? null);
  return known.tag === tag && known.openedAt === openedAt && isBranch;
}

function evidenceOf(
  trace: SessionTrace,
  exchanges: Pick<Evidence, 'failed' | 'undone'>,
  formatTime: (at: number) => string,
): Evidence {
  const { place, snapshot, relayingAt, closed, isLive, isWhole, recoveries, refusals, problems } = trace;
  const state = snapshot.context;
  const endAt = closed?.at ?? trace.lastAt;
  const openedAt = state.call === '' ? trace.lastAt : state.openedAt;
  const clock = shortClock(openedAt, formatTime);
  const side = (which: Side): SideEvidence => sideEvidence(which, trace, endAt);
  return {
    ...place,
    ...{
      tag: state.tag,
      phase: snapshot.value,
      state,
      openedAt,
      relayingAt,
      endAt,
      closed,
      isLive,
      isWhole,
      recoveries,
      refusals,
    },
    ...{ ...exchanges, problems, clock, sides: { caller: side('caller'), callee: side('callee') } },
    recordings: trace.sound.recordings,
    parties: trace.negotiation.parties,
    deletions: trace.negotiation.deletions,
    changes: changesOf(trace),
  };
}

function sideEvidence(side: Side, trace: SessionTrace, endAt: number): SideEvidence {
  const { signals, ports, moves, refused, unreachable, samples } = trace.sides[side];
  const rtp = trace.rtpOf(side);
  const rtcp = streamEvidence(trace.sample?.streams[SIDES.indexOf(side) * 2 + 1] ?? null);
  const heard = heardTimes(rtp, trace.sides[side]);
  const { prompts, copies } = trace.sound.sides[side];
  const { offers, mutings } = trace.negotiation.sides[side];
  const holds = trace.holdsOf(side);
  const payloadTypes = [...new Set(samples.flatMap(({ payloadType }) => payloadType ?? []))];
  return {
    ...{ side, leg: trace.snapshot.context.legs[side], rtp, rtcp, signals, holds, ports, moves, refused, unreachable },
    ...{ payloadTypes, ...heard, prompts, copies, offers, mutings },
    silence: silenceOf(rtp, heard.lastHeardAt, trace, endAt),
    pause: longestPause(
      samples,
      SIDES.flatMap((each): Span[] => [...trace.holdsOf(each), ...promptSpans(trace, each)]),
      trace.recoveries,
    ),
  };
}

function silenceOf(rtp: StreamEvidence, lastHeardAt: number | null, trace: SessionTrace, endAt: number): Silence | null {
  const { relayingAt } = trace;
  if (relayingAt === null) return null;
  const kind = rtp.received === 0 && lastHeardAt === null ? 'start' : 'later';
  const since = kind === 'start' ? relayingAt : lastHeardAt;
  if (since === null || endAt - since < (kind === 'start' ? SHORTEST_WATCH_MS : SILENCE_MS)) return null;
  const isHeld = SIDES.some((side) => trace.holdsOf(side).some((hold) => covers(hold, since)));
  const isPrompted = SIDES.some((side) => promptSpans(trace, side).some((span) => covers(span, since)));
  return { kind, since, ms: endAt - since, isHeld, isPrompted };
}

const promptSpans = ({ sound }: SessionTrace, side: Side): Span[] =>
  sound.sides[side].prompts.map(({ playback, until }) => ({ from: playback.startedAt, until }));
