import { Counters, countersBytes } from '../../src/media/counters.js';
import type { PacketEngine } from '../../src/media/engine.js';
import { MediaPlane } from '../../src/media/plane.js';
import type { PlayOrder, Voice } from '../../src/media/player/prompt.js';
import { peerOf } from '../../src/media/streams.js';
import { clearSockaddr, encodeSockaddr, SOCKADDR_WORDS } from '../../src/protocol/bytes/sockaddr.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { isRtp, rtpMarker, rtpPayloadType, rtpSequence, rtpSsrc, rtpTimestamp } from '../../src/protocol/rtp/header.js';
import { TableEngine } from '../property/tableEngine.js';
import { at } from './latched.js';

export const SLOTS = 4;
/** The RTP rows of the first session: who listens, and whose packets that leg is relayed. */
export const LISTENER = 0;
export const TALKER = 2;
const HOMES = [at('192.0.2.1', 4000), at('192.0.2.2', 5000)] as const;

/** A packet as its receiver sees it. */
export type Heard = {
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly marker: boolean;
  readonly payloadType: number;
  readonly payload: Uint8Array;
};

export type Said = {
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc?: number;
  readonly payloadType?: number;
  readonly payload?: Uint8Array;
};

/** How engines make drafts: one in one place (epoll), one that moves from place to place (io_uring), or a new one each (dgram). */
export const DRAFTS = ['one', 'moving', 'new'] as const;
const DRAFT_BYTES = 400;
const DRAFT_PLACES = 8;

/** An engine that remembers what leaves each row, and makes drafts as others do. */
class ListeningEngine extends TableEngine {
  readonly #draft = super.draft();
  drafts: (typeof DRAFTS)[number] = 'one';

  override draft(): ReturnType<PacketEngine['draft']> {
    if (this.drafts === 'new') return super.draft();
    if (this.drafts === 'moving') this.#draft.start = (this.#draft.start + DRAFT_BYTES) % (DRAFT_BYTES * DRAFT_PLACES);
    return this.#draft;
  }
}

/** A plane with players whose sessions are routed as the shard does it, on a clock that is set by hand. */
export class PlayedScene {
  readonly engine = new ListeningEngine((SLOTS + 1) * 4);
  readonly counters = new Counters(new ArrayBuffer(countersBytes(SLOTS)));
  /** Rows whose prompt has ended, in order. */
  readonly ended: number[] = [];
  readonly plane: MediaPlane;
  /** Called when a prompt has ended, behind what the shard does. */
  onPlayed: (row: number) => void = () => {};
  nowMs = 10_000;
  resize = false;

  constructor() {
    const listeners = {
      onSource: () => {},
      onRefused: () => {},
      onUnreachable: () => {},
      onDigit: () => {},
      onReport: () => {},
      onStray: () => {},
    };
    const onPlayed = (row: number): void => {
      this.ended.push(row);
      this.route(row);
      this.onPlayed(row);
    };
    const options = { doubling: false, reporting: false };
    this.plane = new MediaPlane(this.engine, this.counters, SLOTS, options, { ...listeners, onPlayed });
    for (let slot = 0; slot < SLOTS; slot++) this.plane.clear(slot);
    for (const row of [LISTENER, TALKER]) {
      this.engine.bound.set(row, at('127.0.0.1', 20_000 + row));
      this.connect(row);
    }
  }

  get players(): MediaPlane['players'] {
    return this.plane.players;
  }

  /** Gives a row somebody to send to, or (false) takes it away. */
  connect(row: number, isThere = true): void {
    const place = row * SOCKADDR_WORDS;
    if (isThere) encodeSockaddr(HOMES[(row >> 1) & 1]!, this.engine.remotes, place);
    else clearSockaddr(this.engine.remotes, place);
    this.plane.latch.install(row, { asymmetric: false, latched: true, hasPrevious: false, signalledAtMs: 0 });
    this.route(row);
  }

  /** Both streams of a session, after something has changed: what is talked to a listener of a prompt is muted. */
  route(row: number): void {
    for (const each of [row, peerOf(row)]) {
      this.plane.resizing.set(each, this.resize ? 20 : null);
      this.plane.route(each, { resize: this.resize, mute: false, prompt: this.players.isPlaying(peerOf(each)), dtmf: false });
    }
  }

  start(order: Partial<PlayOrder> & Pick<PlayOrder, 'prompt'>, row = LISTENER): void {
    const rest = { ptimeMs: 20, count: 1, sent: 0, voice: VOICE };
    this.players.start(row, { ...rest, ...order }, this.nowMs);
    this.route(row);
  }

  /** As the control command does it: the voice first. Answers it. */
  play(packets: number, row = LISTENER): Voice {
    const voice = this.players.voiceFor(row, this.nowMs, () => 0.5);
    this.start({ prompt: promptOf(packets), voice }, row);
    return voice;
  }

  stop(row = LISTENER): void {
    this.players.stop(row);
    this.route(row);
  }

  /** Time passes, a millisecond at a time, with a turn in each. */
  pass(ms: number): void {
    for (let i = 0; i < ms; i++) {
      this.nowMs++;
      this.players.turn(this.nowMs);
    }
  }

  turn(): number {
    return this.players.turn(this.nowMs);
  }

  /** A packet comes to a row, from where that leg's packets come. */
  say({ sequence, timestamp, ssrc = 7, payloadType = 0, payload = new Uint8Array(160) }: Said, row = TALKER): void {
    const header = { payloadType, marker: false, sequence: sequence & 0xffff, timestamp: timestamp >>> 0, ssrc };
    this.receive(buildRtp(header, payload), row);
  }

  receive(bytes: Uint8Array, row = TALKER): void {
    const words = new Uint32Array(SOCKADDR_WORDS);
    encodeSockaddr(HOMES[(row >> 1) & 1]!, words, 0);
    this.plane.onDatagram({ row, bytes, start: 0, length: bytes.length, words, source: 0, nowMs: this.nowMs });
  }

  /** What has left a row since it was asked last. */
  heard(row = LISTENER): Heard[] {
    return this.#take(row).map(readRtp);
  }

  /** The same of packets that are no RTP too. */
  bytes(row = LISTENER): Uint8Array[] {
    return this.#take(row);
  }

  #take(row: number): Uint8Array[] {
    const left = this.engine.departures.filter((one) => one.row === row).map(({ bytes }) => bytes);
    const others = this.engine.departures.filter((one) => one.row !== row);
    this.engine.departures.splice(0, this.engine.departures.length, ...others);
    return left;
  }
}

export const VOICE: Voice = { ssrc: 0xdead_beef, sequence: 100, timestamp: 5000 };

function readRtp(bytes: Uint8Array): Heard {
  if (!isRtp(bytes, 0, bytes.length)) throw new Error('no RTP');
  return {
    ...{ sequence: rtpSequence(bytes, 0), timestamp: rtpTimestamp(bytes, 0), ssrc: rtpSsrc(bytes, 0) },
    ...{ marker: rtpMarker(bytes, 0), payloadType: rtpPayloadType(bytes, 0), payload: bytes.slice(12) },
  };
}

/** So many packets of 20 ms of G.711, each of octets that tell its place; `more` octets behind them. */
export function promptOf(packets: number, more = 0, payloadType = 0): PlayOrder['prompt'] {
  const frames = new Uint8Array(packets * 160 + more);
  for (let i = 0; i < frames.length; i++) frames[i] = Math.floor(i / 160) + 1;
  return { payloadType, frames };
}

export const sequences = (heard: readonly Heard[]): number[] => heard.map(({ sequence }) => sequence);
export const timestamps = (heard: readonly Heard[]): number[] => heard.map(({ timestamp }) => timestamp);
/** Which packet of the prompt each is: its first octet. */
export const places = (heard: readonly Heard[]): number[] => heard.map(({ payload }) => payload[0]!);
