import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TAPE_HEADER_BYTES, TapeReader, TapeWriter, tapeBytes } from '../../src/media/recording/tape.js';
import { TapeBell } from '../../src/media/recording/tapeBell.js';
import { rtpPacket, START_MS, tapePacket } from '../rig/recordingFolder.js';

const PACKET = rtpPacket({ sequence: 1, timestamp: 160 });

function tapeOf(ringBytes: number): { memory: SharedArrayBuffer; bell: TapeBell; writer: TapeWriter; reader: TapeReader } {
  const memory = new SharedArrayBuffer(TAPE_HEADER_BYTES + ringBytes);
  const bell = new TapeBell(new SharedArrayBuffer(TapeBell.BYTES));
  return { memory, bell, writer: new TapeWriter(memory, bell), reader: new TapeReader(memory) };
}

test('a tape takes the next power of two of megabytes, between 1 and 1024', () => {
  const sizes = [0, 1, 3, 4, 5000].map((megabytes) => (tapeBytes(megabytes) - TAPE_HEADER_BYTES) >> 20);
  assert.deepEqual(sizes, [1, 1, 4, 4, 1024]);
});

test('packets are refused when there is no room, and room is left for an order', () => {
  const { writer, reader } = tapeOf(4096);
  let taken = 0;
  while (tapePacket(writer, 1, 0, START_MS, PACKET)) taken++;
  assert.equal(taken, Math.floor((4096 - 512) / 224));
  writer.order('close');
  assert.equal(writer.flush(), false, 'the order has found room');
  for (let i = 0; i < taken; i++) assert.equal(reader.next(), 'packet');
  assert.deepEqual([reader.next(), reader.text, reader.next()], ['order', 'close', 'none']);
});

test('an order for which there is no room waits, and no packet overtakes it', () => {
  const { writer, reader } = tapeOf(1024);
  const long = 'x'.repeat(900);
  writer.order(long);
  assert.equal(writer.flush(), true);
  assert.equal(tapePacket(writer, 1, 0, START_MS, PACKET.subarray(0, 12)), false);
  writer.order('close');
  const texts: string[] = [];
  for (let i = 0; i < 10; i++) {
    while (reader.next() === 'order') texts.push(reader.text);
    reader.release();
    writer.flush();
  }
  assert.deepEqual(texts, [long, 'close']);
  assert.equal(tapePacket(writer, 1, 0, START_MS, PACKET.subarray(0, 12)), true);
});

test('no packet gets between the parts of a long order, though there is room by then', () => {
  const { writer, reader } = tapeOf(1024);
  writer.order('z'.repeat(2000));
  assert.equal(reader.next(), 'none', 'there is no whole order yet');
  reader.release();
  assert.equal(tapePacket(writer, 1, 0, START_MS, PACKET.subarray(0, 12)), false);
  for (let i = 0; writer.flush() && i < 100; i++) {
    assert.equal(reader.next(), 'none');
    reader.release();
  }
  assert.deepEqual([reader.next(), reader.text.length], ['order', 2000]);
});

test('what a thread had not finished when it died was never there, and its successor goes on behind what was', () => {
  const { memory, bell, writer, reader } = tapeOf(4096);
  tapePacket(writer, 1, 0, START_MS, PACKET);
  // The bytes of an entry, without the store that makes them one.
  const ring = new Uint8Array(memory, TAPE_HEADER_BYTES);
  ring.fill(0xee, 224, 300);
  assert.deepEqual([reader.next(), reader.next()], ['packet', 'none']);
  const successor = new TapeWriter(memory, bell);
  tapePacket(successor, 2, 3, START_MS + 20, PACKET);
  assert.deepEqual([reader.next(), reader.recording, reader.stream, reader.atMs], ['packet', 2, 3, START_MS + 20]);
  assert.deepEqual(reader.bytes.slice(reader.start, reader.start + reader.length), PACKET);
});

test('a long order whose end was lost with its thread is forgotten when the next one comes', () => {
  const { memory, bell, writer, reader } = tapeOf(1024);
  writer.order('y'.repeat(2000));
  reader.next();
  reader.release();
  const successor = new TapeWriter(memory, bell);
  successor.order('close');
  successor.flush();
  assert.deepEqual([reader.next(), reader.text], ['order', 'close']);
});

test('the bell is rung for orders and where it gets narrow, not for packets', () => {
  const { bell, writer } = tapeOf(4096);
  const rung = (): boolean => {
    const before = bell.heard();
    writer.flush();
    return bell.heard() !== before;
  };
  tapePacket(writer, 1, 0, START_MS, PACKET);
  assert.equal(rung(), false);
  writer.order('narrow');
  assert.deepEqual([rung(), rung()], [true, false]);
  while (tapePacket(writer, 1, 0, START_MS, PACKET));
  assert.equal(rung(), true);
});

test('a reader that was rung for while it looked for work does not sleep', () => {
  const { bell } = tapeOf(1024);
  const heard = bell.heard();
  bell.ring();
  const start = performance.now();
  bell.sleep(heard, 5000);
  assert.ok(performance.now() - start < 1000);
});
