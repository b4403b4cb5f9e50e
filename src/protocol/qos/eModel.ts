import { type Impairment, impairmentOf } from './impairments.js';

/**
 * How good a conversation sounds, as the E-model (ITU-T G.107, narrow band) estimates it from what can be measured of packets. Telephones,
 * rooms and lines are taken to be those of its default values, the talker hears himself with the default echo loss of 65 dB.
 */
export type SpeechPath = {
  /** Encoding name as in SDP. */
  readonly codec: string;
  /** From relay to speaker and back, over both legs as far as they are known, milliseconds; null: not known, and taken to be none. */
  readonly roundTripMs: number | null;
  /** Interarrival jitter (RFC 3550 A.8), milliseconds. */
  readonly jitterMs: number;
  /** Packets that did not come, 0…100 percent, taken to be lost at random. */
  readonly lossPercent: number;
};

/** The rating with default values and no delay, G.107 §7.7. */
const BEST_RATING = 93.2;
/** Signal to noise ratio Ro with default values (formula 7-2). Roe (7-23) is the same number then. */
const RO = 94.77;
/** Loss of the talker's echo and of the listener's, dB. */
const TELR = 65;
const WEPL = 110;
/** The advantage of access (A) is 0: nobody is grateful for a telephone. */
const WORST_MOS = 1;
const BEST_MOS = 4.5;

/** A packet is spoken to its end before it is sent. */
const PACKET_MS = 20;
/** RFC 3550 jitter is a mean; a buffer that loses next to nothing to it holds this many times as much. */
const BUFFER_JITTERS = 2;

/** How late the listener hears what is said, milliseconds: half of the round trip, one packet, and a jitter buffer that has settled. */
export const oneWayDelayMs = ({ roundTripMs, jitterMs }: Pick<SpeechPath, 'roundTripMs' | 'jitterMs'>): number =>
  (roundTripMs ?? 0) / 2 + PACKET_MS + BUFFER_JITTERS * jitterMs;

/** Mean opinion score of a path, 1.0…4.5; null where the codec is none of speech that is known (see `impairmentOf`). */
export function estimateMos(path: SpeechPath): number | null {
  const impairment = impairmentOf(path.codec);
  return impairment === null ? null : mosOf(ratingOf(impairment, oneWayDelayMs(path), path.lossPercent));
}

/** The rating R (G.107 formula 7-1). `delayMs`: from mouth to ear. What is out of range counts as the nearest that is not. */
export function ratingOf(impairment: Impairment, delayMs: number, lossPercent: number): number {
  const delay = Math.max(0, delayMs);
  return BEST_RATING - (delayImpairment(delay) - delayImpairment(0)) - equipmentImpairment(impairment, lossPercent);
}

/** Ie,eff (formula 7-29) of loss at random (BurstR = 1). */
export function equipmentImpairment({ ie, bpl }: Impairment, lossPercent: number): number {
  const loss = Math.min(100, Math.max(0, lossPercent));
  return ie + ((95 - ie) * loss) / (loss + bpl);
}

/** Id: talker echo, listener echo and absolute delay (formulas 7-20…7-28). A round trip of four wires takes twice as long. */
function delayImpairment(delayMs: number): number {
  const echoLoss = TELR - 40 * Math.log10((1 + delayMs / 10) / (1 + delayMs / 150)) + 6 * Math.exp(-0.3 * delayMs ** 2);
  const talkerEcho = 80 + 2.5 * (echoLoss - 14);
  const talker = (overlap(RO - talkerEcho, 100) - 1) * (1 - Math.exp(-delayMs));
  const listener = overlap(RO - 10.5 * (WEPL + 7) * (2 * delayMs + 1) ** -0.25, 169);
  return talker + listener + absoluteDelay(delayMs);
}

const overlap = (difference: number, width: number): number => difference / 2 + Math.sqrt(difference ** 2 / 4 + width);

/** Idd: up to 100 ms nobody minds. */
function absoluteDelay(delayMs: number): number {
  if (delayMs <= 100) return 0;
  const x = Math.log2(delayMs / 100);
  return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
}

/** Mean opinion score of a rating (G.107 Annex B), within the bounds of the scale: of ratings below 6.5 the formula would say less than 1. */
export function mosOf(rating: number): number {
  if (rating <= 0) return WORST_MOS;
  if (rating >= 100) return BEST_MOS;
  return Math.max(WORST_MOS, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6);
}
