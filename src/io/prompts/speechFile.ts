import { type FileHandle, open } from 'node:fs/promises';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { SpeechSource } from '../../relay/tools/announcement.js';
import { containerOf, foreignKind, RAW_LAYOUT, readLayout, type SoundLayout } from '../../relay/tools/soundLayout.js';
import { cutSpeech, joinSpeech, NO_SPEECH, type Speech, SpeechDecoder } from '../../relay/tools/speechDecoder.js';

const PIECE_BYTES = 1 << 20;
const MAGIC_BYTES = 12;
/** Pictures and texts may stand before the samples; what is longer than this is something else. */
const HEADER_BYTES = 1 << 20;
const LONGEST_HEADER_BYTES = 64 << 20;
/** Sound of at least this rate has something that 8 kHz lose. */
const WIDE_RATE = 16000;

/** A recording that is read piece by piece, whatever its length; or a pipe, which cannot be begun again. */
export class SpeechFile implements SpeechSource {
  readonly layout: SoundLayout;
  /** Whether there is speech at 16 kHz, too. */
  readonly hasWide: boolean;
  /** Of the samples in the file; infinite where nobody knows. */
  readonly dataBytes: number;
  readonly #file: FileHandle;
  readonly #isSeekable: boolean;
  /** How it begins, as far as it was read to find that out. */
  readonly #head: Uint8Array;
  #decoder: SpeechDecoder;
  /** Offset of the next piece. */
  #at: number;
  #isAtEnd = false;
  #decoded: Speech = NO_SPEECH;

  private constructor(file: FileHandle, size: number | null, head: Uint8Array, layout: SoundLayout) {
    this.#file = file;
    this.#isSeekable = size !== null;
    this.#head = head;
    this.layout = layout;
    this.hasWide = layout.sampleRate >= WIDE_RATE;
    this.dataBytes = size === null ? layout.dataBytes : Math.min(layout.dataBytes, Math.max(0, size - layout.dataAt));
    this.#decoder = new SpeechDecoder(layout, this.hasWide);
    this.#at = layout.dataAt;
  }

  /** Opens a WAV or AU file, told by how it begins, or anything else as raw samples. The error is one sentence that begins with the path. */
  static async open(path: string, isRaw: boolean): Promise<Result<SpeechFile, string>> {
    let file: FileHandle | null = null;
    try {
      file = await open(path, 'r');
      const found = await file.stat();
      const size = found.isFile() ? found.size : null;
      const opened = await SpeechFile.#begin(file, size, isRaw);
      if (opened.ok) return opened;
      await file.close();
      return refuse(`${path}: ${opened.error}; if it holds raw samples, say --raw`);
    } catch (error) {
      await file?.close().catch(() => {});
      return refuse(unreadable(path, error));
    }
  }

  static async #begin(file: FileHandle, size: number | null, isRaw: boolean): Promise<Result<SpeechFile, string>> {
    let head = await readOn(file, new Uint8Array(0), MAGIC_BYTES);
    const foreign = isRaw ? null : foreignKind(head);
    if (foreign !== null) return refuse(`${foreign}: a WAV or AU file expected`);
    if (isRaw || containerOf(head) === null) return ok(new SpeechFile(file, size, head, RAW_LAYOUT));
    for (let room = HEADER_BYTES; ; room *= 4) {
      head = await readOn(file, head, room);
      const isWhole = head.length < room;
      const layout = readLayout(head, isWhole);
      if (layout.ok) return ok(new SpeechFile(file, size, head, layout.value));
      if (isWhole || room >= LONGEST_HEADER_BYTES) return layout;
    }
  }

  /** Rejects if the file cannot be read. */
  async read(count: number): Promise<Speech> {
    while (this.#decoded.narrow.length < count && !this.#isAtEnd) {
      const piece = await this.#nextPiece();
      this.#isAtEnd = piece.length === 0;
      const fresh = this.#isAtEnd ? this.#decoder.end() : this.#decoder.take(piece);
      if (fresh.narrow.length > 0) this.#decoded = joinSpeech([this.#decoded, fresh]);
    }
    const speech = cutSpeech(this.#decoded, 0, count);
    this.#decoded = cutSpeech(this.#decoded, count, this.#decoded.narrow.length);
    return speech;
  }

  async rewind(): Promise<void> {
    if (!this.#isSeekable) return;
    this.#at = this.layout.dataAt;
    this.#isAtEnd = false;
    this.#decoded = NO_SPEECH;
    this.#decoder = new SpeechDecoder(this.layout, this.hasWide);
  }

  async close(): Promise<void> {
    await this.#file.close().catch(() => {});
  }

  async #nextPiece(): Promise<Uint8Array> {
    const left = this.layout.dataAt + this.layout.dataBytes - this.#at;
    const wanted = Math.min(PIECE_BYTES, left);
    let piece = this.#head.subarray(this.#at, this.#at + wanted);
    if (piece.length === 0 && wanted > 0) {
      const room = new Uint8Array(wanted);
      const { bytesRead } = await this.#file.read(room, 0, wanted, this.#isSeekable ? this.#at : null);
      piece = room.subarray(0, bytesRead);
    }
    this.#at += piece.length;
    return piece;
  }
}

/** What was read, and more of it, until there are `bytes` or the file ends. */
async function readOn(file: FileHandle, before: Uint8Array, bytes: number): Promise<Uint8Array> {
  const room = new Uint8Array(bytes);
  room.set(before);
  let length = before.length;
  while (length < bytes) {
    const { bytesRead } = await file.read(room, length, bytes - length, null);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return room.subarray(0, length);
}

/** One line about a file that could not be read. */
export function unreadable(path: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return `${path} cannot be read (${code ?? message})`;
}
