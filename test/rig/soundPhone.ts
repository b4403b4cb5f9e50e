/** Phones that say a sound in any codec, over a network that loses, delays and reorders, and keep all that they hear. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { AudioCodec } from '../../src/protocol/audio/codec.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { RTP_HEADER_BYTES, type RtpFields, rtpFieldsOf } from './heardRtp.js';

export const FRAME_MS = 20;
/** RTP units of a packet, G.722 included. */
export const FRAME_TICKS = 160;

/** An RTP packet as it was heard. `atMs`: of `performance.now()`. */
export type HeardRtp = RtpFields & { readonly atMs: number; readonly port: number };

export type Speech = {
  readonly codec: AudioCodec;
  /** When the first packet is sent, of `performance.now()`, and how many packets of 20 ms there are. */
  readonly startMs: number;
  readonly packets: number;
  /** What is said at a time since `startMs`: a sample. */
  readonly level: (ms: number) => number;
  /** How much later than said the packet leaves; null: it is lost. */
  readonly travelMs?: (packet: number) => number | null;
  /** Ends it early. */
  readonly signal?: AbortSignal;
};

let phonesMade = 0;

export class SoundPhone {
  readonly host: string;
  readonly heard: HeardRtp[] = [];
  readonly ssrc = 0x7e57_0000 + ++phonesMade;
  readonly #socket: Socket;
  #sequence = 65_500;
  #timestamp = 2 ** 32 - 1600;

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.host = host;
    socket.on('error', () => {});
    socket.on('message', (bytes: Buffer, from: RemoteInfo) => {
      if (bytes.length < RTP_HEADER_BYTES) return;
      this.heard.push({ atMs: performance.now(), port: from.port, ...rtpFieldsOf(bytes) });
    });
  }

  /** On an even port, with nobody on the next one. Closed with the test. */
  static async open(t: Pick<TestContext, 'after'>, host = '127.0.0.1'): Promise<SoundPhone> {
    for (;;) {
      const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 });
      await new Promise<void>((resolve) => socket.bind(0, host, resolve));
      if (socket.address().port % 2 !== 0) {
        await new Promise<void>((resolve) => socket.close(() => resolve()));
        continue;
      }
      t.after(() => new Promise<void>((resolve) => socket.close(() => resolve())));
      return new SoundPhone(socket, host);
    }
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Says it to a port of the relay, each packet when it is due. The stream goes on where the last speech has ended. */
  async speak(port: number, speech: Speech): Promise<void> {
    for (const { atMs, bytes } of this.#packetsOf(speech)) {
      const aheadMs = atMs - performance.now();
      if (aheadMs > 0) await delay(aheadMs);
      if (speech.signal?.aborted) return;
      this.#socket.send(bytes, port, this.host);
    }
  }

  /** The packets of a speech in the order in which they leave. */
  #packetsOf({ codec, startMs, packets, level, travelMs = () => 0 }: Speech): { atMs: number; bytes: Uint8Array }[] {
    const encoder = codec.encoder();
    const samples = (codec.sampleRate * FRAME_MS) / 1000;
    const leaving: { atMs: number; bytes: Uint8Array }[] = [];
    for (let i = 0; i < packets; i++) {
      const frame = Int16Array.from({ length: samples }, (_, k) => level(i * FRAME_MS + (k * 1000) / codec.sampleRate));
      const payload = encoder.encode(frame);
      const { payloadType } = codec;
      const [sequence, timestamp] = [this.#sequence & 0xffff, this.#timestamp >>> 0];
      this.#sequence++;
      this.#timestamp += FRAME_TICKS;
      const travel = travelMs(i);
      if (travel === null) continue;
      const bytes = buildRtp({ payloadType, marker: i === 0, sequence, timestamp, ssrc: this.ssrc }, payload);
      leaving.push({ atMs: startMs + i * FRAME_MS + travel, bytes });
    }
    return leaving.sort((a, b) => a.atMs - b.atMs);
  }
}

/**
 * By how much the longest pause between two of these packets exceeds their distance, milliseconds: who spoke, relayed or listened was busy
 * for so long, and what is timed by a packet of theirs may be off by as much.
 */
export const longestStallMs = (heard: readonly HeardRtp[]): number =>
  heard.reduce((longest, { atMs }, i) => (i === 0 ? 0 : Math.max(longest, atMs - heard[i - 1]!.atMs - FRAME_MS)), 0);

/** What is heard in packets, in the order of their coming. */
export function decoded(codec: AudioCodec, heard: readonly HeardRtp[]): Int16Array {
  const decoder = codec.decoder();
  const pieces = heard.map(({ payload }) => decoder.decode(payload));
  const sound = new Int16Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    sound.set(piece, at);
    at += piece.length;
  }
  return sound;
}
