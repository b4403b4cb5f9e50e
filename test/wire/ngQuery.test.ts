/** What `query`, `delete` and `statistics` tell of calls between real sockets. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { NgDictionary, NgValue } from '../../src/protocol/ng/value.js';
import { sdpOf } from '../pure/ngGiven.js';
import { pick, picked } from '../pure/ngQueryGiven.js';
import { block, receiverReport } from '../pure/sourcesGiven.js';
import { eventually, Party } from '../rig/calls.js';
import { type NgRelay, openNgRelay } from '../rig/ngClient.js';

const BOUND = { timeout: 30_000 };
const CALL = { 'call-id': 'query-1@example.net' };

/** `toAlice`: where Alice sends to. */
type Call = NgRelay & { readonly alice: Party; readonly bob: Party; readonly toAlice: number; readonly toBob: number };

async function openCall(t: TestContext): Promise<Call> {
  const ng = await openNgRelay(t);
  const [alice, bob] = [await Party.open(t), await Party.open(t)];
  const said = async (command: string, party: Party, more: NgDictionary = {}): Promise<number> => {
    const sdp = sdpOf('127.0.0.1', party.rtp.port);
    const reply = await ng.ask({ command, ...CALL, 'from-tag': 'alice', sdp, ...more });
    equal(reply['result'], 'ok', JSON.stringify(reply));
    return Number(/^m=audio (\d+)/m.exec(String(reply['sdp']))?.[1]);
  };
  const toBob = await said('offer', alice, { label: 'A' });
  const toAlice = await said('answer', bob, { 'to-tag': 'bob', label: 'B' });
  return { ...ng, alice, bob, toAlice, toBob };
}

const query = ({ ask }: NgRelay): Promise<NgDictionary> => ask({ command: 'query', ...CALL, 'from-tag': 'alice' });

/** Counters stand when the last packet has gone through. */
const until = <T>(ng: NgRelay, look: (told: NgDictionary) => T): Promise<T> => eventually(async () => look(await query(ng)));

const codecOf = (told: NgDictionary, tag: string): NgValue | undefined => pick(told, 'tags', tag, 'medias', 0, 'codec');

/** The same packet with another payload type. */
function asPcma(packet: Uint8Array): Uint8Array {
  packet[1] = 8;
  return packet;
}

test('[NG-36] a query names the codec of each side, and another one when it changes', BOUND, async (t) => {
  const call = await openCall(t);
  await call.alice.send(call.toAlice, 10);
  await call.bob.send(call.toBob, 10);
  await until(call, (told) => {
    deepEqual([codecOf(told, 'alice'), codecOf(told, 'bob')], ['PCMU/8000', 'PCMU/8000']);
    equal(pick(told, 'totals', 'RTP', 'packets'), 20);
  });
  for (let n = 0; n < 10; n++) await call.alice.rtp.send(asPcma(call.alice.nextRtp()), call.toAlice);
  await until(call, (told) => {
    deepEqual([codecOf(told, 'alice'), codecOf(told, 'bob')], ['PCMA/8000', 'PCMU/8000']);
    const types = pick(told, 'SSRC', String(call.alice.ssrc), 'payload types') as readonly NgDictionary[];
    deepEqual(
      types.map((type) => picked(type, 'payload type', 'codec', 'packets')),
      [
        [0, 'PCMU', 10],
        [8, 'PCMA', 10],
      ],
    );
  });
});

test('[NG-37] loss, copies and packets that overtake each other are counted, each side for itself', BOUND, async (t) => {
  const call = await openCall(t);
  const { alice, bob } = call;
  const packets = Array.from({ length: 60 }, () => alice.nextRtp());
  const order = packets.flatMap((packet, n) => {
    if (n % 10 === 3) return [];
    if (n % 10 === 5) return [packets[n + 1]!, packet];
    if (n % 10 === 6) return [];
    return n % 20 === 8 ? [packet, packet] : [packet];
  });
  for (const packet of order) {
    await alice.rtp.send(packet, call.toAlice);
    await delay(5);
  }
  await bob.send(call.toBob, 30);
  const told = await until(call, (told) => {
    equal(pick(told, 'SSRC', String(alice.ssrc), 'packets'), 57);
    equal(pick(told, 'SSRC', String(bob.ssrc), 'packets'), 30);
    return told;
  });
  const keys = ['expected packets', 'cumulative loss', 'duplicates', 'reordered', 'DTMF events', 'side'];
  deepEqual(picked(pick(told, 'SSRC', String(alice.ssrc)), ...keys), [60, 6, 3, 6, 0, 'caller']);
  deepEqual(picked(pick(told, 'SSRC', String(bob.ssrc)), ...keys), [30, 0, 0, 0, 0, 'callee']);
  const heard = pick(told, 'SSRC', String(alice.ssrc))!;
  equal(pick(heard, 'average MOS', 'packet loss'), 10);
  const [mos = 0, jitter = 0, bitrate = 0, gap = 0] = [
    ...[
      pick(heard, 'average MOS', 'MOS'),
      pick(heard, 'interarrival jitter'),
      pick(heard, 'bitrate'),
      pick(heard, 'longest gap'),
    ],
  ].map(Number);
  ok(mos > 20 && mos < 44, `${mos}`);
  ok(jitter > 1000 && bitrate > 10_000 && gap >= 5, `${jitter} ${bitrate} ${gap}`);
  const now = Date.now() / 1000;
  for (const key of ['first packet', 'last packet']) ok(Math.abs(now - Number(pick(heard, key))) < 20, key);
  equal(pick(told, 'tags', 'alice', 'label'), 'A');
  equal(pick(told, 'tags', 'alice', 'medias', 0, 'streams', 0, 'SSRC'), alice.ssrc);
  deepEqual(picked(pick(told, 'tags', 'bob', 'medias', 0, 'streams', 0, 'stats_out'), 'packets', 'errors'), [57, 0]);

  const ended = await call.ask({ command: 'delete', ...CALL, 'from-tag': 'alice', 'to-tag': 'bob', 'delete-delay': 0 });
  equal(pick(ended, 'totals', 'RTP', 'packets'), 87);
  equal(pick(ended, 'SSRC', String(alice.ssrc), 'cumulative loss'), 6);
  match(String((await query(call))['error-reason']), /^Unknown call-id$/);
});

test('[NG-37] sender and receiver reports between the phones give the round trip', BOUND, async (t) => {
  const call = await openCall(t);
  const { alice, bob } = call;
  await alice.send(call.toAlice, 20);
  await alice.rtcp.send(alice.nextRtcp(), call.toAlice + 1);
  const [{ bytes: report } = { bytes: Buffer.alloc(0) }] = await bob.rtcp.take(1);
  const stamp = report.readUInt32BE(10); // The middle of the NTP timestamp.
  await delay(60);
  const lies = receiverReport(bob.ssrc, [block({ source: alice.ssrc, stamp, delay: 20, lost: 2, fraction: 26, jitter: 40 })]);
  await bob.rtcp.send(lies, call.toBob + 1);
  await alice.rtcp.take(1);
  const told = await until(call, (told) => {
    ok(pick(told, 'tags', 'bob', 'medias', 0, 'round-trip time') !== undefined);
    return told;
  });
  const trip = Number(pick(told, 'tags', 'bob', 'medias', 0, 'round-trip time'));
  ok(trip > 35_000 && trip < 500_000, `${trip} microseconds`);
  const heard = pick(told, 'SSRC', String(alice.ssrc))!;
  deepEqual(picked(pick(heard, 'sender report'), 'packets'), [120]);
  deepEqual(picked(pick(heard, 'receiver report'), 'packet loss', 'packets lost', 'interarrival jitter', 'round-trip time'), [
    ...[10, 2, 5000, trip],
  ]);
  equal(pick(heard, 'average MOS', 'round-trip time'), trip);
  deepEqual(picked(pick(told, 'totals', 'RTCP'), 'packets'), [2]);
});

test('statistics count what media threads have answered, and how fast packets are relayed', BOUND, async (t) => {
  const call = await openCall(t);
  const statistics = async () => (await call.ask({ command: 'statistics' }))['statistics']!;
  const end = Date.now() + 10_000;
  for (let rate = 0; rate === 0; ) {
    ok(Date.now() < end, 'no packet rate is told');
    await call.alice.send(call.toAlice, 10);
    await delay(100);
    rate = Number(pick(await statistics(), 'currentstatistics', 'packetrate'));
  }
  const told = await statistics();
  const [packets = 0, bytes = 0] = picked(pick(told, 'currentstatistics'), 'packetrate', 'byterate').map(Number);
  ok(packets > 5 && packets < 400 && Math.abs(bytes / packets - 172) < 20, `${packets} packets, ${bytes} bytes a second`);
  deepEqual(picked(pick(told, 'currentstatistics'), 'sessionsown', 'transcodedmedia', 'errorrate'), [1, 0, 0]);
  const relayed = picked(pick(told, 'totalstatistics'), 'relayedpackets', 'relayedbytes', 'relayedpacketerrors').map(Number);
  ok(relayed[0]! >= 20 && relayed[1] === relayed[0]! * 172 && relayed[2] === 0, relayed.join(' '));
  await query(call);
  await call.ask({ command: 'query', 'call-id': 'nobody' });
  const control = pick(await statistics(), 'controlstatistics')!;
  deepEqual(picked(control, 'totaloffercount', 'totalanswercount', 'totalquerycount', 'totalerrorcount'), [1, 1, 2, 1]);
});
