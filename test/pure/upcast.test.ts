/** Records of earlier releases as they are read today. */
import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { Fold } from '../../src/relay/events/fold.js';
import type { LogRecord, SnapshotRecord } from '../../src/relay/events/record.js';
import { wrongInRecord } from '../../src/relay/events/schema.js';
import { upcast } from '../../src/relay/events/upcast.js';
import { COMPLETE, copies, stateAfter } from './modelGiven.js';
import { LogWriter } from './replayGiven.js';

const TO = { host: '192.0.2.77', port: 7000 };
const LOCAL = { host: '127.0.0.1', port: 20_004 };

type Fields = Record<string, unknown>;

/** A snapshot as release 0.3.0 wrote it: one copy a side, nothing played, nothing recorded. */
function oldSnapshot(copy: unknown): Fields {
  const snapshot = new LogWriter().snapshot(COMPLETE) as unknown as {
    readonly state: Fields & { readonly legs: Record<string, Fields> };
  };
  const { recordings: _, recordingsBegun: __, legs, ...state } = snapshot.state;
  const old = Object.entries(legs).map(([side, leg]) => {
    const { copies: _copies, playback: _playback, ...rest } = leg;
    return [side, { ...rest, copy: side === 'caller' ? copy : null }];
  });
  return { ...snapshot, state: { ...state, legs: Object.fromEntries(old) } };
}

test('a snapshot of 0.3.0 has its one copy as the first of several, and nothing is played or recorded', () => {
  for (const version of [3, null]) {
    for (const [copy, wanted] of [
      [null, []],
      [{ to: TO, local: LOCAL }, [{ to: TO, local: LOCAL }]],
    ] as const) {
      const old = oldSnapshot(copy);
      equal(wrongInRecord(old), 'state.recordings is missing');
      const today = upcast(old, version);
      equal(wrongInRecord(today), null);
      const { state } = today as SnapshotRecord;
      deepEqual(state, { ...stateAfter(...COMPLETE), legs: { ...state.legs } });
      deepEqual([state.legs.caller.copies, state.legs.callee.copies], [wanted, []]);
      deepEqual([state.legs.caller.playback, state.recordings, state.recordingsBegun], [null, [], 0]);
      equal('copy' in state.legs.caller, false);
    }
  }
});

test('a copy of 0.3.0 that ends is the only one, so that every one of its side ends', () => {
  const log = new LogWriter();
  const stopped = { type: 'StopCopy', side: 'caller' };
  const ended = { type: 'CopyStopped', side: 'caller', at: 1_700_000_000_000 };
  const old = { ...log.events([]), command: stopped, events: [ended] };
  equal(wrongInRecord(old), 'command.local is missing');
  for (const version of [3, null]) {
    const today = upcast(old, version);
    equal(wrongInRecord(today), null);
    deepEqual(today, { ...old, command: { ...stopped, local: null }, events: [{ ...ended, local: null }] });
  }
  const fold = new Fold();
  fold.take(new LogWriter().events([...COMPLETE, ...copies('caller', TO, LOCAL)]));
  const after = fold.take(upcast(old, 3) as LogRecord);
  deepEqual(after?.snapshot.context.legs.caller.copies, []);
});

test('what is of today is left as it is, also where nobody knows of when it is', () => {
  const log = new LogWriter();
  const [one, other] = [copies('caller', TO, LOCAL), copies('caller', { ...TO, port: 7002 }, { ...LOCAL, port: 20_006 })];
  const records: LogRecord[] = [
    log.snapshot([...COMPLETE, ...one, ...other]),
    log.events([{ type: 'CopyStopped', side: 'caller', local: one[0]!.local }]),
    log.step({ type: 'StopCopy', side: 'caller', local: one[0]!.local }, []),
    log.vitals(),
  ];
  for (const record of records) for (const version of [4, 5, null]) deepEqual(upcast(structuredClone(record), version), record);
});

test('what is no record is left as it is, and nothing is thrown', () => {
  const snapshots = [null, 5, {}, { legs: null }, { legs: [] }, { legs: { caller: 5, callee: null } }].map((state) => ({
    ...{ kind: 'snapshot', state },
  }));
  const steps = [{ events: null }, { events: [null, 5, {}] }, { command: null, events: [] }].map((fields) => ({
    kind: 'step',
    ...fields,
  }));
  for (const value of [null, undefined, 5, 'step', [], ...snapshots, ...steps])
    for (const version of [1, 2, 3, 4, null]) upcast(value, version);
  equal(upcast(5, 3), 5);
});
