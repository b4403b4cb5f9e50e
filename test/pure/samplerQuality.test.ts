import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { callId, millis } from '../../model/kernel/index.js';
import type { NewRecord } from '../../src/relay/events/record.js';
import { NEW_SESSION } from '../../src/relay/session/apply.js';
import { Sampler } from '../../src/relay/session/sampler.js';
import { PlaneGiven, spoken } from './planeGiven.js';

test('[NG-37] every two seconds a session is measured, and its samples tell what was measured', () => {
  const { plane, engine, take } = bound();
  const records: NewRecord[] = [];
  const [session, touchedAt] = [1, { caller: millis(0), callee: millis(0) }];
  const known = { session, call: callId('a'), tag: 't', slot: 0, snapshot: NEW_SESSION, touchedAt };
  let nowMs = 100_000;
  const sampler = new Sampler({
    ...{ plane, engine, clock: () => millis(nowMs) },
    ...{
      check: () => {},
      sessionIn: (slot: number) => (slot === 0 ? known : undefined),
      write: (record: NewRecord) => records.push(record),
    },
  });
  for (let i = 0; i < 300; i++) {
    nowMs += 20;
    take(0, spoken(0, new Uint8Array(160)), 0, nowMs);
    sampler.turn(nowMs, 1);
  }
  equal(
    plane.sources.read(0).sources[0]!.quality?.samples,
    3 - 1,
    'the first turn comes with the first packet: too soon to tell',
  );
  equal(plane.sources.read(0).sources[0]!.bitrate, 50 * 176 * 8);
  const samples = records.flatMap((record) => (record.kind === 'sample' ? [record.sample.streams[0]?.sources] : []));
  deepEqual(samples.at(-1)?.slice(0, 2), [0, 1]);
  equal(samples.length, 3);
});

function bound() {
  const given = new PlaneGiven();
  return { plane: given.plane, engine: given.engine, take: given.take.bind(given) };
}
