import type { QualityPoint, QualityReport } from '../../../../media/stages/history.js';
import type { ReceiverNote, SenderNote } from '../../../../media/stages/reports.js';
import type { SourceReport } from '../../../../media/streamReport.js';
import type { NgDictionary } from '../../../../protocol/ng/value.js';
import { type Detail, type Draft, secondsOf } from './draft.js';

/** Somebody looks at a source so often, seconds: as often as sessions are sampled. */
const LOOK_SECONDS = 2;

const SHORTEST_SPAN_MS = 200;

/** Whose packets they are. */
export type Speaker = { readonly tag: string; readonly side: string };

/** What is known of an SSRC, as it stands under `SSRC`. */
export function describeSource(source: SourceReport, { tag, side }: Speaker, detail: Detail): Draft {
  const entry: Draft = {
    bytes: source.bytes,
    packets: source.packets,
    'last RTP timestamp': source.lastTimestamp,
    'last RTP seq': source.lastSequence,
    'cumulative loss': Math.max(0, source.lost),
  };
  if (source.quality !== null) addQuality(entry, source.quality, detail);
  if (detail === 'lean') return entry;
  entry['tag'] = tag;
  entry['side'] = side;
  addArrivals(entry, source);
  addTypes(entry, source);
  const rate = clockRateOf(source);
  if (source.sender !== null) entry['sender report'] = sentOf(source.sender);
  if (source.receiver !== null) entry['receiver report'] = receivedOf(source.receiver, rate);
  if (source.goodbyeAtMs !== null) entry['goodbye at'] = secondsOf(source.goodbyeAtMs);
  return entry;
}

/** The same in short, where it stands with the media that it comes in by. The dictionaries of its quality are those of `entry`. */
export const ingressOf = (ssrc: number, entry: NgDictionary): Draft =>
  shortened(ssrc, entry, ['bytes', 'packets', 'cumulative loss', 'average MOS', 'lowest MOS', 'highest MOS']);

/** The same where it stands with the media that it goes out by: what the hearer says of it. */
export const egressOf = (ssrc: number, entry: NgDictionary): Draft =>
  shortened(ssrc, entry, ['bytes', 'packets', 'receiver report']);

function shortened(ssrc: number, entry: NgDictionary, keys: readonly string[]): Draft {
  const short: Draft = { SSRC: ssrc };
  for (const key of keys) {
    const value = entry[key];
    if (value !== undefined) short[key] = value;
  }
  return short;
}

function addQuality(entry: Draft, { average, samples, lowest, highest, progression }: QualityReport, detail: Detail): void {
  const mean = mosOf(average);
  mean['round-trip time leg'] = average.roundTripLegUs ?? 0;
  mean['samples'] = samples;
  entry['average MOS'] = mean;
  entry['lowest MOS'] = pointOf(lowest);
  entry['highest MOS'] = pointOf(highest);
  if (detail !== 'whole') return;
  entry['MOS progression'] = {
    interval: progression.samplesEach * LOOK_SECONDS,
    entries: progression.entries.map(pointOf),
  };
}

/** A round trip that is not known is 0: clients expect the key wherever there is a MOS. */
const mosOf = ({ mos, roundTripUs, jitterMs, lossPercent }: Omit<QualityPoint, 'atMs'>): Draft => ({
  MOS: Math.round(mos * 10),
  'round-trip time': roundTripUs ?? 0,
  jitter: Math.round(jitterMs),
  'packet loss': Math.round(lossPercent),
});

function pointOf(point: QualityPoint): Draft {
  const told = mosOf(point);
  told['reported at'] = secondsOf(point.atMs);
  return told;
}

function addArrivals(entry: Draft, source: SourceReport): void {
  entry['expected packets'] = source.expected;
  entry['duplicates'] = source.duplicates;
  entry['reordered'] = source.reordered;
  entry['interarrival jitter'] = Math.round(source.jitterMs * 1000);
  entry['longest gap'] = Math.round(source.longestGapMs);
  const bitrate = source.bitrate ?? bitrateSoFar(source);
  if (bitrate !== null) entry['bitrate'] = bitrate;
  entry['first packet'] = secondsOf(source.firstAtMs);
  entry['last packet'] = secondsOf(source.lastAtMs);
  entry['DTMF events'] = source.digits;
}

/** Of a source that nobody has looked at yet. Null: too short to tell. */
function bitrateSoFar({ bytes, firstAtMs, lastAtMs }: SourceReport): number | null {
  const spanMs = lastAtMs - firstAtMs;
  return spanMs < SHORTEST_SPAN_MS ? null : Math.round((bytes * 8000) / spanMs);
}

function addTypes(entry: Draft, { payloadTypes, lastPayloadType, otherTypes }: SourceReport): void {
  entry['payload types'] = payloadTypes.map(({ payloadType, packets, codec, clockRate }) => {
    const type: Draft = { 'payload type': payloadType, packets };
    if (codec !== null) type['codec'] = codec;
    if (clockRate > 0) type['clock rate'] = clockRate;
    return type;
  });
  if (lastPayloadType !== null) entry['last payload type'] = lastPayloadType;
  if (otherTypes > 0) entry['packets of other types'] = otherTypes;
}

const sentOf = ({ packets, octets, rtpTimestamp, atMs }: SenderNote): Draft => ({
  packets,
  octets,
  'RTP timestamp': rtpTimestamp,
  'reported at': secondsOf(atMs),
});

function receivedOf({ lossPercent, packetsLost, jitter, roundTripUs, atMs }: ReceiverNote, rate: number): Draft {
  const told: Draft = { 'packet loss': Math.round(lossPercent), 'packets lost': packetsLost };
  if (rate > 0) told['interarrival jitter'] = Math.round((jitter * 1_000_000) / rate);
  if (roundTripUs !== null) told['round-trip time'] = roundTripUs;
  told['reported at'] = secondsOf(atMs);
  return told;
}

/** Of what it talks in; 0: not known. */
const clockRateOf = ({ payloadTypes, lastPayloadType }: SourceReport): number =>
  payloadTypes.find(({ payloadType, clockRate }) => payloadType === lastPayloadType && clockRate > 0)?.clockRate ??
  payloadTypes.find(({ clockRate }) => clockRate > 0)?.clockRate ??
  0;
