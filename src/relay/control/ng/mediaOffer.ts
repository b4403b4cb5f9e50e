import { type Address, type Family, familyOf, udpPort } from '../../../../model/kernel/index.js';
import { AS_BEFORE, type MediaDescription, type MediaOffer, type SourceRule } from '../../../../model/session/dialogue.js';
import type { Leg } from '../../../../model/session/state.js';
import type { NgRequest } from '../../../protocol/ng/request.js';
import { numericHost } from '../../../protocol/rtpproxy/numericHost.js';
import { describeMedia } from '../../../protocol/sdp/describe.js';
import type { SdpMedia } from '../../../protocol/sdp/sdp.js';

const numeric = (host: string): string | null => numericHost(host, 'IPv4') ?? numericHost(host, 'IPv6');

/** The family of the address at which a media line is received; null: there is no numeric one. */
export function familyOfMedia(media: SdpMedia, request: NgRequest): Family | null {
  const host = hostOf(media, request);
  return host === null ? null : familyOf(host);
}

/** Where the sender of a description is taken to receive: as the request says, the description, or the SIP message it came in. */
function hostOf({ address }: SdpMedia, { mediaAddress, receivedFrom, flags }: NgRequest): string | null {
  if (mediaAddress !== null) return numeric(mediaAddress);
  if (flags.has('sip-source-address') && receivedFrom !== null) return numeric(receivedFrom.host);
  // A name is not looked up: packets will tell.
  return address === null ? null : numeric(address.host);
}

/** What a media line says, as the model takes it. `asymmetric`: what holds where the request does not say. */
export function offerOf(media: SdpMedia, request: NgRequest, asymmetric: boolean): MediaOffer {
  const { flags } = request;
  const host = hostOf(media, request);
  const isUsable = host !== null && media.port > 0 && !media.isZeroAddress;
  const address: Address | null = isUsable ? { host, port: udpPort(media.port) } : null;
  return {
    address,
    rtcp: address === null ? null : rtcpOf(media, address),
    held: media.isZeroAddress && !media.isIcePlaceholder && media.port > 0,
    asymmetric: flags.has('asymmetric') || (asymmetric && !flags.has('symmetric')),
    sources: sourcesOf(request),
    reset: flags.has('reset'),
    newPorts: flags.has('no-port-latching') && !flags.has('port-latching'),
    description: describeMedia(media),
  };
}

/** Of both flags the safe one counts. */
function sourcesOf({ flags }: NgRequest): SourceRule | null {
  if (flags.has('strict-source')) return 'strict';
  return flags.has('media-handover') ? 'handover' : null;
}

/** A side that has refused a line it had: nothing goes to it, and all else is as it was. */
export const refusedOf = ({ asymmetric }: Leg, description: MediaDescription): MediaOffer => ({
  ...{ address: null, rtcp: null, held: true, asymmetric, ...AS_BEFORE },
  description: { ...description, direction: 'inactive' },
});

/** Null: it is the next port (RFC 3550 §11). With RTCP on the RTP port there is no other; it is never asked for. */
function rtcpOf({ rtcp, rtcpMux }: SdpMedia, { host, port }: Address): Address | null {
  if (rtcp === null || rtcpMux || rtcp.port < 1 || rtcp.port > 65_535) return null;
  const at = rtcp.address === null ? host : (numeric(rtcp.address.host) ?? host);
  return at === host && rtcp.port === port + 1 ? null : { host: at, port: udpPort(rtcp.port) };
}
