import { staticClockRate } from './clockRates.js';

/** What a payload type stands for in one stream: as SDP has it (RFC 8866 §6.6, `a=rtpmap:101 telephone-event/8000`). */
export type StreamCodec = {
  /** Encoding name (RFC 3551 §6, RFC 4855). Case does not matter. */
  readonly name: string;
  /** RTP timestamp units a second; 0: not known. */
  readonly clockRate: number;
};

/** RFC 3551 tables 4 and 5. */
const STATIC_NAMES: readonly (readonly [payloadType: number, name: string])[] = [
  ...([
    [0, 'PCMU'],
    [3, 'GSM'],
    [4, 'G723'],
    [5, 'DVI4'],
    [6, 'DVI4'],
    [7, 'LPC'],
    [8, 'PCMA'],
    [9, 'G722'],
  ] as const),
  ...([
    [10, 'L16'],
    [11, 'L16'],
    [12, 'QCELP'],
    [13, 'CN'],
    [14, 'MPA'],
    [15, 'G728'],
    [16, 'DVI4'],
    [17, 'DVI4'],
  ] as const),
  ...([
    [18, 'G729'],
    [25, 'CelB'],
    [26, 'JPEG'],
    [28, 'nv'],
    [31, 'H261'],
    [32, 'MPV'],
    [33, 'MP2T'],
    [34, 'H263'],
  ] as const),
];

/** The payload types that need no session description. Those of video have no rate here: see `staticClockRate`. */
export const STATIC_CODECS: ReadonlyMap<number, StreamCodec> = new Map(
  STATIC_NAMES.map(([payloadType, name]) => [payloadType, { name, clockRate: staticClockRate(payloadType) }]),
);

/** Keys that were pressed (RFC 4733): no sound, and no part of its clock's rhythm. */
export const isTelephoneEvent = (codec: StreamCodec): boolean => codec.name.toLowerCase() === 'telephone-event';

/** Comfort noise (RFC 3389): sound, but not the codec that is talked in. */
export const isComfortNoise = (codec: StreamCodec): boolean => codec.name.toLowerCase() === 'cn';
