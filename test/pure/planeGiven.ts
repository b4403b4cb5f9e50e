import { Counters, countersBytes } from '../../src/media/counters.js';
import type { Packet } from '../../src/media/engine.js';
import { MediaPlane, type RouteWishes } from '../../src/media/plane.js';
import { encodeSockaddr, SOCKADDR_WORDS } from '../../src/protocol/bytes/sockaddr.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { TableEngine } from '../property/tableEngine.js';
import { at } from './latched.js';

export const PLAIN: RouteWishes = { resize: false, mute: false, prompt: false, dtmf: false };
export const CALLER = at('192.0.2.1', 4000);
export const CALLEE = at('192.0.2.2', 5000);
const PORTS = 20_000;

/** One session in a plane: the caller's packets come on rows 0 and 1, the callee's on 2 and 3. */
export class PlaneGiven {
  readonly engine = new TableEngine(8);
  readonly counters = new Counters(new ArrayBuffer(countersBytes(1)));
  readonly reported: number[] = [];
  readonly digits: string[] = [];
  readonly plane: MediaPlane;

  constructor() {
    const options = { doubling: false, reporting: true };
    this.plane = new MediaPlane(this.engine, this.counters, 1, options, {
      onSource: () => {},
      onRefused: () => {},
      onUnreachable: () => {},
      onDigit: (_row, { digit }) => this.digits.push(digit),
      onReport: ({ row }) => this.reported.push(row),
      onStray: () => {},
      onPlayed: () => {},
    });
    this.plane.clear(0);
    for (let row = 0; row < 4; row++) {
      this.engine.bound.set(row, at('127.0.0.1', PORTS + row));
      const remote = row < 2 ? CALLER : CALLEE;
      encodeSockaddr(at(remote.host, remote.port + (row & 1)), this.engine.remotes, row * SOCKADDR_WORDS);
      this.plane.latch.install(row, { asymmetric: false, latched: true, hasPrevious: false, signalledAtMs: 0 });
      this.route(row, {});
    }
  }

  route(row: number, wishes: Partial<RouteWishes>): void {
    this.plane.route(row, { ...PLAIN, ...wishes });
  }

  /** Receives bytes from the remote of a row, and answers what left: the row of the socket, and the bytes. */
  take(row: number, bytes: Uint8Array, remoteRow = row, nowMs = 20_000): readonly (readonly [number, Uint8Array])[] {
    this.plane.onDatagram(this.packet(row, bytes, remoteRow, nowMs));
    return this.engine.departures.splice(0).map((departure) => [departure.row, departure.bytes]);
  }

  packet(row: number, bytes: Uint8Array, remoteRow: number, nowMs: number): Packet {
    const words = new Uint32Array(SOCKADDR_WORDS);
    const remote = remoteRow < 2 ? CALLER : CALLEE;
    encodeSockaddr(at(remote.host, remote.port + (remoteRow & 1)), words, 0);
    // Not at the beginning of its memory, with something behind it.
    const memory = new Uint8Array(bytes.length + 40).fill(0xee);
    memory.set(bytes, 8);
    return { row, bytes: memory, start: 8, length: bytes.length, words, source: 0, nowMs };
  }

  count(row: number): readonly number[] {
    return (['received', 'relayed', 'dropped'] as const).map((name) => this.counters.stream(row, name));
  }
}

let sequence = 0;

/** A packet of RTP with a payload. */
export const spoken = (payloadType: number, payload: Uint8Array): Uint8Array =>
  buildRtp({ payloadType, marker: true, sequence: ++sequence & 0xffff, timestamp: sequence * 160, ssrc: 7, csrc: [1] }, payload);
