import { formatAddress } from '../../../model/kernel/index.js';
import type { PendingOffer } from '../../../model/session/dialogue.js';
import type { PlaybackEnd } from '../../../model/session/playback.js';
import { otherSide, type Side } from '../../../model/session/side.js';
import type { Mute } from '../../../model/session/state.js';
import { staticClockRate } from '../../protocol/rtp/clockRates.js';
import { descriptionWords } from '../events/dialogueWords.js';
import { type Evidence, type MoveReason, SILENCE_MS, type StreamEvidence, signalledOf, sourceOf } from './evidence.js';
import { lossPercent } from './rules/endings.js';
import { payloadTypeOf } from './samples.js';
import { type Scope, scopeOf } from './scope.js';
import { codecName } from './words.js';

export type ExplainedCodec = { readonly payloadType: number; readonly name: string | null };

/** Packets of a stream, by what became of them. `dropped`: accepted, but not sent on. */
export type ExplainedStream = {
  readonly received: number;
  readonly bytes: number;
  readonly relayed: number;
  readonly dropped: number;
  readonly refused: number;
  /** Before both legs were open. */
  readonly early: number;
  /** ICMP messages. */
  readonly unreachable: number;
};

/** Addresses are `HOST:PORT`, times milliseconds since the epoch, spans milliseconds. */
export type ExplainedLeg = {
  readonly side: Side;
  /** What signalling said. */
  readonly signalled: {
    readonly address: string | null;
    readonly scope: Scope | null;
    /** When it was said last. */
    readonly at: number | null;
    readonly times: number;
    readonly codecs: readonly ExplainedCodec[];
    readonly asymmetric: boolean;
    readonly held: boolean;
    readonly holds: number;
    /** What its session description says of the media: `audio by RTP/AVP, sendrecv, PCMU/8000`. Null: the classic protocol tells none. */
    readonly description: string | null;
  };
  /** A change of the running call that it has offered, and that is neither answered nor given up. */
  readonly offered: { readonly at: number; readonly address: string | null; readonly description: string } | null;
  /** What of it is not relayed as it comes. */
  readonly muted: readonly { readonly mute: Mute; readonly from: number; readonly until: number | null }[];
  /** What packets said; null: there were none. */
  readonly seen: {
    /** Null: not known, of a side that is asymmetric. */
    readonly address: string | null;
    readonly codecs: readonly ExplainedCodec[];
    readonly ssrc: number | null;
    readonly ssrcCount: number;
    readonly firstAt: number | null;
    readonly lastAt: number | null;
    readonly longestSilenceMs: number | null;
    /** On the way to the relay. */
    readonly lossPercent: number | null;
    /** Null: the clock rate of the codec is not known. */
    readonly jitterMs: { readonly last: number; readonly average: number; readonly max: number } | null;
  } | null;
  /** How it became known where the side is, one after the other. */
  readonly learned: readonly { readonly at: number | null; readonly address: string; readonly reason: MoveReason }[];
  /** Where it is sent to now. */
  readonly sentTo: string | null;
  /** Our socket that it sends to, and what it was told instead, where something else is advertised. */
  readonly port: string | null;
  readonly advertised: string | null;
  readonly rtp: ExplainedStream;
  readonly rtcp: ExplainedStream;
  /** RTP packets that were sent to it. */
  readonly out: number;
  /** What it heard instead of the other side. `until` null: to the end; `end` null: nothing ended it. `count` below 0: for ever. */
  readonly prompts: readonly (ExplainedCodec & {
    readonly prompt: string;
    readonly count: number;
    readonly from: number;
    readonly until: number | null;
    readonly end: PlaybackEnd | null;
  })[];
  /** Where what came from it was sent as well. */
  readonly copies: readonly { readonly to: string; readonly from: number | null; readonly until: number | null }[];
  readonly refusedFrom: readonly string[];
  readonly silentForMs: number | null;
};

const namedCodec = (payloadType: number): ExplainedCodec => ({ payloadType, name: codecName(payloadType) });

const explainedStream = ({
  received,
  bytes,
  relayed,
  dropped,
  ignored,
  early,
  unreachable,
}: StreamEvidence): ExplainedStream => ({
  ...{ received, bytes, relayed, dropped, refused: ignored, early, unreachable },
});

/** Everything that is known of a side, for people and programs. */
export function explainLeg(evidence: Evidence, side: Side): ExplainedLeg {
  const about = evidence.sides[side];
  const { leg, rtp, rtcp, moves, signals, refused, silence } = about;
  const signalled = signalledOf(about);
  return {
    side,
    signalled: {
      address: signalled === null ? null : formatAddress(signalled),
      scope: signalled === null ? null : scopeOf(signalled.host),
      ...{ at: leg.lastSignal?.at ?? null, times: signals.length, codecs: leg.codecs.map(namedCodec) },
      ...{ asymmetric: leg.asymmetric, held: leg.held, holds: leg.holds },
      description: leg.description === null ? null : descriptionWords(leg.description),
    },
    offered: leg.pending === null ? null : explainOffer(leg.pending),
    muted: about.mutings,
    seen: rtp.received === 0 && about.firstHeardAt === null ? null : explainSeen(evidence, side),
    learned: moves.map(({ at, address, reason }) => ({ at, address: formatAddress(address), reason })),
    sentTo: leg.rtp.address === null ? null : formatAddress(leg.rtp.address),
    port: leg.local === null ? null : formatAddress(leg.local),
    advertised: leg.network.advertised,
    ...{ rtp: explainedStream(rtp), rtcp: explainedStream(rtcp), out: evidence.sides[otherSide(side)].rtp.relayed },
    prompts: about.prompts.map(({ playback: { prompt, payloadType, count, startedAt }, until, end }) => ({
      ...{ ...namedCodec(payloadType), prompt, count, from: startedAt, until, end },
    })),
    copies: about.copies.map(({ to, from, until }) => ({ to: formatAddress(to), from, until })),
    refusedFrom: [...new Set(refused.map(({ address }) => formatAddress(address)))],
    silentForMs: silence === null || silence.ms < SILENCE_MS ? null : silence.ms,
  };
}

const explainOffer = ({ at, offer: { address, description } }: PendingOffer): ExplainedLeg['offered'] => ({
  ...{ at, address: address === null ? null : formatAddress(address), description: descriptionWords(description) },
});

function explainSeen(evidence: Evidence, side: Side): ExplainedLeg['seen'] {
  const about = evidence.sides[side];
  const { analysis } = about.rtp;
  const place = sourceOf(about) ?? about.moves.at(-1)?.address;
  const rate = staticClockRate(payloadTypeOf(analysis) ?? 127);
  const toMs = (units: number): number => (units * 1000) / rate;
  return {
    address: place === undefined ? null : formatAddress(place),
    codecs: about.payloadTypes.map(namedCodec),
    ...{ ssrc: analysis?.ssrcLast ?? null, ssrcCount: analysis?.ssrcCount ?? 0 },
    ...{ firstAt: about.firstHeardAt, lastAt: about.lastHeardAt },
    longestSilenceMs: analysis === null ? null : analysis.longestIpiS * 1000,
    lossPercent: lossPercent(about),
    jitterMs:
      analysis === null || rate === 0
        ? null
        : { last: toMs(analysis.jitterLast), average: toMs(analysis.jitterAverage), max: toMs(analysis.jitterMax) },
  };
}
