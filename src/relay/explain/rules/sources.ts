import { formatAddress, sameAddress } from '../../../../model/kernel/index.js';
import { otherSide, SIDES } from '../../../../model/session/side.js';
import { type SideEvidence, signalledOf, sourceOf } from '../evidence.js';
import type { Finding, Rule } from '../finding.js';
import { protocolWords } from '../protocolWords.js';
import { isWide, scopeOf } from '../scope.js';
import { countText } from '../words.js';

/** Nobody receives at the port that was named, while packets come from another one: that is why. */
const DEAF_WEIGHT = 91;
/** Whether anybody receives there cannot be seen from here: whatever else is found is more likely. */
const DOUBTFUL_WEIGHT = 30;

/** Packets came, but the side is not heard, or not any more. */
const isUnheard = ({ rtp, silence }: SideEvidence): boolean => rtp.ignored > 0 && (rtp.received === 0 || silence !== null);

/** Where the refused packets of a side came from. */
function refusedFrom({ refused }: SideEvidence): string {
  const places = refused.filter(({ component }) => component === 'rtp').map(({ address }) => formatAddress(address));
  return places.length === 0 ? 'another place' : [...new Set(places)].join(', ');
}

const refusedText = ({ rtp, side }: SideEvidence): string => `${countText(rtp.ignored)} for the leg of the ${side} refused`;

/** Who is declared asymmetric is believed by the host that signalling named, and nothing is learned from its packets. */
export const asymmetricElsewhere: Rule = ({ sides, state }) =>
  SIDES.flatMap((side): Finding[] => {
    const about = sides[side];
    if (!about.leg.asymmetric || !isUnheard(about)) return [];
    const host = about.leg.rtp.address?.host ?? 'the signalled host';
    const text = `The ${side} is declared asymmetric, so only packets from ${host} are taken, but packets come from ${refusedFrom(about)} and are refused.`;
    const advice = `Offer it with symmetric RTP: ${protocolWords(state).symmetric} (or start the relay without --force-asymmetric, and with --bridge-symmetric where it bridges). Then media goes where the packets of the ${side} come from.`;
    return [{ id: 'asymmetric-elsewhere', side, weight: 95, sentence: text, evidence: [refusedText(about)], advice }];
  });

/** Nothing was ever taken, and yet the leg counts as confirmed. */
export const refusedFromTheStart: Rule = ({ sides }) =>
  SIDES.flatMap((side): Finding[] => {
    const about = sides[side];
    if (about.leg.asymmetric || !isUnheard(about) || about.rtp.received > 0) return [];
    const from = about.leg.rtp.address === null ? '' : ` instead of ${formatAddress(about.leg.rtp.address)}`;
    const text = `Packets for the leg of the ${side} come from ${refusedFrom(about)}${from}, and all of them are refused.`;
    const advice = `Its address counts as confirmed, perhaps because it was declared asymmetric before: signal the ${side} anew with the address that it sends from.`;
    return [{ id: 'refused-source', side, weight: 92, sentence: text, evidence: [refusedText(about)], advice }];
  });

/** A stream that is confirmed is not handed over to another source: right for a stranger, wrong for a phone that has moved. */
export const takeoverRefused: Rule = ({ sides, clock, state }) =>
  SIDES.flatMap((side): Finding[] => {
    const about = sides[side];
    const { leg, silence, rtp } = about;
    if (leg.asymmetric || silence?.kind !== 'later' || rtp.ignored === 0) return [];
    const from = leg.rtp.address === null ? 'its address' : formatAddress(leg.rtp.address);
    const isStrict = leg.sources === 'strict';
    const text = `The ${side} was heard from ${from} until ${clock(silence.since)}; what comes from ${refusedFrom(about)} is refused, because ${isStrict ? 'of the flag strict-source' : 'its SSRC or sequence numbers are not those of the stream that was confirmed'}.`;
    const { either, mayMove } = protocolWords(state);
    const signalled = isStrict
      ? `with its new address by ${either}`
      : `for ten seconds after ${either} with its new address any source is believed${mayMove}`;
    const advice = `If that is the ${side} after a move, it must be signalled: ${signalled}. If not, somebody sprays the port, and the ${side} is silent for another reason.`;
    return [{ id: 'takeover-refused', side, weight: 88, sentence: text, evidence: [refusedText(about)], advice }];
  });

/** The same while the side itself goes on: it is not disturbed. */
export const foreignSource: Rule = ({ sides }) =>
  SIDES.flatMap((side): Finding[] => {
    const about = sides[side];
    if (about.rtp.ignored === 0 || isUnheard(about)) return [];
    const text = `Packets from ${refusedFrom(about)} for the leg of the ${side} were refused; the ${side} itself was heard all the same.`;
    return [{ id: 'foreign-source', side, weight: 0, sentence: text, evidence: [refusedText(about)], advice: null }];
  });

/** Media goes where packets come from, not where signalling says: how NAT is dealt with. */
export const learnedElsewhere: Rule = ({ sides }) =>
  SIDES.flatMap((side): Finding[] => {
    const about = sides[side];
    const [signalled, { address, untrusted }] = [signalledOf(about), about.leg.rtp];
    if (!untrusted || address === null || signalled === null || sameAddress(signalled, address)) return [];
    if (!isWide(scopeOf(signalled.host)) && signalled.host !== address.host) return []; // That is told of the private address.
    const port = signalled.host === address.host ? 'another port' : 'another address';
    const text = `The ${side} sends from ${formatAddress(address)}, ${port} than the signalled ${formatAddress(signalled)}: learned from its packets, which is fine.`;
    return [{ id: 'learned-elsewhere', side, weight: 0, sentence: text, evidence: [], advice: null }];
  });

/**
 * Declared asymmetric, and it sends from another port than it named: so may a gateway that receives elsewhere, but so does every phone behind a
 * translator, and that one hears nothing.
 */
export const asymmetricPort: Rule = ({ sides, state }) =>
  SIDES.flatMap((side): Finding[] => {
    const about = sides[side];
    const [source, named] = [sourceOf(about), about.leg.rtp.address];
    if (source === null || named === null || source.port === named.port) return [];
    const sent = sides[otherSide(side)].rtp.relayed;
    const isDeaf = about.unreachable.some(({ component, address }) => component === 'rtp' && sameAddress(address, named));
    const text = `The ${side} sends from ${formatAddress(source)}, but is sent to at ${formatAddress(named)}, the port that it named: it is declared asymmetric, so nothing is learned from its packets.`;
    const dead = isDeaf ? ` Nobody receives there: its host says so by ICMP.` : '';
    const evidence = [`${countText(sent)} were sent to ${formatAddress(named)}`];
    const advice = `${isDeaf ? 'O' : `If the ${side} hears nothing, o`}ffer it with symmetric RTP (${protocolWords(state).symmetric}): then media goes where its packets come from.`;
    const weight = isDeaf ? DEAF_WEIGHT : sent > 0 ? DOUBTFUL_WEIGHT : 0;
    return [{ id: 'asymmetric-port', side, weight, sentence: text + dead, evidence, advice }];
  });

/** Declared asymmetric, and that does no harm. */
export const asymmetricFine: Rule = ({ sides }) =>
  SIDES.flatMap((side): Finding[] => {
    const { leg, rtp } = sides[side];
    if (!leg.asymmetric || rtp.received === 0 || rtp.ignored > 0 || leg.rtp.address === null) return [];
    const source = sourceOf(sides[side]);
    if (source !== null && source.port !== leg.rtp.address.port) return [];
    const where = source === null ? `the host that it named, ${leg.rtp.address.host}` : `where it said, ${formatAddress(source)}`;
    const text = `The ${side} is declared asymmetric, and sends from ${where}: fine.`;
    return [{ id: 'asymmetric', side, weight: 0, sentence: text, evidence: [], advice: null }];
  });
