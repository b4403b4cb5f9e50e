import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { udpPort } from '../../model/kernel/index.js';
import { IGNORED, NEXT } from '../../src/media/path.js';
import { ACCEPT, CONFIRM, LEARN, latchStage, REJECT, savedSourcePort } from '../../src/media/stages/latch.js';
import { at, type FromSource, givenAt, Latched, packetFrom } from './latched.js';

const HOME = at('192.0.2.1', 4000);
const MOVED = at('198.51.100.7', 5000);
const STRANGER = at('203.0.113.9', 9000);
const SSRC = 0xdead_beef;

const from = (source: typeof HOME, sequence: number, atMs: number, ssrc: number | null = SSRC): FromSource => ({
  ...{ source, ssrc, sequence, atMs },
});

/** A stream of `HOME` that was confirmed and has run until number 100, at 20 seconds. */
function confirmed(): Latched {
  const latched = new Latched();
  latched.install(0, { ...givenAt(HOME, false), signalledAtMs: 0 });
  equal(latched.take(from(HOME, 50, 19_000)), CONFIRM);
  for (let n = 51; n <= 100; n++) equal(latched.take(from(HOME, n, 18_000 + n * 20)), ACCEPT);
  return latched;
}

/** A new table that goes on from what another saved, given the same addresses. */
function restored(before: Latched, order: 'installed first' | 'restored first' = 'installed first'): Latched {
  const after = new Latched();
  // It crosses threads and processes as text or bytes.
  const saved = JSON.parse(JSON.stringify(before.table.save(0))) as number[];
  if (order === 'restored first') after.table.restore(0, saved);
  after.install(0, before.given(0));
  if (order === 'installed first') after.table.restore(0, saved);
  return after;
}

test('a row that nothing is known of saves nothing', () => {
  const latched = new Latched();
  equal(latched.table.save(0), null);
  latched.install(0, givenAt(HOME, true));
  equal(latched.table.save(0), null, 'addresses are the model’s');
  const running = confirmed();
  running.table.clear(0);
  equal(running.table.save(0), null);
});

for (const order of ['installed first', 'restored first'] as const) {
  test(`a confirmed stream goes on as if nothing had happened (${order})`, () => {
    const after = restored(confirmed(), order);
    equal(after.take(from(STRANGER, 101, 22_000, 7)), REJECT, 'another SSRC');
    equal(after.take(from(HOME, 101, 22_000)), ACCEPT);
    equal(after.take(from(MOVED, 102, 22_020)), LEARN, 'the same SSRC, the next number');
    equal(after.take(from(HOME, 103, 22_040)), LEARN, 'and back');
  });
}

test('the source may have moved while nobody listened: three seconds of packets are bridged', () => {
  equal(restored(confirmed()).take(from(MOVED, 100 + 150, 23_000)), LEARN);
  equal(restored(confirmed()).take(from(MOVED, 50 + 536, 23_000)), LEARN, 'the number that was stored last was 50 or more');
  equal(restored(confirmed()).take(from(MOVED, 100 + 537, 23_000)), REJECT);
  equal(restored(confirmed()).take(from(MOVED, 20, 23_000)), REJECT, 'from before');
  equal(restored(confirmed()).take(from(STRANGER, 100 + 1, 23_000, null)), REJECT, 'no RTP');
});

test('the first packet of the stream brings its number up to date', () => {
  const after = restored(confirmed());
  equal(after.take(from(HOME, 400, 26_000)), ACCEPT);
  equal(after.take(from(MOVED, 400 + 536, 26_020)), LEARN);
});

test('an SSRC that changed before is the one that counts, and a later change is taken for one', () => {
  const running = confirmed();
  equal(running.take(from(HOME, 7, 21_000, 99)), ACCEPT);
  const after = restored(running);
  equal(after.take(from(MOVED, 101, 22_000)), REJECT, 'the SSRC of before');
  equal(after.take(from(MOVED, 8, 22_000, 99)), LEARN);
  const again = restored(running);
  equal(again.take(from(HOME, 1000, 22_000, 55)), ACCEPT);
  equal(again.take(from(MOVED, 1001, 22_020, 55)), LEARN);
});

test('what is saved is restored and saved again the same, and leaves other rows and given flags alone', () => {
  const before = confirmed();
  const after = restored(before);
  deepEqual(after.table.save(0), before.table.save(0));
  equal(after.table.save(2), null);
  const asymmetric = new Latched();
  asymmetric.install(0, { ...givenAt(HOME, true), asymmetric: true });
  asymmetric.table.restore(0, before.table.save(0)!);
  equal(asymmetric.take(from(MOVED, 101, 22_000)), REJECT, 'an asymmetric side is never learned from');
  asymmetric.table.restore(0, [255]);
  deepEqual(
    asymmetric.table.save(0),
    [24, 0, 0, 0],
    'numbers that are missing read as zero, flags that are given do not come from there',
  );
});

test('from which port an asymmetric side sends is remembered, also by whoever takes it up; of others nothing is', () => {
  const latched = new Latched();
  latched.install(0, { ...givenAt(HOME, true), asymmetric: true });
  equal(savedSourcePort(latched.table.save(0)), null);
  equal(latched.take(from({ ...HOME, port: udpPort(0x1234) }, 1, 20_000)), ACCEPT);
  equal(savedSourcePort(latched.table.save(0)), 0x1234);
  for (const order of ['installed first', 'restored first'] as const) {
    const after = restored(latched, order);
    equal(savedSourcePort(after.table.save(0)), 0x1234);
    equal(after.take(from(HOME, 2, 20_020)), ACCEPT);
    equal(savedSourcePort(after.table.save(0)), HOME.port);
  }
  latched.table.clear(0);
  equal(latched.table.save(0), null);
  equal(savedSourcePort(confirmed().table.save(0)), null);
});

/** The sources that are told of refused packets, as the stage does it. */
function toldOf(latched: Latched, sent: readonly (readonly [port: number, atMs: number, row?: number])[]): number[] {
  const told: number[] = [];
  const stage = latchStage(
    latched.table,
    () => {},
    (packet) => told.push(((packet.words[packet.source]! >>> 24) & 0xff) | ((packet.words[packet.source]! >>> 8) & 0xff00)),
  );
  for (const [port, atMs, row = 0] of sent) {
    equal(stage(packetFrom(from(at('203.0.113.9', port), 1, atMs, 5), row)), IGNORED);
  }
  return told;
}

test('a refused source is told, at most one a second, and not again while no other was told', () => {
  deepEqual(toldOf(confirmed(), [[9000, 20_000]]), [9000], 'at once');
  const spray = Array.from({ length: 1000 }, (_, n) => [10_000 + n, 20_000 + n] as const);
  deepEqual(toldOf(confirmed(), spray), [10_000], 'a thousand sources in a second');
  deepEqual(toldOf(confirmed(), [...spray, [9000, 21_000]]), [10_000, 9000]);
  const same = Array.from({ length: 100 }, (_, n) => [9000, 20_000 + n * 500] as const);
  deepEqual(toldOf(confirmed(), same), [9000]);
  deepEqual(toldOf(confirmed(), [...same, [9001, 20_000 + 50_000], [9000, 20_000 + 51_000]]), [9000, 9001, 9000]);
});

test('streams tell for themselves, a cleared one anew, and who is accepted is not told', () => {
  const latched = confirmed();
  latched.install(2, givenAt(HOME, true));
  deepEqual(
    toldOf(latched, [
      [9000, 20_000],
      [9000, 20_000, 2],
      [9001, 20_100, 2],
    ]),
    [9000, 9000],
  );
  latched.table.clear(0);
  latched.install(0, givenAt(HOME, true));
  deepEqual(
    toldOf(latched, [
      [9000, 20_200],
      [9000, 20_200, 2],
    ]),
    [9000],
  );
  const stage = latchStage(
    latched.table,
    () => {},
    () => equal(true, false, 'nobody was refused'),
  );
  equal(stage(packetFrom(from(HOME, 1, 30_000), 0)), NEXT);
});
