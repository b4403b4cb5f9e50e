/** Logs of calls that the NG protocol has made: read back they break no rule, and are decided today as they were. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogEntry } from '../../src/relay/events/logEntry.js';
import type { DecisionSetting } from '../../src/relay/events/record.js';
import { ReplayView } from '../../src/relay/events/view.js';
import { START_MS } from '../property/pureRelay.js';
import { NgCall } from './explainNgGiven.js';
import { sdpOf } from './ngGiven.js';

const SETTING: DecisionSetting = {
  ...{ ttlMs: 60_000, setupTtlMs: 60_000, independentTtl: false, network: { host: '127.0.0.1', advertised: null } },
};

/** Everything that the protocol does to a call: changes that are taken and given up, branches, mutes, deletions of every kind. */
function eventful(): NgCall {
  const call = NgCall.answered({ offer: { label: 'agent', metadata: 'm', TOS: 96 } }).talk(500);
  const within = { 'to-tag': 'bob' };
  const video = ['m=video 4002 RTP/AVP 31'];
  call.offer('203.0.113.1', 4000, { ...within, sdp: sdpOf('203.0.113.1', 4000, video) });
  call.answer('198.51.100.2', 6000, { sdp: sdpOf('198.51.100.2', 6000, ['m=video 6002 RTP/AVP 31']) });
  call.offer('203.0.113.9', 4000, within);
  call.ask({ command: 'rollback', 'from-tag': 'alice', 'to-tag': 'bob' });
  for (const command of ['block media', 'unblock media', 'silence media', 'unsilence media', 'block DTMF', 'unblock DTMF'])
    call.ask({ command });
  call.offer('0.0.0.0', 4000, within);
  call.answer('198.51.100.2', 6000);
  call.answer('198.51.100.7', 6000, { 'to-tag': 'carol' });
  // Somebody of whom only a name is known, and at last who sends RTCP to another port, moves, and is behind a translator all the time.
  call.answer('198.51.100.7', 6000, { 'to-tag': 'dan', sdp: sdpOf('phone.example.net', 6000) });
  call.answer('198.51.100.8', 6000, { 'to-tag': 'erin', sdp: sdpOf('198.51.100.8', 6000, ['a=rtcp:6100']) });
  call.talk(1000, { callee: '198.51.100.99:7000' });
  call.offer('198.51.100.9', 6004, { 'from-tag': 'erin', 'to-tag': 'alice' });
  call.ask({ command: 'answer', 'from-tag': 'erin', 'to-tag': 'alice', sdp: sdpOf('203.0.113.1', 4000) });
  call.talk(1000, { callee: '198.51.100.99:7000' });
  call.ask({ command: 'delete', 'from-tag': 'alice', 'to-tag': 'erin', 'sip-message-type': 'sip_reply' });
  call.talk(12_000);
  call.ask({ command: 'delete', 'from-tag': 'alice', 'delete-delay': 5 });
  call.wait(6000);
  for (const branch of ['one', 'two']) call.offer('203.0.113.1', 4000, { 'via-branch': branch, 'from-tag': 'dave' });
  call.ask({ command: 'answer', 'from-tag': 'dave', 'to-tag': 'bob', 'via-branch': 'one', sdp: sdpOf('198.51.100.2', 6000) });
  call.ask({ command: 'delete', 'from-tag': 'dave', 'via-branch': 'one' });
  call.wait(310_000);
  return call;
}

/** What a replay of it tells, and whether everything is sound. */
function replayed(
  call: NgCall,
  wish: { readonly checks?: boolean; readonly redecides?: boolean; readonly everything?: boolean },
) {
  const lines: string[] = [];
  const tell = (line: string): void => {
    lines.push(line);
  };
  const view = new ReplayView({
    ...{ everything: false, asJson: false, checks: false, redecides: false, nodes: [], call: null, ...wish },
    ...{ fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY, formatTime: (at: number) => `${at}` },
    ...{ tell, complain: tell },
  });
  const header = { shard: 0, run: START_MS, startedAt: START_MS, version: 3, setting: SETTING };
  const entries: LogEntry[] = [
    { kind: 'segment', path: 'log', header },
    ...call.relay.log.map((record, offset): LogEntry => ({ kind: 'record', record, log: 0, run: START_MS, path: 'log', offset })),
  ];
  for (const entry of entries) view.take(entry);
  view.end();
  return { lines, isSound: view.isSound };
}

test('the check finds nothing wrong with what the protocol did', () => {
  const { lines, isSound } = replayed(eventful(), { checks: true });
  assert.match(lines.join('\n'), /^\d+ events, 4 sessions, 0 rules broken$/);
  assert.ok(isSound);
});

test('every command is decided today as it was', () => {
  const { lines, isSound } = replayed(eventful(), { redecides: true });
  assert.match(lines.join('\n'), /^\d+ commands, 0 differ$/);
  assert.ok(isSound);
});

test('the timeline tells every record in lines of ASCII, and no exchange as it is on the wire', () => {
  const { lines } = replayed(eventful(), { everything: true });
  for (const line of lines) assert.match(line, /^[ -~]{1,500}$/);
  for (const wanted of [/deleted, and held for 10 s; kept if both/, /kept though it was deleted/, /callee is another party now/])
    assert.ok(
      lines.some((line) => wanted.test(line)),
      `${wanted}`,
    );
  assert.ok(!lines.some((line) => line.includes('7:command') || line.includes('v=0')));
});
