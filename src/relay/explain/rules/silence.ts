import { formatAddress } from '../../../../model/kernel/index.js';
import { otherSide, SIDES, type Side } from '../../../../model/session/side.js';
import { covers, type Evidence, type Hold, type SideEvidence, signalledOf } from '../evidence.js';
import type { Finding, Rule } from '../finding.js';
import { protocolWords } from '../protocolWords.js';
import { countText, spanText } from '../words.js';

/** What a hold was said with. */
const HOLD_WORDS: Readonly<Record<Hold['how'], (side: Side) => string>> = {
  zeros: (side) => `the address of the ${side} is all zeros`,
  sendonly: (side) => `the ${side} wants to send only`,
  recvonly: (side) => `the ${side} wants to receive only`,
  inactive: (side) => `the ${side} wants to do neither`,
};

/** Silence that was asked for (RFC 3264 §8.4): with an all-zero address, all that the classic protocol tells of it, or by the direction. */
export const onHold: Rule = ({ sides, clock, state }) => {
  const silent = SIDES.filter((side) => sides[side].silence?.isHeld);
  const silences = silent.flatMap((side) => sides[side].silence ?? []);
  const held = SIDES.flatMap((side) => {
    const hold = sides[side].holds.find((each) => silences.some(({ since }) => covers(each, since)));
    return hold === undefined ? [] : [{ side, ...hold }];
  });
  // Who only receives has most likely been put on hold by the other one.
  const holders = held.filter(({ how }) => how !== 'recvonly');
  const [first, second] = holders.length > 0 ? holders : held;
  if (first === undefined) return [];
  const text =
    second === undefined
      ? `The ${first.side} has put the call on hold: that nothing is heard is what was asked for.`
      : 'Both sides have put the call on hold: that nothing is heard is what they asked for.';
  const evidence = held.map(({ side, from, how }) => `${HOLD_WORDS[how](side)} since ${clock(from)}`);
  const back = state.dialogue === null ? '(U or L with a real address)' : '(offer and answer)';
  const advice = `If the call was taken back, its re-INVITE ${back} has not reached the relay.`;
  const side = silent.length === 1 ? (silent[0] ?? null) : null;
  return [{ id: 'hold', side, weight: 80, sentence: text, evidence, advice }];
};

const receivedText = ({ side, rtp }: SideEvidence): string => `the ${side}: ${countText(rtp.received, 'RTP packet')} received`;

export const bothSilent: Rule = ({ sides, closed, clock, state }) => {
  const { caller, callee } = sides;
  if (caller.silence === null || callee.silence === null || caller.silence.kind !== callee.silence.kind) return [];
  if (caller.silence.isHeld || callee.silence.isHeld) return [];
  if (caller.silence.kind === 'later' && (caller.silence.isPrompted || callee.silence.isPrompted)) return []; // That is told as such.
  const evidence = [receivedText(caller), receivedText(callee)];
  const finding = { id: 'both-silent', side: null, evidence } as const;
  if (caller.silence.kind === 'start') {
    const since = `since the call was answered ${spanText(caller.silence.ms)} before ${closed === null ? 'now' : 'its end'}`;
    const text = `Neither side has sent any RTP ${since}.`;
    const advice =
      'Look whether the SDP that the phones get names this relay: perhaps the proxy has not rewritten it, or the ports of the relay are behind a firewall.';
    return [{ ...finding, weight: 78, sentence: text, advice }];
  }
  if (closed?.reason === 'timeout') return []; // That is told as such.
  const [first, second] = caller.silence.since <= callee.silence.since ? [caller, callee] : [callee, caller];
  const text = `Both sides fell silent: the ${first.side} at ${clock(first.silence?.since ?? 0)}, the ${second.side} at ${clock(second.silence?.since ?? 0)}.`;
  const advice = `They may have hung up without the proxy telling the relay (${protocolWords(state).delete}), or have put the call on hold in a way it is not told of.`;
  return [{ ...finding, weight: 71, sentence: text, advice }];
};

/** Nothing at all from one side. */
export const silentFromTheStart: Rule = (evidence) =>
  SIDES.flatMap((side): Finding[] => {
    const about = evidence.sides[side];
    if (about.silence?.kind !== 'start' || about.silence.isHeld || about.rtp.ignored > 0) return [];
    const { early } = about.rtp;
    const before = early > 0 ? `${countText(early)} came before the answer, and none after it` : 'no packet came from anywhere';
    const text = `The ${side} has sent nothing since the call was answered (${spanText(about.silence.ms)}): ${before}.`;
    const advice = `Look whether the ${side} was told to send to ${toldTo(about)}, and whether a firewall lets it.`;
    return [{ id: 'silent', side, weight: 74, sentence: text, evidence: aroundSilence(evidence, side), advice }];
  });

/** Heard once, and then no more. */
export const wentSilent: Rule = (evidence) =>
  SIDES.flatMap((side): Finding[] => {
    const { silence, rtp } = evidence.sides[side];
    if (silence?.kind !== 'later' || silence.isHeld || silence.isPrompted) return [];
    const end = evidence.closed === null ? 'until now' : 'until the end';
    const text = `The ${side} was heard until ${evidence.clock(silence.since)}, and has sent nothing in the ${spanText(silence.ms)} ${end}.`;
    const came =
      rtp.received > 0
        ? `${countText(rtp.received)} of the ${side} came before that`
        : `how many packets of the ${side} came before that was lost with the relay`;
    return [
      { id: 'went-silent', side, weight: 70, sentence: text, evidence: [came, ...aroundSilence(evidence, side)], advice: null },
    ];
  });

/** A long silence in the middle. */
export const paused: Rule = ({ sides, clock }) =>
  SIDES.flatMap((side): Finding[] => {
    const { pause, silence } = sides[side];
    if (pause === null || silence !== null) return [];
    const when = pause.from === null ? '' : ` from ${clock(pause.from)} on`;
    const text = `The ${side} sent nothing for ${spanText(pause.ms)}${when}, and was heard again after that.`;
    const advice = 'That may have been hold, or silence suppression; otherwise look at the network of that side.';
    return [{ id: 'pause', side, weight: 40, sentence: text, evidence: [], advice }];
  });

/** Where a side was told to send to, as far as the relay knows. */
export function toldTo({ leg }: SideEvidence): string {
  if (leg.local === null) return 'this relay';
  return formatAddress({ host: leg.network.advertised ?? leg.local.host, port: leg.local.port });
}

/** What else is known of a side that is silent, and of the other one. */
function aroundSilence({ sides, closed }: Evidence, side: Side): string[] {
  const [about, other] = [sides[side], sides[otherSide(side)]];
  const address = signalledOf(about);
  const said =
    address === null ? `no address of the ${side} was signalled` : `its signalled address is ${formatAddress(address)}`;
  const end = closed === null ? 'now' : 'the end';
  const heard = other.silence === null ? `the ${other.side} was heard until ${end}` : receivedText(other);
  const rtcp =
    about.rtcp.received > 0 ? [`${countText(about.rtcp.received, 'RTCP packet')} of the ${side} came, so it is there`] : [];
  return [said, heard, ...rtcp];
}
