import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { MULAW_SILENCE } from '../../protocol/audio/g711.js';
import { buildRtp } from '../../protocol/rtp/build.js';
import { isRtp, rtpHeaderLength, rtpPayloadLength, rtpSequence, rtpTimestamp } from '../../protocol/rtp/header.js';
import { Reception } from '../../protocol/rtp/reception.js';
import { buildSenderReport } from '../../protocol/rtp/senderReport.js';

/** G.711 µ-law as RFC 3551 has it: payload type 0, 8000 samples a second, one byte each. */
const PCMU = 0;
export const TICKS_PER_MS = 8;
export const PACKET_MS = 20;
export const PACKET_BYTES = PACKET_MS * TICKS_PER_MS;

const RTCP_SENDER_REPORT = 200;
const FIRST_PORT = 40_000;
const LAST_PORT = 60_000;
const BIND_ATTEMPTS = 50;

/** A telephone without a bell: it sends speech as RTP, hears what comes, and remembers when. */
export class Phone {
  readonly name: string;
  readonly port: number;
  readonly reception = new Reception();
  /** When each packet was handed to the socket, milliseconds of `performance.now()`, in order of sending. */
  readonly sentAtMs: number[] = [];
  /** When each packet was received, by the sender's sequence number. */
  readonly heardAtMs = new Map<number, number>();
  reportsSent = 0;
  reportsHeard = 0;
  readonly firstSequence = randomInt(0x10000);

  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  readonly #host: string;
  readonly #ssrc = randomInt(0x1_0000_0000);
  readonly #firstTimestamp = randomInt(0x1_0000_0000);
  readonly #payloads = new Map<number, Uint8Array>();
  #octets = 0;

  private constructor(name: string, host: string, port: number, rtp: Socket, rtcp: Socket) {
    this.name = name;
    this.port = port;
    this.#host = host;
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    rtp.on('message', (packet) => this.#hear(packet, performance.now()));
    rtcp.on('message', (packet) => {
      if (packet[1] === RTCP_SENDER_REPORT) this.reportsHeard++;
    });
    // ICMP errors after the other side hung up; a packet that did not arrive shows in the counts.
    rtp.on('error', () => {});
    rtcp.on('error', () => {});
  }

  /** Binds an even port for RTP and the next one for RTCP (RFC 3550 §11). */
  static async open(name: string, host: string): Promise<Phone> {
    for (let attempt = 1; ; attempt++) {
      const port = randomInt(FIRST_PORT / 2, LAST_PORT / 2) * 2;
      const bound: Socket[] = [];
      try {
        for (const number of [port, port + 1]) bound.push(await bind(host, number));
        return new Phone(name, host, port, bound[0]!, bound[1]!);
      } catch (error) {
        for (const socket of bound) socket.close();
        if (attempt === BIND_ATTEMPTS) throw error;
      }
    }
  }

  /** Sends to, and hears, this address from now on; RTCP goes one port above. */
  async dial(host: string, port: number): Promise<void> {
    for (const [socket, number] of [
      [this.#rtp, port],
      [this.#rtcp, port + 1],
    ] as const) {
      socket.connect(number, host);
      await once(socket, 'connect');
    }
  }

  /** Sends the next 20 ms: PACKET_BYTES of µ-law. */
  say(speech: Uint8Array): void {
    const index = this.sentAtMs.length;
    const packet = buildRtp(
      {
        payloadType: PCMU,
        // RFC 3551 §4.1: the first packet of a talkspurt.
        marker: index === 0,
        sequence: (this.firstSequence + index) & 0xffff,
        timestamp: this.#timestampAt(index),
        ssrc: this.#ssrc,
      },
      speech,
    );
    this.#octets += speech.length;
    this.sentAtMs.push(performance.now());
    this.#rtp.send(packet);
  }

  /** Sends one RTCP sender report on what was said so far. */
  report(): void {
    const packets = this.sentAtMs.length;
    const report = {
      ssrc: this.#ssrc,
      atMs: Date.now(),
      rtpTimestamp: this.#timestampAt(packets),
      packets,
      octets: this.#octets,
      cname: `${this.name}@${this.#host}`,
    };
    this.reportsSent++;
    this.#rtcp.send(buildSenderReport(report));
  }

  /** What was heard, in the order it was said, with silence where a packet is missing. */
  heard(): Uint8Array {
    const places = [...this.#payloads.keys()].sort((a, b) => a - b);
    if (places.length === 0) return new Uint8Array(0);
    const first = places[0]!;
    const heard = new Uint8Array((places.at(-1)! - first + 1) * PACKET_BYTES).fill(MULAW_SILENCE);
    for (const [place, payload] of this.#payloads) heard.set(payload.subarray(0, PACKET_BYTES), (place - first) * PACKET_BYTES);
    return heard;
  }

  close(): void {
    this.#rtp.close();
    this.#rtcp.close();
  }

  #timestampAt(index: number): number {
    return (this.#firstTimestamp + index * PACKET_BYTES) >>> 0;
  }

  #hear(packet: Uint8Array, atMs: number): void {
    if (!isRtp(packet, 0, packet.length)) return;
    const length = rtpPayloadLength(packet, 0, packet.length);
    if (length < 0) return;
    const sequence = rtpSequence(packet, 0);
    const kind = this.reception.count(sequence, rtpTimestamp(packet, 0), atMs * TICKS_PER_MS);
    if (kind === 'duplicate' || kind === 'suspect') return;
    const header = rtpHeaderLength(packet, 0, packet.length);
    this.#payloads.set(this.reception.extend(sequence), packet.slice(header, header + length));
    this.heardAtMs.set(sequence, atMs);
  }
}

async function bind(host: string, port: number): Promise<Socket> {
  const socket = createSocket('udp4');
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** A UDP port that was free a moment ago. */
export async function freePort(host: string): Promise<number> {
  const socket = await bind(host, 0);
  const { port } = socket.address();
  socket.close();
  return port;
}
