const PAYLOAD_TYPES = 128;

/** RFC 3551 table 4, payload types 0…18; 0: reserved. All of them are audio. */
const RATES = new Uint32Array(PAYLOAD_TYPES);
RATES.set([
  ...[8000, 0, 0, 8000, 8000, 8000, 16_000, 8000, 8000, 8000], // PCMU – – GSM G723 DVI4 DVI4 LPC PCMA G722
  ...[44_100, 44_100, 8000, 8000, 90_000, 8000, 11_025, 22_050, 8000], // L16 L16 QCELP CN MPA G728 DVI4 DVI4 G729
]);

/**
 * RTP timestamp units a second of an audio payload type (0…127) whose rate needs no session description; 0 where it has none.
 * The static video types (25…34) are left out: a frame's packets share a timestamp, so that their jitter says little.
 */
export const staticClockRate = (payloadType: number): number => RATES[payloadType]!;
