/** What is counted of sessions, packets and commands, and what is told of a session when it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countersBytes } from '../../src/media/counters.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { GLOBAL_COUNTERS } from '../../src/protocol/rtpproxy/counters.js';
import { PureRelay, SLOTS, settingOf } from '../property/pureRelay.js';
import { relayOf, Talk } from './pureTalk.js';

const figures = (relay: PureRelay, ...names: string[]): number[] =>
  relay
    .send(`G ${names.join(' ')}`)
    .split(' ')
    .map(Number);

test('[PN-52] every counter has a name, a value, and with v both; the order is that of the question', () => {
  const relay = relayOf();
  for (const name of GLOBAL_COUNTERS) {
    const isFraction = name === 'total_duration' || name === 'pps_in';
    assert.match(relay.send(`G ${name}`), isFraction ? /^\d+\.\d{6}$/ : /^\d+$/, name);
    assert.match(relay.send(`Gv ${name}`), new RegExp(`^${name}=[0-9.]+$`));
  }
  assert.match(relay.send('Gv nsess_created pps_in nsess_created'), /^nsess_created=0 pps_in=0\.000000 nsess_created=0$/);
  assert.equal(relay.send('G'), '');
  assert.equal(relay.send('G NSESS_CREATED'), 'E68');
  assert.equal(relay.send('G nsess_created toString'), 'E68');
});

test('[PN-52] sessions: created, complete, timed out, destroyed, and how long they lived', () => {
  const relay = relayOf();
  const names = ['nsess_created', 'nsess_complete', 'nsess_timeout', 'nsess_destroyed', 'total_duration'];
  relay.send('U a - 0 f');
  new Talk(relay, 'b');
  relay.send('U b - 0 f t');
  relay.send('Un b - 0 f t');
  assert.deepEqual(figures(relay, ...names), [2, 1, 0, 0, 0]);
  relay.advance(30_000);
  relay.send('L b - 0 f t');
  relay.send('D b f');
  assert.deepEqual(figures(relay, ...names), [2, 1, 0, 1, 30]);
  relay.advance(31_000);
  assert.deepEqual(figures(relay, ...names), [2, 1, 1, 2, 91]);
  relay.send('U c - 0 f');
  relay.send('X');
  assert.deepEqual(figures(relay, ...names), [3, 1, 1, 3, 91]);
});

/** What the two sides of a call do before it ends, and what is then counted: nortp, owrtp, nortcp, owrtcp. */
const SILENCES: readonly (readonly [string, readonly number[]])[] = [
  ['', [1, 0, 1, 0]],
  ['R', [0, 1, 1, 0]],
  ['r', [0, 1, 1, 0]],
  ['Rr', [0, 0, 1, 0]],
  ['C', [1, 0, 0, 1]],
  ['Cc', [1, 0, 0, 0]],
  ['RCc', [0, 1, 0, 0]],
  ['RrCc', [0, 0, 0, 0]],
];

for (const [deeds, expected] of SILENCES) {
  test(`[PN-52] of a complete session with "${deeds}" (R RTP, C RTCP, capital the caller) the silence is counted when it ends`, () => {
    const relay = relayOf();
    const talk = new Talk(relay, 'c');
    for (const deed of deeds) {
      const side = deed === deed.toUpperCase() ? 'caller' : 'callee';
      if (/r/i.test(deed)) talk.speak(side);
      else talk.report(side);
    }
    const names = ['nsess_nortp', 'nsess_owrtp', 'nsess_nortcp', 'nsess_owrtcp'];
    assert.deepEqual(figures(relay, ...names), [0, 0, 0, 0], 'not before its end');
    relay.send('D c f');
    assert.deepEqual(figures(relay, ...names), expected);
  });
}

test('[PN-52] the silence of a session that was never complete is not counted', () => {
  const relay = relayOf();
  relay.send('U c - 0 f');
  relay.send('D c f');
  assert.deepEqual(
    figures(relay, 'nsess_nortp', 'nsess_owrtp', 'nsess_nortcp', 'nsess_owrtcp', 'nsess_destroyed'),
    [0, 0, 0, 0, 1],
  );
});

test('[PN-52 SY-20] packets: received on complete sessions, relayed, and what was thrown away, with the reason not told', () => {
  const relay = relayOf();
  const names = ['npkts_rcvd', 'npkts_relayed', 'npkts_discard', 'npkts_played'];
  const early = Number.parseInt(relay.send('U early - 0 f'), 10);
  relay.arrive(relay.rowAt(early), { host: '192.0.2.1', port: 4000 as never }, new Uint8Array(20));
  assert.deepEqual(figures(relay, ...names), [0, 0, 1, 0], 'before completion');
  const talk = new Talk(relay, 'c');
  for (let i = 0; i < 3; i++) talk.speak('caller');
  talk.report('callee');
  assert.deepEqual(figures(relay, ...names), [4, 4, 1, 0]);
  relay.arrive(relay.rowAt(talk.ports.caller), { host: '198.51.100.66', port: 9 as never }, talk.nextRtp('callee'));
  assert.deepEqual(figures(relay, ...names), [5, 4, 2, 0], 'from a stranger');
  relay.send('U nowhere - 0 f');
  const half = Number.parseInt(relay.send('L nowhere - 0 f t'), 10);
  relay.arrive(relay.rowAt(half), { host: '192.0.2.1', port: 4000 as never }, new Uint8Array(20));
  assert.deepEqual(figures(relay, ...names), [6, 4, 3, 0], 'without a destination');
  assert.equal(relay.send('Q nowhere f t'), '60 1 0 0 1');
});

test('[PN-52] the rate of packets is that of the last second', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c');
  relay.advance(1000);
  for (let i = 0; i < 50; i++) {
    talk.speak('caller');
    relay.advance(20);
  }
  relay.advance(500);
  const [rate] = figures(relay, 'pps_in');
  assert.ok(rate! > 25 && rate! <= 51, String(rate));
  relay.advance(1000);
  relay.advance(1000);
  assert.deepEqual(figures(relay, 'pps_in'), [0]);
});

test('a thread that takes the place of another does not take what that one received for its own rate', () => {
  const first = relayOf();
  const talk = new Talk(first, 'c');
  for (let i = 0; i < 100; i++) talk.speak('caller');
  const second = new PureRelay(settingOf(4, 60_000, 60_000), 1, {
    options: { counterMemory: first.shard.counters.values.buffer as ArrayBuffer },
  });
  second.send('U d - 0 f');
  second.advance(1000);
  assert.deepEqual(figures(second, 'npkts_rcvd', 'pps_in'), [100, 0]);
});

test('a thread that takes the place of another does not give its sessions the names of those that ended with it', () => {
  const counterMemory = new ArrayBuffer(countersBytes(SLOTS));
  const uids = [1, 2].flatMap(() => {
    const relay = relayOf({ options: { counterMemory, accounting: true } });
    for (const call of ['c', 'd']) relay.send(`U ${call} - 0 f`);
    relay.send('X');
    return relay.told.accounts.map(({ uid }) => uid);
  });
  assert.equal(new Set(uids).size, 4);
});

test('[PN-52] commands: a failed one is an error and so is a lookup of nothing; the question itself is received, but not yet answered', () => {
  const relay = relayOf();
  const names = ['ncmds_rcvd', 'ncmds_succd', 'ncmds_errs', 'ncmds_repld', 'ncmds_rcvd_ndups'];
  assert.deepEqual(figures(relay, ...names), [1, 0, 0, 0, 0]);
  relay.send('U c - 0 f');
  relay.send('L nosuch - 0 f t');
  relay.send('D nosuch f');
  relay.send('Foo');
  relay.send('L c - 0 f t && M3:1 x');
  relay.send('VF 20040107');
  assert.deepEqual(figures(relay, ...names), [8, 3, 4, 7, 0]);
});

/** Numbered packets of the caller: 100 101 103 103, one that is no RTP, and 104. */
function speakBadly(relay: PureRelay, talk: Talk): void {
  const rtp = (sequence: number): Uint8Array =>
    buildRtp({ payloadType: 0, marker: false, sequence, timestamp: sequence * 160, ssrc: 7 }, new Uint8Array(160));
  for (const sequence of [100, 101, 103, 103, 104]) {
    talk.speak('caller', rtp(sequence));
    relay.advance(20);
  }
  talk.speak('caller', new Uint8Array(5));
}

test('[PN-54] Q names what the analysis found, of the first tag; G only when the stream has ended', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c');
  speakBadly(relay, talk);
  const ofQ = 'rtpa_nsent rtpa_nrcvd rtpa_ndups rtpa_nlost rtpa_perrs';
  assert.equal(relay.send(`Q c f t ${ofQ}`), '5 4 1 1 1');
  assert.equal(relay.send(`Q c t f ${ofQ}`), '0 0 0 0 0');
  assert.deepEqual(figures(relay, ...ofQ.split(' ')), [0, 0, 0, 0, 0]);
  talk.speak('callee');
  relay.send('D c f');
  assert.deepEqual(figures(relay, ...ofQ.split(' ')), [6, 5, 1, 1, 1]);
});

test('[PN-54] Q knows all its names, whole numbers and fractions, and answers in the order asked', () => {
  const relay = relayOf();
  const talk = new Talk(relay, 'c');
  speakBadly(relay, talk);
  assert.equal(relay.send('Qv c f t longest_ipi ttl npkts_ina'), 'longest_ipi=0.020000 ttl=60 npkts_ina=6');
  assert.match(relay.send('Q c f t rtpa_jlast rtpa_jmax rtpa_javg'), /^\d+\.\d{6} \d+\.\d{6} \d+\.\d{6}$/);
  assert.equal(relay.send('Q c t f npkts_ina npkts_ino nrelayed ndropped'), '0 6 6 0');
});

test('a session that took the place of another starts at nothing', () => {
  const relay = relayOf({}, 2);
  speakBadly(relay, new Talk(relay, 'c'));
  relay.send('D c f');
  new Talk(relay, 'd');
  assert.equal(relay.send('Q d f t'), '60 0 0 0 0');
  assert.equal(relay.send('Q d f t rtpa_nsent rtpa_perrs longest_ipi'), '0 0 0.000000');
});

test('the account of a session is told when it ends, however it ends, and what it says is what happened', () => {
  const relay = relayOf({ options: { accounting: true } });
  const talk = new Talk(relay, 'c');
  const startMs = relay.nowMs;
  speakBadly(relay, talk);
  talk.report('caller');
  talk.report('callee');
  relay.send('U c 0.0.0.0 4000 f t');
  relay.advance(900);
  assert.equal(relay.told.accounts.length, 0);
  relay.send('D c f');
  const [account, ...more] = relay.told.accounts.splice(0);
  assert.equal(more.length, 0);
  const { caller, callee, ...session } = account!;
  assert.deepEqual(session, {
    ...{ uid: 256, call: 'c', fromTag: 'f', setupAtMs: startMs, teardownAtMs: startMs + 1000 },
    ...{ rtpRelayed: 6, rtpDropped: 0, rtcpRelayed: 2, rtcpDropped: 0 },
  });
  const { analysis, ...leg } = caller;
  assert.deepEqual(leg, {
    ...{ rtpReceived: 6, rtcpReceived: 1, rtpRemote: talk.places.caller, rtcpRemote: talk.placeOf('caller', 'rtcp') },
    ...{ held: true, holds: 1 },
  });
  assert.deepEqual([analysis.nsent, analysis.ssrcLast, analysis.payloadTypeLast], [5, 7, 0]);
  assert.deepEqual([callee.rtpReceived, callee.rtcpReceived, callee.held, callee.analysis.nsent], [0, 1, false, 0]);

  for (const end of [() => relay.send('X'), () => relay.advance(61_000), () => relay.shard.closeAll('shutdown')]) {
    relay.send('U again - 0 f');
    end();
    assert.deepEqual(
      relay.told.accounts.splice(0).map(({ call, caller: { rtpRemote } }) => [call, rtpRemote]),
      [['again', null]],
    );
  }
});

test('what is refused has no account, and no session two of them', () => {
  const relay = relayOf({ options: { accounting: true } }, 1);
  relay.send('U c - 0 f');
  relay.send('U d - 0 f');
  relay.send('D d f');
  relay.send('D c f');
  relay.send('D c f');
  assert.deepEqual(
    relay.told.accounts.map(({ call }) => call),
    ['c'],
  );
  assert.deepEqual(relayOf().told.accounts, []);
});

test('each RTCP packet that is accepted is reported with its call, from where to where, and nothing else is', () => {
  const relay = relayOf({ options: { reporting: true } });
  const talk = new Talk(relay, 'c');
  talk.speak('caller');
  talk.report('caller');
  relay.advance(500);
  talk.report('callee');
  const stranger = { host: '198.51.100.66', port: 9 as never };
  relay.arrive(relay.rowAt(talk.ports.caller + 1), stranger, Uint8Array.of(0x80, 201, 0, 0));
  assert.deepEqual(
    relay.told.reports.map(({ callId, at, source, destination, payload }) => [callId, at, source, destination, payload[1]]),
    [
      ['c', relay.nowMs - 500, talk.placeOf('caller', 'rtcp'), { host: '127.0.0.1', port: talk.ports.caller + 1 }, 201],
      ['c', relay.nowMs, talk.placeOf('callee', 'rtcp'), { host: '127.0.0.1', port: talk.ports.callee + 1 }, 201],
    ],
  );
});
