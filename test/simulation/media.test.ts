import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Address, sameAddress } from '../../model/kernel/index.js';
import { SIDES } from '../../model/session/side.js';
import { type ComponentIndex, type LegIndex, peerOf, rowOf } from '../../src/media/streams.js';
import { runs } from '../property/runs.js';
import { liveSessions } from '../property/shardWorld.js';
import { at, nextPort, type Phone } from './phone.js';
import { Scene } from './scene.js';
import type { Passage } from './simulatedEngine.js';
import type { Weather } from './world.js';

const weather: fc.Arbitrary<Weather> = fc.record({
  lost: fc.constantFrom(0, 0.05, 0.3),
  duplicated: fc.constantFrom(0, 0.1),
  shortestMs: fc.constantFrom(1, 20),
  longestMs: fc.constantFrom(20, 90, 300),
});

/** How a phone is seen: whether the address it signals is another than the one its packets come from. */
const behindNat = fc.record({ caller: fc.boolean(), callee: fc.boolean() });

type Talk = {
  readonly scene: Scene;
  readonly phones: readonly [caller: Phone, callee: Phone];
  /** What each signalled. */
  readonly signalled: readonly [Address, Address];
  /** Where the relay takes the packets of each. */
  readonly ports: readonly [Address, Address];
};

function placeCall(scene: Scene, nat: { readonly caller: boolean; readonly callee: boolean }): Talk {
  const phones = [scene.phone('198.51.100.1', 4000, 1), scene.phone('203.0.113.1', 6000, 2)] as const;
  const signalled = [
    nat.caller ? at('192.168.1.7', 5004) : phones[0].place,
    nat.callee ? at('172.16.0.9', 5004) : phones[1].place,
  ] as const;
  const forCallee = scene.port(`U call@a ${signalled[0].host} ${signalled[0].port} alice`);
  const forCaller = scene.port(`L call@a ${signalled[1].host} ${signalled[1].port} alice bob`);
  return { scene, phones, signalled, ports: [forCaller, forCallee] };
}

/** What passed the sockets of one leg and component, in order. */
function passagesOf({ scene }: Talk, row: number): readonly Passage[] {
  return scene.relay.threads.flatMap(({ engine }) => engine.passages.filter((passage) => passage.row === row));
}

function isLatched({ scene }: Talk): boolean {
  const [session] = scene.relay.threads.flatMap(({ shard }) => [...shard.directory.all()]);
  const legs = session?.snapshot.context.legs;
  return legs !== undefined && SIDES.every((side) => legs[side].rtp.latched && legs[side].rtcp.latched);
}

const ROWS = [0, 1].flatMap((leg) => [0, 1].map((component) => rowOf(0, leg as LegIndex, component as ComponentIndex)));

/**
 * Every packet that came from the phone went out through the other leg, once, unchanged and in the order of arrival: to where the
 * other side signalled, and from its first packet on to where that side really is.
 */
function checkRelaying(talk: Talk, row: number): void {
  const leg = (row >> 1) & 1;
  const isRtcp = (row & 1) === 1;
  const component = (address: Address): Address => (isRtcp ? nextPort(address) : address);
  const from = component(talk.phones[leg]!.place);
  const arrived = passagesOf(talk, row).filter(({ way, peer }) => way === 'in' && sameAddress(peer, from));
  const sent = passagesOf(talk, peerOf(row)).filter(({ way }) => way === 'out');
  assert.deepEqual(
    sent.map(({ bytes }) => bytes),
    arrived.map(({ bytes }) => bytes),
  );
  const other = talk.phones[1 - leg]!;
  const firstRtp = firstArrival(talk, peerOf(row) & ~1, other.place);
  const first = isRtcp ? Math.min(firstRtp, firstArrival(talk, peerOf(row), nextPort(other.place))) : firstRtp;
  for (const { peer, atMs } of sent) {
    if (atMs === first) continue; // The same millisecond: either may have been earlier.
    const wanted = component(atMs > first ? other.place : talk.signalled[1 - leg]!);
    assert.deepEqual(peer, wanted, `${isRtcp ? 'RTCP' : 'RTP'} sent at ${atMs}, other side first heard at ${first}`);
  }
}

function firstArrival(talk: Talk, row: number, from: Address): number {
  const first = passagesOf(talk, row).find(({ way, peer }) => way === 'in' && sameAddress(peer, from));
  return first?.atMs ?? Number.POSITIVE_INFINITY;
}

/** What is counted is what passed, and Q and I say the same. */
function checkCounters(talk: Talk, strangers: number): void {
  const thread = talk.scene.relay.threads.find(({ shard }) => liveSessions(shard) > 0)!;
  const { counters } = thread.shard;
  let arrived = 0;
  let relayed = 0;
  for (const row of ROWS) {
    const passages = passagesOf(talk, row);
    const into = passages.filter(({ way }) => way === 'in').length;
    assert.equal(counters.stream(row, 'received') + counters.stream(row, 'ignored'), into);
    assert.equal(counters.stream(row, 'relayed') + counters.stream(row, 'dropped'), counters.stream(row, 'received'));
    const out = passagesOf(talk, peerOf(row)).filter(({ way }) => way === 'out').length;
    assert.equal(counters.stream(row, 'relayed'), out);
    arrived += into;
    relayed += out;
  }
  const received = [0, 2].map((row) => counters.stream(row, 'received'));
  const rtp = counters.stream(0, 'relayed') + counters.stream(2, 'relayed');
  const [, ...figures] = talk.scene.proxy.ask('Q call@a alice bob').split(' ').map(Number);
  assert.deepEqual(figures, [received[0], received[1], rtp, 0]);
  const info = talk.scene.proxy.ask('I');
  assert.match(info, new RegExp(`packets received: ${arrived}\npackets transmitted: ${relayed}`));
  const ignored = ROWS.reduce((sum, row) => sum + counters.stream(row, 'ignored'), 0);
  assert.equal(ignored, strangers);
}

/** Phones hear only what the other one said, and only from the address that was signalled to them. */
function checkHearing({ phones, ports }: Talk): void {
  for (const [i, phone] of phones.entries()) {
    const other = phones[1 - i]!;
    for (const { bytes, from } of phone.heard) {
      const isReport = bytes.length === 8;
      assert.deepEqual(from, isReport ? nextPort(ports[i]!) : ports[i]);
      assert.equal(isReport ? bytes[6] : bytes[11], other.ssrc);
    }
  }
}

test('[PN-01 PN-22 SY-19 SY-29] in any weather, with and without NAT, every packet that arrives is sent on once, to where the other side really is, and is counted', () => {
  const property = fc.property(weather, behindNat, fc.integer(), (sky, nat, seed) => {
    const scene = new Scene({ weather: sky, seed });
    const talk = placeCall(scene, nat);
    const [caller, callee] = talk.phones;
    caller.speakFor(4000, talk.ports[0]);
    scene.time.runFor(700);
    callee.speakFor(3300, talk.ports[1]);
    scene.time.runFor(5000);
    for (const row of ROWS) checkRelaying(talk, row);
    checkCounters(talk, 0);
    checkHearing(talk);
    assert.ok(caller.heard.length > 20 && callee.heard.length > 20);
    assert.deepEqual(scene.relay.broken, []);
  });
  fc.assert(property, { numRuns: runs(60) });
});

test('a stranger who sprays packets at the ports of a running call is not heard, does not divert it, and is counted as ignored', () => {
  const property = fc.property(weather, behindNat, fc.integer(), (sky, nat, seed) => {
    const scene = new Scene({ weather: sky, seed });
    const talk = placeCall(scene, nat);
    const stranger = scene.phone('192.0.2.66', 9000, 66);
    for (const [i, phone] of talk.phones.entries()) phone.speakFor(12_000, talk.ports[i]!);
    // Before the first packet of a side has confirmed or corrected its address, anybody could be that side.
    scene.time.runUntilDone(() => isLatched(talk), 9000, 'the learning of all addresses');
    for (const port of talk.ports) stranger.speakFor(2000, port);
    scene.time.runFor(14_000);
    for (const row of ROWS) checkRelaying(talk, row);
    checkHearing(talk);
    assert.deepEqual(stranger.heard, []);
    const fromStranger = ROWS.flatMap((row) => passagesOf(talk, row)).filter(
      ({ way, peer }) => way === 'in' && peer.host === '192.0.2.66',
    );
    checkCounters(talk, fromStranger.length);
  });
  fc.assert(property, { numRuns: runs(40) });
});
