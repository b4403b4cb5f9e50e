import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { buildHep3, type HepCapture } from '../../protocol/hep/hep3.js';
import { parseRtcpReports } from '../../protocol/rtcp/report.js';
import { formatReports } from '../../protocol/rtcp/reportJson.js';
import type { HepTarget } from '../../relay/modules/config.js';

/** Bytes that wait for a server that is being reached, or that reads slowly. Reports beyond it are lost. */
const MAX_WAITING_BYTES = 1 << 20;
/** A server that could not be reached is not tried again before that. */
const RETRY_MS = 1_000;
/** A server that is away is reported no more often than that. */
const REPORT_INTERVAL_MS = 60_000;
/** What fits in a datagram. */
const LONGEST_DATAGRAM = 65_507;
/** How long closing waits for what is under way. */
const CLOSE_WAIT_MS = 1_000;

/** An RTCP packet that came on a socket of a session. */
export type HepReport = Omit<HepCapture, 'captureId' | 'correlationId' | 'payload'> & {
  /** Latin-1. */
  readonly callId: string;
  /** The packet as it came. */
  readonly payload: Uint8Array;
};

export type HepSender = {
  /** Sends the reports in the packet; one without any, or that is no RTCP, is passed over. Never waits, never throws. */
  readonly send: (report: HepReport) => void;
  /** Sends what can still be sent, for a second at most. */
  readonly close: () => Promise<void>;
};

/** What packets are given to once the server has been found. */
type Link = {
  readonly write: (packet: Uint8Array) => void;
  /** Bytes not yet taken by the system. */
  readonly backlog: () => number;
  readonly end: () => Promise<void>;
};

/** `onDown` is called once if the link ends without having been told to. */
type OpenLink = (host: string, port: number, signal: AbortSignal, onDown: (reason: string) => void) => Promise<Link>;

/**
 * The way to a HOMER server, opened with the first report and again after a failure with a later one. `onError` is told of failures,
 * once a minute at most.
 */
export function openHepSender(target: HepTarget, onError: (reason: string) => void): HepSender {
  const sender = new Sender(target, onError);
  return { send: (report) => sender.send(report), close: () => sender.close() };
}

class Sender {
  readonly #target: HepTarget;
  readonly #onError: (reason: string) => void;
  readonly #abort = new AbortController();
  #link: Link | null = null;
  #opening: Promise<void> | null = null;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #retryAt = 0;
  #silentUntil = 0;
  #isClosed = false;

  constructor(target: HepTarget, onError: (reason: string) => void) {
    this.#target = target;
    this.#onError = onError;
  }

  send(report: HepReport): void {
    const packet = this.#isClosed ? null : packetOf(report, this.#target.captureId);
    if (packet === null || (this.#target.transport === 'udp' && packet.length > LONGEST_DATAGRAM)) return;
    if (this.#waitingBytes + (this.#link?.backlog() ?? 0) + packet.length > MAX_WAITING_BYTES) {
      this.#fail(`more than ${MAX_WAITING_BYTES} bytes wait for it; reports are lost`);
      return;
    }
    if (this.#link !== null) {
      this.#link.write(packet);
      return;
    }
    this.#waiting.push(packet);
    this.#waitingBytes += packet.length;
    if (this.#opening !== null || performance.now() < this.#retryAt) return;
    this.#opening = this.#open().finally(() => {
      this.#opening = null;
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const isOver = delay(CLOSE_WAIT_MS, undefined, { ref: false });
    await Promise.race([this.#opening, isOver]);
    await Promise.race([this.#link?.end(), isOver]);
    this.#abort.abort();
  }

  async #open(): Promise<void> {
    const { host, port, transport } = this.#target;
    const openLink = transport === 'udp' ? openUdp : openTcp;
    try {
      const link = await openLink(host, port, this.#abort.signal, (reason) => this.#lose(reason));
      this.#link = link;
      for (const packet of this.#waiting.splice(0)) link.write(packet);
      this.#waitingBytes = 0;
    } catch (error) {
      this.#lose((error as Error).message);
    }
  }

  #lose(reason: string): void {
    this.#link = null;
    this.#retryAt = performance.now() + RETRY_MS;
    if (!this.#isClosed) this.#fail(reason);
  }

  #fail(reason: string): void {
    if (performance.now() < this.#silentUntil) return;
    this.#silentUntil = performance.now() + REPORT_INTERVAL_MS;
    const { transport, host, port } = this.#target;
    this.#onError(`HEP server ${transport}:${host}:${port}: ${reason}`);
  }
}

/** Null: there is no report in the packet, or it cannot be said in HEP. */
function packetOf({ callId, payload, ...capture }: HepReport, captureId: number): Uint8Array | null {
  const reports = parseRtcpReports(payload);
  if (reports === null || reports.length === 0) return null;
  const text = Buffer.from(formatReports(reports), 'latin1');
  return buildHep3({ ...capture, captureId, correlationId: callId, payload: text });
}

const openUdp: OpenLink = async (host, port, signal, onDown) => {
  const { address, family } = await lookup(host);
  signal.throwIfAborted();
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  const closed = new Promise<void>((resolve) => socket.once('close', resolve));
  let isOver = false;
  const end = (): Promise<void> => {
    if (!isOver) socket.close();
    isOver = true;
    return closed;
  };
  const fail = (error: Error | null): void => {
    if (error === null || isOver) return;
    void end();
    onDown(error.message);
  };
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject).once('connect', resolve);
      socket.connect(port, address); // A connected socket is told when nobody listens there.
    });
  } catch (error) {
    await end();
    throw error;
  }
  socket.removeAllListeners('error').on('error', fail);
  const backlog = (): number => socket.getSendQueueSize();
  const write = (packet: Uint8Array): void => {
    if (!isOver) socket.send(packet, fail);
  };
  return { write, backlog, end };
};

const openTcp: OpenLink = async (host, port, signal, onDown) => {
  const socket = connect({ host, port, signal, noDelay: true, keepAlive: true });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  let reason = 'the connection was closed';
  let isEnded = false;
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
    void closed.then(() => reject(new Error(reason)));
  });
  socket.on('error', (error) => {
    reason = error.message;
  });
  void closed.then(() => !isEnded && onDown(reason));
  socket.resume(); // It has nothing to say to us, but its end must be seen.
  return {
    write: (packet) => void socket.write(packet),
    backlog: () => socket.writableLength,
    end: () => {
      isEnded = true;
      socket.end();
      return closed;
    },
  };
};
