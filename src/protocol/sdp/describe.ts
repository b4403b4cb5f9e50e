import type { SdpCodec, SdpMedia } from './sdp.js';

/** What a session is told of a media section: what the model's `MediaDescription` wants, told by shape. */
export type DescribedMedia = {
  readonly kind: string;
  readonly protocol: string;
  readonly formats: readonly SdpCodec[];
  readonly direction: SdpMedia['direction'];
  readonly rtcpMux: boolean;
  readonly ptimeMs: number | null;
};

/** `formats` are empty where the media is no RTP. */
export const describeMedia = ({ kind, protocol, codecs, direction, rtcpMux, ptimeMs }: SdpMedia): DescribedMedia => ({
  kind,
  protocol,
  formats: codecs,
  direction,
  rtcpMux,
  ptimeMs,
});
