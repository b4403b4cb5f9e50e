/** Tapes against the simplest thing that does the same: a list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TAPE_HEADER_BYTES, TapeReader, TapeWriter } from '../../src/media/recording/tape.js';
import { TapeBell } from '../../src/media/recording/tapeBell.js';
import { SOCKADDR_WORDS } from '../../src/protocol/bytes/sockaddr.js';
import { runs } from './runs.js';

type Step =
  | { readonly kind: 'packet'; readonly length: number; readonly start: number; readonly stream: 0 | 1 | 2 | 3 }
  | { readonly kind: 'order'; readonly text: string }
  | { readonly kind: 'read'; readonly entries: number }
  | { readonly kind: 'flush' | 'die' | 'newReader' };

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('packet' as const),
      length: fc.oneof(fc.nat({ max: 240 }), fc.nat({ max: 1500 })),
      start: fc.nat({ max: 64 }),
      stream: fc.constantFrom(0, 1, 2, 3),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('order' as const), text: fc.string({ maxLength: 600, unit: 'grapheme' }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('read' as const), entries: fc.nat({ max: 20 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('flush', 'die', 'newReader') }) },
);

/** What was written, or read, in words. */
type Entry = string;

class World {
  readonly memory: SharedArrayBuffer;
  readonly bell = new TapeBell(new SharedArrayBuffer(TapeBell.BYTES));
  writer: TapeWriter;
  reader: TapeReader;
  readonly written: Entry[] = [];
  readonly read: Entry[] = [];
  #packets = 0;

  constructor(ringBytes: number) {
    this.memory = new SharedArrayBuffer(TAPE_HEADER_BYTES + ringBytes);
    this.writer = new TapeWriter(this.memory, this.bell);
    this.reader = new TapeReader(this.memory);
  }

  packet(length: number, start: number, stream: 0 | 1 | 2 | 3): void {
    const number = ++this.#packets;
    const bytes = Uint8Array.from({ length: start + length + 3 }, (_, i) => i * 7 + number);
    const words = Uint32Array.from({ length: 3 + SOCKADDR_WORDS }, (_, i) => i * 0x9e3779b9 + number);
    const taken = this.writer.packet(number, stream, number + 0.25, words, 3, bytes, start, length);
    if (taken) this.written.push(told(number, stream, number + 0.25, words, 3, bytes, start, length));
  }

  take(entries: number): void {
    for (let i = 0; i < entries; i++) {
      const kind = this.reader.next();
      if (kind === 'none') break;
      const { recording, stream, atMs, words, source, bytes, start, length, text } = this.reader;
      this.read.push(kind === 'order' ? text : told(recording, stream, atMs, words, source, bytes, start, length));
    }
    this.reader.release();
  }
}

function told(
  number: number,
  stream: number,
  atMs: number,
  words: Uint32Array,
  source: number,
  bytes: Uint8Array,
  start: number,
  length: number,
): Entry {
  const payload = Buffer.from(bytes.subarray(start, start + length)).toString('hex');
  return `${number} ${stream} ${atMs} ${words.slice(source, source + SOCKADDR_WORDS - 1)} ${payload}`;
}

/** Orders that still wait in a writer that dies are lost with it; packets and orders before them are not. */
function play(ringBytes: number, list: readonly Step[]): void {
  const world = new World(ringBytes);
  let sure = 0;
  for (const step of list) {
    if (step.kind === 'packet') world.packet(step.length, step.start, step.stream);
    else if (step.kind === 'order') {
      world.writer.order(step.text);
      world.written.push(step.text);
    } else if (step.kind === 'read') world.take(step.entries);
    else if (step.kind === 'flush') world.writer.flush();
    else if (step.kind === 'newReader') {
      // In the middle of a long order its beginning would be lost.
      if (world.read.length === world.written.length) world.reader = new TapeReader(world.memory);
    } else if (!world.writer.flush()) {
      world.writer = new TapeWriter(world.memory, world.bell);
      sure = world.written.length;
    }
  }
  for (let i = 0; world.writer.flush() && i < 10_000; i++) world.take(50);
  world.take(Number.MAX_SAFE_INTEGER);
  assert.deepEqual(world.read, world.written);
  assert.ok(world.read.length >= sure);
}

test('what comes out of a tape is what it took, in the same order, whatever the sizes', () => {
  const rings = fc.constantFrom(1024, 2048, 4096, 65_536);
  fc.assert(
    fc.property(rings, fc.array(steps, { maxLength: 120, size: 'max' }), (ring, list) => play(ring, list)),
    { numRuns: runs(600) },
  );
});

test('counters may pass 2^32: a tape goes on as before', () => {
  const memory = new SharedArrayBuffer(TAPE_HEADER_BYTES + 4096);
  const counters = new Int32Array(memory);
  for (const from of [2 ** 31 - 2048, -2048]) {
    counters[0] = from;
    counters[16] = from;
    const writer = new TapeWriter(memory, new TapeBell(new SharedArrayBuffer(TapeBell.BYTES)));
    const reader = new TapeReader(memory);
    const bytes = new Uint8Array(200).fill(9);
    for (let i = 0; i < 100; i++) {
      assert.equal(writer.packet(i, 0, i, new Uint32Array(8), 0, bytes, 0, 200), true);
      assert.equal(reader.next(), 'packet');
      assert.deepEqual([reader.recording, reader.length, reader.bytes[reader.start + 199]], [i, 200, 9]);
      reader.release();
    }
  }
});
