import { closeSync, fstatSync, ftruncateSync } from 'node:fs';
import type { BufferPool } from './bufferPool.js';
import { errorCode, tried, writeAll } from './recordFolder.js';

/** What all files of the recorder share. */
export type RecordFileWorld = {
  readonly pool: BufferPool;
  /** Files in whose buffers something waits, those first that wait longest. */
  readonly dirty: Set<RecordFile>;
};

/**
 * A file that whole records are appended to. They are gathered and written together; what a failure has left of one is cut off again. Answers
 * are null or why nothing more can be written.
 */
export class RecordFile {
  readonly #world: RecordFileWorld;
  readonly #fd: number;
  #written: number;
  #writtenPackets: number;
  #buffer: Uint8Array | null = null;
  #used = 0;
  #bufferedPackets = 0;
  /** When the first of what waits was appended, milliseconds. */
  #dirtySinceMs = 0;
  #isOpen = true;
  /** Who is told why nothing more can be written. */
  readonly onFailure: (reason: string) => void;

  /** `bytes`, `packets`: what is in the file. */
  constructor(world: RecordFileWorld, fd: number, bytes: number, packets: number, onFailure: (reason: string) => void) {
    this.#world = world;
    this.#fd = fd;
    this.#written = bytes;
    this.#writtenPackets = packets;
    this.onFailure = onFailure;
  }

  /** What is in the file, and in the buffer. */
  get bytes(): number {
    return this.#written + this.#used;
  }

  get packets(): number {
    return this.#writtenPackets + this.#bufferedPackets;
  }

  get dirtySinceMs(): number {
    return this.#dirtySinceMs;
  }

  /** Appends `length` bytes, which hold so many packets. */
  append(record: Uint8Array, length: number, packets: number, nowMs: number): void {
    if (!this.#isOpen) return;
    if (this.#buffer !== null && this.#used + length > this.#buffer.length) this.#write();
    this.#buffer ??= this.#isOpen ? this.#world.pool.take() : null;
    if (this.#buffer === null || length > this.#buffer.length) {
      this.#writeNow(record, length, packets);
      return;
    }
    if (this.#used === 0) {
      this.#dirtySinceMs = nowMs;
      this.#world.dirty.add(this);
    }
    this.#buffer.set(record.subarray(0, length), this.#used);
    this.#used += length;
    this.#bufferedPackets += packets;
  }

  /** Writes what waits; and sees whether the file still is where others can find it. */
  flush(): void {
    this.#write();
    if (!this.#isOpen) return;
    const found = tried(() => fstatSync(this.#fd).nlink);
    if (!found.ok || found.value === 0) this.#fail(found.ok ? 'it was removed' : found.error);
  }

  /** Nothing is written any more, for this reason. */
  abandon(reason: string): void {
    if (this.#isOpen) this.#fail(reason);
  }

  /** Writes what waits and closes it. */
  close(): void {
    if (!this.#isOpen) return;
    this.#write();
    this.#shut();
  }

  #write(): void {
    const { pool, dirty } = this.#world;
    const buffer = this.#buffer;
    dirty.delete(this);
    if (buffer === null) return;
    this.#buffer = null;
    const [used, packets] = [this.#used, this.#bufferedPackets];
    this.#used = 0;
    this.#bufferedPackets = 0;
    if (used > 0) this.#writeNow(buffer, used, packets);
    pool.give(buffer);
  }

  #writeNow(bytes: Uint8Array, length: number, packets: number): void {
    if (!this.#isOpen) return;
    try {
      writeAll(this.#fd, bytes, 0, length, this.#written);
      this.#written += length;
      this.#writtenPackets += packets;
    } catch (error) {
      tried(() => ftruncateSync(this.#fd, this.#written));
      this.#fail(errorCode(error));
    }
  }

  #fail(reason: string): void {
    this.#shut();
    this.onFailure(reason);
  }

  #shut(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#world.dirty.delete(this);
    if (this.#buffer !== null) this.#world.pool.give(this.#buffer);
    this.#buffer = null;
    this.#used = 0;
    tried(() => closeSync(this.#fd));
  }
}
