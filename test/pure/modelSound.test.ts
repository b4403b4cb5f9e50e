/** What a side hears instead of the other one, and what is recorded and copied of a session. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokenByEvent, brokenInvariant, PortsHeld } from '../../model/invariants.js';
import { millis } from '../../model/kernel/index.js';
import type { SessionCommand } from '../../model/session/command.js';
import { evolve } from '../../model/session/evolve.js';
import type { Playback, PlaybackEnd } from '../../model/session/playback.js';
import type { Recording } from '../../model/session/recording.js';
import { SIDES, type Side } from '../../model/session/side.js';
import type { Leg, SessionState } from '../../model/session/state.js';
import { address, COMPLETE, closed, copies, given, stamp, stateAfter, T0, type Told } from './modelGiven.js';

const HOLD = {
  ...{ prompt: 'hold', payloadType: 8, ptimeMs: 20, count: 2 },
  voice: { ssrc: 7, sequence: 65_535, timestamp: 4_294_967_295 },
};
const play = (side: Side, prompt = 'hold'): SessionCommand => ({ type: 'Play', side, playback: { ...HOLD, prompt } });
const playing = (side: Side, prompt = 'hold', startedAt = T0): Told => ({
  ...{ type: 'PlaybackStarted', side, playback: { ...HOLD, prompt, startedAt } },
});
const ended = (side: Side, reason: PlaybackEnd): Told => ({ type: 'PlaybackEnded', side, reason });

const RECORDING: Recording = {
  ...{ id: 1, sides: SIDES, form: 'ad-hoc', single: false, name: null, startedAt: T0, files: [] },
};
const recording = (change: Partial<Recording> = {}): Told => ({
  type: 'RecordingStarted',
  recording: { ...RECORDING, ...change },
});
const NOW = millis(T0 + 500);
const record = (sides: readonly Side[], change: Partial<Extract<SessionCommand, { type: 'Record' }>> = {}): SessionCommand => ({
  ...{ type: 'Record', sides, form: 'ad-hoc', single: false, name: null, ...change },
});
const stopped = (id: number, ...sides: Side[]): Told => ({ type: 'RecordingStopped', recording: id, sides, reason: 'stopped' });

test('a side hears one prompt at a time, the last one; the other side is not concerned', () => {
  given(...COMPLETE)
    .when(play('caller'))
    .gives(playing('caller', 'hold', NOW));
  given(...COMPLETE, playing('caller'))
    .when(play('caller', 'other'))
    .gives(ended('caller', 'replaced'), playing('caller', 'other', NOW));
  given(...COMPLETE, playing('callee'))
    .when(play('caller'))
    .gives(playing('caller', 'hold', NOW));
  const { legs } = stateAfter(...COMPLETE, playing('caller'), ended('caller', 'replaced'), playing('caller', 'other'));
  assert.deepEqual([legs.caller.playback?.prompt, legs.callee.playback], ['other', null]);
});

test('a prompt ends once, with the reason; where none is heard there is nothing to end', () => {
  for (const reason of ['finished', 'stopped', 'failed'] as const) {
    given(...COMPLETE, playing('callee'))
      .when({ type: 'StopPlay', side: 'callee', reason })
      .gives(ended('callee', reason));
    given(...COMPLETE, playing('callee'), ended('callee', reason))
      .when({ type: 'StopPlay', side: 'callee', reason })
      .givesNothing();
    given(...COMPLETE, playing('callee'))
      .when({ type: 'StopPlay', side: 'caller', reason })
      .givesNothing();
  }
});

test('a side is recorded once under a name, however often that is asked; under another name it is so again', () => {
  const begun = (id: number, sides: readonly Side[], name: string | null = null) =>
    recording({ id, sides, name, startedAt: NOW });
  given(...COMPLETE)
    .when(record(SIDES))
    .gives(begun(1, SIDES));
  given(...COMPLETE, recording())
    .when(record(SIDES))
    .givesNothing();
  given(...COMPLETE, recording({ sides: ['callee'] }))
    .when(record(SIDES))
    .gives(begun(2, ['caller']));
  given(...COMPLETE, recording())
    .when(record(['caller'], { name: 'take' }))
    .gives(begun(2, ['caller'], 'take'));
});

test('one file of all streams is refused where one of them is in a file already', () => {
  const single = { single: true, form: 'pcap' } as const;
  given(...COMPLETE)
    .when(record(SIDES, single))
    .gives(recording({ ...single, startedAt: NOW }));
  for (const sides of [SIDES, ['caller' as const]])
    given(...COMPLETE, recording({ sides }))
      .when(record(SIDES, single))
      .refuses('already-recorded');
  given(...COMPLETE, recording())
    .when(record(SIDES, { ...single, name: 'take' }))
    .gives(recording({ ...single, id: 2, name: 'take', startedAt: NOW }));
});

test('recordings are numbered on, also behind those that are complete', () => {
  const past = [recording(), stopped(1, ...SIDES)];
  given(...COMPLETE, ...past)
    .when(record(['callee']))
    .gives(recording({ id: 2, sides: ['callee'], startedAt: NOW }));
  assert.deepEqual(stateAfter(...COMPLETE, ...past).recordings, []);
  assert.equal(stateAfter(...COMPLETE, ...past).recordingsBegun, 1);
});

test('the files of a recording are noted when there are others than before; of one that is complete nobody asks any more', () => {
  const files = ['call@a=alice.o.rtp', 'call@a=alice.a.rtp'];
  const named = (...names: string[]): Told => ({ type: 'RecordingNamed', recording: 1, files: names });
  given(...COMPLETE, recording())
    .when({ type: 'NameRecording', recording: 1, files })
    .gives(named(...files));
  for (const [other, ...names] of [[...files].reverse(), files.slice(1), [...files, 'more']])
    given(...COMPLETE, recording(), named(...files))
      .when({ type: 'NameRecording', recording: 1, files: [other!, ...names] })
      .gives(named(other!, ...names));
  given(...COMPLETE, recording(), named(...files))
    .when({ type: 'NameRecording', recording: 1, files })
    .givesNothing();
  for (const id of [1, 2])
    given(...COMPLETE, recording(), stopped(1, ...SIDES))
      .when({ type: 'NameRecording', recording: id, files })
      .givesNothing();
});

test('a recording loses the sides that are not to be recorded any more, and is complete without any', () => {
  const stop = (...sides: Side[]): SessionCommand => ({ type: 'StopRecording', recording: 1, sides, reason: 'stopped' });
  given(...COMPLETE, recording())
    .when(stop('caller'))
    .gives(stopped(1, 'caller'));
  given(...COMPLETE, recording(), stopped(1, 'caller'))
    .when(stop('caller'))
    .givesNothing();
  given(...COMPLETE, recording(), stopped(1, 'caller'))
    .when(stop(...SIDES))
    .gives(stopped(1, 'callee'));
  given(...COMPLETE, recording({ id: 2 }))
    .when(stop('caller'))
    .givesNothing();
  assert.deepEqual(stateAfter(...COMPLETE, recording(), stopped(1, 'caller')).recordings[0]?.sides, ['callee']);
});

const TO = { host: '192.0.2.77', port: 7000 };
const LOCAL = { host: '127.0.0.1', port: 20_004 };
const OTHER_TO = { host: '2001:db8::77', port: 7000 };
const OTHER_LOCAL = { host: '::1', port: 20_004 };
const TWO = [...copies('caller', TO, LOCAL), ...copies('caller', OTHER_TO, OTHER_LOCAL)];

test('[SY-18] a side is copied to as many places as are asked for, and to each of them once', () => {
  const copy = (to: typeof TO, local: typeof TO): SessionCommand => {
    const [{ type: _, ...rest }] = copies('caller', to, local);
    return { type: 'Copy', ...rest };
  };
  given(...COMPLETE, ...copies('caller', TO, LOCAL))
    .when(copy(OTHER_TO, OTHER_LOCAL))
    .gives(...copies('caller', OTHER_TO, OTHER_LOCAL));
  given(...COMPLETE, ...TWO)
    .when(copy(TO, { ...LOCAL, port: 20_008 }))
    .givesNothing();
  const { legs } = stateAfter(...COMPLETE, ...TWO);
  assert.deepEqual([legs.caller.copies.map(({ to }) => to.host), legs.callee.copies], [[TO.host, OTHER_TO.host], []]);
});

test('a copy ends by the pair it leaves from, or with all of its side', () => {
  const local = address('127.0.0.1:20004');
  const end = (at: typeof local | null): Told => ({ type: 'CopyStopped', side: 'caller', local: at });
  given(...COMPLETE, ...TWO)
    .when({ type: 'StopCopy', side: 'caller', local })
    .gives(end(local));
  given(...COMPLETE, ...TWO, end(local))
    .when({ type: 'StopCopy', side: 'caller', local })
    .givesNothing();
  given(...COMPLETE, ...TWO, end(local))
    .when({ type: 'StopCopy', side: 'caller', local: null })
    .gives(end(null));
  given(...COMPLETE, ...TWO)
    .when({ type: 'StopCopy', side: 'callee', local: null })
    .givesNothing();
  assert.equal(stateAfter(...COMPLETE, ...TWO, end(local)).legs.caller.copies.length, 1);
  assert.equal(stateAfter(...COMPLETE, ...TWO, end(null)).legs.caller.copies.length, 0);
});

test('of a session that has ended nothing is played or recorded any more', () => {
  for (const command of [play('caller'), record(SIDES)])
    given(...COMPLETE, closed('deleted'))
      .when(command)
      .refuses('session-closed');
});

const complete = stateAfter(...COMPLETE);
const withCaller = (change: Partial<Leg>): SessionState => ({
  ...complete,
  legs: { ...complete.legs, caller: { ...complete.legs.caller, ...change } },
});
const recorded = (...recordings: readonly Partial<Recording>[]): SessionState => ({
  ...complete,
  recordings: recordings.map((each, i) => ({ ...RECORDING, id: i + 1, name: String(i), ...each })),
  recordingsBegun: 2,
});
const by = (before: SessionState, event: Told): string | null => {
  const stamped = stamp(event, T0);
  return brokenByEvent(before, stamped, evolve(before, stamped));
};
const heard: Playback = { ...HOLD, startedAt: T0 };
const [oneCopy] = stateAfter(...COMPLETE, ...TWO).legs.caller.copies;

const BROKEN: Readonly<Record<string, readonly [string | null, string]>> = {
  'a recording of nobody': [brokenInvariant(recorded({ sides: [] }), 'relaying'), 'recording 1 is of no side'],
  'a recording that was not begun': [brokenInvariant(recorded({ id: 3 }), 'relaying'), 'recording 3 is there, and 2 were begun'],
  'a number that two recordings have': [
    brokenInvariant(recorded({ id: 2 }, { id: 2 }), 'relaying'),
    'recording 2 stands behind recording 2',
  ],
  'two recordings in one file': [
    brokenInvariant(recorded({ name: 'take', sides: ['callee'] }, { name: 'take' }), 'relaying'),
    'the callee is recorded twice under one name, as 1 and as 2',
  ],
  'a copy that goes to one place twice': [
    brokenInvariant(withCaller({ copies: [oneCopy!, { ...oneCopy!, local: address('127.0.0.1:20008') }] }), 'relaying'),
    'the caller is copied to 192.0.2.77:7000 twice',
  ],
  'a prompt that is never heard': [
    brokenInvariant(withCaller({ playback: { ...heard, count: 0 } }), 'relaying'),
    'the caller is to hear hold no times',
  ],
  'two prompts at a time': [
    by(withCaller({ playback: heard }), playing('caller')),
    'the caller is to hear a prompt while it hears another',
  ],
  'the end of a prompt that is not there': [
    by(complete, ended('caller', 'finished')),
    'a prompt of the caller ends, which hears none',
  ],
  'a recording whose number is not the next': [by(complete, recording({ id: 2 })), 'recording 2 is begun behind recording 0'],
  'files of a recording that is not there': [
    by(complete, { type: 'RecordingNamed', recording: 1, files: [] }),
    'recording 1 gets files, and is not there',
  ],
  'the end of a recording that is not there': [
    by(complete, stopped(1, 'caller')),
    'recording 1 of the caller ends, and is not there',
  ],
  'the end of a side that is not recorded': [
    by(stateAfter(...COMPLETE, recording({ sides: ['caller'] })), stopped(1, ...SIDES)),
    'recording 1 of the callee ends, and is not there',
  ],
  'the end of a copy that is not there': [
    by(stateAfter(...COMPLETE, ...TWO), { type: 'CopyStopped', side: 'caller', local: address('127.0.0.1:20006') }),
    'a copy of the caller ends, and is not there',
  ],
};

for (const [what, [said, words]] of Object.entries(BROKEN)) {
  test(`said in words: ${what}`, () => assert.equal(said, words));
}

test('what is ordinarily played, recorded and copied breaks no rule', () => {
  const story = [
    ...COMPLETE,
    ...[playing('caller'), ended('caller', 'replaced'), playing('caller', 'other'), ended('caller', 'finished')],
    ...[recording(), recording({ id: 2, name: 'take', sides: ['callee'] as const })],
    ...[{ type: 'RecordingNamed', recording: 2, files: ['take.rtp'] } as const, stopped(1, 'caller'), stopped(1, 'callee')],
    ...[...TWO, { type: 'CopyStopped', side: 'caller', local: null } as const],
  ];
  let state = stateAfter();
  for (const [i, event] of story.entries()) {
    assert.equal(by(state, event), null, event.type);
    state = stateAfter(...story.slice(0, i + 1));
    const isOpen = state.legs.caller.local !== null;
    assert.equal(brokenInvariant(state, isOpen ? 'relaying' : 'waiting'), null, event.type);
  }
});

test('a copy that ends gives back its own pair, and none whose number begins alike', () => {
  const ports = new PortsHeld();
  const follow = (event: Told): string | null => ports.follow('a', stamp(event, T0));
  for (const port of [2000, 20_000]) for (const event of copies('caller', { ...TO, port }, { ...LOCAL, port })) follow(event);
  assert.equal(follow({ type: 'CopyStopped', side: 'caller', local: address('127.0.0.1:2000') }), null);
  assert.equal(ports.count, 1);
});
