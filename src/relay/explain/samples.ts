import { STREAM_COUNTERS, type StreamCounter } from '../../media/counters.js';
import { readSavedAnalysis, type StreamAnalysis } from '../../media/stages/analyse.js';
import { savedSourcePort } from '../../media/stages/latch.js';
import type { StreamMemory } from '../../media/streamMemory.js';
import type { SessionSample } from '../events/record.js';
import {
  type Move,
  type Pause,
  type Recovery,
  SILENCE_MS,
  type SideEvidence,
  type Span,
  type StreamEvidence,
} from './evidence.js';

/** What is looked at of a sample to tell what happened between two of them. */
export type SampledSide = {
  readonly at: number;
  readonly received: number;
  readonly heardAt: number | null;
  readonly longestMs: number;
  /** Null: no RTP yet. */
  readonly payloadType: number | null;
};

const timeOrNull = (ms: number): number | null => (ms > 0 ? ms : null);

/**
 * What was counted of a stream; all zero where nothing came. `isReplaced`: a prompt was sent in the place of it, which counts as if it had been
 * heard, so that a call lives while a prompt does.
 */
export function streamEvidence(memory: StreamMemory | null, isReplaced = false): StreamEvidence {
  const of = (name: StreamCounter): number => memory?.counters[STREAM_COUNTERS.indexOf(name)] ?? 0;
  const saved = memory?.analysis ?? null;
  return {
    ...{ received: of('received'), bytes: of('bytes'), relayed: of('relayed'), dropped: of('dropped'), ignored: of('ignored') },
    ...{ early: of('early'), unreachable: of('unreachable'), heardAt: isReplaced ? null : timeOrNull(of('heardAtMs')) },
    sourcePort: savedSourcePort(memory?.latch ?? null),
    analysis: saved === null ? null : readSavedAnalysis(saved),
  };
}

/** When the last RTP packet of a stream came: packets that are not sent on have no `heardAt`. */
export function lastHeard({ heardAt, analysis }: StreamEvidence): number | null {
  return timeOrNull(Math.max(heardAt ?? 0, analysis?.lastAtMs ?? 0));
}

/** What is remembered of a side that tells when it was heard. */
type Heard = { readonly samples: readonly SampledSide[]; readonly moves: readonly Move[] };

/**
 * When the first and the last RTP packet of a side came, as far as is known. Of what a crash kept from being written down, the packets by which
 * it was found out where the side is are known all the same.
 */
export function heardTimes(rtp: StreamEvidence, { samples, moves }: Heard): Pick<SideEvidence, 'firstHeardAt' | 'lastHeardAt'> {
  const counted = samples.find(({ received }) => received === rtp.received && received > 0)?.at ?? null;
  const found = moves.flatMap(({ at }) => at ?? []);
  const known = (times: readonly (number | null)[]): number[] => times.flatMap((at) => at ?? []);
  const firsts = known([timeOrNull(rtp.analysis?.firstAtMs ?? 0), ...found]);
  const lasts = known([lastHeard(rtp) ?? counted, ...found]);
  return {
    firstHeardAt: firsts.length > 0 ? Math.min(...firsts) : null,
    lastHeardAt: lasts.length > 0 ? Math.max(...lasts) : null,
  };
}

/** `leg`: as in `media/streams.ts`. `isReplaced`: as of `streamEvidence`. */
export function sampledSide({ streams }: SessionSample, leg: number, at: number, isReplaced: boolean): SampledSide {
  const stream = streamEvidence(streams[leg * 2] ?? null, isReplaced);
  const { analysis, received } = stream;
  const payloadType = payloadTypeOf(analysis);
  return { at, received, heardAt: lastHeard(stream), longestMs: (analysis?.longestIpiS ?? 0) * 1000, payloadType };
}

export const payloadTypeOf = (analysis: StreamAnalysis | null): number | null =>
  analysis === null || analysis.payloadTypeLast < 0 ? null : analysis.payloadTypeLast;

/**
 * The longest silence between two packets, if it is long and neither hold nor a prompt (`holds`, of either side) nor a crash accounts for it. When it was follows from the samples:
 * it ended before the first one that knows it.
 */
export function longestPause(
  samples: readonly SampledSide[],
  holds: readonly Span[],
  recoveries: readonly Recovery[],
): Pause | null {
  const ms = samples.at(-1)?.longestMs ?? 0;
  if (ms < SILENCE_MS) return null;
  const known = samples.findIndex(({ longestMs }) => longestMs === ms);
  const from = samples[known - 1]?.heardAt ?? null;
  if (from === null) return holds.length + recoveries.length > 0 ? null : { from, ms };
  const until = from + ms;
  const isHeld = holds.some((hold) => hold.from < until && (hold.until ?? Number.POSITIVE_INFINITY) > from);
  const isDown = recoveries.some(({ at }) => at >= from && at <= until);
  return isHeld || isDown ? null : { from, ms };
}
