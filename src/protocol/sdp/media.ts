import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { detached } from '../bytes/detached.js';
import { addressOf, isZeroHost, readAddress } from './address.js';
import { numberIn, quoted, skipBlanks, wordEnd, wordsOf } from './lines.js';
import type { SdpAddress, SdpCodec, SdpLine, SdpMedia } from './sdp.js';
import { staticCodec } from './staticCodecs.js';

/** What the session part says for all sections. */
export type SessionView = {
  readonly address: SdpAddress | null;
  readonly direction: SdpMedia['direction'];
  readonly isSecure: boolean;
  readonly hasIce: boolean;
};

/** Formats of one `m=` line. There are 128 payload types. */
const MAX_FORMATS = 256;
const MAX_PAYLOAD_TYPE = 127;
/** The port that ICE agents name while they have none (RFC 8829 §5.2.1). */
const DISCARD = 9;

/** What is gathered from the lines of a section, or of the session part. */
class Gathered {
  address: SdpAddress | null = null;
  hasConnection = false;
  rtcp: SdpMedia['rtcp'] = null;
  direction: SdpMedia['direction'] | null = null;
  rtcpMux = false;
  mid: string | null = null;
  ptimeMs: number | null = null;
  isBundleOnly = false;
  isSecure = false;
  hasIce = false;
  /** `a=rtpmap` and `a=fmtp` by payload type; the first of each counts. */
  readonly names = new Map<number, string>();
  readonly parameters = new Map<number, string>();
}

function gather(lines: readonly SdpLine[]): Gathered {
  const gathered = new Gathered();
  for (const line of lines) {
    if (line.type === 'a') gatherAttribute(gathered, line.value);
    else if (line.type === 'c' && !gathered.hasConnection) {
      gathered.hasConnection = true;
      gathered.address = readAddress(line.value);
    }
  }
  return gathered;
}

function gatherAttribute(into: Gathered, value: string): void {
  switch (value[0]) {
    case 'b':
      if (value === 'bundle-only') into.isBundleOnly = true;
      break;
    case 'c':
      if (value.startsWith('crypto:')) into.isSecure = true;
      break;
    case 'f':
      if (value.startsWith('fmtp:')) gatherPayload(into.parameters, value, 5, value.length);
      else if (value.startsWith('fingerprint:')) into.isSecure = true;
      break;
    case 'm':
      if (into.mid === null && value.startsWith('mid:')) into.mid = value.slice(4).trim();
      break;
    case 'p':
      if (into.ptimeMs === null && value.startsWith('ptime:')) into.ptimeMs = milliseconds(value.slice(6));
      break;
    case 'i':
      if (value.startsWith('ice-ufrag:')) into.hasIce = true;
      else if (value === 'inactive') into.direction ??= value;
      break;
    case 's':
      if (value === 'sendrecv' || value === 'sendonly') into.direction ??= value;
      break;
    case 'r':
      gatherOfReception(into, value);
  }
}

function gatherOfReception(into: Gathered, value: string): void {
  if (value.startsWith('rtpmap:')) gatherPayload(into.names, value, 7, -1);
  else if (value.startsWith('rtcp:')) into.rtcp ??= readRtcp(value);
  else if (value === 'rtcp-mux') into.rtcpMux = true;
  else if (value === 'recvonly') into.direction ??= value;
}

/** `TYPE TEXT`, TEXT up to `end`; -1: up to the next blank. */
function gatherPayload(into: Map<number, string>, value: string, from: number, end: number): void {
  const at = skipBlanks(value, from);
  const blank = wordEnd(value, at);
  const payloadType = numberIn(value, at, blank);
  if (payloadType < 0 || payloadType > MAX_PAYLOAD_TYPE || into.has(payloadType)) return;
  const text = skipBlanks(value, blank);
  into.set(payloadType, value.slice(text, end < 0 ? wordEnd(value, text) : end));
}

/** `rtcp:PORT` or `rtcp:PORT IN IP4 HOST` (RFC 3605 §2.1). Null: it cannot be read. */
function readRtcp(value: string): SdpMedia['rtcp'] {
  const [word = '', network, type, host] = wordsOf(value.slice(5));
  const port = numberIn(word, 0, word.length);
  return port < 0 ? null : { port, address: addressOf(network, type, host) };
}

function milliseconds(text: string): number | null {
  const value = text.length > 10 ? 0 : Number(text);
  return value > 0 && Number.isFinite(value) ? value : null;
}

export function readSession(lines: readonly SdpLine[]): SessionView {
  const { address, direction, isSecure, hasIce } = gather(lines);
  return { address, direction: direction ?? 'sendrecv', isSecure, hasIce };
}

/** A section, whose first line is its `m=`. */
export function readMedia(lines: readonly SdpLine[], index: number, session: SessionView): Result<SdpMedia, string> {
  const read = readMediaLine(lines[0]!.value, index);
  if (!read.ok) return read;
  const { kind, port, protocol, formats } = read.value;
  const gathered = gather(lines);
  const address = gathered.hasConnection ? gathered.address : session.address;
  const isZeroAddress = address !== null && isZeroHost(address.host);
  const carrier = carrierOf(protocol);
  // Written out, not spread: this is on the path of every call that is set up, and takes a third of the time so.
  return ok({
    index,
    kind,
    port,
    protocol,
    formats,
    address,
    hasConnection: gathered.hasConnection,
    rtcp: gathered.rtcp,
    isRejected: port === 0 && !gathered.isBundleOnly,
    isBundleOnly: gathered.isBundleOnly,
    isZeroAddress,
    isIcePlaceholder: isZeroAddress && port === DISCARD && (gathered.hasIce || session.hasIce),
    direction: gathered.direction ?? session.direction,
    rtcpMux: gathered.rtcpMux,
    mid: gathered.mid,
    ptimeMs: gathered.ptimeMs,
    codecs: carrier === 'rtp' ? shared(codecsOf(formats, gathered)) : [],
    carrier,
    isSecure: gathered.isSecure || session.isSecure || /SAVP|TLS/i.test(protocol),
  });
}

type MediaLine = Pick<SdpMedia, 'kind' | 'port' | 'protocol' | 'formats'>;

/** `KIND PORT[/COUNT] PROTOCOL FORMAT…` (RFC 8866 §5.14). */
function readMediaLine(value: string, index: number): Result<MediaLine, string> {
  const [kind, portText, protocol, ...formats] = wordsOf(value);
  const wrong = (what: string): Result<MediaLine, string> => refuse(`m= line ${index + 1}, ${quoted(value)}, ${what}`);
  if (kind === undefined || portText === undefined || protocol === undefined) return wrong('lacks a kind, port or protocol');
  if (formats.length > MAX_FORMATS) return wrong(`has ${formats.length} formats, and at most ${MAX_FORMATS} are read`);
  const slash = portText.indexOf('/');
  const port = numberIn(portText, 0, slash < 0 ? portText.length : slash);
  if (port < 0) return wrong(`has the port ${quoted(portText)}, and one from 0 to 65535 is expected`);
  return ok({ kind, port, protocol, formats });
}

/** What carries packets of a protocol (RFC 8866 §8.2.2 and the registry it has). */
function carrierOf(protocol: string): SdpMedia['carrier'] {
  const name = protocol.toUpperCase();
  if (name.startsWith('RTP/') || name.startsWith('UDP/TLS/RTP/')) return 'rtp';
  // DTLS/SCTP is what data channels were before they were UDP/DTLS/SCTP.
  return name === 'UDPTL' || name === 'UDP' || name.startsWith('UDP/') || name === 'DTLS/SCTP' ? 'udp' : 'none';
}

/** Lists that are kept in case other sections have the same, and how long one may be as text. There are few, unless somebody makes them up. */
const KEPT = 256;
const MAX_KEPT_TEXT = 2048;
const kept = new Map<string, readonly SdpCodec[]>();

/** The same list for the same codecs: telephones of one make list the same, and whoever makes something of a list finds it made already. */
function shared(codecs: readonly SdpCodec[]): readonly SdpCodec[] {
  let key = '';
  for (const { payloadType, name, fmtp } of codecs) key += `${payloadType} ${name}${fmtp === null ? '' : ` ${fmtp}`}\n`;
  if (key.length > MAX_KEPT_TEXT) return codecs;
  const known = kept.get(key);
  if (known !== undefined) return known;
  if (kept.size >= KEPT) kept.clear();
  kept.set(key, detachedCodecs(codecs));
  return kept.get(key)!;
}

/** Texts of their own, that do not keep the description they came in. */
const detachedCodecs = (codecs: readonly SdpCodec[]): readonly SdpCodec[] =>
  codecs.map(({ payloadType, name, fmtp }) => ({
    payloadType,
    name: detached(name),
    fmtp: fmtp === null ? null : detached(fmtp),
  }));

function codecsOf(formats: readonly string[], { names, parameters }: Gathered): SdpCodec[] {
  const codecs: SdpCodec[] = [];
  const seen = new Set<number>();
  for (const format of formats) {
    const payloadType = numberIn(format, 0, format.length);
    if (payloadType < 0 || payloadType > MAX_PAYLOAD_TYPE || seen.has(payloadType)) continue;
    seen.add(payloadType);
    const name = names.get(payloadType) ?? staticCodec(payloadType);
    codecs.push({ payloadType, name, fmtp: parameters.get(payloadType) ?? null });
  }
  return codecs;
}
