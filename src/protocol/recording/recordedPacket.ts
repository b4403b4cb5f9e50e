import type { Address } from '../../../model/kernel/index.js';

/** A packet as a recording holds it. */
export type RecordedPacket = {
  /** When it came, milliseconds of wall-clock time since the Unix epoch; with a fraction. */
  readonly atMs: number;
  readonly source: Address;
  /** The UDP payload: RTP or RTCP. A view, valid until the next packet is read. */
  readonly payload: Uint8Array;
};
