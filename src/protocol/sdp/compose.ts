import { formatAddress, sameAddress } from './address.js';
import type { SdpAddress, SdpCodec, SdpMedia, SdpPlace } from './sdp.js';

/** One media section of a description that is written anew. */
export type ComposedMedia = {
  readonly kind: string;
  /** Null: it is rejected. */
  readonly place: SdpPlace | null;
  readonly protocol: string;
  /** What there is to receive; for media that is no RTP nothing. */
  readonly formats: readonly SdpCodec[];
  readonly direction: SdpMedia['direction'];
  readonly rtcpMux?: boolean;
  readonly ptimeMs?: number | null;
  /** `a=label` (RFC 4574). */
  readonly label?: string;
};

export type ComposedSdp = {
  readonly origin: { readonly username?: string; readonly id: string; readonly version: string; readonly address: SdpAddress };
  readonly sessionName?: string;
  /** `a=` lines of the session part, without `a=`. */
  readonly attributes?: readonly string[];
  readonly media: readonly ComposedMedia[];
};

const END = '\r\n';

/** A fresh description with as little as RFC 8866 §5 allows, such as one that is offered to a subscriber. Texts must be single words or lines. */
export function composeSdp({ origin, sessionName = '-', attributes = [], media }: ComposedSdp): string {
  const { username = '-', id, version, address } = origin;
  const connection = media.find(({ place }) => place !== null)?.place ?? address;
  const lines = [
    'v=0',
    `o=${username} ${id} ${version} ${formatAddress(address)}`,
    `s=${sessionName}`,
    `c=${formatAddress(connection)}`,
    't=0 0',
    ...attributes.map((value) => `a=${value}`),
    ...media.flatMap((one) => sectionOf(one, connection)),
  ];
  return lines.join(END) + END;
}

function sectionOf({ place, rtcpMux = false, ptimeMs = null, label, ...media }: ComposedMedia, session: SdpAddress): string[] {
  const first = `m=${media.kind} ${place?.port ?? 0} ${media.protocol} ${formatsOf(media)}`;
  if (place === null) return [first];
  return [
    first,
    ...(sameAddress(place, session) ? [] : [`c=${formatAddress(place)}`]),
    ...media.formats.flatMap(({ payloadType, name, fmtp }) => [
      ...(name === '' ? [] : [`a=rtpmap:${payloadType} ${name}`]),
      ...(fmtp === null ? [] : [`a=fmtp:${payloadType} ${fmtp}`]),
    ]),
    ...(ptimeMs === null ? [] : [`a=ptime:${ptimeMs}`]),
    ...(rtcpMux ? ['a=rtcp-mux'] : []),
    ...(media.formats.length === 0 || rtcpMux || place.rtcpPort === place.port + 1 ? [] : [`a=rtcp:${place.rtcpPort}`]),
    `a=${media.direction}`,
    ...(label === undefined ? [] : [`a=label:${label}`]),
  ];
}

/** A section has to name a format (RFC 8866 §5.14). */
function formatsOf({ protocol, formats }: Pick<ComposedMedia, 'protocol' | 'formats'>): string {
  if (formats.length > 0) return formats.map(({ payloadType }) => payloadType).join(' ');
  const name = protocol.toUpperCase();
  return name === 'UDPTL' ? 't38' : name.includes('RTP/') ? '0' : '*';
}
