import { SIDES } from '../../../../model/session/side.js';
import { isSubscription } from '../../../../model/session/state.js';
import type { Evidence, FailedCommand } from '../evidence.js';
import type { Finding, Rule } from '../finding.js';
import { protocolWords } from '../protocolWords.js';
import { codecsText, codecText, countText, FIRST_DYNAMIC, spanText, whoText } from '../words.js';

/** A second of most codecs: less is the slack between answer and first packet. */
const MANY_EARLY = 50;

/** Comfort noise (RFC 3389, and its old number) is sent whether or not it was offered. */
const COMFORT_NOISE: readonly number[] = [13, 19];

/** There was no port for a leg. */
export const noPort: Rule = ({ refusals, relayingAt, clock }) => {
  const refused = refusals.filter(({ refusal }) => refusal === 'no-free-port');
  const [first] = refused;
  if (first === undefined) return [];
  const text = `The relay had no free port pair at ${clock(first.at)}, so a leg could not be opened.`;
  const advice = 'Widen the port range (-m, -M), raise the limit of open files, or look for sessions that are never deleted.';
  const evidence = [`${countText(refused.length, 'command')} refused`];
  return [{ id: 'no-port', side: null, weight: relayingAt === null ? 97 : 60, sentence: text, evidence, advice }];
};

/** What was answered to a command. */
export function refusedText({ at, name, reply, meaning }: FailedCommand, clock: Evidence['clock']): string {
  const said = /\s/.test(reply) ? `"${reply}"` : reply;
  return `The relay answered ${said} to ${name} at ${clock(at)}${meaning === '' ? '.' : `: ${meaning}`}`;
}

/** A command for a session that never had both legs was refused. */
export const commandRefused: Rule = ({ failed, relayingAt, openedAt, endAt, clock }) => {
  const last = failed.filter(({ isTelling }) => isTelling).findLast(({ at }) => at >= openedAt && at <= endAt);
  if (last === undefined || relayingAt !== null) return [];
  const text = refusedText(last, clock);
  const advice =
    last.reply === '0' ? 'Compare Call-ID and tags of this command with those of the first U: they must be the same.' : null;
  return [{ id: 'command-refused', side: null, weight: 96, sentence: text, evidence: [`it was: ${last.command}`], advice }];
};

/** Offered, and never answered. */
export const noAnswer: Rule = (evidence) => {
  const { relayingAt, state, closed, endAt, openedAt } = evidence;
  const line = state.dialogue?.media ?? 1;
  if (relayingAt !== null || state.call === '') return [];
  const silent = SIDES.filter((side) => state.legs[side].lastSignal === null && !state.legs[side].held);
  const span = spanText(endAt - openedAt);
  const ending = { timeout: `it was ended after ${span} without one`, none: `it has been waiting for ${span}` };
  const how = closed === null ? ending.none : closed.reason === 'timeout' ? ending.timeout : `it was ended after ${span}`;
  const what = line === 1 ? 'The call' : `Media line ${line} of the call`;
  const text = `${what} was never answered as far as the relay knows: only one leg was opened, and ${how}.`;
  const advice =
    line > 1
      ? 'An answer that refuses it (port 0) ends it: then this is as it should be.'
      : closed?.reason === 'deleted'
        ? null
        : `If it was answered, the proxy has not sent the answer${inBrackets(state)} here: see that replies with SDP (183 and 200) go through the relay as well.`;
  const said = silent.length === 0 ? [] : [`nothing was signalled of ${whoText(silent)}`];
  return [{ id: 'no-answer', side: null, weight: 80, sentence: text, evidence: said, advice }];
};

/** The classic command, where that is how the proxy speaks. */
const inBrackets = (state: Evidence['state']): string => (state.dialogue === null ? ` (${protocolWords(state).answer})` : '');

/** Packets that came when there was no other leg yet. */
export const earlyPackets: Rule = ({ sides, relayingAt, state }) =>
  SIDES.flatMap((side): Finding[] => {
    const { early, received } = sides[side].rtp;
    if (early === 0) return [];
    const finding = { id: 'early-packets', side, evidence: [`${countText(received)} of the ${side} came after that`] } as const;
    if (relayingAt === null) {
      const text = `The ${side} sends, but no answer${inBrackets(state)} came by: ${countText(early)} were thrown away, for nobody knows where to.`;
      const advice = `The ${side} believes that the call is answered. See that the proxy sends the answer (183 and 200 with SDP) through the relay.`;
      return [{ ...finding, evidence: ['only one leg was opened'], weight: 87, sentence: text, advice }];
    }
    const text = `Before the answer${inBrackets(state)} ${countText(early)} of the ${side} came, and ${early === 1 ? 'was' : 'were'} thrown away.`;
    if (early < MANY_EARLY) return [{ ...finding, weight: 0, sentence: text, advice: null }];
    const advice = 'If early media is to be heard, the proxy must send the 183 with its SDP through the relay, too.';
    return [{ ...finding, weight: 25, sentence: text, advice }];
  });

/** What one side sends is nothing that the other one said it takes. */
export const codecMismatch: Rule = ({ sides }) => {
  const { caller, callee } = sides;
  const wrong = (
    [
      [caller, callee],
      [callee, caller],
    ] as const
  ).flatMap(([from, to]): Finding[] => {
    const spoken = from.payloadTypes.filter((type) => !COMFORT_NOISE.includes(type));
    if (spoken.length === 0 || to.leg.codecs.length === 0 || spoken.some((type) => to.leg.codecs.includes(type))) return [];
    const text = `The ${from.side} sends ${codecsText(spoken)}, which the ${to.side} has not offered: most likely it cannot play it.`;
    const evidence = [`the ${to.side} offers ${codecsText(to.leg.codecs)}`];
    const advice = `Look at the SDP that the ${from.side} got: it should list only ${codecsText(to.leg.codecs)}.`;
    return [{ id: 'codec-mismatch', side: from.side, weight: 60, sentence: text, evidence, advice }];
  });
  return wrong.length > 0 ? wrong : noneInCommon(sides);
};

function noneInCommon({ caller, callee }: Evidence['sides']): Finding[] {
  const [ours, theirs] = [caller.leg.codecs, callee.leg.codecs];
  if (ours.length === 0 || theirs.length === 0 || ours.some((type) => theirs.includes(type))) return [];
  // Numbers of which only the SDP says what they are may be the same codec on both sides.
  const isDynamic = (type: number): boolean => type >= FIRST_DYNAMIC;
  if (ours.some(isDynamic) && theirs.some(isDynamic)) return [];
  const text = `The sides have no codec in common: the caller offers ${codecsText(ours)}, the callee ${codecsText(theirs)}.`;
  const isSilent = caller.silence?.kind === 'start' || callee.silence?.kind === 'start';
  const evidence = [caller, callee].flatMap(({ side, payloadTypes }) =>
    payloadTypes.map((type) => `the ${side} sends ${codecText(type)}`),
  );
  const advice = 'Give one side a codec of the other, or transcode: the relay does not.';
  return [{ id: 'codec-mismatch', side: null, weight: isSilent ? 79 : 58, sentence: text, evidence, advice }];
}

/** A session into which the media of another one is led: its own is thrown away. */
export const forked: Rule = ({ state, sides }) => {
  if (state.fork === null || isSubscription(state)) return [];
  const { call, tag } = state.fork;
  const text = `Both sides hear session ${tag} of call ${call}, which was led into this one (sub-command C): what they say themselves is not sent on.`;
  const evidence = SIDES.map((side) => `${countText(sides[side].rtp.dropped)} of the ${side} dropped`);
  return [{ id: 'forked', side: null, weight: 94, sentence: text, evidence, advice: null }];
};

/** A copy of what a party of the same call sends, for somebody else. */
export const subscribed: Rule = ({ state, sides }) => {
  const { dialogue, fork, legs } = state;
  const about = dialogue?.subscribes;
  if (about === undefined) return [];
  const who = dialogue?.tags.callee ?? 'nobody';
  const what = `${who} is to be sent a copy of what the ${about.side} sends as media line ${about.media}`;
  const isHeard = fork !== null && fork.hears.callee !== null;
  const why = legs.callee.description === null ? 'has not answered that yet' : 'or the offer to it wants nothing for now';
  const text = isHeard
    ? `This is a subscription: ${what}.`
    : `This is a subscription: ${what}, but it ${why}, and nothing is sent.`;
  const evidence = isHeard ? [`${countText(sides.caller.rtp.relayed)} sent to ${who}`] : [];
  return [{ id: 'subscription', side: null, weight: 0, sentence: text, evidence, advice: null }];
};
