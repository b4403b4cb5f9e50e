import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DATA_FORMATS,
  defaultFormat,
  FILE_FORMATS,
  parseDataFormat,
  parseFileFormat,
  sndfileCode,
} from '../../src/protocol/audio/soundFormats.js';
import { writeSound } from '../../src/protocol/audio/writeSound.js';

const FILE_NAMES =
  'wav aiff au raw paf svx nist voc ircam w64 mat4 mat5 pvf xi htk sds avr wavex sd2 flac caf wve ogg mpc2k rf64'.split(' ');
const DATA_NAMES = (
  'pcm_s8 pcm_16 pcm_24 pcm_32 pcm_u8 float double ulaw alaw ima_adpcm ms_adpcm gsm610 vox_adpcm ' +
  'g721_32 g723_24 g723_40 dwvw_12 dwvw_16 dwvw_24 dwvw_n dpcm_8 dpcm_16 vorbis opus'
).split(' ');

test('[PN-15] every format of extractaudio has its name, in capital letters too', () => {
  assert.deepEqual(Object.keys(FILE_FORMATS), FILE_NAMES);
  assert.deepEqual(Object.keys(DATA_FORMATS), DATA_NAMES);
  for (const formats of [FILE_FORMATS, DATA_FORMATS]) {
    const codes = Object.values(formats);
    assert.equal(new Set(codes).size, codes.length, 'no number twice');
  }
  for (const name of FILE_NAMES) assert.deepEqual(parseFileFormat(name.toUpperCase()), { ok: true, value: name });
  for (const name of DATA_NAMES) assert.deepEqual(parseDataFormat(name.toUpperCase()), { ok: true, value: name });
});

test('another name is refused with all that there are', () => {
  const [file, data] = [parseFileFormat('mp3'), parseDataFormat('pcm_12\n')];
  assert.ok(!file.ok && !data.ok);
  assert.equal(file.error, `file format "mp3": one of ${FILE_NAMES.join(', ')} expected`);
  assert.equal(data.error, `data format "pcm_12\\n": one of ${DATA_NAMES.join(', ')} expected`);
});

test('[PN-15] without options one channel is GSM in WAV, two are ADPCM in WAV', () => {
  assert.deepEqual(defaultFormat(1), { fileFormat: 'wav', dataFormat: 'gsm610' });
  assert.deepEqual(defaultFormat(2), { fileFormat: 'wav', dataFormat: 'ms_adpcm' });
  assert.equal(sndfileCode(defaultFormat(1)), 0x010020);
});

test('WAV, AU and raw are written without a library, each with what it can hold', () => {
  const written = FILE_NAMES.flatMap((file) => {
    const known = parseFileFormat(file);
    assert.ok(known.ok);
    const data = DATA_NAMES.filter((name) => {
      const parsed = parseDataFormat(name);
      assert.ok(parsed.ok);
      const format = { fileFormat: known.value, dataFormat: parsed.value, sampleRate: 8000, channels: 1 };
      return writeSound(format, Int16Array.of(1, 2, 3)) !== null;
    });
    return data.length === 0 ? [] : [`${file}: ${data.join(' ')}`];
  });
  assert.deepEqual(written, [
    'wav: pcm_16 pcm_24 pcm_32 pcm_u8 float double ulaw alaw',
    'au: pcm_s8 pcm_16 pcm_24 pcm_32 float double ulaw alaw',
    'raw: pcm_s8 pcm_16 pcm_24 pcm_32 pcm_u8 float double ulaw alaw',
  ]);
});

test('raw samples are nothing but the samples, little-endian', () => {
  const format = { fileFormat: 'raw', dataFormat: 'pcm_16', sampleRate: 8000, channels: 1 } as const;
  assert.deepEqual(writeSound(format, Int16Array.of(1, -2)), Uint8Array.of(1, 0, 0xfe, 0xff));
});
