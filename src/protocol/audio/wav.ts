import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { SAMPLE_BYTES, type SampleEncoding } from './samples.js';

/** How the octets of a sound are meant. RIFF is little-endian, and linear samples of one octet are unsigned. */
export type WavEncoding = Exclude<SampleEncoding, 's8'>;

/** What the header of a RIFF/WAVE file says. */
export type WavFormat = {
  readonly encoding: WavEncoding;
  /** Samples a second and channel. */
  readonly sampleRate: number;
  readonly channels: number;
};

/** A sound in a RIFF/WAVE file. `data` holds the samples as they stand in the file, channels interleaved. */
export type Wav = WavFormat & { readonly data: Uint8Array };

/** What the file says of each encoding (wFormatTag, RFC 2361): PCM, IEEE float, A-law, µ-law. */
const TAGS: Readonly<Record<WavEncoding, number>> = {
  u8: 1,
  pcm16: 1,
  pcm24: 1,
  pcm32: 1,
  float32: 3,
  float64: 3,
  alaw: 6,
  mulaw: 7,
};
const ENCODINGS = Object.keys(TAGS) as WavEncoding[];
const PCM_TAG = 1;
const EXTENSIBLE_TAG = 0xfffe;

const RIFF_HEADER_BYTES = 12;
const CHUNK_HEADER_BYTES = 8;
const SHORTEST_FMT_BYTES = 16;
/** With WAVEFORMATEXTENSIBLE the real tag is the first two bytes of a GUID at this offset of the `fmt ` chunk. */
const SUBFORMAT_OFFSET = 24;
const EXTENSIBLE_FMT_BYTES = 40;
/** Sizes have 32 bits. Who does not know how long a sound gets, or knows it is longer, writes this. */
const UNKNOWN_SIZE = 0xffffffff;

type Chunk = { readonly id: string; readonly start: number; readonly length: number };

/**
 * Reads a RIFF/WAVE file: PCM 8, 16, 24 or 32 bits, float 32 or 64 bits, A-law or µ-law, plain or extensible, any rate and number of channels.
 * Unknown chunks are skipped. Of a `data` chunk that ends too early, or that is still being written, what is there is taken, in whole frames.
 * The error is one sentence that names the value found and the value expected; input never throws. `data` is a view, not a copy.
 */
export function parseWav(file: Uint8Array): Result<Wav, string> {
  if (file.length < RIFF_HEADER_BYTES) return refuse(`WAV file of ${file.length} bytes: at least ${RIFF_HEADER_BYTES} expected`);
  if (fourCC(file, 0) !== 'RIFF') return refuse(`WAV file begins with ${quoted(fourCC(file, 0))}: "RIFF" expected`);
  if (fourCC(file, 8) !== 'WAVE') return refuse(`RIFF file of kind ${quoted(fourCC(file, 8))}: "WAVE" expected`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let format: WavFormat | null = null;
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
      return ok({ ...format, data: wholeFrames(format, file.subarray(chunk.start, endOfData(file, view, chunk))) });
    }
    // Chunks begin at even offsets; the pad byte is not in the length.
    at = chunk.start + chunk.length + (chunk.length & 1);
  }
  return refuse(`WAV file without a ${format === null ? '"fmt "' : '"data"'} chunk: one expected`);
}

/** A RIFF/WAVE file of these samples. `data` must hold whole frames; what `parseWav` reads comes back the same. */
export function buildWav(wav: Wav): Uint8Array {
  const header = wavHeader(wav, wav.data.length);
  const file = new Uint8Array(header.length + wav.data.length + (wav.data.length & 1));
  file.set(header);
  file.set(wav.data, header.length);
  return file;
}

/**
 * What stands before `dataBytes` octets of samples: 44 bytes for PCM, 58 for the others. The length does not depend on `dataBytes`, so that a
 * file that grows gets a header with 0 first, which readers take for "as long as the file is", and another one over it at the end. After an
 * odd number of octets a pad byte is expected. What 32 bits do not hold is written as "unknown".
 */
export function wavHeader({ encoding, sampleRate, channels }: WavFormat, dataBytes: number): Uint8Array {
  const frameBytes = SAMPLE_BYTES[encoding] * channels;
  // Encodings other than PCM carry an (empty) extension and a `fact` chunk with the number of frames.
  const linear = TAGS[encoding] === PCM_TAG;
  const fmtBytes = linear ? SHORTEST_FMT_BYTES : SHORTEST_FMT_BYTES + 2;
  const factBytes = linear ? 0 : CHUNK_HEADER_BYTES + 4;
  const header = new Uint8Array(RIFF_HEADER_BYTES + CHUNK_HEADER_BYTES + fmtBytes + factBytes + CHUNK_HEADER_BYTES);
  const view = new DataView(header.buffer);
  writeChunkHeader(view, 0, 'RIFF', header.length - CHUNK_HEADER_BYTES + dataBytes + (dataBytes & 1));
  writeFourCC(view, 8, 'WAVE');
  writeChunkHeader(view, RIFF_HEADER_BYTES, 'fmt ', fmtBytes);
  const fmtAt = RIFF_HEADER_BYTES + CHUNK_HEADER_BYTES;
  view.setUint16(fmtAt, TAGS[encoding], true);
  view.setUint16(fmtAt + 2, channels, true);
  view.setUint32(fmtAt + 4, sampleRate, true);
  view.setUint32(fmtAt + 8, sampleRate * frameBytes, true);
  view.setUint16(fmtAt + 12, frameBytes, true);
  view.setUint16(fmtAt + 14, SAMPLE_BYTES[encoding] * 8, true);
  if (!linear) {
    writeChunkHeader(view, fmtAt + fmtBytes, 'fact', 4);
    view.setUint32(fmtAt + fmtBytes + CHUNK_HEADER_BYTES, Math.min(dataBytes / frameBytes, UNKNOWN_SIZE), true);
  }
  writeChunkHeader(view, header.length - CHUNK_HEADER_BYTES, 'data', dataBytes);
  return header;
}

function readChunk(file: Uint8Array, view: DataView, at: number): Result<Chunk, string> {
  const left = file.length - at;
  if (left < CHUNK_HEADER_BYTES) {
    return refuse(`WAV file ends with ${left} stray bytes at offset ${at}: a chunk header of ${CHUNK_HEADER_BYTES} expected`);
  }
  const id = fourCC(file, at);
  const length = view.getUint32(at + 4, true);
  const room = left - CHUNK_HEADER_BYTES;
  if (length > room && id !== 'data') {
    return refuse(`WAV chunk ${quoted(id)} says ${length} bytes: at most ${room} expected, the file ends there`);
  }
  return ok({ id, start: at + CHUNK_HEADER_BYTES, length });
}

/**
 * Where the samples end: where the chunk says, or the file. A size of 0 was written before the sound was known when the size of the whole
 * file leaves no room for what comes after it; otherwise the sound is really empty.
 */
function endOfData(file: Uint8Array, view: DataView, { start, length }: Chunk): number {
  const riffEnd = CHUNK_HEADER_BYTES + view.getUint32(4, true);
  const isUnknown = length === 0 && (riffEnd <= start || riffEnd > file.length);
  return isUnknown ? file.length : Math.min(start + length, file.length);
}

function wholeFrames({ encoding, channels }: WavFormat, data: Uint8Array): Uint8Array {
  return data.subarray(0, data.length - (data.length % (SAMPLE_BYTES[encoding] * channels)));
}

function parseFormat(view: DataView, { start, length }: Chunk): Result<WavFormat, string> {
  if (length < SHORTEST_FMT_BYTES) return refuse(`WAV "fmt " chunk of ${length} bytes: at least ${SHORTEST_FMT_BYTES} expected`);
  const outerTag = view.getUint16(start, true);
  if (outerTag === EXTENSIBLE_TAG && length < EXTENSIBLE_FMT_BYTES) {
    return refuse(`WAV "fmt " chunk of ${length} bytes: ${EXTENSIBLE_FMT_BYTES} expected for the extensible format`);
  }
  const tag = outerTag === EXTENSIBLE_TAG ? view.getUint16(start + SUBFORMAT_OFFSET, true) : outerTag;
  const ofTag = ENCODINGS.filter((name) => TAGS[name] === tag);
  if (ofTag.length === 0) return refuse(`WAV format ${tag}: 1 (PCM), 3 (float), 6 (A-law) or 7 (u-law) expected`);
  const channels = view.getUint16(start + 2, true);
  const sampleRate = view.getUint32(start + 4, true);
  const frameBytes = view.getUint16(start + 12, true);
  const bits = view.getUint16(start + 14, true);
  // Linear samples of 12 or 20 bits stand in whole octets, at their upper end.
  const sampleBytes = tag === PCM_TAG ? Math.ceil(bits / 8) : bits / 8;
  const encoding = ofTag.find((name) => SAMPLE_BYTES[name] === sampleBytes);
  if (encoding === undefined) {
    const expected = ofTag.map((name) => SAMPLE_BYTES[name] * 8).join(' or ');
    return refuse(`WAV samples of ${bits} bits: ${expected} expected for format ${tag}`);
  }
  if (channels === 0) return refuse('WAV file of 0 channels: at least 1 expected');
  if (sampleRate === 0) return refuse('WAV sample rate 0 Hz: at least 1 expected');
  if (frameBytes !== sampleBytes * channels) {
    return refuse(`WAV block align ${frameBytes}: ${sampleBytes * channels} expected for ${channels} channels of ${bits} bits`);
  }
  return ok({ encoding, sampleRate, channels });
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
  view.setUint32(at + 4, Math.min(length, UNKNOWN_SIZE), true);
}

function writeFourCC(view: DataView, at: number, id: string): void {
  for (let i = 0; i < 4; i++) view.setUint8(at + i, id.charCodeAt(i));
}
