/** Recordings that were interrupted by a crash: what has to be in them. The speakers are those of `steadyPhones.ts`. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { rtpIn, stereoIn } from './recordedFiles.js';
import type { Heard } from './steadyPhones.js';

/** So long before a crash packets may not have reached their file yet, milliseconds, and so long after it they may not reach it again. */
export type InHand = { readonly beforeMs: number; readonly afterMs: number };

/** Of a relay that is killed: nothing is relayed that is not recorded. */
export const OF_A_RELAY: InHand = { beforeMs: 1_300, afterMs: 0 };
/** Sound has waited for late packets besides. */
const SOUND_WAITS_MS = 1_000;
/** So many packets that follow each other and are not heard make a gap. Time does not: a busy machine has phones send late, and then all at once. */
const SHORTEST_GAP_PACKETS = 8;
const TOLERANCE_MS = 60;
/** What phones say behind number and time: zeros, in µ-law as loud as can be. */
const LOUDEST = -32_124;
const PACKET_SAMPLES = 160;
const LOUD_SAMPLES = PACKET_SAMPLES - 12;
/** Where phones were so late that their time is found anew, a packet may end in the next one. */
const LEAST = 0.98;
const SAMPLES_PER_MS = 8;

/**
 * Every packet that was relayed is in the file, in order and once, but for some of the last before the crash. `listener`: who heard what is
 * recorded here.
 */
export function hasAllButWhatWasInHand(path: string, listener: Heard, crashedAt: number, inHand: InHand): void {
  const recorded = rtpIn(path).map(({ payload }) => payload.readUInt32BE(0));
  for (let i = 1; i < recorded.length; i++) ok(recorded[i]! > recorded[i - 1]!, `${path}: ${recorded[i - 1]}, ${recorded[i]}`);
  const isThere = new Set(recorded);
  const missing = listener.heard.filter(([number]) => !isThere.has(number)).map(([, sentMs]) => Math.round(sentMs - crashedAt));
  const unexpected = missing.filter((ms) => ms < -inHand.beforeMs || ms > inHand.afterMs);
  deepEqual(unexpected, [], `${path}: milliseconds after the crash`);
  equal(recorded.at(-1), listener.heard.at(-1)?.[0], 'it goes on to the end');
}

/** The same of sound: caller left, callee right; and what was said after the crash is heard at its time. */
export function isHeardWhenSaid(
  path: string,
  listeners: readonly [ofCaller: Heard, ofCallee: Heard],
  crashedAt: number,
  { beforeMs, afterMs }: InHand,
): void {
  const { rate, sides } = stereoIn(path);
  equal(rate, SAMPLES_PER_MS * 1000);
  for (const [side, { heard }] of listeners.entries()) {
    const samples = sides[side as 0 | 1];
    const from = crashedAt - (beforeMs > 0 ? beforeMs + SOUND_WAITS_MS : 0);
    const kept = heard.filter(([, sentMs]) => sentMs < from || sentMs > crashedAt + afterMs);
    const loud = samples.reduce((count, sample) => count + (sample === LOUDEST ? 1 : 0), 0);
    ok(loud >= kept.length * LOUD_SAMPLES * LEAST, `${path}, side ${side}: ${loud / LOUD_SAMPLES} of ${kept.length} packets`);
    const late = latenessOf(samples, heard);
    ok(Math.max(...late.map(Math.abs)) <= TOLERANCE_MS, `${path}, side ${side}: ${late.map(Math.round)} ms late`);
  }
}

/** How much later than said the first packet behind a gap is heard, where there is one, and the last of all; the first of all is in time. */
function latenessOf(samples: Int16Array, heard: Heard['heard']): number[] {
  const beginning = samples.indexOf(LOUDEST);
  const [first, last] = [heard[0]!, heard.at(-1)!];
  const offsetOf = (sample: number): number => (sample - beginning) / SAMPLES_PER_MS;
  const late = [offsetOf(samples.lastIndexOf(LOUDEST) - PACKET_SAMPLES) - (last[1] - first[1])];
  const back = heard.findIndex(([number], i) => i > 0 && number - heard[i - 1]![0] > SHORTEST_GAP_PACKETS);
  if (back > 0) {
    const [before, after] = [heard[back - 1]![1] - first[1], heard[back]![1] - first[1]];
    const amid = beginning + Math.round((after - Math.min(TOLERANCE_MS, (after - before) / 2)) * SAMPLES_PER_MS);
    late.push(offsetOf(samples.indexOf(LOUDEST, amid)) - after);
  }
  return late;
}
