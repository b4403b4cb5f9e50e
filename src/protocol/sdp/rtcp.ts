import { formatAddress } from './address.js';
import type { SdpAddress, SdpMedia, SdpPlace } from './sdp.js';
import type { Wishes } from './wishes.js';

/** Whether the section is to say that RTCP comes and goes on the port of RTP (RFC 5761 §5.1.3). */
export function multiplexes({ carrier, rtcpMux }: SdpMedia, { mux }: Wishes): boolean {
  if (carrier !== 'rtp' || mux === 'keep') return rtcpMux;
  return mux !== 'strip';
}

/** The `a=rtcp` (RFC 3605) that the section is to have; null: none. */
export function rtcpAttribute(media: SdpMedia, place: SdpPlace, address: SdpAddress, wishes: Wishes): string | null {
  const { rtcp, carrier } = media;
  const isRtp = carrier === 'rtp';
  if (wishes.rtcpAttribute === 'never') return null;
  const hasMux = multiplexes(media, wishes);
  const port = hasMux ? place.port : place.rtcpPort;
  const isOpen = isRtp && media.port !== 0;
  const isFull = isOpen && wishes.rtcpAttribute === 'full';
  const isNew = isOpen && !hasMux && (media.rtcpMux || port !== place.port + 1);
  if (rtcp === null && !isFull && !isNew) return null;
  return isFull || (rtcp !== null && rtcp.address !== null) ? `rtcp:${port} ${formatAddress(address)}` : `rtcp:${port}`;
}
