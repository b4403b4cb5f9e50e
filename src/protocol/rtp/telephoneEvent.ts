/**
 * The payload of a telephone event packet (RFC 4733 §2.3) read where it lies; `at` is the offset of the payload. Whoever reads has
 * made sure of its four bytes.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |     event     |E|R| volume    |          duration             |
 */
export const TELEPHONE_EVENT_BYTES = 4;

/** The payload type most user agents give to telephone events, and rtpproxy's default. */
export const USUAL_EVENT_PAYLOAD_TYPE = 101;

/** RFC 4733 §3.2, events 0…16. The last is the hook flash, for which rtpproxy writes a blank. */
const DIGITS = '0123456789*#ABCD ';

/** A key that was pressed and let go. */
export type DtmfEvent = {
  /** One of `0-9*#ABCD`; a blank is a hook flash. */
  readonly digit: string;
  /** Power level without its sign, dBm0: 0 is the loudest, 63 the softest. */
  readonly volume: number;
  /** How long it was heard, in units of the RTP timestamp. */
  readonly duration: number;
};

/** 0…255. */
export const eventCode = (bytes: Uint8Array, at: number): number => bytes[at]!;

/** Whether the packet says that the event is over. */
export const eventEnds = (bytes: Uint8Array, at: number): boolean => (bytes[at + 1]! & 0x80) !== 0;

/** 0…63, see `DtmfEvent`. */
export const eventVolume = (bytes: Uint8Array, at: number): number => bytes[at + 1]! & 0x3f;

/** How long the event has lasted so far, in units of the RTP timestamp, 0…65535. */
export const eventDuration = (bytes: Uint8Array, at: number): number => (bytes[at + 2]! << 8) | bytes[at + 3]!;

/** The character of an event code, or null: the code is no key of a telephone. */
export const digitOf = (code: number): string | null => DIGITS[code] ?? null;

/** Name that session descriptions give these events, at the clock rate of telephony (RFC 4733 §7.1.1). */
export const TELEPHONE_EVENT_NAME = 'telephone-event/8000';

/** Writes the payload at `at`. The numbers must fit their widths: 8, 6 and 16 bits. */
export function writeTelephoneEvent(
  bytes: Uint8Array,
  at: number,
  { code, ends, volume, duration }: { code: number; ends: boolean; volume: number; duration: number },
): void {
  bytes[at] = code;
  bytes[at + 1] = (ends ? 0x80 : 0) | volume;
  bytes[at + 2] = duration >>> 8;
  bytes[at + 3] = duration;
}
