import { open, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setImmediate as others } from 'node:timers/promises';
import koffi from 'koffi';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { type SoundFormat, sndfileCode } from '../../protocol/audio/soundFormats.js';
import { writeSound } from '../../protocol/audio/writeSound.js';
import { type Library, loadLibrary } from './library.js';

/** An open file of the library: an address. */
type File = bigint;

/** `SF_INFO` of sndfile.h: 28 bytes, and 4 to align the next one. */
type Info = {
  readonly frames: number;
  readonly samplerate: number;
  readonly channels: number;
  readonly format: number;
  readonly sections: number;
  readonly seekable: number;
};
const INFO_FIELDS = {
  frames: 'int64_t',
  samplerate: 'int',
  channels: 'int',
  format: 'int',
  sections: 'int',
  seekable: 'int',
} as const satisfies Record<keyof Info, string>;

const SFM_WRITE = 0x20;
const SFC_SET_SCALE_INT_FLOAT_WRITE = 0x1015;
const SF_TRUE = 1;
/** Between two pieces of this many frames other work of the thread has its turn. */
const PIECE_FRAMES = 1 << 16;

/** The functions of sndfile.h. */
type Sndfile = {
  readonly formatCheck: (info: Info) => number;
  readonly open: (path: string, mode: number, info: Info) => File | null;
  readonly command: (file: File, command: number, data: null, value: number) => number;
  readonly writeFrames: (file: File, samples: Int16Array, frames: number) => number;
  readonly close: (file: File) => number;
  readonly lastError: (file: File | null) => string;
  readonly errorText: (error: number) => string;
};

let loaded: Result<Sndfile, string> | null = null;

/**
 * Writes 16-bit samples (channels interleaved, whole frames) to a file, over what was there. WAV, AU and raw files of linear samples, floats or
 * G.711 are ours, everything else is libsndfile's, which is loaded when it is first needed. The error is one sentence: a format that libsndfile
 * does not write at that rate and number of channels, the Debian package where it is missing, or what the file system said, after which
 * a part of the file may be there.
 */
export async function writeSoundFile(path: string, format: SoundFormat, samples: Int16Array): Promise<Result<void, string>> {
  const file = writeSound(format, samples);
  if (file !== null) return attempt(path, () => writeFile(path, file));
  return writeByLibrary(path, format, samples);
}

/** The same by libsndfile whatever the format is. */
export async function writeByLibrary(path: string, format: SoundFormat, samples: Int16Array): Promise<Result<void, string>> {
  const { fileFormat, dataFormat, sampleRate, channels } = format;
  const wanted = `${fileFormat} with ${dataFormat}, ${sampleRate} Hz and ${channels} channel${channels === 1 ? '' : 's'}`;
  loaded ??= load();
  if (!loaded.ok) return refuse(`${path}: ${wanted} needs libsndfile: ${loaded.error}`);
  const sndfile = loaded.value;
  const info: Info = { frames: 0, samplerate: sampleRate, channels, format: sndfileCode(format), sections: 0, seekable: 0 };
  if (sndfile.formatCheck(info) === 0) return refuse(`${path}: ${wanted}: a combination that libsndfile writes expected`);
  // The library says of all that can be wrong with a path only "System error".
  const created = await attempt(path, async () => (await open(path, 'w')).close());
  if (!created.ok) return created;
  // An absolute path, because to the library "-" is the standard output.
  const file = sndfile.open(resolve(path), SFM_WRITE, info);
  if (file === null) return refuse(`${path}: ${wanted}: ${said(sndfile.lastError(null))}`);
  // Otherwise full scale in a file of floats would be ±32768.
  sndfile.command(file, SFC_SET_SCALE_INT_FLOAT_WRITE, null, SF_TRUE);
  const written = await writePieces(sndfile, file, channels, samples);
  const closed = sndfile.close(file);
  if (!written.ok) return refuse(`${path}: ${written.error}`);
  return closed === 0 ? ok(undefined) : refuse(`${path}: ${said(sndfile.errorText(closed))}`);
}

async function writePieces(
  { writeFrames, lastError }: Sndfile,
  file: File,
  channels: number,
  samples: Int16Array,
): Promise<Result<void, string>> {
  const all = Math.floor(samples.length / channels);
  for (let frame = 0; frame < all; frame += PIECE_FRAMES) {
    const frames = Math.min(PIECE_FRAMES, all - frame);
    const done = writeFrames(file, samples.subarray(frame * channels, (frame + frames) * channels), frames);
    if (done !== frames) return refuse(`${frame + done} of ${all} frames written: ${said(lastError(file))}`);
    await others();
  }
  return ok(undefined);
}

function load(): Result<Sndfile, string> {
  const library = loadLibrary('libsndfile.so.1', 'libsndfile1');
  return library.ok ? ok(declareAll(library.value)) : library;
}

function declareAll({ declare }: Library): Sndfile {
  koffi.struct('SF_INFO', INFO_FIELDS);
  return {
    formatCheck: declare('int sf_format_check(const SF_INFO *info)'),
    open: declare('void *sf_open(const char *path, int mode, _Inout_ SF_INFO *info)'),
    command: declare('int sf_command(void *file, int command, void *data, int size)'),
    writeFrames: declare('int64_t sf_writef_short(void *file, const int16_t *samples, int64_t frames)'),
    close: declare('int sf_close(void *file)'),
    lastError: declare('const char *sf_strerror(void *file)'),
    errorText: declare('const char *sf_error_number(int error)'),
  };
}

/** What the library says, as part of a sentence of ours. */
function said(text: string): string {
  return text.replace(/[\s.]+$/, '').replace(/\s+/g, ' ');
}

async function attempt(path: string, write: () => Promise<void>): Promise<Result<void, string>> {
  try {
    await write();
    return ok(undefined);
  } catch (error) {
    return refuse(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
