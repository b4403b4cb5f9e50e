import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { packr } from '../../src/io/log/segment.js';
import { fieldAt, isPlainValue, isTextAt, numberAt } from '../../src/protocol/events/messagePack.js';
import { Packer } from '../../src/protocol/events/packer.js';
import { Fold } from '../../src/relay/events/fold.js';
import type { LogRecord } from '../../src/relay/events/record.js';
import { wrongInRecord } from '../../src/relay/events/schema.js';
import { upcast } from '../../src/relay/events/upcast.js';
import { act, fullStories } from './fullStories.js';
import { settingOf } from './pureRelay.js';
import { runs } from './runs.js';
import { sounding } from './sounding.js';

const SETTING = settingOf(6, 10_000, 3000);
/** What earlier releases have not written. */
const NEW_KINDS = [
  ...['PlaybackStarted', 'PlaybackEnded', 'RecordingStarted', 'RecordingNamed', 'RecordingStopped', 'CopyStarted', 'CopyStopped'],
  'recording',
];

test('nothing is wrong in any record that a relay writes, nor in its snapshots, and they come back as they were', () => {
  const kinds = new Set<string>();
  const property = fc.property(fullStories, (story) => {
    const { relay, recorder } = sounding(SETTING);
    for (const one of story) act(relay, one, recorder);
    for (const record of [...relay.log, ...relay.shard.snapshot()]) {
      const packer = new Packer();
      packer.pack(record);
      const body = packer.bytes.subarray(0, packer.fill);
      const back: unknown = packr.unpack(body);
      assert.ok(isPlainValue(body, 0, body.length));
      assert.equal(wrongInRecord(back), null);
      assert.deepEqual(back, record);
      assert.deepEqual(upcast(back, null), record, 'what is of today stays as it is, wherever it stood');
      for (const { type } of record.kind === 'step' ? record.events : []) kinds.add(type);
      kinds.add(record.kind);
    }
  });
  fc.assert(property, { numRuns: runs(200) });
  for (const kind of NEW_KINDS) assert.ok(kinds.has(kind), `nothing of ${kind} was written`);
});

test('from its snapshots and what it writes after them the sessions of a relay are known as from all its records', () => {
  const property = fc.property(fullStories, fullStories, (before, after) => {
    const { relay, recorder } = sounding(SETTING);
    for (const one of before) act(relay, one, recorder);
    const opening = [...relay.shard.snapshot()];
    const since = relay.log.length;
    for (const one of after) act(relay, one, recorder);
    const fold = (records: readonly LogRecord[]) => {
      const folded = new Fold();
      for (const record of records) folded.take(record);
      return [...folded.sessions.values()]
        .map(({ session, snapshot }) => ({ session, snapshot }))
        .sort((a, b) => a.session - b.session);
    };
    assert.deepEqual(fold([...opening, ...relay.log.slice(since)]), fold(relay.log));
  });
  fc.assert(property, { numRuns: runs(100) });
});

const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.oneof(fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(fc.string({ maxLength: 20 }), tie('value'), { maxKeys: 20 }),
  ),
})).value;

test('any value of records is plain; cut off, lengthened or with an extension type in it, it is not', () => {
  const property = fc.property(plain, fc.nat(), (value, at) => {
    const body = Uint8Array.from(packr.pack(value));
    assert.ok(isPlainValue(body, 0, body.length));
    assert.ok(!isPlainValue(body, 0, at % body.length));
    assert.ok(!isPlainValue(Uint8Array.from([...body, 1]), 0, body.length + 1));
  });
  fc.assert(property, { numRuns: runs(500) });
  for (const value of [new Date(0), new Uint8Array(3)]) {
    const body = Uint8Array.from(packr.pack({ value }));
    assert.ok(!isPlainValue(body, 0, body.length));
  }
});

test('a field is found without decoding, wherever it stands, and is what decoding gives', () => {
  const name = fc.string({ unit: fc.constantFrom(...'abcdef'), minLength: 1, maxLength: 8 });
  const number = fc.oneof(fc.nat(300), fc.nat(), fc.double({ noNaN: true }));
  const property = fc.property(fc.dictionary(name, fc.oneof(plain, number)), name, (map, wanted) => {
    const record = Object.fromEntries(Object.entries(map));
    const body = Uint8Array.from(packr.pack(record));
    const at = fieldAt(body, 0, body.length, Buffer.from(wanted));
    const value = record[wanted];
    if (!Object.hasOwn(record, wanted)) return assert.equal(at, -1);
    assert.ok(at > 0);
    if (typeof value === 'string' && value.length > 0 && value.length < 8) assert.ok(isTextAt(body, at, Buffer.from(value)));
    if (typeof value !== 'number') return assert.ok(Number.isNaN(numberAt(body, at, body.length)));
    const found = numberAt(body, at, body.length);
    assert.ok(Object.is(found, value) || Number.isNaN(found) || found === value);
    if (value >= 0 && Number.isInteger(value)) assert.equal(found, value);
  });
  fc.assert(property, { numRuns: runs(500) });
});
