import { closeSync, fstatSync, ftruncateSync, readSync } from 'node:fs';
import type { AudioCodecs } from '../../protocol/audio/codec.js';
import { readWavBegun, stereoHeader, WAV_HEADER_BYTES, type WavBegun, WavRecording } from '../../relay/recording/wavRecording.js';
import { errorCode, tried, writeAll } from './recordFolder.js';

/** The rate that a file says until something is heard. */
const SILENT_RATE = 8000;

/**
 * A WAV file that is a whole one at any moment: its header is set right whenever samples were written. A failure is told once, and then nothing
 * more is written.
 */
export class WavFile {
  readonly #fd: number;
  readonly #onFailure: (reason: string) => void;
  readonly #recording: WavRecording;
  #headerDataBytes = -1;
  #isOpen = true;
  /** Packets that were heard. */
  packets = 0;

  /** `isNew`: false if the file was written to before, and is to be gone on with. */
  constructor(fd: number, isNew: boolean, codecs: AudioCodecs, startedAt: number, onFailure: (reason: string) => void) {
    this.#fd = fd;
    this.#onFailure = onFailure;
    const write = (offset: number, bytes: Uint8Array): void => this.#attempt(() => this.#writeSamples(offset, bytes));
    let begun: WavBegun | null = null;
    if (!isNew) this.#attempt(() => (begun = this.#readBegun()));
    this.#recording = new WavRecording({ codecs, startedAt, begun, write });
    if (begun === null) this.#attempt(() => writeAll(fd, stereoHeader(SILENT_RATE, 0), 0, WAV_HEADER_BYTES, 0));
  }

  get bytes(): number {
    return WAV_HEADER_BYTES + (this.#isOpen ? this.#recording.dataBytes : Math.max(0, this.#headerDataBytes));
  }

  /** A packet of the caller (0) or the callee (1). */
  packet(channel: 0 | 1, atMs: number, bytes: Uint8Array, start: number, length: number): void {
    if (!this.#isOpen) return;
    this.packets++;
    this.#recording.packet(channel, atMs, bytes, start, length);
  }

  /** To be called about once a second. */
  turn(nowMs: number): void {
    if (!this.#isOpen) return;
    this.#recording.turn(nowMs);
    this.#attempt(() => this.#writeHeader());
    if (this.#isOpen && this.#recording.isFull) this.#fail('a WAV file holds no more than 4 GiB');
    else if (this.#isOpen) this.#attempt(() => this.#look());
  }

  /** Nothing more comes: the file gets as long as the recording was. */
  end(nowMs: number): void {
    if (!this.#isOpen) return;
    this.#recording.end(nowMs);
    this.#attempt(() => this.#writeHeader());
    this.#shut();
  }

  #readBegun(): WavBegun | null {
    const { size } = fstatSync(this.#fd);
    const header = new Uint8Array(WAV_HEADER_BYTES);
    const bytes = readSync(this.#fd, header, 0, WAV_HEADER_BYTES, 0);
    if (bytes < WAV_HEADER_BYTES) return null;
    const begun = readWavBegun(header, size);
    if (begun === null) throw new Error('it is no WAV file that was begun here');
    // Without samples its rate says nothing yet.
    return begun.frames === 0 ? null : begun;
  }

  #writeSamples(offset: number, bytes: Uint8Array): void {
    writeAll(this.#fd, bytes, 0, bytes.length, WAV_HEADER_BYTES + offset);
  }

  #writeHeader(): void {
    const { header, dataBytes } = this.#recording;
    if (header === null || dataBytes === this.#headerDataBytes) return;
    // Silence at the end is there, too.
    if (fstatSync(this.#fd).size < this.bytes) ftruncateSync(this.#fd, this.bytes);
    writeAll(this.#fd, header, 0, header.length, 0);
    this.#headerDataBytes = dataBytes;
  }

  #look(): void {
    if (fstatSync(this.#fd).nlink === 0) throw new Error('it was removed');
  }

  #attempt(call: () => void): void {
    if (!this.#isOpen) return;
    try {
      call();
    } catch (error) {
      this.#fail(errorCode(error));
    }
  }

  #fail(reason: string): void {
    this.#shut();
    this.#onFailure(reason);
  }

  #shut(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    tried(() => closeSync(this.#fd));
  }
}
