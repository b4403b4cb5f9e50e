/** Sound files that sox and ffmpeg write, as we read them, and one of ours that is not finished. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSound, toInt16 } from '../../src/protocol/audio/sound.js';
import { wavHeader } from '../../src/protocol/audio/wav.js';
import { requirePeer } from '../rig/peers.js';
import { amplitudeAt, decibels, toneInt16 } from '../rig/tones.js';
import { INSTALL_READERS, inFolder, outputOf, readBySox } from './soundReaders.js';

const BOUND = { timeout: 60_000 };
const RATE = 8000;
const TONE = toneInt16(1000, RATE, RATE);

/** What other programs write: their arguments, and what the sound is. Through a pipe they cannot go back to write the length. */
const THEIR_FILES: readonly (readonly [program: string, args: string, sampleRate: number, channels: number])[] = [
  ['sox', '-n -r 44100 -b 24 -c 2 -t wav - synth 0.5 sine 1000 vol 0.5', 44_100, 2],
  ['sox', '-n -r 8000 -b 8 -t wav - synth 0.5 sine 1000 vol 0.5', 8000, 1],
  ['sox', '-n -r 16000 -e a-law -t wav - synth 0.5 sine 1000 vol 0.5', 16_000, 1],
  ['sox', '-n -r 22050 -e float -b 32 -t wav - synth 0.5 sine 1000 vol 0.5', 22_050, 1],
  ['sox', '-n -r 48000 -b 32 -c 6 -t wav - synth 0.5 sine 1000 vol 0.5', 48_000, 6],
  ['sox', '-n -r 8000 -e mu-law -t au - synth 0.5 sine 1000 vol 0.5', 8000, 1],
  ['sox', '-n -r 32000 -b 24 -t au - synth 0.5 sine 1000 vol 0.5', 32_000, 1],
  ['sox', '-n -r 8000 -b 16 -c 2 -t au - synth 0.5 sine 1000 vol 0.5', 8000, 2],
  ...['pcm_u8', 'pcm_s16le', 'pcm_s24le', 'pcm_f64le', 'pcm_alaw'].map(
    (codec) => ['ffmpeg', ffmpegArgs('wav', codec), 48_000, 1] as const,
  ),
  ...['pcm_s8', 'pcm_s16be', 'pcm_s32be', 'pcm_f32be', 'pcm_mulaw'].map(
    (codec) => ['ffmpeg', ffmpegArgs('au', codec), 48_000, 1] as const,
  ),
];

function ffmpegArgs(container: string, codec: string): string {
  return `-v error -f lavfi -i aevalsrc=0.5*sin(2*PI*1000*t):s=48000:d=0.5 -c:a ${codec} -f ${container} pipe:1`;
}

test('[PN-13] what sox and ffmpeg write to a pipe is read with its rate, channels and level', BOUND, async (t) => {
  if (!requirePeer(t, ['sox', 'ffmpeg'], INSTALL_READERS)) return;
  for (const [program, args, sampleRate, channels] of THEIR_FILES) {
    const sound = readSound(await outputOf(program, args.split(' ')), args);
    assert.ok(sound.ok, sound.ok ? '' : sound.error);
    assert.equal(sound.value.sampleRate, sampleRate, args);
    assert.equal(sound.value.channels.length, channels, args);
    for (const channel of sound.value.channels) {
      assert.equal(channel.length, sampleRate / 2, args);
      const level = decibels(amplitudeAt(toInt16(channel), 1000, sampleRate) / 16_384);
      assert.ok(Math.abs(level) < 0.1, `${args}: ${level} dB`);
    }
  }
});

test('a file that still grows is read by sox up to where it is', BOUND, async (t) => {
  if (!requirePeer(t, ['sox'], INSTALL_READERS)) return;
  await inFolder(async (folder) => {
    const path = join(folder, 'growing.wav');
    const body = new Uint8Array(TONE.buffer);
    writeFileSync(path, Buffer.concat([wavHeader({ encoding: 'pcm16', sampleRate: RATE, channels: 1 }, 0), body]));
    assert.deepEqual(await readBySox(path, ['--ignore-length']), TONE);
    const grown = readSound(readFileSync(path), path);
    assert.ok(grown.ok);
    assert.deepEqual(grown.value.channels, [TONE]);
  });
});
