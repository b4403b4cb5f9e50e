import { ok, type Result, refuse } from '../../../model/kernel/index.js';

/** Containers by the names that extractaudio knows them by (`-F`), with libsndfile's number for each (`SF_FORMAT_…`, sndfile.h). */
export const FILE_FORMATS = {
  wav: 0x010000,
  aiff: 0x020000,
  au: 0x030000,
  raw: 0x040000,
  paf: 0x050000,
  svx: 0x060000,
  nist: 0x070000,
  voc: 0x080000,
  ircam: 0x0a0000,
  w64: 0x0b0000,
  mat4: 0x0c0000,
  mat5: 0x0d0000,
  pvf: 0x0e0000,
  xi: 0x0f0000,
  htk: 0x100000,
  sds: 0x110000,
  avr: 0x120000,
  wavex: 0x130000,
  sd2: 0x160000,
  flac: 0x170000,
  caf: 0x180000,
  wve: 0x190000,
  ogg: 0x200000,
  mpc2k: 0x210000,
  rf64: 0x220000,
} as const;

/** The same for what stands in them (`-D`). */
export const DATA_FORMATS = {
  pcm_s8: 0x0001,
  pcm_16: 0x0002,
  pcm_24: 0x0003,
  pcm_32: 0x0004,
  pcm_u8: 0x0005,
  float: 0x0006,
  double: 0x0007,
  ulaw: 0x0010,
  alaw: 0x0011,
  ima_adpcm: 0x0012,
  ms_adpcm: 0x0013,
  gsm610: 0x0020,
  vox_adpcm: 0x0021,
  g721_32: 0x0030,
  g723_24: 0x0031,
  g723_40: 0x0032,
  dwvw_12: 0x0040,
  dwvw_16: 0x0041,
  dwvw_24: 0x0042,
  dwvw_n: 0x0043,
  dpcm_8: 0x0050,
  dpcm_16: 0x0051,
  vorbis: 0x0060,
  opus: 0x0064,
} as const;

export type FileFormat = keyof typeof FILE_FORMATS;
export type DataFormat = keyof typeof DATA_FORMATS;

/** What a sound is written as. Not every container holds everything. */
export type SoundFormat = {
  readonly fileFormat: FileFormat;
  readonly dataFormat: DataFormat;
  /** Samples a second and channel. */
  readonly sampleRate: number;
  readonly channels: number;
};

/** What extractaudio writes unless it is told otherwise. */
export function defaultFormat(channels: number): Pick<SoundFormat, 'fileFormat' | 'dataFormat'> {
  return { fileFormat: 'wav', dataFormat: channels === 1 ? 'gsm610' : 'ms_adpcm' };
}

/** A container by its name, capital letters or not. The error names it and all that there are. */
export function parseFileFormat(name: string): Result<FileFormat, string> {
  return nameIn(FILE_FORMATS, name, 'file format');
}

/** What stands in it by its name, capital letters or not. The error names it and all that there are. */
export function parseDataFormat(name: string): Result<DataFormat, string> {
  return nameIn(DATA_FORMATS, name, 'data format');
}

/** libsndfile's number of the whole format: the byte order is that of the container. */
export function sndfileCode({ fileFormat, dataFormat }: Pick<SoundFormat, 'fileFormat' | 'dataFormat'>): number {
  return FILE_FORMATS[fileFormat] | DATA_FORMATS[dataFormat];
}

function nameIn<T extends object>(formats: T, name: string, what: string): Result<keyof T & string, string> {
  const lower = name.toLowerCase();
  const names = Object.keys(formats) as (keyof T & string)[];
  const found = names.find((known) => known === lower);
  return found === undefined ? refuse(`${what} ${JSON.stringify(name)}: one of ${names.join(', ')} expected`) : ok(found);
}
