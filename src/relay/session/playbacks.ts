import type { Playback } from '../../../model/session/playback.js';
import { SIDES, type Side } from '../../../model/session/side.js';
import type { SessionState } from '../../../model/session/state.js';
import type { MediaPlane } from '../../media/plane.js';
import type { KeyOrder } from '../../media/player/keyPress.js';
import type { Players } from '../../media/player/players.js';
import type { Prompt, Voice } from '../../media/player/prompt.js';
import { newVoice } from '../../media/player/voices.js';
import { rowOf } from '../../media/streams.js';
import { packetShape } from '../../protocol/audio/frames.js';
import type { Clock } from '../ports.js';
import { legIndexOf, type Session } from './session.js';

export type PlaybacksWorld = {
  readonly plane: MediaPlane;
  readonly clock: Clock;
  /** From 0 up to 1, as `Math.random`. */
  readonly random: () => number;
};

const rowOfSide = ({ slot }: Session, side: Side): number => rowOf(slot, legIndexOf(side), 0);

/** The prompts that sides of sessions hear. */
export class Playbacks {
  readonly #world: PlaybacksWorld;

  constructor(world: PlaybacksWorld) {
    this.#world = world;
  }

  /** What the packets of a prompt for a side are to begin with. */
  voiceFor(session: Session, side: Side): Voice {
    const { plane, clock, random } = this.#world;
    return plane.players.voiceFor(rowOfSide(session, side), clock(), random);
  }

  /** Which packet of its prompt a side hears next, from 0. */
  positionOf(session: Session, side: Side): number {
    return this.#world.plane.players.position(rowOfSide(session, side));
  }

  /** Has a side hear keys as if the other one had pressed them. Why not: see `Players.press`. */
  press(session: Session, side: Side, order: Omit<KeyOrder, 'stranger'>): ReturnType<Players['press']> {
    const { plane, clock, random } = this.#world;
    return plane.players.press(rowOfSide(session, side), { ...order, stranger: newVoice(random) }, clock());
  }

  /** Lets a side hear, from its beginning, what its state says. */
  start(session: Session, side: Side, prompt: Prompt): void {
    this.#play(session, side, prompt, () => ({ sent: 0, dueMs: this.#world.clock() }));
  }

  /** Goes on with what a crash has interrupted, where it is by now. */
  resume(session: Session, side: Side, prompt: Prompt): void {
    this.#play(session, side, prompt, (playback) => progressOf(playback, this.#world.clock()));
  }

  /** Whether a side is being played something: what its state says, or, behind a crash, what it says by now. */
  isPlaying(session: Session, side: Side): boolean {
    return this.#world.plane.players.isPlaying(rowOfSide(session, side));
  }

  #play(session: Session, side: Side, prompt: Prompt, progress: (playback: Playback) => Progress): void {
    const { playback } = session.snapshot.context.legs[side];
    if (playback === null) return;
    const { ptimeMs, count, voice, skip = 0, durationMs } = playback;
    const { sent, dueMs } = progress(playback);
    const order = { prompt, ptimeMs, count, voice, sent, skip, ...(durationMs !== undefined && { durationMs }) };
    this.#world.plane.players.start(rowOfSide(session, side), order, dueMs);
  }

  /** Ends the players of sides that hear no prompt any more. */
  follow(session: Session, { legs }: SessionState): void {
    const { plane } = this.#world;
    for (const side of SIDES) {
      const row = rowOfSide(session, side);
      if (legs[side].playback === null && plane.players.isPlaying(row)) plane.players.stop(row);
    }
  }
}

/** Packets that were sent, and when the next one is due. */
type Progress = { readonly sent: number; readonly dueMs: number };

/** Where a playback is if nothing held it up. Each packet has its time, so that none that was sent is sent again. */
function progressOf({ startedAt, ptimeMs, payloadType }: Playback, nowMs: number): Progress {
  const shape = packetShape(payloadType, ptimeMs);
  if (shape === null) return { sent: 0, dueMs: nowMs };
  const sent = Math.max(0, Math.floor((nowMs - startedAt) / shape.ms) + 1);
  // A clock that was set back must not make it wait.
  return { sent, dueMs: Math.min(startedAt + sent * shape.ms, nowMs + shape.ms) };
}
