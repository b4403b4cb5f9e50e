import type { CloseReason } from '../../../../model/session/event.js';
import { otherSide, SIDES, type Side } from '../../../../model/session/side.js';
import { currentTtlMs } from '../../../../model/session/state.js';
import type { Evidence } from '../evidence.js';
import type { Finding, FindingId, Rule } from '../finding.js';
import { protocolWords } from '../protocolWords.js';
import { countText, percentText, spanText } from '../words.js';

/** More is heard by everybody. */
const MUCH_LOSS_PERCENT = 5;
/** Of fewer packets no percentage can be told. */
const ENOUGH_PACKETS = 50;

type Broken = { readonly id: FindingId; readonly sentence: string; readonly advice: string };

const BROKEN: Readonly<Partial<Record<CloseReason, Broken>>> = {
  defect: {
    id: 'defect',
    sentence: 'A bug in the relay ended the call.',
    advice: 'The last records of this call in the log and the line in the relay’s own log say where: please report them.',
  },
  'port-lost': {
    id: 'port-lost',
    sentence: 'After a crash one of the ports of the call could not be had again, so the relay had to end it.',
    advice: 'Another program has taken it: keep others out of the port range (net.ipv4.ip_local_reserved_ports).',
  },
  'set-aside': {
    id: 'set-aside',
    sentence:
      'A command for this call made its media thread die, and did so again, so the relay set the call aside to keep the others.',
    advice: 'The last command of this call in the log is the one: please report it.',
  },
};

/** Ends that are the relay's own fault. */
export const brokenEnd: Rule = ({ closed, clock }) => {
  const broken = closed === null ? undefined : BROKEN[closed.reason];
  if (closed === null || broken === undefined) return [];
  return [{ ...broken, side: null, weight: 99, evidence: [`session closed: ${closed.reason}, at ${clock(closed.at)}`] }];
};

/** Nobody sent anything for so long that the relay gave up. */
export const timedOut: Rule = (evidence) => {
  const { closed, relayingAt, sides, state, clock } = evidence;
  if (closed?.reason !== 'timeout' || relayingAt === null) return [];
  const first = firstSilent(evidence);
  const last = lastHeardText(evidence, first);
  const ttl = spanText(currentTtlMs(state, first));
  const both = state.independentTtl
    ? `without packets of the ${first} (-i: silence of either side ends a call)`
    : 'without packets';
  const text = `The relay ended the call after ${ttl} ${both}: the ${first} fell silent first, ${last}.`;
  const other = otherSide(first);
  const heard =
    sides[other].lastHeardAt === null
      ? `the ${other} was never heard`
      : `the ${other} was last heard at ${clock(sides[other].lastHeardAt)}`;
  const limits = SIDES.map((side) => `the ${side} may be silent for ${spanText(currentTtlMs(state, side))}`);
  const advice = `If both had hung up, the BYE was lost, or the proxy did not tell the relay (${protocolWords(state).delete}).`;
  return [
    {
      id: 'timeout',
      side: first,
      weight: 72,
      sentence: text,
      evidence: [heard, ...limits],
      advice: state.independentTtl ? null : advice,
    },
  ];
};

/** Who was never heard, or stopped first. */
export function firstSilent({ sides }: Evidence): Side {
  return (sides.callee.lastHeardAt ?? 0) < (sides.caller.lastHeardAt ?? 0) ? 'callee' : 'caller';
}

function lastHeardText({ sides, clock }: Evidence, side: Side): string {
  const at = sides[side].lastHeardAt;
  return at === null ? 'for it was never heard' : `at ${clock(at)}`;
}

/** A crash that the call outlived. */
export const recovered: Rule = ({ recoveries, clock }) => {
  const last = recoveries.at(-1);
  if (last === undefined) return [];
  const what = last.cause === 'process' ? 'relay' : 'media thread';
  const times = recoveries.length > 1 ? ` It was the last of ${recoveries.length} times.` : '';
  const text = `The ${what} died, and took the call up again at ${clock(last.at)}: for at most ${spanText(last.downMs)} nothing was relayed.${times}`;
  const advice = 'The log of the relay says why it died.';
  return [{ id: 'recovered', side: null, weight: 45, sentence: text, evidence: [], advice }];
};

/** Lost before it came here: afterwards the relay cannot know. */
export const lossy: Rule = ({ sides }) =>
  SIDES.flatMap((side): Finding[] => {
    const percent = lossPercent(sides[side]);
    const { analysis } = sides[side].rtp;
    if (percent === null || analysis === null || analysis.nsent < ENOUGH_PACKETS || percent < MUCH_LOSS_PERCENT) return [];
    const text = `${percentText(percent)} of what the ${side} sent was lost on its way to the relay.`;
    const evidence = [`${countText(analysis.nlost)} of ${analysis.nsent}, as the sequence numbers tell`];
    return [
      {
        id: 'loss',
        side,
        weight: 35,
        sentence: text,
        evidence,
        advice: `Look at the network between the ${side} and the relay.`,
      },
    ];
  });

/** Null: not known. */
export function lossPercent({ rtp }: Evidence['sides'][Side]): number | null {
  return rtp.analysis === null || rtp.analysis.nsent === 0 ? null : (rtp.analysis.nlost * 100) / rtp.analysis.nsent;
}

/** Something comes, but it is no RTP. */
export const notRtp: Rule = ({ sides }) =>
  SIDES.flatMap((side): Finding[] => {
    const { analysis, received } = sides[side].rtp;
    if (analysis === null || analysis.perrs * 2 <= received) return [];
    const text = `What the ${side} sends is no RTP, or mostly not: ${countText(analysis.perrs)} of ${received}.`;
    const advice =
      'T.38 fax looks like that, and is relayed as it is; so do STUN and DTLS of a side that expects ICE or DTLS-SRTP.';
    return [{ id: 'not-rtp', side, weight: 66, sentence: text, evidence: [], advice }];
  });
