/** The sound files that we write, as sox, ffmpeg and libsndfile see them. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadLibrary } from '../../src/io/audio/library.js';
import { writeByLibrary, writeSoundFile } from '../../src/io/audio/sndfile.js';
import { readSound } from '../../src/protocol/audio/sound.js';
import {
  DATA_FORMATS,
  type DataFormat,
  defaultFormat,
  FILE_FORMATS,
  type FileFormat,
} from '../../src/protocol/audio/soundFormats.js';
import { writeSound } from '../../src/protocol/audio/writeSound.js';
import { requireLibrary } from '../rig/libraries.js';
import { requirePeer } from '../rig/peers.js';
import { amplitudeAt, decibels, toneInt16 } from '../rig/tones.js';
import { INSTALL_READERS, inFolder, outputOf, readByFfmpeg, readBySox } from './soundReaders.js';

const HEADER = '/usr/include/sndfile.h';
const BOUND = { timeout: 120_000 };
const RATE = 8000;
const HERTZ = 1000;
const LOUD = 10_000;
const TONE = toneInt16(HERTZ, RATE, RATE, LOUD);
const OURS: readonly (readonly [FileFormat, readonly DataFormat[]])[] = [
  ['wav', ['pcm_u8', 'pcm_16', 'pcm_24', 'pcm_32', 'float', 'double', 'ulaw', 'alaw']],
  ['au', ['pcm_s8', 'pcm_16', 'pcm_24', 'pcm_32', 'float', 'double', 'ulaw', 'alaw']],
  ['raw', ['pcm_u8', 'pcm_s8', 'pcm_16', 'pcm_24', 'pcm_32', 'float', 'double', 'ulaw', 'alaw']],
];

/** How sox is told what stands in a raw file. */
const RAW_KINDS: Partial<Record<DataFormat, string>> = {
  pcm_u8: '-e unsigned -b 8',
  pcm_s8: '-e signed -b 8',
  pcm_16: '-e signed -b 16',
  pcm_24: '-e signed -b 24',
  pcm_32: '-e signed -b 32',
  float: '-e float -b 32',
  double: '-e float -b 64',
  ulaw: '-e mu-law -b 8',
  alaw: '-e a-law -b 8',
};
const rawKind = (dataFormat: DataFormat) => `-t raw -r ${RATE} -c 1 -L ${RAW_KINDS[dataFormat]}`.split(' ');

/** A second of tone, or up to 50 ms more where frames are fixed, and as loud as it was. */
function isTheTone(heard: ArrayLike<number>, what: string, offDb: number, hertz = HERTZ): void {
  assert.ok(heard.length >= RATE && heard.length <= RATE * 1.05, `${what}: ${heard.length} samples`);
  const level = decibels(amplitudeAt(Array.from(heard).slice(500, 7500), hertz, RATE) / LOUD);
  assert.ok(Math.abs(level) < offDb, `${what}: ${level.toFixed(2)} dB`);
}

async function written(path: string, fileFormat: FileFormat, dataFormat: DataFormat): Promise<string> {
  const result = await writeSoundFile(path, { fileFormat, dataFormat, sampleRate: RATE, channels: 1 }, TONE);
  assert.ok(result.ok, result.ok ? '' : result.error);
  return path;
}

test('[PN-15] what we write without a library, sox and ffprobe read as the same sound', BOUND, async (t) => {
  if (!requirePeer(t, ['sox', 'soxi', 'ffprobe'], INSTALL_READERS)) return;
  await inFolder(async (folder) => {
    for (const [fileFormat, dataFormats] of OURS) {
      for (const dataFormat of dataFormats) {
        const what = `${fileFormat} ${dataFormat}`;
        const path = await written(join(folder, `${dataFormat}.${fileFormat}`), fileFormat, dataFormat);
        const isRaw = fileFormat === 'raw';
        isTheTone(await readBySox(path, isRaw ? rawKind(dataFormat) : []), what, 0.1);
        if (isRaw) continue;
        assert.equal(String(await outputOf('soxi', ['-s', path])).trim(), String(RATE), what);
        const shown = await outputOf('ffprobe', [
          '-v',
          'error',
          '-show_entries',
          'stream=sample_rate,channels,duration',
          '-of',
          'csv=p=0',
          path,
        ]);
        assert.equal(String(shown).trim(), '8000,1,1.000000', what);
      }
    }
  });
});

test('[PN-15] where both of us can write a format, our samples are those of libsndfile', BOUND, async (t) => {
  if (requireLibrary(t, 'libsndfile.so.1', 'libsndfile1') === null) return;
  await inFolder(async (folder) => {
    for (const [fileFormat, dataFormats] of OURS) {
      for (const dataFormat of dataFormats) {
        const what = `${fileFormat} ${dataFormat}`;
        const format = { fileFormat, dataFormat, sampleRate: 11_025, channels: 2 };
        const path = join(folder, `${dataFormat}.${fileFormat}`);
        const result = await writeByLibrary(path, format, TONE);
        assert.ok(result.ok, result.ok ? '' : result.error);
        const [theirs, ours] = [readFileSync(path), writeSound(format, TONE)!];
        // 8 bits we round and they cut off; G.711 they round another way at the border of two codes.
        const isCoarse = /8|law/.test(dataFormat);
        if (fileFormat === 'raw') {
          assert.equal(theirs.length, ours.length, what);
          if (!isCoarse) assert.deepEqual(Uint8Array.from(theirs), ours, what);
          continue;
        }
        const [a, b] = [readSound(theirs, 'theirs'), readSound(ours, 'ours')];
        assert.ok(a.ok && b.ok, what);
        assert.equal(a.value.sampleRate, 11_025);
        assert.equal(a.value.channels.length, 2);
        if (!isCoarse) assert.deepEqual(b.value, a.value, what);
        a.value.channels.forEach((channel, n) => {
          channel.forEach((sample, i) => {
            assert.ok(Math.abs(sample - b.value.channels[n]![i]!) <= 256, `${what}: sample ${i} of channel ${n}`);
          });
        });
      }
    }
  });
});

/** For each container and each kind of data at least one; how they are read, and how far the tone may be off. */
type Reading = readonly [FileFormat, DataFormat, reader: 'sox' | 'sndfile' | 'ffmpeg' | string, offDb: number];
const BY_LIBRARY: readonly Reading[] = [
  ['wav', 'gsm610', 'sox', 0.5],
  ['wav', 'ms_adpcm', 'sox', 0.5],
  ['wav', 'ima_adpcm', 'ffmpeg', 0.8],
  ['aiff', 'pcm_16', 'sox', 0.1],
  ['aiff', 'float', 'ffmpeg', 0.1],
  ['aiff', 'dwvw_16', 'sndfile', 0.1],
  ['aiff', 'dwvw_24', 'sndfile', 0.1],
  ['au', 'g721_32', 'sox', 0.5],
  ['au', 'g723_24', 'sox', 0.5],
  ['au', 'g723_40', 'sox', 0.5],
  ['raw', 'vox_adpcm', '-t vox -r 8000', 0.8],
  ['paf', 'pcm_16', 'sox', 0.1],
  ['svx', 'pcm_s8', 'sox', 0.1],
  ['nist', 'pcm_16', 'sox', 0.1],
  ['voc', 'pcm_u8', 'sox', 0.1],
  ['ircam', 'ulaw', 'sox', 0.1],
  ['w64', 'double', 'ffmpeg', 0.1],
  ['mat4', 'pcm_16', 'sox', 0.1],
  ['mat5', 'pcm_32', 'sox', 0.1],
  ['pvf', 'pcm_32', 'sox', 0.1],
  ['htk', 'pcm_16', 'sox', 0.1],
  ['sds', 'pcm_16', 'sox', 0.1],
  ['avr', 'pcm_16', 'sox', 0.1],
  ['wavex', 'alaw', 'sox', 0.1],
  // The samples alone: what they are stands in another file, next to it.
  ['sd2', 'pcm_16', '-t raw -r 8000 -c 1 -e signed -b 16 -B', 0.1],
  ['flac', 'pcm_24', 'sox', 0.1],
  ['caf', 'pcm_24', 'sox', 0.1],
  ['wve', 'alaw', 'sox', 0.1],
  ['ogg', 'vorbis', 'sox', 0.5],
  ['ogg', 'opus', 'ffmpeg', 0.5],
  ['mpc2k', 'pcm_16', 'sndfile', 0.1],
  ['rf64', 'pcm_32', 'ffmpeg', 0.1],
];

function heardBy(reader: Reading[2], path: string): Promise<Int16Array> {
  if (reader === 'ffmpeg') return readByFfmpeg(path);
  if (reader === 'sox') return readBySox(path);
  return readBySox(path, reader === 'sndfile' ? ['-t', 'sndfile'] : reader.split(' '));
}

test('[PN-15] what libsndfile writes for us, sox or ffmpeg reads as the same sound', BOUND, async (t) => {
  if (requireLibrary(t, 'libsndfile.so.1', 'libsndfile1') === null || !requirePeer(t, ['sox', 'ffmpeg'], INSTALL_READERS)) return;
  await inFolder(async (folder) => {
    for (const [fileFormat, dataFormat, reader, offDb] of BY_LIBRARY) {
      const path = await written(join(folder, `${dataFormat}.${fileFormat}`), fileFormat, dataFormat);
      isTheTone(await heardBy(reader, path), `${fileFormat} ${dataFormat}`, offDb);
    }
  });
});

test('[PN-15] libsndfile knows every name of a container and of data by our number, in some combination', BOUND, async (t) => {
  if (requireLibrary(t, 'libsndfile.so.1', 'libsndfile1') === null) return;
  const [files, data] = [new Set<string>(), new Set<string>()];
  await inFolder(async (folder) => {
    for (const fileFormat of Object.keys(FILE_FORMATS) as FileFormat[]) {
      for (const dataFormat of Object.keys(DATA_FORMATS) as DataFormat[]) {
        const path = join(folder, 'any');
        const result = await writeByLibrary(
          path,
          { fileFormat, dataFormat, sampleRate: RATE, channels: 1 },
          TONE.subarray(0, 400),
        );
        if (result.ok) {
          files.add(fileFormat);
          data.add(dataFormat);
        } else assert.match(result.error, /combination that libsndfile writes expected|unimplemented format/);
      }
    }
  });
  assert.deepEqual([...files].sort(), Object.keys(FILE_FORMATS).sort());
  // The width of dwvw_n stands in the file that is read: it cannot be written.
  assert.deepEqual([...data, 'dwvw_n'].sort(), Object.keys(DATA_FORMATS).sort());
});

test('[PN-15] the numbers of the formats and the layout of SF_INFO are those of sndfile.h', (t) => {
  if (!existsSync(HEADER)) return t.skip(`${HEADER} not found; install with: apt-get install libsndfile1-dev`);
  const header = readFileSync(HEADER, 'utf8');
  for (const [name, code] of Object.entries({ ...FILE_FORMATS, ...DATA_FORMATS })) {
    const found = new RegExp(`\\bSF_FORMAT_${name.toUpperCase()}\\s*=\\s*(0x[0-9A-F]+)`, 'i').exec(header);
    assert.equal(Number(found?.[1]), code, name);
  }
  const [, fields] = /struct SF_INFO\s*\{([^}]*)\}/.exec(header) ?? [];
  const declared = [...(fields ?? '').matchAll(/(\w+)\s+(\w+)\s*;/g)].map(([, type, name]) => `${type} ${name}`);
  const expected = ['sf_count_t frames', 'int samplerate', 'int channels', 'int format', 'int sections', 'int seekable'];
  assert.deepEqual(declared, expected);
  assert.match(header, /typedef\s+int64_t\s+sf_count_t/);
  assert.match(header, /SFC_SET_SCALE_INT_FLOAT_WRITE\s*=\s*0x1015,/);
});

test('[PN-15] the files of extractaudio without options: GSM for one channel, ADPCM for two', BOUND, async (t) => {
  if (requireLibrary(t, 'libsndfile.so.1', 'libsndfile1') === null || !requirePeer(t, ['sox', 'soxi'], INSTALL_READERS)) return;
  await inFolder(async (folder) => {
    const [one, two] = [join(folder, 'one.wav'), join(folder, 'two.wav')];
    const stereo = Int16Array.from({ length: RATE * 2 }, (_, i) => (i % 2 ? toneInt16(400, RATE, RATE, LOUD) : TONE)[i >> 1]!);
    for (const [path, channels, samples] of [[one, 1, TONE] as const, [two, 2, stereo] as const]) {
      const result = await writeSoundFile(path, { ...defaultFormat(channels), sampleRate: RATE, channels }, samples);
      assert.ok(result.ok, result.ok ? '' : result.error);
    }
    assert.match(String(await outputOf('soxi', ['-e', one])), /GSM/);
    assert.match(String(await outputOf('soxi', ['-e', two])), /MS ADPCM/);
    const heard = await readBySox(two);
    isTheTone(
      heard.filter((_, i) => i % 2 === 0),
      'left',
      0.5,
    );
    isTheTone(
      heard.filter((_, i) => i % 2 === 1),
      'right',
      0.5,
      400,
    );
  });
});

test('a sound longer than a piece is written whole, and an empty one is a file without samples', BOUND, async (t) => {
  if (requireLibrary(t, 'libsndfile.so.1', 'libsndfile1') === null || !requirePeer(t, ['sox'], INSTALL_READERS)) return;
  await inFolder(async (folder) => {
    for (const [fileFormat, length] of [['flac', 200_000] as const, ['w64', 0] as const]) {
      const path = join(folder, `long.${fileFormat}`);
      const sound = Int16Array.from({ length }, (_, i) => (i * 31) % 20_011);
      const format = { fileFormat, dataFormat: 'pcm_16', sampleRate: RATE, channels: 2 } as const;
      assert.deepEqual(await writeSoundFile(path, format, sound), { ok: true, value: undefined });
      assert.deepEqual(await readBySox(path), sound);
    }
  });
});

test('a format that nobody writes, a folder that is not there and a library that is missing are said in one sentence', async (t) => {
  const missing = loadLibrary('libnobody.so.9', 'libnobody9');
  assert.ok(!missing.ok);
  assert.match(
    missing.error,
    /^libnobody\.so\.9 not found: it is in the Debian package libnobody9 \(apt-get install libnobody9\)$/,
  );
  await inFolder(async (folder) => {
    const there = join(folder, 'none', 'a.wav');
    const ours = await writeSoundFile(there, { fileFormat: 'wav', dataFormat: 'pcm_16', sampleRate: RATE, channels: 1 }, TONE);
    assert.ok(!ours.ok);
    assert.match(ours.error, /a\.wav: ENOENT/);
    if (requireLibrary(t, 'libsndfile.so.1', 'libsndfile1') === null) return;
    const theirs = await writeSoundFile(there, { fileFormat: 'wav', dataFormat: 'gsm610', sampleRate: RATE, channels: 1 }, TONE);
    assert.ok(!theirs.ok);
    assert.match(theirs.error, /a\.wav: ENOENT/);
    const full = await writeSoundFile(
      '/dev/full',
      { fileFormat: 'wav', dataFormat: 'gsm610', sampleRate: RATE, channels: 1 },
      TONE,
    );
    assert.ok(!full.ok);
    assert.match(full.error, /No space left on device/);
    const path = join(folder, 'a');
    const odd = await writeSoundFile(path, { fileFormat: 'wav', dataFormat: 'gsm610', sampleRate: RATE, channels: 2 }, TONE);
    assert.ok(!odd.ok);
    assert.equal(odd.error, `${path}: wav with gsm610, 8000 Hz and 2 channels: a combination that libsndfile writes expected`);
  });
});
