import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FRAME_HEADER_BYTES, MAX_BODY_BYTES, readFrame, writeFrame } from '../../src/protocol/events/frame.js';
import { runs } from '../property/runs.js';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

function framesOf(...bodies: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(bodies.reduce((sum, body) => sum + body.length + FRAME_HEADER_BYTES, 0));
  let at = 0;
  for (const body of bodies) at = writeFrame(bytes, at, body);
  return bytes;
}

test('a frame is length and checksum, little-endian, and the body', () => {
  const bytes = framesOf(ascii('123456789'));
  assert.deepEqual([...bytes.subarray(0, 8)], [9, 0, 0, 0, 0x26, 0x39, 0xf4, 0xcb]);
  assert.deepEqual(bytes.subarray(8), ascii('123456789'));
});

test('frames come back as they were written, one behind the other', () => {
  const property = fc.property(
    fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 8 }),
    fc.nat(9),
    (bodies, offset) => {
      const bytes = Uint8Array.of(...new Array<number>(offset).fill(0xee), ...framesOf(...bodies));
      let at = offset;
      for (const body of bodies) {
        const frame = readFrame(bytes, at);
        assert.ok(frame.kind === 'body');
        assert.deepEqual(bytes.slice(frame.start, frame.end), body);
        at = frame.end;
      }
      assert.equal(at, bytes.length);
      assert.equal(readFrame(bytes, at).kind, 'torn');
    },
  );
  fc.assert(property, { numRuns: runs(200) });
});

test('whatever is missing of the end, the frame is torn', () => {
  const bytes = framesOf(ascii('some body'));
  for (let length = 0; length < bytes.length; length++)
    assert.deepEqual(readFrame(bytes.subarray(0, length), 0), { kind: 'torn' }, `${length} bytes`);
});

test('zeros, as a crash may leave them at the end of a file, are no frame', () => {
  for (const length of [8, 9, 4096]) assert.deepEqual(readFrame(new Uint8Array(length), 0), { kind: 'torn' });
});

test('every flipped bit is noticed: the frame is damaged or torn', () => {
  const whole = framesOf(ascii('some body'), ascii('another that follows it'));
  const first = FRAME_HEADER_BYTES + 9;
  for (let bit = 0; bit < first * 8; bit++) {
    const bytes = whole.slice();
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    const { kind } = readFrame(bytes, 0);
    assert.ok(kind !== 'body', `bit ${bit} of byte ${bit >> 3}`);
    if (bit >= 32) assert.equal(kind, 'damaged', 'where the length is whole, only this frame is lost');
  }
});

test('behind a damaged body the next frame can be read', () => {
  const bytes = framesOf(ascii('one'), ascii('two'));
  bytes[FRAME_HEADER_BYTES]! ^= 1;
  const damaged = readFrame(bytes, 0);
  assert.ok(damaged.kind === 'damaged');
  const next = readFrame(bytes, damaged.end);
  assert.ok(next.kind === 'body');
  assert.deepEqual(bytes.slice(next.start, next.end), ascii('two'));
});

test('a length that cannot be is torn, even if so many bytes followed', () => {
  const body = new Uint8Array(MAX_BODY_BYTES + 1);
  assert.deepEqual(readFrame(framesOf(body), 0), { kind: 'torn' });
  const longest = readFrame(framesOf(body.subarray(1)), 0);
  assert.deepEqual(longest, { kind: 'body', start: 8, end: 8 + MAX_BODY_BYTES });
  assert.deepEqual(readFrame(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0), 0), { kind: 'torn' });
});
