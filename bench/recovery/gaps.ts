import { shardOf } from '../../src/relay/supervisor/dispatch.js';
import type { CallGaps, StreamGap } from '../messages.js';
import { SILENCE_US } from '../packets.js';
import type { Death, Scene } from './victim.js';
import { VICTIM_SHARD } from './victim.js';

/** Between the order to kill and the end of what relays. */
const ON_ITS_WAY_US = 100_000;

/** What the death of a relay, or of a part of it, did to the calls that stood; milliseconds. */
export type Figures = {
  readonly scene: Scene;
  readonly round: number;
  readonly calls: number;
  /** Those that were with whoever died. */
  readonly struck: number;
  /** Of those, the ones of which a stream was not heard of again. */
  readonly lost: number;
  /** From the kill until its process was gone and the next was started. */
  readonly diedMs: number;
  /** From the start of the new process (supervised, or a thread: from the kill) until it said that it serves. */
  readonly readyMs: number;
  /** From the same moment until the first packet of each stream. */
  readonly firstMs: Spread;
  /** What each stream heard: from the last packet before to the first one after. */
  readonly gapMs: Spread;
  /** Packets of the streams of others that were sent and did not come; null: there are no others. */
  readonly othersLost: number | null;
  readonly othersGapMs: Spread | null;
};

export type Spread = { readonly p50: number; readonly p99: number; readonly max: number };

/** The figures of one death. `workers`: how many threads the calls are spread over. */
export function figuresOf(scene: Scene, round: number, workers: number, calls: readonly CallGaps[], death: Death): Figures {
  const { killedAtUs, startedAtUs, readyAtUs } = death;
  const isStruck = ({ call }: CallGaps): boolean => scene !== 'thread' || shardOf(call, workers) === VICTIM_SHARD;
  const struck = calls.filter(isStruck);
  const others = calls.filter((call) => !isStruck(call)).flatMap(({ streams }) => streams);
  const isBack = ({ lastAtUs }: StreamGap): boolean => lastAtUs !== null && lastAtUs > startedAtUs;
  const back = struck.flatMap(({ streams }) => streams).filter(isBack);
  const silences = back.map((stream) => silenceAround(stream, killedAtUs));
  return {
    ...{ scene, round, calls: calls.length, struck: struck.length },
    lost: struck.filter(({ streams }) => !streams.every(isBack)).length,
    diedMs: (startedAtUs - killedAtUs) / 1000,
    readyMs: (readyAtUs - startedAtUs) / 1000,
    firstMs: spread(silences.map(({ endUs }) => (endUs - startedAtUs) / 1000)),
    gapMs: spread(silences.map(({ us }) => us / 1000)),
    othersLost: others.length === 0 ? null : others.reduce((sum, { sent, received }) => sum + sent - received, 0),
    othersGapMs: others.length === 0 ? null : spread(others.map(({ longestUs }) => longestUs / 1000)),
  };
}

/** The silence that a stream heard when the relay was killed; a packet may still have been on its way then. */
function silenceAround({ silences, longestUs }: StreamGap, killedAtUs: number): { readonly endUs: number; readonly us: number } {
  const around = silences.filter(({ endUs, us }) => endUs > killedAtUs && endUs - us < killedAtUs + ON_ITS_WAY_US);
  const longest = around.sort((a, b) => b.us - a.us)[0];
  // None that was long enough to be kept.
  return longest ?? { endUs: killedAtUs + Math.min(longestUs, SILENCE_US), us: Math.min(longestUs, SILENCE_US) };
}

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
