import { type Framing, SAMPLES_PER_MS } from '../../protocol/rtp/framing.js';
import { NewestSequence, Renumbering } from '../../protocol/rtp/sequence.js';
import { LONGEST_DATAGRAM } from '../engine.js';
import { copyBytes, distance, type Held, Incoming, ResizerQueue } from './resizerQueue.js';

/**
 * The longest duration that can be asked for, milliseconds. 1000 ms of the widest codec, one byte a sample, and the longest header
 * without extension, 72 bytes, are less than LONGEST_DATAGRAM, so that no output has to be checked against it.
 */
export const LONGEST_TARGET_MS = 999;
/** How many samples may be held at least, where two outputs are less: 40 ms. */
const LEAST_BUFFERED_SAMPLES = 320;
/** Packets held at most: more than the longest target takes of the shortest usual packets (10 ms). Bounds memory and work. */
export const MOST_HELD_PACKETS = 128;
/**
 * How much later than expected the packet that completes an output may come. The packets of one stream seldom differ by more in their
 * delay (ITU-T Y.1541 allows 50 ms from end to end, and we are in the middle), and a receiver whose jitter buffer begins at the usual
 * 40 ms still plays what we send that late.
 */
export const JITTER_SLACK_MS = 30;
/** The bit of the first byte that says that padding follows the payload. */
const PADDING = 0x20;

/** Takes an output: bytes 0 to `length` of memory that is used again when the call is over. */
export type Emit = (bytes: Uint8Array, length: number) => void;

/**
 * What became of a packet: `taken`, it has been emitted or will be; `passed`, it is to be sent as it is; `discarded`, its place has been
 * emitted already, or it is a copy.
 */
export type Taking = 'taken' | 'passed' | 'discarded';

/**
 * Joins and splits the audio packets of one RTP stream so that each lasts as long as was asked for, rounded up to what the codec can
 * do: multiples of 10 ms, with GSM of 20 ms, with G.723.1 of 30 ms.
 *
 * An output keeps payload type, SSRC, timestamp, CSRC list and marker of its first piece; padding is stripped. A header extension
 * describes its packet, so it stays only with a packet that has the right length already and goes through whole. Sequence numbers go
 * on without gaps from the first packet's; a loss shows as a gap of the timestamps.
 *
 * An output is shorter than asked for when nothing may follow in it (a gap in time, another payload type, comfort noise of G.729), or
 * when what should follow has not come by `dueAtMs`. A packet that comes late, but in time, goes to its place by timestamp.
 *
 * RTP whose duration is not known (telephone events, comfort noise, dynamic types, broken frames) is not held: what is held goes out
 * first, then the packet, whole but for its sequence number (`Renumbering`). As long as a source has sent nothing that could be
 * resized, such packets are passed, and so is always what is no RTP. Another SSRC ends what is held as well, and begins anew.
 */
export class Resizer {
  /** Packets that were answered `taken` or `discarded`. */
  taken = 0;
  /** Packets given to `emit`. */
  emitted = 0;
  discarded = 0;
  /** The highest number that the present source was given; -1: none. */
  lastSequence = -1;
  /** When `flush` has to be called, on the clock of `take`; Infinity: nothing is held. A time in the past means at once. */
  dueAtMs = Number.POSITIVE_INFINITY;

  #targetMs = LONGEST_TARGET_MS;
  #ssrc = -1;
  readonly #packet = new Incoming();
  readonly #newest = new NewestSequence();
  readonly #numbers = new Renumbering();
  readonly #queue = new ResizerQueue();
  /** Where the last output ended: what lies before is too late. Null when time begins anew. */
  #emittedTo: number | null = null;
  /** How long the sender's own packets are, by the last one. */
  #packetSamples = 0;
  readonly #output = new Uint8Array(LONGEST_DATAGRAM);

  /** Whose packets are resized at present; -1: none came. */
  get ssrc(): number {
    return this.#ssrc;
  }

  /** `targetMs`: see `setTarget`. */
  constructor(targetMs: number) {
    this.setTarget(targetMs);
  }

  /** Packets that wait, wholly or in part: lost if the resizer is dropped without `flush(Infinity, emit)`. */
  get held(): number {
    return this.#queue.count;
  }

  /** How long packets are to be from now on: 1…999 ms. What is held may become due at once. */
  setTarget(targetMs: number): void {
    this.#targetMs = targetMs >= 1 ? Math.min(targetMs, LONGEST_TARGET_MS) : 1;
    const { head } = this.#queue;
    if (head !== undefined) this.dueAtMs = Math.max(head.arrivedAtMs, this.#dueOf(head));
  }

  /**
   * A packet has come: `length` bytes at `start`, not needed any more after the call. `emit` is called for every packet that can go out
   * now, before the answer. Never throws.
   */
  take(bytes: Uint8Array, start: number, length: number, nowMs: number, emit: Emit): Taking {
    const packet = this.#packet;
    if (length > LONGEST_DATAGRAM || !packet.read(bytes, start, length)) return 'passed';
    if (packet.ssrc !== this.#ssrc) this.#beginSource(packet.ssrc, emit);
    const isLate = this.#newest.isLate(packet.sequence);
    if (packet.framing === null || packet.samples === 0) return this.#takeUnknown(packet, length, emit);
    this.taken++;
    let place = this.#placeOf(packet);
    if (isLate && place < 0) {
      this.discarded++;
      return 'discarded';
    }
    if (!isLate && place !== this.#queue.count) {
      // The newest packet is not the last in time: its sender has set its clock back, or sends more than its timestamps say.
      this.#beginTime(emit);
      place = 0;
    }
    this.#packetSamples = packet.samples;
    if (this.#queue.count === 0 && packet.samples === this.#targetOf(packet.framing)) {
      this.#emitWhole(packet, emit);
    } else {
      this.#queue.insert(place, packet, packet.framing, nowMs);
      this.flush(nowMs, emit);
    }
    return 'taken';
  }

  /** Emits what is due by then; everything, if `nowMs` is Infinity. */
  flush(nowMs: number, emit: Emit): void {
    for (let head = this.#queue.head; head !== undefined; head = this.#queue.head) {
      this.dueAtMs = this.#dueOf(head);
      if (this.dueAtMs > nowMs) return;
      this.#emitRun(head, emit);
    }
    this.dueAtMs = Number.POSITIVE_INFINITY;
  }

  #beginSource(ssrc: number, emit: Emit): void {
    this.#beginTime(emit);
    this.#ssrc = ssrc;
    this.#newest.reset();
    this.#numbers.reset();
    this.lastSequence = -1;
  }

  #beginTime(emit: Emit): void {
    this.flush(Number.POSITIVE_INFINITY, emit);
    this.#emittedTo = null;
  }

  #takeUnknown(packet: Incoming, length: number, emit: Emit): Taking {
    this.flush(Number.POSITIVE_INFINITY, emit);
    if (!this.#numbers.begun) return 'passed';
    this.taken++;
    copyBytes(packet.bytes, packet.start, this.#output, 0, length);
    this.#emit(length, this.#numbers.numberUnchanged(packet.sequence), emit);
    return 'taken';
  }

  /** Where in the queue the packet belongs; -1 where it, or a part of it, has been before. */
  #placeOf(packet: Incoming): number {
    if (this.#emittedTo !== null && distance(this.#emittedTo, packet.timestamp) < 0) return -1;
    return this.#queue.placeOf(packet);
  }

  #targetOf(framing: Framing): number {
    return Math.ceil((this.#targetMs * SAMPLES_PER_MS) / framing.unitSamples) * framing.unitSamples;
  }

  /**
   * When the run at the head has to go out, complete or not: when the packets that it still lacks would have come, had they followed
   * the head at the pace of the sender, and the slack. Only whole packets come, so what is lacking is rounded up to the sender's
   * packets. Counted from the head's arrival, not from now, so that nothing is put off by what follows.
   */
  #dueOf(head: Held): number {
    const target = this.#targetOf(head.framing);
    const isCrowded = this.#queue.count > MOST_HELD_PACKETS || this.#queue.samples > Math.max(2 * target, LEAST_BUFFERED_SAMPLES);
    if (isCrowded || this.#queue.isRunClosed(target)) return Number.NEGATIVE_INFINITY;
    const lacking = Math.ceil((target - head.samples) / this.#packetSamples) * this.#packetSamples;
    return head.arrivedAtMs + lacking / SAMPLES_PER_MS + JITTER_SLACK_MS;
  }

  #emitRun(head: Held, emit: Emit): void {
    const { sequence } = head;
    const length = this.#queue.writeRun(this.#output, this.#targetOf(head.framing));
    this.#emittedTo = this.#queue.writtenTo;
    this.#emit(length, this.#numbers.numberNew(sequence), emit);
  }

  #emitWhole(packet: Incoming, emit: Emit): void {
    copyBytes(packet.bytes, packet.start, this.#output, 0, packet.length);
    this.#output[0]! &= ~PADDING;
    this.#emittedTo = (packet.timestamp + packet.samples) >>> 0;
    this.#emit(packet.length, this.#numbers.numberNew(packet.sequence), emit);
  }

  #emit(length: number, sequence: number, emit: Emit): void {
    this.#output[2] = sequence >>> 8;
    this.#output[3] = sequence;
    if (((this.lastSequence - sequence) & 0xffff) >= 0x8000 || this.lastSequence < 0) this.lastSequence = sequence;
    this.emitted++;
    emit(this.#output, length);
  }
}
