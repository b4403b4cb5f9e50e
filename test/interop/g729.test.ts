/** G.729 by libbcg729, with ffmpeg's decoder as the other opinion. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { installedCodecs } from '../../src/io/audio/audioCodecs.js';
import { loadG729 } from '../../src/io/audio/bcg729.js';
import type { AudioCodec } from '../../src/protocol/audio/codec.js';
import { readSound, toInt16, toMono } from '../../src/protocol/audio/sound.js';
import { requireLibrary } from '../rig/libraries.js';
import { requirePeer } from '../rig/peers.js';
import { decibels, effective } from '../rig/tones.js';
import { INSTALL_READERS, inFolder, readByFfmpeg } from './soundReaders.js';

const FRAME_SAMPLES = 80;
/** Annex B, table B.2: 10 bits of spectrum, 5 bits of gain, and one to spare. */
const sid = (gain: number) => Uint8Array.of(0x5a, 0x40 | (gain << 1));
const GIB = 2 ** 30;

async function g729(t: TestContext): Promise<AudioCodec | null> {
  if (requireLibrary(t, 'libbcg729.so.0', 'libbcg729-0') === null) return null;
  const codec = await loadG729();
  assert.ok(codec.ok, codec.ok ? '' : codec.error);
  return codec.value;
}

function speech(): Int16Array {
  const path = new URL('../../../src/cli/demo/caller.wav', import.meta.url);
  const sound = readSound(readFileSync(path), 'caller.wav');
  assert.ok(sound.ok);
  return toInt16(toMono(sound.value)).subarray(0, 3 * 8000);
}

/** How alike two sounds are at the best of the delays: 1 is the same. */
function likeness(a: Int16Array, b: Int16Array, delays: number): number {
  let best = 0;
  for (let delay = 0; delay < delays; delay++) {
    const [x, y] = [a.subarray(0, a.length - delays), b.subarray(delay, a.length - delays + delay)];
    const product = x.reduce((sum, sample, i) => sum + sample * (y[i] ?? 0), 0) / x.length;
    best = Math.max(best, product / (effective(x) * effective(y)));
  }
  return best;
}

test('[PN-13] speech in G.729 is 8 kbit/s, and after decoding it is that speech, by us and by ffmpeg', {
  timeout: 60_000,
}, async (t) => {
  const codec = await g729(t);
  if (codec === null || !requirePeer(t, ['ffmpeg'], INSTALL_READERS)) return;
  const said = speech();
  const payload = codec.encoder().encode(said);
  assert.equal(payload.length, said.length / 8);
  const heard = codec.decoder().decode(payload);
  assert.equal(heard.length, said.length);
  assert.ok(Math.abs(decibels(effective(heard) / effective(said))) < 2, `${effective(said)} became ${effective(heard)}`);
  assert.ok(likeness(said, heard, 80) > 0.8, `likeness ${likeness(said, heard, 80)}`);
  await inFolder(async (folder) => {
    const path = join(folder, 'speech.g729');
    writeFileSync(path, payload);
    const theirs = await readByFfmpeg(path, ['-f', 'g729', '-bit_rate', '8000']);
    assert.ok(likeness(heard, theirs, 80) > 0.95, `likeness ${likeness(heard, theirs, 80)}`);
  });
});

test('a stream in pieces is the stream: encoder and decoder remember, each for itself', async (t) => {
  const codec = await g729(t);
  if (codec === null) return;
  const said = speech().subarray(0, 50 * FRAME_SAMPLES);
  const whole = codec.encoder().encode(said);
  const [encoder, decoder, other] = [codec.encoder(), codec.decoder(), codec.decoder()];
  const heard: number[] = [];
  for (let n = 0; n < 50; n += 2) {
    const payload = encoder.encode(said.subarray(n * FRAME_SAMPLES, (n + 2) * FRAME_SAMPLES));
    assert.deepEqual(payload, whole.subarray(n * 10, (n + 2) * 10));
    heard.push(...decoder.decode(payload));
    other.decode(Uint8Array.from(payload, (byte) => byte ^ 0x55));
  }
  assert.deepEqual(Int16Array.from(heard), codec.decoder().decode(whole));
});

test('what is missing of the last frame is silence, and of no samples there is no frame', async (t) => {
  const codec = await g729(t);
  if (codec === null) return;
  const said = speech().subarray(4000, 4000 + 2 * FRAME_SAMPLES);
  const padded = said.slice().fill(0, 90);
  assert.deepEqual(codec.encoder().encode(said.subarray(0, 90)), codec.encoder().encode(padded));
  assert.equal(codec.encoder().encode(new Int16Array(0)).length, 0);
});

test('two octets at the end of a payload are a frame of comfort noise; other remains are nothing', async (t) => {
  const codec = await g729(t);
  if (codec === null) return;
  const frames = codec.encoder().encode(speech().subarray(0, 2 * FRAME_SAMPLES));
  const lengths = Array.from({ length: 13 }, (_, extra) => {
    const payload = new Uint8Array(10 + extra);
    payload.set(frames.subarray(0, 10 + extra));
    return codec.decoder().decode(payload).length / FRAME_SAMPLES;
  });
  assert.deepEqual(lengths, [1, 1, 2, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3]);
  const [quiet, loud] = [12, 24].map((gain) => {
    const decoder = codec.decoder();
    decoder.decode(frames);
    const noise = Array.from({ length: 30 }, () => decoder.decode(sid(gain))).slice(20);
    assert.ok(noise.every((frame) => frame.length === FRAME_SAMPLES));
    return decibels(effective(noise.flatMap((frame) => [...frame])));
  });
  // A step of the gain is 2 dB.
  assert.ok(Math.abs(loud! - quiet! - 24) < 3, `${quiet} dB and ${loud} dB`);
  assert.equal(codec.decoder().decode(new Uint8Array(0)).length, 0);
});

test('contexts of dropped decoders are freed; one whose function is still held is not', { timeout: 60_000 }, async (t) => {
  const codec = await g729(t);
  if (codec === null) return;
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const payload = codec.encoder().encode(speech().subarray(0, 800));
  const expected = codec.decoder().decode(payload);
  const { decode } = codec.decoder();
  let beganAt = 0;
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 4000; i++) codec.encoder();
    for (let i = 0; i < 4000; i++) codec.decoder();
    collect();
    await turn();
    await turn();
    if (round === 0) beganAt = process.memoryUsage.rss();
  }
  const grown = process.memoryUsage.rss() - beganAt;
  t.diagnostic(`${Math.round(grown / 2 ** 20)} MiB more after 40 000 contexts`);
  assert.ok(grown < GIB / 16, `${grown} bytes more`);
  assert.deepEqual(decode(payload), expected);
});

test('the codecs of this machine have G.729 under its payload type, and the law codecs always', async (t) => {
  const codecs = await installedCodecs();
  for (const payloadType of [0, 8]) assert.equal(codecs.get(payloadType)?.payloadType, payloadType);
  if (requireLibrary(t, 'libbcg729.so.0', 'libbcg729-0') === null) return;
  assert.equal(codecs.get(18)?.name, 'G729');
  assert.equal((await loadG729()).ok, true);
});
