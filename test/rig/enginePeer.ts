import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { setTimeout as delay } from 'node:timers/promises';

/** A datagram as it came to a peer. */
export interface Arrived {
  readonly bytes: Buffer;
  readonly from: { readonly host: string; readonly port: number };
}

const ARRIVAL_LIMIT_MS = 5_000;
/** Room for bursts, bytes: as much of it as the system grants. */
const RECEIVE_BUFFER_BYTES = 4 << 20;

/** A UDP socket of the test itself, for datagrams of any bytes and length. */
export class DatagramPeer {
  readonly host: string;
  readonly arrived: Arrived[] = [];
  readonly #socket: Socket;

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.host = host;
    socket.on('message', (bytes: Buffer, from: RemoteInfo) => {
      this.arrived.push({ bytes, from: { host: from.address, port: from.port } });
    });
    // Nobody listening at the far end may come back as an error.
    socket.on('error', () => {});
  }

  /** @throws when the port is not free */
  static open(host = '127.0.0.1', port = 0): Promise<DatagramPeer> {
    const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: RECEIVE_BUFFER_BYTES });
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        socket.close();
        reject(error);
      };
      socket.once('error', fail);
      socket.bind({ port, address: host, exclusive: true }, () => {
        socket.off('error', fail);
        resolve(new DatagramPeer(socket, host));
      });
    });
  }

  /** Two peers on an even port and the next, as an RTP endpoint has them (RFC 3550 §11). */
  static async openPair(host = '127.0.0.1'): Promise<readonly [rtp: DatagramPeer, rtcp: DatagramPeer]> {
    for (let attempt = 0; attempt < 50; attempt++) {
      const first = await DatagramPeer.open(host);
      const second = first.port % 2 === 0 ? await DatagramPeer.open(host, first.port + 1).catch(() => null) : null;
      if (second !== null) return [first, second];
      await first.close();
    }
    throw new Error(`no even port with a free neighbour on ${host}`);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Settles when the kernel has taken the datagram. */
  send(bytes: Uint8Array | string, port: number, host: string = this.host): Promise<void> {
    const payload = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    return new Promise((resolve, reject) => {
      this.#socket.send(payload, port, host, (error) => (error === null ? resolve() : reject(error)));
    });
  }

  /**
   * Takes what has arrived once it is `count` datagrams.
   * @throws when they do not come in time
   */
  async take(count: number, limitMs: number = ARRIVAL_LIMIT_MS): Promise<Arrived[]> {
    for (const end = Date.now() + limitMs; this.arrived.length < count; await delay(2)) {
      if (Date.now() > end)
        throw new Error(`${this.arrived.length} of ${count} datagrams came to port ${this.port} in ${limitMs} ms`);
    }
    return this.arrived.splice(0, count);
  }

  /** Everything that has come up to now, of what was sent before this was called: what the kernel holds is read, too. */
  async takeAll(): Promise<Arrived[]> {
    const mark = `mark ${Math.random()}`;
    await this.send(mark, this.port);
    const isMark = ({ bytes }: Arrived): boolean => bytes.equals(Buffer.from(mark));
    for (const end = Date.now() + ARRIVAL_LIMIT_MS; !this.arrived.some(isMark); await delay(1))
      if (Date.now() > end) throw new Error(`port ${this.port} does not hear itself in ${ARRIVAL_LIMIT_MS} ms`);
    return this.arrived.splice(0).filter((one) => !isMark(one));
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}
