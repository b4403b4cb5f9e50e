import type { Address, Family } from '../../../model/kernel/index.js';
import { parseIPv4, parseIPv6 } from '../bytes/sockaddr.js';

/**
 * HEP version 3, in which captured traffic is handed to a HOMER server. A packet is `HEP3`, its whole length, then chunks, all numbers
 * big-endian:
 *
 *     | vendor (0: generic), 16 bits | type, 16 bits | length with this head, 16 bits | content … |
 */
const HEAD_BYTES = 6;
const CHUNK_HEAD_BYTES = 6;
/** The length field has 16 bits. */
const LONGEST_PACKET = 0xffff;

const CHUNK = {
  family: 1,
  protocol: 2,
  sourceIPv4: 3,
  destinationIPv4: 4,
  sourceIPv6: 5,
  destinationIPv6: 6,
  sourcePort: 7,
  destinationPort: 8,
  seconds: 9,
  microseconds: 10,
  payloadKind: 11,
  captureId: 12,
  payload: 15,
  correlationId: 17,
} as const;

const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_UDP = 17;
/** RTCP as JSON text. */
const KIND_RTCP = 5;

/** An RTCP packet that was captured, as it goes to a HOMER server. */
export type HepCapture = {
  /** Of both addresses. */
  readonly family: Family;
  readonly source: Address;
  readonly destination: Address;
  /** When it came, milliseconds since the Unix epoch. */
  readonly atMs: number;
  /** Number of this relay among those that report to the server, 0…2^32-1. */
  readonly captureId: number;
  /** The Call-ID, Latin-1. */
  readonly correlationId: string;
  readonly payload: Uint8Array;
};

type Chunk = { readonly type: number; readonly content: readonly number[] | Uint8Array };

/**
 * A HEP packet with the chunks in rtpproxy's order. The capture id has its 32 bits, where rtpproxy writes 16 of them, in the wrong half.
 * Null if an address is not one of `family`, or if all this is longer than a packet can be (65535 bytes).
 */
export function buildHep3(capture: HepCapture): Uint8Array | null {
  const source = hostBytes(capture.family, capture.source);
  const destination = hostBytes(capture.family, capture.destination);
  if (source === null || destination === null) return null;
  const isIPv4 = capture.family === 'IPv4';
  const seconds = Math.floor(capture.atMs / 1000);
  return packetOf([
    { type: CHUNK.family, content: [isIPv4 ? AF_INET : AF_INET6] },
    { type: CHUNK.protocol, content: [IPPROTO_UDP] },
    { type: CHUNK.sourcePort, content: uint16(capture.source.port) },
    { type: CHUNK.destinationPort, content: uint16(capture.destination.port) },
    { type: CHUNK.seconds, content: uint32(seconds) },
    { type: CHUNK.microseconds, content: uint32(Math.floor((capture.atMs - seconds * 1000) * 1000)) },
    { type: CHUNK.payloadKind, content: [KIND_RTCP] },
    { type: CHUNK.captureId, content: uint32(capture.captureId) },
    { type: CHUNK.correlationId, content: Uint8Array.from(capture.correlationId, (character) => character.charCodeAt(0)) },
    { type: isIPv4 ? CHUNK.sourceIPv4 : CHUNK.sourceIPv6, content: source },
    { type: isIPv4 ? CHUNK.destinationIPv4 : CHUNK.destinationIPv6, content: destination },
    { type: CHUNK.payload, content: capture.payload },
  ]);
}

function packetOf(chunks: readonly Chunk[]): Uint8Array | null {
  const length = chunks.reduce((sum, { content }) => sum + CHUNK_HEAD_BYTES + content.length, HEAD_BYTES);
  if (length > LONGEST_PACKET) return null;
  const bytes = new Uint8Array(length);
  bytes.set([0x48, 0x45, 0x50, 0x33, ...uint16(length)]); // HEP3
  let at = HEAD_BYTES;
  for (const { type, content } of chunks) {
    bytes.set([0, 0, ...uint16(type), ...uint16(CHUNK_HEAD_BYTES + content.length)], at);
    bytes.set(content, at + CHUNK_HEAD_BYTES);
    at += CHUNK_HEAD_BYTES + content.length;
  }
  return bytes;
}

/** Four bytes or sixteen, or null: the host is not a numeric address of that family. */
function hostBytes(family: Family, { host }: Address): readonly number[] | null {
  if (family === 'IPv6') return parseIPv6(host)?.flatMap(uint16) ?? null;
  const value = parseIPv4(host);
  return value === null ? null : uint32(value);
}

const uint16 = (value: number): number[] => [(value >>> 8) & 0xff, value & 0xff];
const uint32 = (value: number): number[] => [...uint16(value >>> 16), ...uint16(value)];
