import { SIDES, type Side } from '../../../model/session/side.js';
import type { TapeReader } from '../../media/recording/tape.js';
import type { AudioCodecs } from '../../protocol/audio/codec.js';
import { AD_HOC_HEADER_BYTES, writeAdHocRecord } from '../../protocol/recording/adHocWriter.js';
import { PCAP_OVERHEAD_BYTES, type PcapWriter, pcapFileHeader } from '../../protocol/recording/pcapWriter.js';
import { type FileKind, fileNamesOf, streamKinds } from '../../relay/recording/fileNames.js';
import type { RecordedFile, RecorderNotice, RecorderOrder, RecordingPlace } from '../../relay/recording/orders.js';
import { Destinations } from './destinations.js';
import { RecordFile, type RecordFileWorld } from './recordFile.js';
import { shownPath } from './recordFolder.js';
import {
  type OpenedFile,
  openBegun,
  openFresh,
  openUnder,
  type RecordFolders,
  type Settled,
  settleFiles,
  stemOfFiles,
} from './recordingFiles.js';
import { cutTornTail } from './tornTail.js';
import { WavFile } from './wavFile.js';

/** A packet as a record, at the longest. */
export const MAX_RECORD_BYTES = 65535 + Math.max(AD_HOC_HEADER_BYTES, PCAP_OVERHEAD_BYTES);

export type RecordingWorld = RecordFileWorld & {
  readonly folders: RecordFolders;
  readonly codecs: AudioCodecs;
  /** The local address from which the kernel would send to a host. */
  readonly routeTo: (host: string) => string | null;
  readonly pcap: PcapWriter;
  /** Where records are made: `MAX_RECORD_BYTES`. */
  readonly scratch: Uint8Array;
  readonly notify: (notice: RecorderNotice) => void;
};

export type OpenOrder = Extract<RecorderOrder, { kind: 'open' }>;

type OpenFile = { readonly kind: FileKind; readonly file: RecordFile | WavFile };

/** One recording: its files, from when they are opened until they stand where they belong. */
export class Recording {
  readonly place: RecordingPlace;
  /** By which its packets name it. */
  number: number;
  readonly #world: RecordingWorld;
  readonly #order: OpenOrder;
  readonly #destinations: Destinations;
  #sides: readonly Side[];
  #stem = '';
  #files: OpenFile[] = [];
  /** Of each stream the file that its packets go to. */
  readonly #byStream: (RecordFile | null)[] = [null, null, null, null];
  #wav: WavFile | null = null;
  #hasFailed = false;
  #firstAtMs = Number.POSITIVE_INFINITY;
  #lastAtMs = Number.NEGATIVE_INFINITY;
  /** Since when nobody has said that it goes on, milliseconds; null: somebody has. */
  unconfirmedSince: number | null = null;

  constructor(world: RecordingWorld, order: OpenOrder) {
    this.place = order.place;
    this.number = order.number;
    this.#world = world;
    this.#order = order;
    this.#sides = order.sides;
    this.#destinations = new Destinations(world.routeTo);
    this.#destinations.locals = order.locals;
    this.#begin();
  }

  /** Whether it wants its `turn`. */
  get isWav(): boolean {
    return this.#wav !== null;
  }

  /** It is opened again: it goes on, perhaps with more sides, and with what is known of addresses by now. */
  again({ sides, locals, rtcp }: OpenOrder): void {
    this.unconfirmedSince = null;
    this.#sides = sides;
    this.#destinations.locals = locals;
    const isPerStream = !this.#hasFailed && this.#files.length > 0 && this.#files[0]!.kind.streams !== 'all';
    if (isPerStream) {
      const known = this.#files.map(({ kind }) => kind);
      const wanted = sides.flatMap((side) => {
        const isNamed = this.#order.name === null || known.some(({ streams }) => streams !== 'all' && sideOf(streams) !== side);
        return streamKinds(side, rtcp, isNamed);
      });
      const more = wanted.filter(({ streams }) => !known.some((kind) => kind.streams === streams));
      if (more.length > 0) this.#take(openUnder(this.#world.folders, this.#stem, more));
    }
    this.#tellFiles();
  }

  /** Only these sides are recorded from now on. */
  narrow(sides: readonly Side[]): void {
    this.#sides = sides;
  }

  /** The packet that the reader shows. */
  packet(reader: TapeReader): void {
    const { stream, atMs, words, source, bytes, start, length } = reader;
    if (this.#hasFailed || !this.#sides.includes(sideOf(stream))) return;
    if (this.#wav !== null) {
      if ((stream & 1) !== 0) return;
      this.#wav.packet((stream >> 1) as 0 | 1, atMs, bytes, start, length);
    } else {
      const file = this.#byStream[stream]!;
      if (file === null) return;
      const { scratch, pcap } = this.#world;
      const destinations = this.#destinations;
      const to = this.#order.form === 'pcap' ? destinations.of(stream, words, source) : 0;
      const recordBytes =
        this.#order.form === 'pcap'
          ? pcap.write(scratch, 0, atMs, words, source, destinations.words, to, bytes, start, length)
          : writeAdHocRecord(scratch, 0, atMs, words, source, bytes, start, length);
      file.append(scratch, recordBytes, 1, atMs);
    }
    this.#span(atMs, atMs);
  }

  /** Of a WAV file: what is old enough is written. */
  turn(nowMs: number): void {
    this.#wav?.turn(nowMs);
  }

  /** It cannot go on. */
  abandon(reason: string): void {
    this.#fail(shownPath({ folder: this.#world.folders.working, name: this.#stem }), reason);
  }

  /** Writes what waits and leaves the files where they are, for another relay to go on with. */
  leave(nowMs: number): void {
    for (const { file } of this.#files) {
      if (file instanceof WavFile) file.end(nowMs);
      else file.close();
    }
  }

  /** It is complete: its files are closed at once, and moved where they belong a step at a time; then it is told. */
  *close(atMs: number): Generator<void, void> {
    this.leave(atMs);
    const kinds = this.#files.map(({ kind }) => kind);
    const settled: readonly Settled[] = yield* settleFiles(this.#world.folders, this.#stem, kinds);
    const files = settled.map(({ path }, i): RecordedFile => {
      const { packets, bytes } = this.#files[i]!.file;
      return { path, packets, bytes };
    });
    for (const { path, reason } of settled) if (reason !== null) this.#fail(path, reason);
    this.#world.notify({
      ...{ kind: 'done', place: this.place, files, startedAt: this.#order.startedAt },
      durationMs: Math.max(0, this.#lastAtMs - this.#firstAtMs),
      packets: files.reduce((total, { packets }) => total + packets, 0),
    });
  }

  #begin(): void {
    const { folders } = this.#world;
    const names = fileNamesOf(this.#order);
    const begun = stemOfFiles(this.#order.files, names.kinds);
    if (begun === null) {
      const fresh = openFresh(folders, names);
      if (fresh.ok) this.#stem = fresh.value.stem;
      this.#take(fresh.ok ? { ok: true, value: fresh.value.files } : fresh);
    } else {
      this.#stem = begun;
      this.#take(openBegun(folders, begun, names.kinds));
    }
    this.#tellFiles();
  }

  #take(opened: ReturnType<typeof openUnder>): void {
    if (!opened.ok) {
      this.#fail(opened.error.path, opened.error.reason);
      return;
    }
    for (const one of opened.value) this.#addFile(one);
  }

  #addFile({ kind, fd, isNew }: OpenedFile): void {
    const path = shownPath({ folder: this.#world.folders.working, name: this.#stem + kind.workingSuffix });
    const onFailure = (reason: string): void => this.#fail(path, reason);
    const { form, startedAt } = this.#order;
    if (form === 'wav') {
      this.#wav = new WavFile(fd, isNew, this.#world.codecs, startedAt, onFailure);
      this.#files.push({ kind, file: this.#wav });
      return;
    }
    const whole = isNew ? null : cutTornTail(fd, form);
    const { bytes, packets } = whole?.ok ? whole.value : { bytes: 0, packets: 0 };
    const file = new RecordFile(this.#world, fd, bytes, packets, onFailure);
    this.#files.push({ kind, file });
    if (whole?.ok === false) {
      file.abandon(whole.error);
      return;
    }
    if (whole?.ok) {
      const { firstAtMs, lastAtMs } = whole.value;
      if (firstAtMs !== null && lastAtMs !== null) this.#span(firstAtMs, lastAtMs);
    }
    if (form === 'pcap' && bytes === 0) {
      const header = pcapFileHeader();
      file.append(header, header.length, 0, startedAt);
      file.flush();
    }
    this.#byStream.forEach((_, stream) => {
      if (kind.streams === stream) this.#byStream[stream] = file;
      if (kind.streams === 'all' && (this.#order.rtcp || (stream & 1) === 0)) this.#byStream[stream] = file;
    });
  }

  #span(firstAtMs: number, lastAtMs: number): void {
    if (firstAtMs < this.#firstAtMs) this.#firstAtMs = firstAtMs;
    if (lastAtMs > this.#lastAtMs) this.#lastAtMs = lastAtMs;
  }

  #tellFiles(): void {
    const files = this.#files.map(({ kind }) => this.#stem + kind.workingSuffix);
    if (files.length > 0) this.#world.notify({ kind: 'opened', place: this.place, files });
  }

  /** The recording ends with the first failure; what there is of it stays. */
  #fail(path: string, reason: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#byStream.fill(null);
    for (const { file } of this.#files) if (file instanceof RecordFile) file.close();
    this.#world.notify({ kind: 'failed', place: this.place, path, reason });
  }
}

const sideOf = (stream: number): Side => SIDES[stream >> 1]!;
