import type { TapeReader } from '../../media/recording/tape.js';
import type { AudioCodecs } from '../../protocol/audio/codec.js';
import { PcapWriter } from '../../protocol/recording/pcapWriter.js';
import type { RecorderNotice, RecorderOrder, RecordingPlace } from '../../relay/recording/orders.js';
import { BufferPool } from './bufferPool.js';
import type { RecordFile } from './recordFile.js';
import { MAX_RECORD_BYTES, type OpenOrder, Recording, type RecordingWorld } from './recording.js';
import type { RecordFolders } from './recordingFiles.js';

/** All buffers of files together. */
const BUFFER_LIMIT_BYTES = 64 << 20;
/** What was recorded is in the file after so long at the latest. */
const FLUSH_MS = 1000;
/** So many entries of a tape are read before another has its turn. */
const MAX_ENTRIES = 4096;
/** For so long files are looked after before packets have their turn again. */
const TURN_MS = 10;
/** A recording that a dead media thread made ends if its successor does not go on with it. */
const UNCONFIRMED_MS = 60_000;

export type RecorderOptions = {
  readonly folders: RecordFolders;
  readonly codecs: AudioCodecs;
  readonly routeTo: (host: string) => string | null;
  readonly notify: (notice: RecorderNotice) => void;
  readonly warn: (text: string) => void;
  /** Milliseconds since the Unix epoch, as packets are dated. */
  readonly clock: () => number;
};

type Tape = { readonly shard: number; readonly reader: TapeReader; readonly numbers: Map<number, Recording> };

/** Makes the recordings of a relay of what stands in the tapes of its media threads. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #world: RecordingWorld;
  readonly #tapes = new Map<number, Tape>();
  readonly #open = new Map<string, Recording>();
  readonly #dirty = new Set<RecordFile>();
  /** WAV files, and when each is to be looked after. */
  readonly #wavTurns = new Map<Recording, number>();
  readonly #closing: Generator<void, void>[] = [];

  constructor(options: RecorderOptions) {
    this.#options = options;
    const { folders, codecs, routeTo, notify } = options;
    this.#world = {
      ...{ folders, codecs, routeTo, notify, dirty: this.#dirty },
      pool: new BufferPool(BUFFER_LIMIT_BYTES),
      pcap: new PcapWriter(),
      scratch: new Uint8Array(MAX_RECORD_BYTES),
    };
  }

  /** Whether anything is being recorded, or on its way to where it belongs. */
  get isBusy(): boolean {
    return this.#open.size > 0 || this.#closing.length > 0;
  }

  /** Whether files are being moved, so that the next `turn` should come at once. */
  get isMoving(): boolean {
    return this.#closing.length > 0;
  }

  /**
   * The tape of a media thread. If there was one of that shard, a thread has died, and what its successor does not open again within a minute
   * is complete.
   */
  addTape(shard: number, reader: TapeReader): void {
    const former = this.#tapes.get(shard);
    this.#tapes.set(shard, { shard, reader: former?.reader ?? reader, numbers: former?.numbers ?? new Map() });
    const nowMs = this.#options.clock();
    for (const recording of this.#open.values()) {
      if (recording.place.shard === shard) recording.unconfirmedSince ??= nowMs;
    }
  }

  /** Reads what stands in the tapes, a good piece of each; true: there is more. */
  read(): boolean {
    let isMore = false;
    for (const tape of this.#tapes.values()) if (this.#readTape(tape)) isMore = true;
    return isMore;
  }

  /** Looks after files: what has waited for a second is written, what is complete is moved. To be called some times a second. */
  turn(): void {
    const nowMs = this.#options.clock();
    const untilMs = nowMs + TURN_MS;
    for (const file of this.#dirty) {
      if (nowMs - file.dirtySinceMs < FLUSH_MS || this.#options.clock() > untilMs) break;
      this.#dirty.delete(file);
      file.flush();
    }
    for (const [recording, dueMs] of this.#wavTurns) {
      if (dueMs > nowMs || this.#options.clock() > untilMs) break;
      // The one that is due last stands last.
      this.#wavTurns.delete(recording);
      this.#guard(recording, () => recording.turn(nowMs));
      this.#wavTurns.set(recording, nowMs + FLUSH_MS);
    }
    while (this.#closing.length > 0 && this.#options.clock() <= untilMs) this.#step();
    for (const recording of this.#open.values()) {
      if (recording.unconfirmedSince !== null && nowMs - recording.unconfirmedSince > UNCONFIRMED_MS)
        this.#close(recording, nowMs);
    }
  }

  /**
   * Reads the tapes to their end and ends all recordings: they are complete, or (`leave`) their files stay where they are, and the next relay
   * goes on with them.
   */
  end(leave: boolean): void {
    while (this.read()) this.turn();
    const nowMs = this.#options.clock();
    for (const recording of this.#open.values()) {
      if (leave) recording.leave(nowMs);
      else this.#close(recording, nowMs);
    }
    while (this.#closing.length > 0) this.#step();
  }

  #readTape({ reader, shard, numbers }: Tape): boolean {
    for (let entries = 0; entries < MAX_ENTRIES; entries++) {
      const entry = reader.next();
      if (entry === 'none') {
        reader.release();
        return false;
      }
      if (entry === 'packet') {
        const recording = numbers.get(reader.recording);
        if (recording !== undefined) this.#guard(recording, () => recording.packet(reader));
      } else {
        // If this thread dies over an order, its successor does not.
        reader.release();
        this.#carryOut(reader.text, shard, numbers);
      }
      if ((entries & 255) === 255) reader.release();
    }
    reader.release();
    return true;
  }

  #carryOut(text: string, shard: number, numbers: Map<number, Recording>): void {
    try {
      const order = JSON.parse(text) as RecorderOrder;
      const recording = numbers.get(order.number);
      if (order.kind === 'open') this.#openOne(order, numbers);
      else if (recording === undefined) return;
      else if (order.kind === 'narrow') recording.narrow(order.sides);
      else this.#close(recording, order.at);
    } catch (error) {
      this.#options.warn(`recorder: an order of shard ${shard} failed: ${(error as Error).message}`);
    }
  }

  #openOne(order: OpenOrder, numbers: Map<number, Recording>): void {
    const key = keyOf(order.place);
    const known = this.#open.get(key);
    if (known !== undefined && numbers.get(known.number) === known) numbers.delete(known.number);
    const former = numbers.get(order.number);
    // Of a thread that has died; it gets another number, or none.
    if (former !== undefined) former.unconfirmedSince ??= this.#options.clock();
    const recording = known ?? new Recording(this.#world, order);
    if (known !== undefined) known.again(order);
    recording.number = order.number;
    numbers.set(order.number, recording);
    this.#open.set(key, recording);
    if (known === undefined && recording.isWav) this.#wavTurns.set(recording, this.#options.clock() + FLUSH_MS);
  }

  #close(recording: Recording, atMs: number): void {
    this.#open.delete(keyOf(recording.place));
    this.#wavTurns.delete(recording);
    const numbers = this.#tapes.get(recording.place.shard)?.numbers;
    if (numbers?.get(recording.number) === recording) numbers.delete(recording.number);
    this.#closing.push(recording.close(atMs));
    // Most files stay where they are, or get another name.
    this.#step();
  }

  #step(): void {
    try {
      if (this.#closing[0]?.next().done) this.#closing.shift();
    } catch (error) {
      this.#closing.shift();
      this.#options.warn(`recorder: files cannot be moved: ${(error as Error).message}`);
    }
  }

  /** What goes wrong with one recording must not harm the others. */
  #guard(recording: Recording, call: () => void): void {
    try {
      call();
    } catch (error) {
      recording.abandon((error as Error).message);
    }
  }
}

const keyOf = ({ shard, session, call, id }: RecordingPlace): string => JSON.stringify([shard, session, call, id]);
