import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';

const HEADER_BYTES = 12;
const PCMU_20_MS_BYTES = 160;

/** An RTP packet as it arrived, with the address it really came from. */
export interface ArrivedRtp {
  readonly address: string;
  readonly port: number;
  readonly sequence: number;
  readonly ssrc: number;
  readonly payload: Buffer;
}

/** An end of a call on a socket of the test itself: it sees every RTP packet that reaches it, and whence. */
export class RtpPeer {
  readonly #socket: Socket;
  /** Chosen by the test, so that a received packet shows who sent it. */
  readonly ssrc: number;
  readonly arrived: ArrivedRtp[] = [];
  #sequence = 0;

  private constructor(socket: Socket, ssrc: number) {
    this.#socket = socket;
    this.ssrc = ssrc;
    socket.on('message', (bytes: Buffer, from: RemoteInfo) => {
      if (bytes.length < HEADER_BYTES) return;
      this.arrived.push({
        address: from.address,
        port: from.port,
        sequence: bytes.readUInt16BE(2),
        ssrc: bytes.readUInt32BE(8),
        payload: bytes.subarray(HEADER_BYTES),
      });
    });
    // Nobody listening yet at the far end comes back as an error; RTP does not mind.
    socket.on('error', () => {});
  }

  static open(ssrc: number, host = '127.0.0.1', port = 0): Promise<RtpPeer> {
    const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.bind({ port, address: host, exclusive: true }, () => {
        socket.off('error', reject);
        resolve(new RtpPeer(socket, ssrc));
      });
    });
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Sends one packet of 20 ms of PCMU (RFC 3551), whose payload is made of its sequence number. */
  send(port: number, host = '127.0.0.1'): void {
    const packet = Buffer.alloc(HEADER_BYTES + PCMU_20_MS_BYTES, this.#sequence & 0xff);
    packet[0] = 0x80;
    packet[1] = 0;
    packet.writeUInt16BE(this.#sequence & 0xffff, 2);
    packet.writeUInt32BE((this.#sequence * PCMU_20_MS_BYTES) >>> 0, 4);
    packet.writeUInt32BE(this.ssrc, 8);
    this.#sequence++;
    this.#socket.send(packet, port, host);
  }

  /** Sends anything at all. */
  sendBytes(bytes: Uint8Array, port: number, host = '127.0.0.1'): void {
    this.#socket.send(bytes, port, host);
  }

  /** Sends `count` packets, one every 20 ms on average, and settles after the last one. */
  async stream(port: number, count: number, host = '127.0.0.1'): Promise<void> {
    const start = Date.now();
    for (let sent = 0; sent < count; sent++) {
      this.send(port, host);
      const aheadMs = start + (sent + 1) * 20 - Date.now();
      if (aheadMs > 0) await delay(aheadMs);
    }
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}
