import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { g722Narrowband, plainCodecs } from '../../src/protocol/audio/codecs.js';
import { encodeAlaw, encodeMulaw } from '../../src/protocol/audio/g711.js';
import { AnnouncementEncoder, announce, announcementCodecs, type SpeechSource } from '../../src/relay/tools/announcement.js';
import { cutSpeech, type Speech } from '../../src/relay/tools/speechDecoder.js';

/** Samples that are told apart. */
const ramp = (length: number, from = 1): Int16Array => Int16Array.from({ length }, (_, i) => from + i);

class Memory implements SpeechSource {
  readonly #speech: Speech;
  readonly #isSeekable: boolean;
  #at = 0;

  constructor(narrow: Int16Array, hasWide = false, isSeekable = true) {
    const wide = hasWide ? Int16Array.from({ length: narrow.length * 2 }, (_, i) => narrow[i >> 1]!) : null;
    this.#speech = { narrow, wide };
    this.#isSeekable = isSeekable;
  }

  async read(count: number): Promise<Speech> {
    const from = this.#at;
    this.#at = Math.min(this.#speech.narrow.length, from + count);
    return cutSpeech(this.#speech, from, this.#at);
  }

  async rewind(): Promise<void> {
    if (this.#isSeekable) this.#at = 0;
  }
}

async function blocksOf(source: SpeechSource, limit: number | null, loop: boolean): Promise<Int16Array[]> {
  const blocks: Int16Array[] = [];
  for await (const { narrow, wide } of announce(source, limit, loop)) {
    if (wide !== null) assert.deepEqual(wide.length, narrow.length * 2);
    // Several whole blocks may come at once.
    for (let at = 0; at < narrow.length; at += 160) blocks.push(narrow.slice(at, at + 160));
  }
  return blocks;
}

/** How makeann reads, block by block: a short one is filled up from the beginning, once. */
function expectedBlocks(input: Int16Array, limit: number | null, loop: boolean): Int16Array[] {
  const blocks: Int16Array[] = [];
  let at = 0;
  for (let left = limit ?? Number.POSITIVE_INFINITY; left > 0; ) {
    const wanted = Math.min(160, left);
    const block = [...input.subarray(at, at + wanted)];
    at += block.length;
    if (block.length < wanted && loop) {
      const more = input.subarray(0, wanted - block.length);
      at = more.length;
      block.push(...more);
    }
    if (block.length === 0) break;
    blocks.push(Int16Array.from(block));
    left -= block.length;
  }
  return blocks;
}

test('[PN-13] limit and loop cut an input into the blocks that makeann cuts it into, whatever their lengths', async () => {
  const lengths = fc.oneof(fc.nat({ max: 700 }), fc.constantFrom(0, 1, 50, 159, 160, 161, 320));
  await fc.assert(
    fc.asyncProperty(
      lengths,
      fc.option(fc.integer({ min: 1, max: 2000 })),
      fc.boolean(),
      fc.boolean(),
      async (n, limit, wish, wide) => {
        const loop = wish && limit !== null;
        const blocks = await blocksOf(new Memory(ramp(n), wide), limit, loop);
        assert.deepEqual(blocks, expectedBlocks(ramp(n), limit, loop));
        const total = blocks.reduce((sum, { length }) => sum + length, 0);
        assert.equal(total, loop && n > 0 ? limit : Math.min(n, limit ?? n));
      },
    ),
    { numRuns: 300 },
  );
});

test('an input of more than one stretch, and one that cannot be begun again, are cut the same way', async () => {
  const long = ramp(160_000 * 2 + 77, -20_000);
  assert.deepEqual(await blocksOf(new Memory(long), null, false), expectedBlocks(long, null, false));
  assert.deepEqual(await blocksOf(new Memory(long), 700_001, true), expectedBlocks(long, 700_001, true));
  assert.deepEqual(await blocksOf(new Memory(ramp(200), false, false), 1000, true), [ramp(160), ramp(40, 161)]);
});

const codecs = plainCodecs();

test('[PN-13] the last block: G.711 has the samples there are, GSM and G.722 a whole frame filled up with silence', () => {
  const speech: Speech = { narrow: ramp(200, 3000), wide: null };
  const filled = new Int16Array(320);
  filled.set(speech.narrow);
  const made = announcementCodecs(codecs, g722Narrowband, false).map((codec) => ({
    payloadType: codec.payloadType,
    frames: new AnnouncementEncoder(codec).encode(speech),
  }));
  assert.deepEqual(
    made.map(({ payloadType, frames }) => [payloadType, frames.length]),
    [
      [0, 200],
      [3, 66],
      [8, 200],
      [9, 320],
    ],
  );
  assert.deepEqual(made[0]!.frames, encodeMulaw(speech.narrow));
  assert.deepEqual(made[1]!.frames, codecs.get(3)!.encoder().encode(filled));
  assert.deepEqual(made[2]!.frames, encodeAlaw(speech.narrow));
  assert.deepEqual(made[3]!.frames, g722Narrowband.encoder().encode(filled));
});

test('[PN-13] G.722 gets 16 kHz where the sound has as much, and is as long as the others', () => {
  const narrow = ramp(200, 3000);
  const wide = Int16Array.from({ length: 400 }, (_, i) => 8000 * Math.sin(i * 2));
  const [, , , g722] = announcementCodecs(codecs, g722Narrowband, true);
  assert.equal(g722?.sampleRate, 16000);
  const frames = new AnnouncementEncoder(g722!).encode({ narrow, wide });
  const filled = new Int16Array(640);
  filled.set(wide);
  assert.deepEqual(frames, codecs.get(9)!.encoder().encode(filled));
  assert.equal(frames.length, 320);
});

test('the order is that of makeann, and a codec that is not installed is left out', () => {
  const g729 = { ...codecs.get(0)!, name: 'G729', payloadType: 18 };
  const all = new Map([...codecs, [18, g729]]);
  assert.deepEqual(
    announcementCodecs(all, g722Narrowband, true).map(({ payloadType }) => payloadType),
    [0, 3, 18, 8, 9],
  );
  assert.deepEqual(
    announcementCodecs(codecs, g722Narrowband, true).map(({ payloadType }) => payloadType),
    [0, 3, 8, 9],
  );
});

test('blocks one behind the other are encoded as one stream', () => {
  const samples = Int16Array.from({ length: 1600 }, (_, i) => 9000 * Math.sin(i / 3));
  for (const codec of announcementCodecs(codecs, g722Narrowband, false)) {
    const [whole, cut] = [new AnnouncementEncoder(codec), new AnnouncementEncoder(codec)];
    const parts = [0, 160, 480, 1440].map((from, i, all) =>
      cut.encode({ narrow: samples.subarray(from, all[i + 1] ?? 1600), wide: null }),
    );
    assert.deepEqual(Buffer.concat(parts), Buffer.from(whole.encode({ narrow: samples, wide: null })), codec.name);
  }
});
