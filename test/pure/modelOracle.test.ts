import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LearningSide, LearningStream } from '../../model/spec/addressLearning.js';
import { Agreement } from '../../model/spec/agreement.js';
import { ReferenceRelay } from '../../model/spec/referenceRelay.js';
import type { SoundSetting } from '../../model/spec/referenceSound.js';

const SOUND: SoundSetting = { prompts: { 'prompts/quiet': [97, 101] }, recording: 'pcap' };

/** The oracle itself, against what was seen on the original: if it is wrong, all that agrees with it is. */
const relay = (pairs = 100): ReferenceRelay =>
  new ReferenceRelay({ pairs, ttlMs: 60_000, setupTtlMs: 30_000, host: '127.0.0.1', ...SOUND });

/** `> command` and `< reply` lines; P1, P2, … are ports in the order in which they were given out. */
function check(oracle: ReferenceRelay, transcript: string): void {
  let command = '';
  for (const line of transcript.trim().split('\n')) {
    const text = line.trim().slice(2);
    if (line.trim().startsWith('>')) command = text;
    else assert.equal(oracle.answer(command), text.replaceAll(/\bP(\d+)$|\bP(\d+)(?= &&)/g, 'port#$1$2 127.0.0.1'), command);
  }
}

test('the ports of offer, answer, re-INVITE and swapped tags are those that were seen', () => {
  check(
    relay(),
    `> Uc0,8,101 c1 127.0.0.1 30000 F;1
     < P1
     > Lc0 c1 127.0.0.1 31000 F;1 T;1
     < P2
     > L nosuch 127.0.0.1 31000 F;1 T;1
     < 0
     > Lc0 c1 127.0.0.1 31000 F;9 T;9
     < 0
     > Uc0 c1 127.0.0.1 30000 F;1 T;1
     < P1
     > Uc0 c1 127.0.0.1 31000 T;1 F;1
     < P2
     > Lc0 c1 127.0.0.1 31000 T;1 F;1
     < P1
     > L c1 127.0.0.1 31000 T F;1
     < P1`,
  );
});

test('the errors and odd addresses are those that were seen', () => {
  check(
    relay(),
    `> Uc c2 127.0.0.1 30006 F;5
     < E14
     > US c11 127.0.0.1 1002 F;1
     < P1
     > U c13 127.0.0.1 0 F;1
     < P2
     > U c14 0.0.0.0 30000 F;1
     < P3
     > Ut60 c26 127.0.0.1 1002 F;1
     < E35
     > X1
     < E2
     > Foo
     < E0
     > D nosuch F T
     < E50
     > Q c11 F
     < E50
     > Q c11 F;1 ;1
     < ttl~30 0 0 0 0`,
  );
});

test('deletes find what they were seen to find', () => {
  const oracle = relay();
  check(
    oracle,
    `> U c4 127.0.0.1 1 F;1
     < P1
     > U c4 127.0.0.1 1 F;2
     < P2
     > L c4 127.0.0.1 1 F T
     < 0
     > D c4 T F
     < 0
     > D c4 F T
     < E50`,
  );
  assert.equal(oracle.held.size, 0);
});

test('weak references are cleared by the tag they belong to', () => {
  const oracle = relay();
  check(
    oracle,
    `> Uw c 127.0.0.1 1 F
     < P1
     > U c 127.0.0.1 1 F
     < P1
     > D c F
     < 0
     > Dw c F
     < 0
     > Q c F
     < ttl~30 0 0 0 0
     > Dw c other F
     < 0
     > Q c F
     < E50`,
  );
});

test('a used-up range and the passing of time are as described', () => {
  const oracle = relay(1);
  check(oracle, '> U c 127.0.0.1 1 F\n< P1\n> U d 127.0.0.1 1 F\n< E72\n> L c 127.0.0.1 1 F T\n< E71');
  oracle.advance(29_999);
  assert.equal(oracle.answer('Q c F'), 'ttl~1 0 0 0 0');
  oracle.advance(1);
  assert.equal(oracle.answer('Q c F'), 'E50');
  check(oracle, '> U d 127.0.0.1 1 F\n< P2');
});

test('a new port is another one, at the address that was asked for, and none where none is left', () => {
  const oracle = relay(3);
  check(
    oracle,
    `> U c 127.0.0.1 1 F
     < P1
     > Un c 127.0.0.1 1 F
     < P2
     > L c 127.0.0.1 1 F T
     < P3
     > Ll127.0.0.2 c 127.0.0.1 1 F T
     < P3
     > Lnl127.0.0.2 c 127.0.0.1 1 F T
     < port#4 127.0.0.2
     > Ul127.0.0.3 d 127.0.0.1 1 F
     < port#5 127.0.0.3
     > Un c 127.0.0.1 1 F
     < E71`,
  );
  assert.deepEqual([...oracle.held].sort(), ['port#2', 'port#4', 'port#5']);
});

test('sub-commands are shown as described: 24270 && -1, D in silence, zeros only where something follows', () => {
  const oracle = relay(3);
  check(
    oracle,
    `> U c 127.0.0.1 1 F T && D
     < P1
     > U c 127.0.0.1 1 F T && S ttl=9 && L 127.0.0.1 1 && Sr ttl=7
     < P2 && 0 && P3
     > Q c F T && S ttl=100
     < ttl~7 0 0 0 0
     > U d 127.0.0.1 1 F T && L 127.0.0.1 1
     < P4 && -1
     > Q c F T && D
     < ttl~100 0 0 0 0
     > Q c F T && D
     < E50
     > L c 127.0.0.1 1 F T && L 127.0.0.1 1
     < E3
     > U c 127.0.0.1 1 F && L 127.0.0.1 1
     < E3
     > U c 127.0.0.1 1 F T && S ttl=0
     < E3
     > D d F && D
     < E3
     > U d 127.0.0.1 1 F T && Dw
     < P4`,
  );
  assert.deepEqual([...oracle.held], ['port#4']);
});

test('the comparison takes any even port of the range for a new name, and no other for a known one', () => {
  const agreement = new Agreement({ first: 20_000, last: 20_004, ttlToleranceS: 1 });
  const held = new Set(['port#1', 'port#2'] as const);
  const disagreement = (wanted: string, given: string) => agreement.disagreement(wanted, given, held);
  assert.equal(disagreement('port#1 127.0.0.1', '20002 127.0.0.1'), null);
  assert.match(disagreement('port#1 127.0.0.1', '20000 127.0.0.1')!, /was 20002 before and is 20000 now/);
  assert.match(disagreement('port#2 127.0.0.1', '20002 127.0.0.1')!, /given to port#2 while port#1 holds it/);
  for (const wrong of ['20001', '20006', '19998', 'E72', '']) assert.ok(disagreement('port#2 127.0.0.1', `${wrong} 127.0.0.1`));
  assert.ok(disagreement('port#2 127.0.0.1', '20004'));
  assert.equal(disagreement('ttl~60 0', '59 0'), null);
  for (const wrong of ['58 0', '61 0', 'x 0', '60 1']) assert.ok(disagreement('ttl~60 0', wrong));
  assert.equal(agreement.disagreement('port#3 127.0.0.1', '20002 127.0.0.1', new Set(['port#3'])), null);
});

test('what is played is looked for by payload type in the order of the list, and a list with anything else is none', () => {
  check(
    relay(),
    `> P c 127.0.0.1 0 F;1 T;1
     < E50
     > Uc0,101 c 127.0.0.1 30000 F;1
     < P1
     > P c prompts/quiet session F;1 T;1
     < 0
     > P c prompts/quiet session T;1 F;1
     < E35
     > P-1 c prompts/quiet 0,97 T;1 F;1
     < 0
     > P2 c prompts/quiet 0,8 F;1
     < E60
     > P c prompts/none 97 F;1
     < E60
     > P0 c prompts/none 97 F;1
     < 0
     > P c prompts/quiet 97,x F;1
     < E60
     > Px c prompts/quiet 97 F;1
     < E17
     > P c prompts/quiet F;1
     < E1
     > S c F;1
     < 0
     > S1 c F;1
     < E2
     > S other F;1
     < E50
     > U c 127.0.0.1 30000 F;1
     < P1
     > P c prompts/quiet session F;1
     < E35`,
  );
});

test('R is no error again, Rs is; N ends what is recorded of a side or of both; C without -p into a file, with it to a host', () => {
  check(
    relay(3),
    `> U c 127.0.0.1 30000 F;1
     < P1
     > N c F;1
     < E50
     > R c F;1 T;1
     < 0
     > R c T;1 F;1
     < 0
     > Rs c F;1
     < E50
     > Cs c take F;1
     < 0
     > Cs c take T;1 F;1
     < E65
     > C c take T;1 F;1
     < 0
     > Cp c take F;1
     < E65
     > N c F;1
     < 0
     > N c F;1
     < E50
     > Na c F;1
     < 0
     > Na c F;1
     < E50
     > Cp c udp:127.0.0.9:7000 F;1
     < P2
     > C c udp:127.0.0.9:7000 F;1
     < 0
     > Cp c udp:127.0.0.9:7000 F;1
     < P2
     > Cp c udp:127.0.0.8:7000 F;1
     < P3
     > C c udp:127.0.0.8:7002 F;1
     < E65
     > C c udp:127.0.0:7002 F;1
     < E65
     > N c T;1 F;1
     < E50
     > N c F;1
     < 0
     > Cp c udp:127.0.0.8:7002 T;1 F;1
     < P4
     > Rp c F;1
     < E6
     > Rx c F;1
     < E7
     > Nx c F;1
     < E7
     > Nax c F;1
     < E6
     > Cx c take F;1
     < E7
     > R c F;1 && D
     < E3
     > C other take F;1
     < E50`,
  );
});

const HERE = { host: '192.0.2.1', port: 4000 };
const THERE = { host: '198.51.100.1', port: 7000 };
const packet = (source: typeof HERE, nowMs: number, ssrc = 7, sequence = 1) => ({ source, rtp: { ssrc, sequence }, nowMs });

test('seen on the original: before the first packet anybody may take over the signalled address', () => {
  const stream = new LearningStream(true);
  stream.prefill(HERE, 0);
  assert.deepEqual(stream.receive(packet(THERE, 50_000)), { accepted: true, learned: true });
  assert.deepEqual(stream.address, THERE);
  assert.equal(stream.receive(packet(HERE, 50_020, 8)).accepted, false);
});

test('seen on the original: a confirmed address follows a re-INVITE at once, a learned one does not, but its RTCP does', () => {
  const confirmed = new LearningSide();
  confirmed.describe({ address: HERE, asymmetric: false }, 0);
  confirmed.receive('rtp', packet(HERE, 20_000));
  confirmed.describe({ address: THERE, asymmetric: false }, 30_000);
  assert.deepEqual(confirmed.rtp.address, THERE);
  const learned = new LearningSide();
  learned.describe({ address: HERE, asymmetric: false }, 0);
  learned.receive('rtp', packet({ ...HERE, port: 4444 }, 20_000));
  learned.describe({ address: THERE, asymmetric: false }, 30_000);
  assert.equal(learned.rtp.address?.port, 4444);
  assert.deepEqual(learned.rtcp.address, { ...THERE, port: 7001 });
});

test('seen on the original: within ten seconds of a re-INVITE any SSRC may take over, and afterwards only the old one', () => {
  const stream = new LearningStream(true);
  stream.prefill(HERE, 0);
  stream.receive(packet(HERE, 20_000, 7, 100));
  assert.equal(stream.receive(packet(THERE, 20_020, 8, 1)).accepted, false);
  stream.prefill(HERE, 30_000);
  assert.equal(stream.receive(packet(THERE, 39_999, 8, 1)).accepted, true);
  assert.equal(stream.receive(packet(HERE, 41_000, 8, 2)).accepted, false);
  assert.equal(stream.receive(packet(HERE, 41_000, 7, 537)).accepted, true);
});
