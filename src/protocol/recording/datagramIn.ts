/** What the frames of a capture begin with, by the number that pcap has for it. */
export type LinkType = 'ethernet' | 'loopback';
export const LINK_TYPES: ReadonlyMap<number, LinkType> = new Map([
  [0, 'loopback'],
  [1, 'ethernet'],
]);

/** Where in a frame a UDP datagram is. */
export type Datagram = {
  /** The host that sent it, in network order: 4 bytes or 16. */
  readonly hostAt: number;
  readonly hostBytes: 4 | 16;
  readonly port: number;
  readonly payloadAt: number;
  readonly payloadBytes: number;
};

type Carried = Pick<Datagram, 'hostAt' | 'hostBytes'> & {
  /** Where UDP begins, and where what carries it ends. */
  readonly start: number;
  readonly end: number;
};

const ETHERNET_BYTES = 14;
const ETHERNET_TYPE_AT = 12;
const TYPE_IPV4 = 0x0800;
const TYPE_IPV6 = 0x86dd;
/** IEEE 802.1Q and 802.1ad: four bytes before the type, possibly twice. */
const TYPES_VLAN = [0x8100, 0x88a8];
const VLAN_BYTES = 4;
const MOST_VLANS = 2;

/** BSD loopback: the address family of the capturing host, in its order. Which it is does not matter: IP says its version itself. */
const LOOPBACK_BYTES = 4;

const IPV4_LEAST_BYTES = 20;
const IPV6_BYTES = 40;
const UDP_BYTES = 8;
const PROTOCOL_UDP = 17;
/** RFC 791: more fragments follow, or this is not the first. */
const FRAGMENT_MASK = 0x3fff;

/** The UDP datagram in a frame; null where there is none, or not the whole of one. Nothing beyond the frame is looked at. */
export function datagramIn(frame: Uint8Array, link: LinkType): Datagram | null {
  const start = link === 'ethernet' ? pastEthernet(frame) : LOOPBACK_BYTES;
  if (start === null || start >= frame.length) return null;
  const version = frame[start]! >> 4;
  const carried = version === 4 ? inIPv4(frame, start) : version === 6 ? inIPv6(frame, start) : null;
  if (carried === null || carried.end - carried.start < UDP_BYTES) return null;
  const udp = carried.start;
  const bytes = uint16(frame, udp + 4);
  if (bytes < UDP_BYTES || udp + bytes > carried.end) return null;
  return {
    ...{ hostAt: carried.hostAt, hostBytes: carried.hostBytes, port: uint16(frame, udp) },
    ...{ payloadAt: udp + UDP_BYTES, payloadBytes: bytes - UDP_BYTES },
  };
}

/** Where the packet in an Ethernet frame begins, if it is IP. */
function pastEthernet(frame: Uint8Array): number | null {
  let at = ETHERNET_TYPE_AT;
  for (let vlans = 0; vlans < MOST_VLANS && at + 1 < frame.length && TYPES_VLAN.includes(uint16(frame, at)); vlans++)
    at += VLAN_BYTES;
  if (at + 2 > frame.length) return null;
  const type = uint16(frame, at);
  return type === TYPE_IPV4 || type === TYPE_IPV6 ? at + ETHERNET_BYTES - ETHERNET_TYPE_AT : null;
}

function inIPv4(frame: Uint8Array, at: number): Carried | null {
  if (at + IPV4_LEAST_BYTES > frame.length) return null;
  const header = (frame[at]! & 15) * 4;
  const end = at + uint16(frame, at + 2);
  if (header < IPV4_LEAST_BYTES || frame[at + 9] !== PROTOCOL_UDP || (uint16(frame, at + 6) & FRAGMENT_MASK) !== 0) return null;
  return end > frame.length ? null : { start: at + header, end, hostAt: at + 12, hostBytes: 4 };
}

/** Without extension headers: what we record has none. */
function inIPv6(frame: Uint8Array, at: number): Carried | null {
  if (at + IPV6_BYTES > frame.length || frame[at + 6] !== PROTOCOL_UDP) return null;
  const end = at + IPV6_BYTES + uint16(frame, at + 4);
  return end > frame.length ? null : { start: at + IPV6_BYTES, end, hostAt: at + 8, hostBytes: 16 };
}

const uint16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
