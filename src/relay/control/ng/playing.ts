import type { Leg } from '../../../../model/session/state.js';
import type { Prompt } from '../../../media/player/prompt.js';
import { FRAME_UNITS, packetShape } from '../../../protocol/audio/frames.js';
import type { NgRequest } from '../../../protocol/ng/request.js';
import { PROMPT_PTIME_MS } from '../play.js';
import { codecsKey, done, NG_ERRORS as E, failed, type NgExecution, type NgOutcome } from './ngExecution.js';
import { type Participant, participantsOf } from './participants.js';

const FOR_EVER = -1;

/**
 * `play media`: lets the named sides hear a prompt instead of the other one, each in a codec that it takes. Answers how long the prompt is.
 * Without `repeat-times` a `repeat-duration` alone says how long it is heard.
 */
export function playMedia(request: NgRequest, execution: NgExecution): NgOutcome {
  const { prompts } = execution;
  const chosen = participantsOf(request, 'player', execution);
  if (!chosen.ok) return failed(chosen.error);
  if (request.file === null && request.blob === null) return failed('No media file specified');
  const name = request.file ?? 'blob';
  if (prompts.name === '') return failed(`Failed to start media playback from ${name}: it cannot be kept, as the log says`);
  const listeners = chosen.value.filter(isListener);
  const found = listeners.flatMap((each) => {
    const prompt = promptFor(legOf(each), execution);
    return prompt === null ? [] : [{ ...each, prompt }];
  });
  const longest = Math.max(0, ...found.map(({ prompt }) => promptMs(prompt)));
  const skip = request.startPosition ?? 0;
  if (skip > 0 && found.length > 0 && found.every(({ prompt }) => skip >= packetsIn(prompt)))
    return failed(
      `Failed to start media playback from ${name}: start-pos=${skip} is behind its end, it has ${Math.max(...found.map(({ prompt }) => packetsIn(prompt)))} packets`,
    );
  const begun = found.filter((each) => play(each, request, execution));
  if (begun.length === 0) return failed(`Failed to start media playback from ${name}: ${whyNot(listeners)}`);
  return done({ duration: Math.round(longest) });
}

function play(
  { session, side, prompt }: Participant & { readonly prompt: Prompt },
  request: NgRequest,
  { shard, prompts }: NgExecution,
): boolean {
  const { repeatTimes, startPosition } = request;
  // 0 is no time, but that nothing is said of it.
  const durationMs = request.repeatDurationMs === 0 ? null : request.repeatDurationMs;
  const playback = {
    ...{ prompt: prompts.name, payloadType: prompt.payloadType, ptimeMs: PROMPT_PTIME_MS },
    count: repeatTimes === null && durationMs !== null ? FOR_EVER : Math.max(1, repeatTimes ?? 1),
    ...(startPosition !== null && startPosition > 0 && { skip: startPosition }),
    ...(durationMs !== null && { durationMs }),
    voice: shard.playbacks.voiceFor(session, side),
  };
  if (!shard.command(session, { type: 'Play', side, playback }).ok) return false;
  shard.playbacks.start(session, side, prompt);
  return true;
}

const legOf = ({ session, side }: Participant): Leg => session.snapshot.context.legs[side];

/** Somebody who may hear sound. */
function isListener(one: Participant): boolean {
  const { local, description } = legOf(one);
  return local !== null && (description === null || description.kind === 'audio');
}

const promptFor = ({ codecs }: Leg, { prompts }: NgExecution): Prompt | null =>
  prompts.found.find(([key]) => key === codecsKey(codecs))?.[1] ?? null;

function whyNot(listeners: readonly Participant[]): string {
  if (listeners.length === 0) return 'no party has a leg for sound';
  const codecs = [...new Set(listeners.flatMap((each) => legOf(each).codecs))];
  return codecs.length === 0
    ? 'the party has named no codecs'
    : `there is no such sound, or none that can be had in the codecs of the party (payload types ${codecs.join(', ')})`;
}

/** The payload types of the sides that a request means, each list once: what a prompt is to be sought for. */
export function codecsWanted(request: NgRequest, execution: NgExecution): readonly (readonly number[])[] {
  const chosen = participantsOf(request, 'player', execution);
  const lists = chosen.ok ? chosen.value.filter(isListener).map((each) => legOf(each).codecs) : [];
  return [...new Map(lists.filter((list) => list.length > 0).map((list) => [codecsKey(list), list])).values()];
}

function promptMs({ payloadType, frames }: Prompt): number {
  const unit = FRAME_UNITS[payloadType];
  return unit === undefined ? 0 : (frames.length / unit.bytes) * unit.ms;
}

function packetsIn({ payloadType, frames }: Prompt): number {
  const shape = packetShape(payloadType, PROMPT_PTIME_MS);
  return shape === null ? 0 : Math.floor(frames.length / shape.bytes);
}

/** `stop media`: they hear each other again. Answers which packet of the prompt would have been next, for `start-pos`. */
export function stopMedia(request: NgRequest, execution: NgExecution): NgOutcome {
  const { shard } = execution;
  const chosen = participantsOf(request, 'player', execution);
  if (!chosen.ok) return failed(chosen.error);
  const playing = chosen.value.filter((each) => legOf(each).playback !== null);
  if (playing.length === 0) return failed(E.notPlaying);
  const position = Math.min(...playing.map(({ session, side }) => shard.playbacks.positionOf(session, side)));
  for (const { session, side } of playing) shard.command(session, { type: 'StopPlay', side, reason: 'stopped' });
  return done({ 'last-frame-pos': position });
}
