import type { AudioCodecs } from '../../protocol/audio/codec.js';
import type { SpeechRate } from '../../protocol/audio/resample.js';
import type { RecordedPacket } from '../../protocol/recording/recordedPacket.js';
import {
  isRtp,
  RTP_MALFORMED,
  rtpHeaderLength,
  rtpPayloadLength,
  rtpPayloadType,
  rtpSequence,
  rtpSsrc,
  rtpTimestamp,
} from '../../protocol/rtp/header.js';
import type { SrtpReceiver } from '../../protocol/srtp/receiver.js';
import { Channel, type ChannelOptions } from './channel.js';
import { TICKS_PER_SECOND } from './placement.js';
import { SequenceStatistics } from './sequenceStatistics.js';

/** Comfort noise (RFC 3389), and telephone events as phones and as Cisco number them: no sound, and nothing that is missed. */
const SILENT = new Set([13, 100, 101]);
/** Senders of one recording: more than any call has, so that hostile packets fill no memory. */
const MOST_CHANNELS = 1024;

export type SideOptions = ChannelOptions & {
  readonly sampleRate: SpeechRate;
  readonly codecs: AudioCodecs;
  /** Null: the packets are not protected. */
  readonly srtp: SrtpReceiver | null;
};

/** Packets that are not heard. */
export type Unheard = {
  /** No RTP: RTCP, STUN, anything. */
  notRtp: number;
  /** SRTP of somebody who does not have the key. */
  unauthentic: number;
  /** Of a sender after the thousandth. */
  crowded: number;
  /** By payload type: of a codec that is not there. */
  readonly unknown: Map<number, number>;
};

/** What one file of a recording holds: the statistics of its stream, and the sound of each of its senders. */
export class RecordedSide {
  readonly statistics = new SequenceStatistics();
  readonly unheard: Unheard = { notRtp: 0, unauthentic: 0, crowded: 0, unknown: new Map() };
  readonly #options: SideOptions;
  readonly #channels = new Map<number, Channel>();
  #packets = 0;

  constructor(options: SideOptions) {
    this.#options = options;
  }

  /** Packets taken, of any kind. */
  get packets(): number {
    return this.#packets;
  }

  /** Senders of sound, in the order in which they began. */
  get channels(): Channel[] {
    return [...this.#channels.values()].sort((a, b) => a.firstArrival - b.firstArrival);
  }

  /** The packet is not needed afterwards. */
  take({ atMs, payload }: RecordedPacket): void {
    this.#packets++;
    const rtp = this.#plain(payload);
    if (rtp === null) return;
    this.statistics.take(rtp, atMs);
    const payloadType = rtpPayloadType(rtp, 0);
    const codec = this.#options.codecs.get(payloadType);
    const length = rtpPayloadLength(rtp, 0, rtp.length);
    if (codec !== undefined && length > 0) {
      const from = rtpHeaderLength(rtp, 0, rtp.length);
      const arrival = (atMs * TICKS_PER_SECOND) / 1000;
      this.#channelOf(rtpSsrc(rtp, 0), arrival)?.take({
        ...{ timestamp: rtpTimestamp(rtp, 0), arrival, sequence: rtpSequence(rtp, 0), codec },
        payload: rtp.slice(from, from + length),
      });
    } else if (codec === undefined && !SILENT.has(payloadType)) {
      this.unheard.unknown.set(payloadType, (this.unheard.unknown.get(payloadType) ?? 0) + 1);
    }
  }

  /** Nothing more comes. */
  end(): void {
    for (const channel of this.#channels.values()) channel.end();
  }

  /** The RTP packet in what was recorded, or null. */
  #plain(payload: Uint8Array): Uint8Array | null {
    const { srtp } = this.#options;
    const { unheard } = this;
    if (!isRtp(payload, 0, payload.length)) {
      unheard.notRtp++;
      return null;
    }
    const opened = srtp?.unprotect(payload);
    if (opened?.ok === false) {
      unheard[opened.error === 'malformed' ? 'notRtp' : opened.error]++;
      return null;
    }
    const rtp = opened?.value ?? payload;
    if (rtpPayloadLength(rtp, 0, rtp.length) !== RTP_MALFORMED) return rtp;
    unheard.notRtp++;
    return null;
  }

  #channelOf(ssrc: number, arrival: number): Channel | null {
    let channel = this.#channels.get(ssrc);
    if (channel !== undefined) return channel;
    if (this.#channels.size >= MOST_CHANNELS) {
      this.unheard.crowded++;
      return null;
    }
    channel = new Channel(ssrc, arrival, this.#options);
    this.#channels.set(ssrc, channel);
    return channel;
  }
}
