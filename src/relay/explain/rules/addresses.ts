import { familyOf, formatAddress, sameAddress } from '../../../../model/kernel/index.js';
import { otherSide, SIDES, type Side } from '../../../../model/session/side.js';
import { type Evidence, type SideEvidence, signalledOf } from '../evidence.js';
import type { Finding, Rule } from '../finding.js';
import { protocolWords } from '../protocolWords.js';
import { isWide, SCOPE_WORDS, type Scope, scopeOf } from '../scope.js';
import { countText, spanText } from '../words.js';
import { toldTo } from './silence.js';

/** Whoever hangs up closes his port; the proxy tells the relay a moment later. */
const HANGING_UP_MS = 3000;

const heardNothingOf = ({ silence, rtp }: SideEvidence): boolean =>
  silence?.kind === 'start' && !silence.isHeld && rtp.ignored === 0;

/** An inner address of the same kind as that of our leg may well be reached from it, unless a translator stands between. */
const mayBeNeighbours = ({ leg }: SideEvidence, scope: Scope): boolean =>
  leg.network.advertised === null && leg.local !== null && scopeOf(leg.local.host) === scope;

/** An address in the SDP that means nothing to the relay: right behind NAT if packets come, for then it learns the real one. */
export const privateAddress: Rule = ({ sides, state }) =>
  SIDES.flatMap((side): Finding[] => {
    const about = sides[side];
    const signalled = signalledOf(about);
    const scope = signalled === null ? null : scopeOf(signalled.host);
    if (signalled === null || scope === null || isWide(scope) || mayBeNeighbours(about, scope)) return [];
    const { address, untrusted } = about.leg.rtp;
    if (about.rtp.received > 0 && untrusted && address !== null && address.host !== signalled.host) {
      const fine = `The SDP address of the ${side}, ${signalled.host}, is ${SCOPE_WORDS[scope]}; its packets come from ${formatAddress(address)}, which was learned: fine.`;
      return [{ id: 'private-address', side, weight: 0, sentence: fine, evidence: [], advice: null }];
    }
    if (!heardNothingOf(about)) return [];
    const for_ = spanText(about.silence?.ms ?? 0);
    const text = `The ${side} has sent nothing since the call was answered (${for_}); its SDP address ${signalled.host} is ${SCOPE_WORDS[scope]} and no packet came from anywhere.`;
    const lost = sides[otherSide(side)].rtp.relayed;
    const evidence = [
      `${countText(lost)} of the ${otherSide(side)} went to ${formatAddress(address ?? signalled)}, where most likely nobody is`,
    ];
    const learning = about.leg.asymmetric
      ? ` It is declared asymmetric as well, so that nothing would be learned: say ${state.dialogue === null ? 's, not a' : 'symmetric'}.`
      : '';
    const advice = `The relay learns where the ${side} is from its first packet: it must send to ${toldTo(about)}, so look for a firewall or an SDP that was not rewritten on the way to it, or let it offer a public address.${learning}`;
    return [{ id: 'private-address', side, weight: 85, sentence: text, evidence, advice }];
  });

/** The same the other way round: a side on the outside that is told an inner address of ours. */
export const relayAddress: Rule = ({ sides }) =>
  SIDES.flatMap((side): Finding[] => {
    const about = sides[side];
    const signalled = signalledOf(about);
    const { local, network } = about.leg;
    if (local === null || signalled === null || !heardNothingOf(about)) return [];
    const scope = scopeOf(network.advertised ?? local.host);
    if (isWide(scope) || scope === null || scope === 'unspecified' || !isWide(scopeOf(signalled.host))) return [];
    const text = `The ${side} has sent nothing: it was told to send to ${toldTo(about)}, which is ${SCOPE_WORDS[scope]}, while its own address ${signalled.host} is public.`;
    const advice =
      'Start the relay with -A and the address at which it is reached from outside, or open this leg in an outside network.';
    return [{ id: 'relay-address', side, weight: 84, sentence: text, evidence: ['no packet came from anywhere'], advice }];
  });

/** A leg can only send to addresses of its own family. */
export const networkMismatch: Rule = ({ sides, state }) =>
  SIDES.flatMap((side): Finding[] => {
    const { local, rtp } = sides[side].leg;
    if (local === null || rtp.address === null || familyOf(local.host) === familyOf(rtp.address.host)) return [];
    const [ours, theirs] = [familyOf(local.host), familyOf(rtp.address.host)];
    const text = `The leg of the ${side} stands on ${formatAddress(local)} (${ours}), but the ${side} is said to receive at ${formatAddress(rtp.address)} (${theirs}): nothing can be sent there.`;
    const advice =
      state.dialogue !== null
        ? `Offer this leg in a network that has an ${theirs} address (direction), or say address-family=${theirs === 'IPv6' ? 'ip6' : 'ip4'}.`
        : theirs === 'IPv6'
          ? 'Ask for a leg on IPv6 (the relay needs -6, and the command of the other side the modifier 6 or the right i and e).'
          : 'Ask for a leg on IPv4 (leave out the modifier 6, or mind the order of i and e).';
    return [{ id: 'network-mismatch', side, weight: 96, sentence: text, evidence: [], advice }];
  });

/** Nobody has said where a side is, and it has not shown it either. */
export const noDestination: Rule = (evidence) =>
  SIDES.flatMap((side): Finding[] => {
    const [about, other] = [evidence.sides[side], evidence.sides[otherSide(side)]];
    if (evidence.relayingAt === null || about.leg.rtp.address !== null || evidence.state.fork !== null) return [];
    // It has been heard, so its address was known: the log lacks that.
    if (about.rtp.received > 0) return [];
    const { dropped } = other.rtp;
    if (dropped === 0 && (about.silence === null || about.silence.isHeld)) return [];
    const text = `It is not known where the ${side} is: no usable address of it was signalled, and it has sent nothing from which one could be learned.`;
    const lost = `${countText(dropped)} of the ${other.side} dropped for want of a destination`;
    const advice = `See that the SDP of the ${side} has an address and a port, and that the proxy hands it on in ${protocolWords(evidence.state)[side === 'caller' ? 'offer' : 'answer']}.`;
    return [
      { id: 'no-destination', side, weight: dropped > 0 ? 93 : 76, sentence: text, evidence: dropped > 0 ? [lost] : [], advice },
    ];
  });

/** The network itself says that a side is not there (ICMP). */
export const unreachable: Rule = (evidence) => SIDES.flatMap((side) => unreachableSide(evidence, side));

function unreachableSide({ sides, closed, clock }: Evidence, side: Side): Finding[] {
  const about = sides[side];
  const seen = about.unreachable.filter(({ component }) => component === 'rtp').at(-1);
  if (seen === undefined) return [];
  const place = formatAddress(seen.address);
  const counted = `${countText(about.rtp.unreachable, 'ICMP message')}`;
  const finding = {
    id: 'unreachable',
    side,
    evidence: [counted, `${countText(sides[otherSide(side)].rtp.relayed)} were sent there`],
  } as const;
  const since = seen.at === null ? '' : ` since ${clock(seen.at)}`;
  if (closed !== null && seen.at !== null && closed.at - seen.at <= HANGING_UP_MS) {
    const text = `In its last moments the call was told that nobody receives at ${place} any more: the ${side} had hung up.`;
    return [{ ...finding, weight: 0, sentence: text, advice: null }];
  }
  const isPresent = about.leg.rtp.address === null || sameAddress(about.leg.rtp.address, seen.address);
  if (!isPresent) {
    const text = `Nobody received at ${place}, where the ${side} was first sent to${seen.at === null ? '' : ` (told at ${clock(seen.at)})`}; it moved on from there.`;
    return [{ ...finding, weight: 0, sentence: text, advice: null }];
  }
  const text = `Nobody receives at ${place}, where the ${side} is sent to: its host says so by ICMP${since}.`;
  const advice =
    about.silence === null
      ? `The ${side} sends, but does not listen there: its SDP names another port than it has open, or a firewall rejects the packets.`
      : `The ${side} has closed its port (hung up, crashed, restarted), or a firewall rejects the packets; see whether its end of the call still exists.`;
  return [{ ...finding, weight: about.silence === null ? 86 : 90, sentence: text, advice }];
}
