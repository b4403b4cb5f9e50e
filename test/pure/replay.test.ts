import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callId, millis } from '../../model/kernel/index.js';
import type { SessionCommand } from '../../model/session/command.js';
import type { Refusal } from '../../model/session/refusal.js';
import type { StepRecord } from '../../src/relay/events/record.js';
import { type Place, Replay } from '../../src/relay/events/replay.js';
import { describeRecord } from '../../src/relay/events/timeline.js';
import {
  COMPLETE,
  closed,
  codecs,
  held,
  INSIDE,
  latched,
  legOpened,
  notified,
  OUTSIDE,
  offer,
  opened,
  released,
  signalled,
  stamp,
  symmetry,
  T0,
  type Told,
  taken,
} from './modelGiven.js';

type Where = { readonly session?: number; readonly shard?: number; readonly call?: string; readonly refusal?: Refusal };

let seq = 0;
function record(events: readonly Told[], { session = 1, shard = 0, call = 'call@a', refusal }: Where = {}): StepRecord {
  const command: SessionCommand = refusal === undefined ? { type: 'CheckIdle' } : offer(null);
  const stamped = events.map((event) => stamp(event, T0));
  const head = { kind: 'step', seq: ++seq, at: T0, shard, call: callId(call), session, command, events: stamped } as const;
  return refusal === undefined ? head : { ...head, refusal };
}

const seconds = (at: number): string => `+${(at - T0) / 1000}`;

const inRun = (run: number): Place => ({ log: 0, run, path: `run ${run}` });

test('a log is folded to the sessions that are open at its end', () => {
  const replay = new Replay();
  assert.deepEqual(replay.take(record([opened(), legOpened('callee', 20_000)])).broken, []);
  replay.take(record([opened(), legOpened('callee', 20_004)], { session: 2, call: 'other@a' }));
  assert.equal(replay.live.length, 2);
  replay.take(record([legOpened('caller', 20_002)]));
  assert.equal(replay.live[0]!.value, 'relaying');
  replay.take(record([closed('deleted')]));
  assert.deepEqual(
    replay.live.map(({ value }) => value),
    ['waiting'],
  );
});

test('a session whose number comes in two shards is two sessions', () => {
  const replay = new Replay();
  replay.take(record([opened(), legOpened('callee', 20_000)]));
  assert.deepEqual(replay.take(record([opened(), legOpened('callee', 20_002)], { shard: 1 })).broken, []);
  assert.equal(replay.live.length, 2);
});

test('what was open when a run ended is open no more, and its ports may be opened again', () => {
  const replay = new Replay();
  replay.take(record([opened(), legOpened('callee', 20_000)]), inRun(1));
  assert.equal(replay.live.length, 1);
  assert.deepEqual(replay.take(record([opened(), legOpened('callee', 20_000)], { session: 2 }), inRun(2)).broken, []);
  assert.equal(replay.live.length, 1);
  assert.equal(replay.live[0]!.context.legs.callee.local?.port, 20_000);
});

test('a port that is opened twice, an event out of place and a broken rule are told with their call', () => {
  const replay = new Replay();
  replay.take(record([opened(), legOpened('callee', 20_000)]));
  const twice = replay.take(record([opened(), legOpened('callee', 20_000)], { session: 2, call: 'other@a' }));
  assert.deepEqual(twice.broken, ['127.0.0.1:20000 is opened for 0/2 while 0/1 holds it']);
  assert.deepEqual(replay.take(record([opened()])).broken, ['call@a: the chart ignored SessionOpened in waiting']);
  assert.match(
    replay.take(record([legOpened('caller', 20_003)])).broken.join(),
    /call@a: the RTP port 20003 of the caller is odd/,
  );
});

test('a refused step is told and changes nothing', () => {
  const replay = new Replay();
  const refused = record([], { refusal: 'no-free-port' });
  assert.deepEqual(replay.take(refused), { before: null, broken: [] });
  assert.deepEqual(describeRecord(refused, seconds), [
    '+0  0/1  call@a  Signal refused: No port pair is free for the leg that had to be opened.',
  ]);
  assert.deepEqual(replay.live, []);
});

test('every event is told in words, in one line', () => {
  const events: readonly (readonly [Told, string])[] = [
    [opened(), 'session opened for tag alice; ends after 30 s of silence, 60 s once both legs are open'],
    [legOpened('callee', 20_000), 'leg of the callee opened on 127.0.0.1:20000'],
    [signalled('caller', '[2001:db8::1]:4000'), 'caller is said to receive at [2001:db8::1]:4000'],
    [held('callee'), 'callee is put on hold'],
    [symmetry('caller', true), 'caller does not send from where it receives: no address is learned'],
    [symmetry('caller', false), 'caller sends from where it receives'],
    [codecs('caller', 0, 8), 'caller offers payload types 0, 8'],
    [codecs('caller'), 'caller names no payload types'],
    [latched('caller', 'rtp', '192.0.2.1:7', 'learned'), 'RTP of the caller comes from 192.0.2.1:7: learned'],
    [latched('callee', 'rtcp', '192.0.2.1:7', 'confirmed'), 'RTCP of the callee comes from 192.0.2.1:7, as signalled'],
    [taken('callee'), 'weak (callee) reference taken'],
    [released('strong'), 'strong reference released, others remain'],
    [
      closed('timeout'),
      'session closed: timeout; caller 0 received, 0 relayed, 0 dropped; callee 0 received, 0 relayed, 0 dropped',
    ],
  ];
  const lines = describeRecord(
    record(
      events.map(([event]) => event),
      { shard: 2, session: 17 },
    ),
    seconds,
  );
  assert.deepEqual(
    lines,
    events.map(([, words]) => `+0  2/17  call@a  ${words}`),
  );
});

test('what is set later is told in words, in one line', () => {
  const D1 = { tag: 'D1', payloadType: 101, swallow: false };
  const source = { call: callId('other@a'), tag: 'ca rol', hears: { caller: 'callee', callee: 'caller' } } as const;
  const events: readonly (readonly [Told, string])[] = [
    [{ type: 'NetworkChosen', side: 'caller', network: INSIDE }, 'leg of the caller is to stand on 127.0.0.1'],
    [
      { type: 'NetworkChosen', side: 'callee', network: OUTSIDE },
      'leg of the callee is to stand on 127.0.0.2, advertised as 198.51.100.1',
    ],
    [{ type: 'ResizingChanged', side: 'caller', resizeMs: 40 }, 'packets of the caller are made 40 ms long'],
    [{ type: 'ResizingChanged', side: 'caller', resizeMs: null }, 'packets of the caller are left as long as they are'],
    [{ type: 'TosChanged', side: 'callee', tos: 96 }, 'what is sent to the callee has TOS 96'],
    [{ type: 'TtlChanged', side: 'callee', ttlMs: 5500 }, 'callee may be silent for 5.5 s'],
    [notified('T\n1'), 'unix:/run/proxy is notified of a timeout with T\\x0a1'],
    [{ type: 'NotifyChanged', notify: null }, 'nobody is notified of a timeout'],
    [{ type: 'DtmfCatchChanged', side: 'caller', dtmf: D1 }, 'digits of the caller (payload type 101) are told'],
    [
      { type: 'DtmfCatchChanged', side: 'caller', dtmf: { ...D1, swallow: true } },
      'digits of the caller (payload type 101) are told, and not relayed',
    ],
    [{ type: 'ForkStarted', source }, 'hears session ca\\x20rol of call other@a'],
  ];
  for (const [event, words] of events) assert.deepEqual(describeRecord(record([event]), seconds), [`+0  0/1  call@a  ${words}`]);
});

test('a leg that moves leaves its port to others, and the replay ends with where it is', () => {
  const replay = new Replay();
  replay.take(record(COMPLETE));
  assert.deepEqual(replay.take(record([legOpened('callee', 20_010)])).broken, []);
  assert.deepEqual(replay.take(record([opened(), legOpened('callee', 20_000)], { session: 2 })).broken, []);
  assert.match(
    replay.take(record([opened(), legOpened('callee', 20_010)], { session: 3 })).broken.join(),
    /20010 is opened for 0\/3 while 0\/1 holds it/,
  );
  assert.equal(replay.live[0]!.context.legs.callee.local?.port, 20_010);
});

test('a Call-ID or tag with control characters cannot break a line or drive a terminal', () => {
  const evil = 'call\n\x1b[31m;ü ';
  const [line] = describeRecord(record([{ ...opened(), tag: evil } as Told], { call: evil }), seconds);
  assert.equal(line!.split('call\\x0a\\x1b[31m;\\xfc\\x20').length, 3, line);
  assert.match(line!, /^[ -~]+$/);
});

test('a whole call is told in the order in which it happened', () => {
  const steps = [
    record(COMPLETE),
    { ...record([signalled('caller', '192.0.2.1:4000')]), at: millis(T0 + 1500) },
    record([closed('deleted')]),
  ];
  const lines = steps.flatMap((step) => describeRecord(step, seconds));
  assert.equal(lines.length, 5);
  assert.match(lines[3]!, /^\+1\.5 {2}0\/1 {2}call@a {2}caller is said to receive at 192\.0\.2\.1:4000$/);
});

test('a record that this program cannot have written is reported, not thrown', () => {
  const forged = [
    { ...record([opened()]), events: [{ type: 'Nonsense', at: T0 }] },
    { ...record([opened()]), events: [{ type: 'LegOpened', at: T0 }] },
    { ...record([opened()]), events: [{ type: 'SessionOpened', at: T0 }] },
  ] as unknown as StepRecord[];
  for (const one of forged) assert.ok(new Replay().take(one).broken.length > 0, JSON.stringify(one));
});
