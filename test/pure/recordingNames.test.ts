import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileNamesOf, isSafeName, safeName, stemOf } from '../../src/relay/recording/fileNames.js';
import type { RecorderOrder } from '../../src/relay/recording/orders.js';
import { openOrder } from '../rig/recordingFolder.js';

/** All names of a recording. */
function namesOf(over: Partial<Extract<RecorderOrder, { kind: 'open' }>>): string[] {
  const { base, number, kinds } = fileNamesOf(openOrder(over));
  return kinds.map(({ suffix }) => stemOf(base, number, kinds) + suffix);
}

const placeOf = (call: string) => ({ shard: 0, session: 1, call, id: 1 });

test('[KC-09] four files after call and tag, the caller with o and the callee with a', () => {
  assert.deepEqual(namesOf({}), [
    'a84b@host=from1.o.rtp',
    'a84b@host=from1.o.rtcp',
    'a84b@host=from1.a.rtp',
    'a84b@host=from1.a.rtcp',
  ]);
  assert.deepEqual(namesOf({ rtcp: false, form: 'pcap', sides: ['callee'] }), ['a84b@host=from1.a.rtp']);
});

test('[SY-17] a name that was given stands for itself where one side is recorded', () => {
  assert.deepEqual(namesOf({ name: 'mine', sides: ['callee'] }), ['mine.rtp', 'mine.rtcp']);
  assert.deepEqual(namesOf({ name: 'mine', rtcp: false }), ['mine.o.rtp', 'mine.a.rtp']);
});

test('one capture file has no letters, and a name that was given exactly', () => {
  assert.deepEqual(namesOf({ form: 'pcap', single: true }), ['a84b@host=from1.pcap']);
  for (const name of ['mine', 'mine.pcap']) assert.deepEqual(namesOf({ form: 'pcap', single: true, name }), [name]);
});

test('a WAV file; while it is written, its name says so', () => {
  assert.deepEqual(namesOf({ form: 'wav' }), ['a84b@host=from1.wav']);
  assert.deepEqual(namesOf({ form: 'wav', name: 'mine' }), ['mine.wav']);
  assert.equal(fileNamesOf(openOrder({ form: 'wav' })).kinds[0]!.workingSuffix, '.part.wav');
});

test('the second medium of a call has its number in front of the suffixes', () => {
  assert.deepEqual(namesOf({ tag: 'from1;2', rtcp: false }), ['a84b@host=from1-2.o.rtp', 'a84b@host=from1-2.a.rtp']);
  assert.deepEqual(namesOf({ tag: 'from1;2', form: 'wav' }), ['a84b@host=from1-2.wav']);
  const numbered = fileNamesOf(openOrder({ form: 'pcap', single: true, name: 'mine.pcap' }));
  assert.equal(stemOf(numbered.base, 3, numbered.kinds) + numbered.kinds[0]!.suffix, 'mine-3.pcap');
});

test('names stay in their folder: no separators, no control bytes, no dots that lead away or hide', () => {
  for (const [name, safe] of [
    ['../../etc/passwd', '_.__._etc_passwd'],
    ['..', '_.'],
    ['.hidden', '_hidden'],
    ['a\0b\nc\x7f', 'a_b_c_'],
    ['a\\b', 'a_b'],
    ['', '_'],
    ['a.b@c\xe9', 'a.b@c\xe9'],
    ['\u{1f600}ā', '__'],
  ] as const) {
    const made = safeName(name);
    assert.deepEqual([made.includes('/'), made.includes('..'), made.startsWith('.')], [false, false, false], name);
    assert.equal(made, safe);
    assert.equal(isSafeName(made), true, name);
    assert.equal(isSafeName(name), name === safe, name);
  }
  assert.deepEqual(namesOf({ place: placeOf('../x'), name: null, form: 'wav' }), ['_._x=from1.wav']);
});

test('a name is 255 bytes long at most, and two long ones stay two', () => {
  const long = (end: string): string[] => namesOf({ place: placeOf('x'.repeat(400) + end), tag: 'from1;12' });
  for (const name of long('a')) assert.ok(name.length <= 255 && /-12\.[oa]\.rtc?p$/.test(name), name);
  assert.equal(Math.max(...long('a').map(({ length }) => length)), 255);
  assert.notDeepEqual(long('a'), long('b'));
  const exact = namesOf({ name: 'y'.repeat(255 - 5), sides: ['caller'] });
  assert.equal(exact[1], `${'y'.repeat(250)}.rtcp`);
});
