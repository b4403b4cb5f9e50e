import type { PlayedDtmf } from '../../../../model/session/event.js';
import { otherSide } from '../../../../model/session/side.js';
import { MOST_KEYS } from '../../../media/player/keys.js';
import type { NgRequest } from '../../../protocol/ng/request.js';
import { TELEPHONE_EVENT_NAME } from '../../../protocol/rtp/telephoneEvent.js';
import { done, failed, type NgExecution, type NgOutcome } from './ngExecution.js';
import { type Participant, participantsOf, tagOf } from './participants.js';

/** What holds where a request does not say, and between which bounds, milliseconds and dB: as with rtpengine. */
const DURATION_MS = { usual: 250, least: 100, most: 5000 };
const PAUSE_MS = { usual: 100, least: 100, most: 5000 };
const USUAL_VOLUME = -8;
const SOFTEST = 63;

const FAILED = 'Failed to play DTMF';

const between = (given: number | null, { usual, least, most }: typeof DURATION_MS): number =>
  Math.min(most, Math.max(least, given ?? usual));

/** `play DTMF`: sends a telephone event (RFC 4733) to whoever hears the named party, as if it had pressed the key. */
export function playDtmf(request: NgRequest, execution: NgExecution): NgOutcome {
  const chosen = participantsOf(request, 'player', execution);
  if (!chosen.ok) return failed(chosen.error);
  const problems: string[] = [];
  let pressed = 0;
  for (const one of heardOnes(chosen.value)) {
    const problem = press(one, request, execution);
    if (problem === null) pressed++;
    else problems.push(problem);
  }
  return pressed > 0 ? done() : failed(`${FAILED}: ${problems[0] ?? 'nobody hears sound of the party'}`);
}

/** Who speaks to somebody that has said what sound it takes, and is heard there: of the branches of a call, in one alone. */
function heardOnes(sides: readonly Participant[]): readonly Participant[] {
  const isHeard = ({ session, side }: Participant): boolean => {
    const { legs } = session.snapshot.context;
    const isBranch = (each: Participant['side']): boolean => legs[each].mutes.includes('branch');
    return legs[otherSide(side)].description?.kind === 'audio' && !isBranch(side) && !isBranch(otherSide(side));
  };
  return sides.filter(isHeard);
}

/** Null: the key is sent, or will be behind others. */
function press(one: Participant, { digit, durationMs, volume, pauseMs }: NgRequest, { shard }: NgExecution): string | null {
  const { session, side } = one;
  const listener = otherSide(side);
  const { description } = session.snapshot.context.legs[listener];
  const event = description?.formats.find(({ name }) => name.toLowerCase() === TELEPHONE_EVENT_NAME);
  const who = tagOf({ session, side: listener }) ?? `the ${listener}`;
  if (event === undefined) {
    const names = description?.formats.map(({ name, payloadType }) => (name === '' ? String(payloadType) : name)) ?? [];
    return `${who} takes no ${TELEPHONE_EVENT_NAME}, its description names ${names.join(', ') || 'no codecs'}`;
  }
  const dtmf: PlayedDtmf = {
    code: digit ?? 0,
    payloadType: event.payloadType,
    durationMs: between(durationMs, DURATION_MS),
    volume: Math.min(SOFTEST, Math.round(Math.abs(volume ?? USUAL_VOLUME))),
  };
  const sent = shard.playbacks.press(session, listener, { ...dtmf, pauseMs: between(pauseMs, PAUSE_MS) });
  if (sent.ok) {
    shard.command(session, { type: 'PlayDtmf', side, dtmf });
    return null;
  }
  switch (sent.error) {
    case 'prompt':
      return `${who} hears a prompt`;
    case 'full':
      return `${MOST_KEYS} keys for ${who} are waiting already`;
    case 'nobody':
      return `it is not known where ${who} is`;
  }
}
