import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NgDictionary } from '../../../src/protocol/ng/value.js';
import { said } from './ngGiven.js';

test('what is played, recorded and pressed', () => {
  const play = {
    command: 'play media',
    'call-id': 'c',
    blob64: 'YWJj',
    'repeat-times': '3',
    'repeat-duration': 500,
    flags: ['block egress'],
  };
  const { blob, repeatTimes, repeatDurationMs, flags } = said(play).request;
  assert.deepEqual([blob, repeatTimes, repeatDurationMs, [...flags]], ['abc', 3, 500, ['block-egress']]);
  const press = (keys: NgDictionary) => said({ command: 'play DTMF', 'call-id': 'c', ...keys }).request;
  for (const [code, digit] of [
    [0, 0],
    ['5', 5],
    ['15', 15],
    ['*', 10],
    ['#', 11],
    ['a', 12],
    ['D', 15],
  ] as const)
    assert.equal(press({ digit: code }).digit, digit);
  const { volume, durationMs, pauseMs } = press({ code: 1, volume: 8, duration: '250', pause: 100 });
  assert.deepEqual([volume, durationMs, pauseMs, press({ code: 1, volume: -8 }).volume], [-8, 250, 100, -8]);
  const record = {
    command: 'start recording',
    'call-id': 'c',
    'output-destination': '/a',
    'recording-dir': 'b',
    metadata: 'k:v|l:w',
  };
  const { recordingFile, recordingDir, metadata } = said(record).request;
  assert.deepEqual([recordingFile, recordingDir, metadata], ['/a', 'b', 'k:v|l:w']);
});

test('events are asked for by the name of a controller', () => {
  const { controller, after, notify, notifyTag } = said({
    ...{ command: 'events', controller: 'sip1', after: '17', notify: 'connection', 'notify-tag': 'x' },
  }).request;
  assert.deepEqual([controller, after, notify, notifyTag], ['sip1', 17, ['connection'], 'x']);
});
