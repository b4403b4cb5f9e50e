import { ok, refuse } from '../../kernel/index.js';
import type { SessionCommand } from '../command.js';
import type { SessionEvent } from '../event.js';
import type { Side } from '../side.js';
import type { SessionState } from '../state.js';
import type { Surroundings } from '../surroundings.js';
import type { Decision } from './decision.js';

type Command<Type extends SessionCommand['type']> = Extract<SessionCommand, { type: Type }>;

/** A side hears one prompt at a time: the last one. */
export function decidePlay(state: SessionState, { side, playback }: Command<'Play'>, around: Surroundings): Decision {
  const at = around.now;
  const events: SessionEvent[] = [];
  if (state.legs[side].playback !== null) events.push({ type: 'PlaybackEnded', side, reason: 'replaced', at });
  events.push({ type: 'PlaybackStarted', side, playback: { ...playback, startedAt: at }, at });
  return ok(events);
}

export function decideStopPlay(state: SessionState, { side, reason }: Command<'StopPlay'>, around: Surroundings): Decision {
  return ok(state.legs[side].playback === null ? [] : [{ type: 'PlaybackEnded', side, reason, at: around.now }]);
}

/**
 * Begins a recording of the sides that are not recorded under that name yet. What is recorded stays in its files: to ask for it again is no
 * error, but to ask for one file of all streams is.
 */
export function decideRecord(state: SessionState, command: Command<'Record'>, around: Surroundings): Decision {
  const { form, single, name } = command;
  const under = state.recordings.filter((recording) => recording.name === name);
  const sides = command.sides.filter((side) => !under.some((recording) => recording.sides.includes(side)));
  if (single && sides.length < command.sides.length) return refuse('already-recorded');
  if (sides.length === 0) return ok([]);
  const recording = { id: state.recordingsBegun + 1, sides, form, single, name, startedAt: around.now, files: [] };
  return ok([{ type: 'RecordingStarted', recording, at: around.now }]);
}

export function decideNameRecording(
  state: SessionState,
  { recording, files }: Command<'NameRecording'>,
  around: Surroundings,
): Decision {
  const present = state.recordings.find(({ id }) => id === recording);
  if (present === undefined || sameNames(present.files, files)) return ok([]);
  return ok([{ type: 'RecordingNamed', recording, files, at: around.now }]);
}

export function decideStopRecording(
  state: SessionState,
  { recording, sides, reason }: Command<'StopRecording'>,
  around: Surroundings,
): Decision {
  const isRecorded = (side: Side): boolean =>
    state.recordings.some((present) => present.id === recording && present.sides.includes(side));
  const stopped = sides.filter(isRecorded);
  return ok(stopped.length === 0 ? [] : [{ type: 'RecordingStopped', recording, sides: stopped, reason, at: around.now }]);
}

const sameNames = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, i) => name === b[i]);
