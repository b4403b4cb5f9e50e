import { ALAW_SILENCE, MULAW_SILENCE } from '../../protocol/audio/g711.js';
import { gsmEncoder } from '../../protocol/audio/gsm.js';
import { isRtp, rtpHeaderLength, rtpPayloadLength, rtpPayloadType } from '../../protocol/rtp/header.js';
import { type Counters, HEARD_AT, rowBase } from '../counters.js';
import type { Packet } from '../engine.js';
import { DROPPED, NEXT, type Stage } from '../path.js';
import type { CodecTable } from './codecTable.js';

const GSM_FRAME_BYTES = 33;
const GSM_FRAME_SAMPLES = 160;
/** Ten frames on, the encoder has come to rest. */
const gsmSilence = gsmEncoder()
  .encode(new Int16Array(GSM_FRAME_SAMPLES * 10))
  .slice(-GSM_FRAME_BYTES);

/**
 * What silence is in a payload, over and over: of codecs whose frames say little of the ones before. The differences of G.722 and DVI4
 * (whose header says 0, too) are the least there are; the noise level of CN is the lowest (RFC 3389 §3).
 */
const SILENCES: ReadonlyMap<string, Uint8Array> = new Map([
  ['PCMU', Uint8Array.of(MULAW_SILENCE)],
  ['PCMA', Uint8Array.of(ALAW_SILENCE)],
  ['G722', Uint8Array.of(0xff)],
  ['GSM', gsmSilence],
  ['DVI4', Uint8Array.of(0)],
  ['L16', Uint8Array.of(0)],
  ['CN', Uint8Array.of(127)],
]);

/** What somebody says is not sent on; the keys that he presses are (RFC 4733), and so is whatever is no RTP. */
export function blockStage(codecs: CodecTable, counters: Counters): Stage {
  return (packet) => (isRtpPacket(packet) && !isEvent(codecs, packet) ? keepBack(counters, packet) : NEXT);
}

/** Keys that somebody presses are not sent on: packets of the types that the description of the stream names `telephone-event`. */
export function blockDtmfStage(codecs: CodecTable, counters: Counters): Stage {
  return (packet) => (isRtpPacket(packet) && isEvent(codecs, packet) ? keepBack(counters, packet) : NEXT);
}

/**
 * What somebody says is silence where it is sent on: headers and length stay as they are, the payload is overwritten in the packet in hand,
 * which nobody may have queued yet. Of a codec in which that cannot be said nothing is sent on. Keys are, as with `blockStage`.
 */
export function silenceStage(codecs: CodecTable, counters: Counters): Stage {
  return (packet) => {
    if (!isRtpPacket(packet) || isEvent(codecs, packet)) return NEXT;
    const { bytes, start, length, row } = packet;
    const codec = codecs.of(row).codecs.get(rtpPayloadType(bytes, start));
    const silence = codec === undefined ? undefined : SILENCES.get(codec.name.toUpperCase());
    const payload = rtpPayloadLength(bytes, start, length);
    // A malformed one is shorter than nothing.
    if (silence === undefined || payload < 0 || payload % silence.length !== 0) return keepBack(counters, packet);
    const at = start + rtpHeaderLength(bytes, start, length);
    for (let i = 0; i < payload; i++) bytes[at + i] = silence[i % silence.length]!;
    return NEXT;
  };
}

/** Nobody is to hear it, but it shows that the call is alive. */
function keepBack({ values }: Counters, { row, nowMs }: Packet): typeof DROPPED {
  values[rowBase(row) + HEARD_AT] = nowMs;
  return DROPPED;
}

const isRtpPacket = ({ bytes, start, length }: Packet): boolean => isRtp(bytes, start, length);

const isEvent = (codecs: CodecTable, { bytes, start, row }: Packet): boolean =>
  codecs.of(row).isEvent[rtpPayloadType(bytes, start)] === 1;
