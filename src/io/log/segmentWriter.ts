import { closeSync, existsSync, mkdirSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FRAME_HEADER_BYTES, MAX_BODY_BYTES, writeFrame } from '../../protocol/events/frame.js';
import type { EventLog, StepRecord } from '../../relay/ports.js';
import { listSegments, packr, SEGMENT_MAGIC, SEGMENT_VERSION, type SegmentHeader, segmentName } from './segment.js';

/** A segment that has grown beyond this is closed and the next begun, bytes. */
const SEGMENT_BYTES = 64 << 20;
/** A batch that has grown beyond this does not wait for its flush, bytes. */
const BATCH_BYTES = 64 << 10;

export type SegmentWriterOptions = {
  readonly folder: string;
  readonly shard: number;
  readonly now: () => number;
  /** Told of each record that could not be written, with the reason. */
  readonly onError: (records: number, reason: string) => void;
};

/**
 * The event log of one shard: append-only segments. A new process begins a new segment, so that the torn end a crash may have left stays
 * the end of its file. Records are gathered and written together.
 */
export class SegmentWriter implements EventLog {
  readonly #options: SegmentWriterOptions;
  readonly #batch = new Uint8Array(BATCH_BYTES + MAX_BODY_BYTES + FRAME_HEADER_BYTES);
  #fill = 0;
  #records = 0;
  readonly #run: number;
  #number: number;
  #written = 0;
  #fd = -1;

  /** Makes the folder where it is missing. Throws if the first segment cannot be opened. */
  constructor(options: SegmentWriterOptions) {
    this.#options = options;
    this.#run = options.now();
    makeFolder(options.folder);
    const own = listSegments(options.folder).filter(({ shard }) => shard === options.shard);
    this.#number = own.at(-1)?.number ?? 0;
    this.#begin();
  }

  get waiting(): boolean {
    return this.#records > 0;
  }

  append(record: StepRecord): void {
    const body = packr.pack(record);
    if (body.length > MAX_BODY_BYTES) {
      this.#options.onError(1, `a record of ${body.length} bytes is too long`);
      return;
    }
    this.#fill = writeFrame(this.#batch, this.#fill, body);
    this.#records++;
    if (this.#fill >= BATCH_BYTES) this.flush();
  }

  flush(): void {
    if (this.#records === 0) return;
    try {
      if (this.#fd < 0 || this.#written >= SEGMENT_BYTES) this.#begin();
      this.#write(this.#batch.subarray(0, this.#fill));
    } catch (error) {
      this.#options.onError(this.#records, (error as Error).message);
      this.#abandon(); // What stands half-written is a torn end; the next batch starts a segment of its own.
    }
    this.#fill = 0;
    this.#records = 0;
  }

  close(): void {
    this.flush();
    this.#abandon();
  }

  #begin(): void {
    this.#abandon();
    this.#number++;
    const { folder, shard, now } = this.#options;
    // The log may hold Call-IDs and addresses: it is nobody's but the operator's.
    const path = join(folder, segmentName(shard, this.#number));
    this.#fd = openSync(path, 'ax', 0o640);
    this.#written = 0;
    const header: SegmentHeader = { shard, run: this.#run, startedAt: now(), version: SEGMENT_VERSION };
    const body = packr.pack(header);
    const start = new Uint8Array(SEGMENT_MAGIC.length + FRAME_HEADER_BYTES + body.length);
    for (let i = 0; i < SEGMENT_MAGIC.length; i++) start[i] = SEGMENT_MAGIC.charCodeAt(i);
    writeFrame(start, SEGMENT_MAGIC.length, body);
    try {
      this.#write(start);
    } catch (error) {
      // A full disk would fill the folder with empty segments, one a batch.
      this.#abandon();
      rmSync(path, { force: true });
      this.#number--;
      throw error;
    }
  }

  #write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    this.#written += bytes.length;
  }

  #abandon(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }
}

/** As `mkdir -p`. Node's own `recursive` never returns where the system answers ENOENT below a folder that exists, as in `/proc`. */
function makeFolder(path: string, isRetry = false): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    if (code !== 'ENOENT' || isRetry) throw error;
    if (!existsSync(dirname(path))) makeFolder(dirname(path));
    makeFolder(path, true); // Another shard may have made the parent meanwhile.
  }
}
