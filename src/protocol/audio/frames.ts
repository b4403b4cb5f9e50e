/** The smallest piece of a codec's octets that is sound by itself. */
export type FrameUnit = { readonly bytes: number; readonly ms: number };

/** By payload type (RFC 3551 §4.5): G.711 and G.722 by the millisecond, GSM, G.723.1 and G.729 by the frame. */
export const FRAME_UNITS: Readonly<Record<number, FrameUnit>> = {
  0: { bytes: 8, ms: 1 },
  3: { bytes: 33, ms: 20 },
  4: { bytes: 24, ms: 30 },
  8: { bytes: 8, ms: 1 },
  9: { bytes: 8, ms: 1 },
  18: { bytes: 10, ms: 10 },
};

/** The RTP clock of all of them, ticks a millisecond; that of G.722 by a mistake that was kept (RFC 3551 §4.5.2). */
export const TICKS_PER_MS = 8;

/** A packet's payload: its octets, and how long it sounds. */
export type PacketShape = { readonly bytes: number; readonly ms: number };

/** What a packet of about `ptimeMs` holds: whole frames, rather one more than too few. Null: nobody knows frames of that payload type. */
export function packetShape(payloadType: number, ptimeMs: number): PacketShape | null {
  const unit = FRAME_UNITS[payloadType];
  if (unit === undefined) return null;
  const frames = Math.max(1, Math.ceil(ptimeMs / unit.ms));
  return { bytes: frames * unit.bytes, ms: frames * unit.ms };
}
