import { otherSide, SIDES, type Side } from '../../../../model/session/side.js';
import { ERROR_CODES } from '../../../protocol/rtpproxy/errors.js';
import { type Evidence, type HeardPrompt, SHORTEST_WATCH_MS } from '../evidence.js';
import type { Finding, Rule } from '../finding.js';
import { protocolWords } from '../protocolWords.js';
import { codecText, countText, timesText, whoText } from '../words.js';
import { refusedText } from './signalling.js';

const promptText = ({ playback: { prompt, payloadType, count } }: HeardPrompt): string =>
  `prompt ${prompt} (${codecText(payloadType)}, ${timesText(count)})`;

/** Who hears a prompt does not hear the other side: of an endless one that nobody stops the call never comes back. */
export const hearsPrompt: Rule = (evidence) =>
  SIDES.flatMap((listener): Finding[] => {
    const heard = evidence.sides[listener].prompts.at(-1);
    if (heard === undefined || heard.until !== null || evidence.relayingAt === null) return [];
    return [promptFinding(evidence, listener, heard)];
  });

function promptFinding({ sides, closed, endAt, clock, state }: Evidence, listener: Side, heard: HeardPrompt): Finding {
  const side = otherSide(listener);
  const { silence, rtp } = sides[side];
  const { count, startedAt } = heard.playback;
  const isEndless = count < 0;
  const verb = closed === null ? 'hears' : 'heard';
  const since = closed === null ? `since ${clock(startedAt)}` : `from ${clock(startedAt)} until the end`;
  const ending = isEndless ? 'it is to be heard for ever, and nobody has stopped it' : 'that one is heard again when it ends';
  const sentence = `The ${listener} ${verb} ${promptText(heard)} ${since} instead of the ${side}: ${ending}.`;
  const evidence = [
    ...(rtp.dropped > 0 ? [`${countText(rtp.dropped)} of the ${side} not sent on`] : []),
    ...(silence === null
      ? []
      : [`the ${side} itself has sent nothing ${silence.kind === 'start' ? 'at all' : `since ${clock(silence.since)}`}`]),
  ];
  const advice = isEndless
    ? `If the ${side} is to be heard again, send ${protocolWords(state).stopPrompt.replace('SIDE', listener)}.`
    : null;
  // A call that ends while somebody hears the beginning of a prompt is nothing to wonder about; who never sent anything has more to answer for.
  const isBrief = closed !== null && endAt - startedAt < SHORTEST_WATCH_MS;
  const weight = isBrief ? 0 : silence?.kind === 'start' ? 60 : isEndless ? 95 : 75;
  return { id: 'prompt', side, weight, sentence, evidence, advice };
}

/** A crash in the middle of a prompt, whose file was gone afterwards. */
export const promptFailed: Rule = ({ sides, clock, state }) =>
  SIDES.flatMap((side): Finding[] =>
    sides[side].prompts
      .filter(({ end }) => end === 'failed')
      .map((heard) => {
        const text = `The ${side} was to hear ${promptText(heard)}, but after a crash it could not be read any more: since ${clock(heard.until ?? 0)} the ${otherSide(side)} is heard again.`;
        const advice = `Put the file back where it was, and play it again (${protocolWords(state).playAgain}).`;
        return { id: 'prompt-failed', side, weight: 50, sentence: text, evidence: [], advice };
      }),
  );

/** P with something that cannot be played. Whose session was meant the answer does not say. */
export const promptRefused: Rule = ({ failed, openedAt, endAt, clock }) => {
  const isMeant = (at: number): boolean => at >= openedAt && at <= endAt;
  const last = failed.findLast(
    ({ at, name, reply }) => isMeant(at) && (name === 'P' || name === 'play media') && reply !== ERROR_CODES.noSuchSession,
  );
  if (last === undefined) return [];
  const text = refusedText(last, clock);
  const advice =
    last.reply === ERROR_CODES.player
      ? 'It looks for PROMPT.N for each payload type N of the list, and then for PROMPT, PROMPT.wav and PROMPT.au; a name without a slash in front is looked for in its working directory. Its own log says what was wrong with a file that is there.'
      : null;
  return [{ id: 'prompt-refused', side: null, weight: 40, sentence: text, evidence: [`it was: ${last.command}`], advice }];
};

/** Not why the sides did not hear each other, but why nothing can be listened to afterwards. */
export const recordingFailed: Rule = ({ recordings, clock }) =>
  recordings
    .filter(({ hasFailed }) => hasFailed)
    .map(({ id, sides, files, endedAt }): Finding => {
      const when = endedAt === null ? '' : ` at ${clock(endedAt)}`;
      const text = `Recording ${id} of ${whoText(sides)} ended${when} because it could not be written; what there was by then is kept.`;
      const advice =
        'Look at the room on the disk, and who may write to the folders (-r, -S); the log of the relay names the file.';
      return { id: 'recording-failed', side: null, weight: 20, sentence: text, evidence: [...files], advice };
    });
