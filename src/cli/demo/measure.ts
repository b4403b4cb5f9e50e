import { decodeMulaw } from '../../protocol/audio/g711.js';
import { type Phone, TICKS_PER_MS } from './phone.js';

/** What became of one direction of the call. */
export type Direction = {
  readonly from: string;
  readonly to: string;
  readonly sent: number;
  readonly received: number;
  readonly duplicates: number;
  /** RFC 3550 interarrival jitter at the end of the call. Holds what this program's own timer adds. */
  readonly jitterMs: number;
  /** Root mean square of what was heard, decibels below the loudest sine. -Infinity for nothing. */
  readonly levelDb: number;
  readonly reportsSent: number;
  readonly reportsReceived: number;
  /** Whether the bytes heard are the bytes said. */
  readonly same: boolean;
  /** From the sender's socket to the receiver's, each packet, milliseconds. */
  readonly oneWayMs: readonly number[];
};

export function measure(speaker: Phone, listener: Phone, said: Uint8Array): Direction {
  const heard = listener.heard();
  return {
    from: speaker.name,
    to: listener.name,
    sent: speaker.sentAtMs.length,
    received: listener.reception.received,
    duplicates: listener.reception.duplicates,
    jitterMs: listener.reception.jitter / TICKS_PER_MS,
    levelDb: levelOf(heard),
    reportsSent: speaker.reportsSent,
    reportsReceived: listener.reportsHeard,
    same: heard.length === said.length && heard.every((code, i) => code === said[i]),
    oneWayMs: oneWayTimes(speaker, listener),
  };
}

/** Whether all came, once, and unchanged. */
export function isPerfect(direction: Direction): boolean {
  const { sent, received, duplicates, same, reportsSent, reportsReceived } = direction;
  return sent > 0 && received === sent && duplicates === 0 && same && reportsReceived === reportsSent;
}

function oneWayTimes(speaker: Phone, listener: Phone): number[] {
  const times: number[] = [];
  for (const [sequence, heardAtMs] of listener.heardAtMs) {
    const sentAtMs = speaker.sentAtMs[(sequence - speaker.firstSequence) & 0xffff];
    if (sentAtMs !== undefined) times.push(heardAtMs - sentAtMs);
  }
  return times;
}

/** The value that the share `p` (0…1) of the values does not exceed, by nearest rank; NaN of no values. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}

function levelOf(codes: Uint8Array): number {
  const power = decodeMulaw(codes).reduce((sum, sample) => sum + sample * sample, 0) / codes.length;
  const fullSine = 32768 ** 2 / 2;
  return 10 * Math.log10(power / fullSine);
}
