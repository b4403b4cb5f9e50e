import { ok, type Result, refuse } from '../../../model/kernel/index.js';

/** How the octets of a sound are meant: linear 16 bits little-endian, or one octet a sample by either law of G.711. */
export type WavEncoding = 'pcm16' | 'alaw' | 'mulaw';

/** A sound in a RIFF/WAVE file. `data` holds the samples as they stand in the file, channels interleaved. */
export type Wav = {
  readonly encoding: WavEncoding;
  /** Samples a second and channel. */
  readonly sampleRate: number;
  readonly channels: number;
  readonly data: Uint8Array;
};

/** What the file says of each encoding: wFormatTag (RFC 2361) and the bits of one sample. */
const ENCODINGS = {
  pcm16: { tag: 1, bits: 16 },
  alaw: { tag: 6, bits: 8 },
  mulaw: { tag: 7, bits: 8 },
} as const satisfies Record<WavEncoding, { tag: number; bits: number }>;

const EXTENSIBLE_TAG = 0xfffe;
const RIFF_HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
const SHORTEST_FMT_BYTES = 16;
/** With WAVEFORMATEXTENSIBLE the real tag is the first two bytes of a GUID at this offset of the `fmt ` chunk. */
const SUBFORMAT_OFFSET = 24;
const EXTENSIBLE_FMT_BYTES = 40;

type Format = Omit<Wav, 'data'>;
type Chunk = { readonly id: string; readonly start: number; readonly length: number };

/**
 * Reads a RIFF/WAVE file: PCM 16 bits, A-law or µ-law, any rate and number of channels. Unknown chunks are skipped.
 * The error is one sentence that names the value found and the value expected; input never throws. `data` is a view, not a copy.
 */
export function parseWav(file: Uint8Array): Result<Wav, string> {
  if (file.length < RIFF_HEADER_BYTES) return refuse(`WAV file of ${file.length} bytes: at least ${RIFF_HEADER_BYTES} expected`);
  if (fourCC(file, 0) !== 'RIFF') return refuse(`WAV file begins with ${quoted(fourCC(file, 0))}: "RIFF" expected`);
  if (fourCC(file, 8) !== 'WAVE') return refuse(`RIFF file of kind ${quoted(fourCC(file, 8))}: "WAVE" expected`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let format: Format | null = null;
  for (let at = RIFF_HEADER_BYTES; at < file.length; ) {
    const read = readChunk(file, view, at);
    if (!read.ok) return read;
    const chunk = read.value;
    if (chunk.id === 'fmt ') {
      const parsed = parseFormat(view, chunk);
      if (!parsed.ok) return parsed;
      format = parsed.value;
    } else if (chunk.id === 'data') {
      if (format === null) return refuse('WAV file has its "data" chunk first: a "fmt " chunk expected before it');
      return checkedData(format, file.subarray(chunk.start, chunk.start + chunk.length));
    }
    // Chunks begin at even offsets; the pad byte is not in the length.
    at = chunk.start + chunk.length + (chunk.length & 1);
  }
  return refuse(`WAV file without a ${format === null ? '"fmt "' : '"data"'} chunk: one expected`);
}

/** A RIFF/WAVE file of these samples. `data` must hold whole frames; what `parseWav` reads comes back the same. */
export function buildWav(wav: Wav): Uint8Array {
  const { tag, bits } = ENCODINGS[wav.encoding];
  const frameBytes = (bits / 8) * wav.channels;
  // Encodings other than PCM carry an (empty) extension and a `fact` chunk with the number of frames.
  const linear = wav.encoding === 'pcm16';
  const fmtBytes = linear ? SHORTEST_FMT_BYTES : SHORTEST_FMT_BYTES + 2;
  const factBytes = linear ? 0 : CHUNK_HEADER_BYTES + 4;
  const dataAt = RIFF_HEADER_BYTES + CHUNK_HEADER_BYTES + fmtBytes + factBytes + CHUNK_HEADER_BYTES;
  const file = new Uint8Array(dataAt + wav.data.length + (wav.data.length & 1));
  const view = new DataView(file.buffer);
  writeChunkHeader(view, 0, 'RIFF', file.length - CHUNK_HEADER_BYTES);
  writeFourCC(view, 8, 'WAVE');
  writeChunkHeader(view, RIFF_HEADER_BYTES, 'fmt ', fmtBytes);
  const fmtAt = RIFF_HEADER_BYTES + CHUNK_HEADER_BYTES;
  view.setUint16(fmtAt, tag, true);
  view.setUint16(fmtAt + 2, wav.channels, true);
  view.setUint32(fmtAt + 4, wav.sampleRate, true);
  view.setUint32(fmtAt + 8, wav.sampleRate * frameBytes, true);
  view.setUint16(fmtAt + 12, frameBytes, true);
  view.setUint16(fmtAt + 14, bits, true);
  if (!linear) {
    writeChunkHeader(view, fmtAt + fmtBytes, 'fact', 4);
    view.setUint32(fmtAt + fmtBytes + CHUNK_HEADER_BYTES, wav.data.length / frameBytes, true);
  }
  writeChunkHeader(view, dataAt - CHUNK_HEADER_BYTES, 'data', wav.data.length);
  file.set(wav.data, dataAt);
  return file;
}

function readChunk(file: Uint8Array, view: DataView, at: number): Result<Chunk, string> {
  const left = file.length - at;
  if (left < CHUNK_HEADER_BYTES) {
    return refuse(`WAV file ends with ${left} stray bytes at offset ${at}: a chunk header of ${CHUNK_HEADER_BYTES} expected`);
  }
  const id = fourCC(file, at);
  const length = view.getUint32(at + 4, true);
  const room = left - CHUNK_HEADER_BYTES;
  if (length > room) return refuse(`WAV chunk ${quoted(id)} says ${length} bytes: at most ${room} expected, the file ends there`);
  return ok({ id, start: at + CHUNK_HEADER_BYTES, length });
}

function parseFormat(view: DataView, { start, length }: Chunk): Result<Format, string> {
  if (length < SHORTEST_FMT_BYTES) return refuse(`WAV "fmt " chunk of ${length} bytes: at least ${SHORTEST_FMT_BYTES} expected`);
  const outerTag = view.getUint16(start, true);
  if (outerTag === EXTENSIBLE_TAG && length < EXTENSIBLE_FMT_BYTES) {
    return refuse(`WAV "fmt " chunk of ${length} bytes: ${EXTENSIBLE_FMT_BYTES} expected for the extensible format`);
  }
  const tag = outerTag === EXTENSIBLE_TAG ? view.getUint16(start + SUBFORMAT_OFFSET, true) : outerTag;
  const encoding = (Object.keys(ENCODINGS) as WavEncoding[]).find((name) => ENCODINGS[name].tag === tag);
  if (encoding === undefined) return refuse(`WAV format ${tag}: 1 (PCM), 6 (A-law) or 7 (µ-law) expected`);
  const channels = view.getUint16(start + 2, true);
  const sampleRate = view.getUint32(start + 4, true);
  const frameBytes = view.getUint16(start + 12, true);
  const bits = view.getUint16(start + 14, true);
  const expected = ENCODINGS[encoding].bits;
  if (bits !== expected) return refuse(`WAV samples of ${bits} bits: ${expected} expected for format ${tag}`);
  if (channels === 0) return refuse('WAV file of 0 channels: at least 1 expected');
  if (sampleRate === 0) return refuse('WAV sample rate 0 Hz: at least 1 expected');
  if (frameBytes !== (expected / 8) * channels) {
    return refuse(
      `WAV block align ${frameBytes}: ${(expected / 8) * channels} expected for ${channels} channels of ${bits} bits`,
    );
  }
  return ok({ encoding, sampleRate, channels });
}

function checkedData(format: Format, data: Uint8Array): Result<Wav, string> {
  const frameBytes = (ENCODINGS[format.encoding].bits / 8) * format.channels;
  if (data.length % frameBytes !== 0) return refuse(`WAV data of ${data.length} bytes: a multiple of ${frameBytes} expected`);
  return ok({ ...format, data });
}

function fourCC(file: Uint8Array, at: number): string {
  return String.fromCharCode(file[at]!, file[at + 1]!, file[at + 2]!, file[at + 3]!);
}

/** A chunk name as it may be shown: bytes that are not printable ASCII appear as escapes. */
function quoted(id: string): string {
  return JSON.stringify(id).replace(/[^ -~]/g, (c) => `\\u00${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function writeChunkHeader(view: DataView, at: number, id: string, length: number): void {
  writeFourCC(view, at, id);
  view.setUint32(at + 4, length, true);
}

function writeFourCC(view: DataView, at: number, id: string): void {
  for (let i = 0; i < 4; i++) view.setUint8(at + i, id.charCodeAt(i));
}
