/** What `query` and `delete` tell of a call: the keys and units that clients of rtpengine read. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import type { NgDictionary, NgValue } from '../../src/protocol/ng/value.js';
import { START_MS } from '../property/pureRelay.js';
import { CALL, NgScene, sdpOf } from './ngGiven.js';
import { called, Phone, pick, picked } from './ngQueryGiven.js';
import { block, receiverReport, senderReport } from './sourcesGiven.js';

const query = (scene: NgScene, more: NgDictionary = {}): NgDictionary => scene.ask({ command: 'query', ...more });
const near = (is: NgValue | undefined, wanted: number, by: number): void =>
  ok(typeof is === 'number' && Math.abs(is - wanted) <= by, `${is}, wanted ${wanted}`);
const START_S = Math.floor(START_MS / 1000);

test('a call that has just begun: when, who with whom, where each side is and is sent to, and nothing counted', () => {
  const scene = new NgScene();
  called(scene, { label: 'A', metadata: 'x|y' });
  const told = query(scene);
  deepEqual(picked(told, 'result', 'created', 'created_us', 'created_ts', 'last signal', 'last redis update', 'metadata'), [
    ...['ok', START_S, 678_000, START_S, START_S, 0, 'x|y'],
  ]);
  deepEqual({ ...(told['SSRC'] as NgDictionary) }, {});
  deepEqual(Object.keys(told['tags'] as NgDictionary), ['alice', 'bob']);
  const alice = pick(told, 'tags', 'alice')!;
  deepEqual(picked(alice, 'tag', 'created', 'metadata'), ['alice', START_S, 'x|y']);
  deepEqual(
    JSON.stringify(picked(alice, 'subscriptions', 'subscribers')),
    JSON.stringify(Array(2).fill([{ tag: 'bob', type: 'offer/answer' }])),
  );
  const media = pick(alice, 'medias', 0)!;
  deepEqual(picked(media, 'index', 'type', 'protocol', 'codec', 'side'), [1, 'audio', 'RTP/AVP', 'PCMU/8000', 'caller']);
  deepEqual(pick(media, 'flags'), ['initialized', 'send', 'recv']);
  const { local } = scene.states[0]!.legs.caller;
  for (const [n, kind] of ['RTP', 'RTCP'].entries()) {
    const stream = pick(media, 'streams', n)!;
    deepEqual(picked(stream, 'local port', 'local address', 'family'), [local!.port + n, '127.0.0.1', 'IPv4']);
    const place = { family: 'IPv4', address: '192.0.2.1', port: 4000 + n };
    deepEqual({ ...(pick(stream, 'endpoint') as NgDictionary) }, place);
    deepEqual({ ...(pick(stream, 'advertised endpoint') as NgDictionary) }, place);
    deepEqual(pick(stream, 'flags'), [kind, 'filled', 'no kernel support']);
    deepEqual(picked(stream, 'last packet', 'last kernel packet', 'last user packet', 'SSRC'), [0, 0, 0, undefined]);
    deepEqual(picked(pick(stream, 'stats'), 'packets', 'bytes', 'errors'), [0, 0, 0]);
    deepEqual(picked(pick(stream, 'stats_out'), 'packets', 'bytes', 'errors'), [0, 0, 0]);
  }
  for (const kind of ['RTP', 'RTCP'])
    deepEqual(picked(pick(told, 'totals', kind), 'packets', 'bytes', 'errors'), [0, 0, 0], kind);
});

test('[NG-37] packets, quality and SSRCs of both sides, as the pseudo-variables of a proxy want them', () => {
  const scene = new NgScene();
  const { alice, bob } = called(scene);
  for (let turn = 0; turn < 6; turn++) {
    alice.talk(50);
    bob.talk(50, (n) => turn === 3 && n % 5 === 1);
  }
  const told = query(scene);
  deepEqual(Object.keys(told['SSRC'] as NgDictionary), [String(0xb0b), String(0xa11ce)]);
  const heard = pick(told, 'SSRC', String(0xa11ce))!;
  deepEqual(picked(heard, 'packets', 'bytes', 'cumulative loss', 'last RTP seq', 'last RTP timestamp'), [
    ...[300, 300 * 172, 0, 399, 16_000 + 299 * 160],
  ]);
  equal(pick(heard, 'average MOS', 'MOS'), 44);
  deepEqual(picked(pick(heard, 'average MOS'), 'round-trip time', 'round-trip time leg', 'jitter', 'packet loss'), [0, 0, 0, 0]);
  ok((pick(heard, 'average MOS', 'samples') as number) >= 2);
  const lossy = pick(told, 'SSRC', String(0xb0b))!;
  equal(pick(lossy, 'cumulative loss'), 10);
  near(pick(lossy, 'average MOS', 'packet loss'), 3, 2);
  const [lowest, highest] = [pick(lossy, 'lowest MOS')!, pick(lossy, 'highest MOS')!];
  ok((pick(lowest, 'MOS') as number) < 35 && (pick(lowest, 'MOS') as number) > 10, 'tenfold');
  near(pick(lowest, 'packet loss'), 13, 8);
  equal(pick(highest, 'MOS'), 44);
  near(pick(lowest, 'reported at'), START_S + 8, 3);
  const entries = pick(lossy, 'MOS progression', 'entries') as readonly NgDictionary[];
  equal(pick(lossy, 'MOS progression', 'interval'), 2);
  equal(entries.length, pick(lossy, 'average MOS', 'samples'));
  deepEqual(Object.keys(entries[0]!), ['MOS', 'round-trip time', 'jitter', 'packet loss', 'reported at']);

  const [rtp] = pick(told, 'tags', 'alice', 'medias', 0, 'streams') as readonly NgDictionary[];
  equal(rtp!['SSRC'], 0xa11ce);
  deepEqual(picked(rtp!['stats'], 'packets', 'bytes', 'errors'), [300, 300 * 172, 0]);
  deepEqual(picked(rtp!['stats_out'], 'packets', 'bytes', 'errors'), [290, 290 * 172, 0]);
  near(rtp!['last packet'], START_S + 11, 1);
  deepEqual(rtp!['flags'], ['RTP', 'filled', 'confirmed', 'no kernel support']);
  deepEqual(picked(pick(told, 'totals', 'RTP'), 'packets', 'bytes', 'errors'), [590, 590 * 172, 0]);
  const [ingress, egress] = picked(pick(told, 'tags', 'alice', 'medias', 0), 'ingress SSRCs', 'egress SSRCs');
  deepEqual(picked(pick(ingress!, 0), 'SSRC', 'packets', 'cumulative loss'), [0xa11ce, 300, 0]);
  equal(pick(ingress!, 0, 'average MOS', 'MOS'), 44);
  deepEqual(picked(pick(egress!, 0), 'SSRC', 'packets', 'bytes'), [0xb0b, 290, 290 * 172]);
});

test('[NG-37] duplicates, packets out of order, jitter, gaps, bit rate, keys: what was counted of an SSRC', () => {
  const scene = new NgScene();
  const { alice } = called(scene);
  alice.talk(100);
  near(pick(query(scene), 'SSRC', String(0xa11ce), 'bitrate'), 172 * 8 * 50, 700);
  const [first, second] = [alice.next(), alice.next()];
  alice.rtp(second);
  alice.rtp(first);
  alice.rtp(first);
  scene.relay.advance(640);
  alice.talk(2);
  alice.payloadType = 101;
  for (let n = 0; n < 3; n++) alice.rtp(alice.next(Uint8Array.of(5, 0x80, 3, 0x20)));
  const heard = pick(query(scene), 'SSRC', String(0xa11ce))!;
  deepEqual(picked(heard, 'duplicates', 'reordered', 'expected packets', 'cumulative loss', 'longest gap'), [1, 1, 107, 0, 640]);
  deepEqual(picked(heard, 'tag', 'side', 'first packet', 'last payload type'), ['alice', 'caller', START_S, 101]);
  near(heard && pick(heard, 'last packet'), START_S + 2, 1);
  ok((pick(heard, 'interarrival jitter') as number) > 1000, 'microseconds');
  deepEqual(
    (pick(heard, 'payload types') as readonly NgDictionary[]).map((type) =>
      picked(type, 'payload type', 'codec', 'clock rate', 'packets'),
    ),
    [
      [0, 'PCMU', 8000, 105],
      [101, 'telephone-event', 8000, 3],
    ],
  );
  equal(pick(query(scene), 'tags', 'alice', 'medias', 0, 'codec'), 'PCMU/8000', 'a key is no codec to talk in');
});

test('[NG-36] the codec of a side is what it sends: it changes with that, and is the first in common before', () => {
  const scene = new NgScene();
  const { alice, bob } = called(scene);
  const codecs = () => ['alice', 'bob'].map((tag) => pick(query(scene), 'tags', tag, 'medias', 0, 'codec'));
  deepEqual(codecs(), ['PCMU/8000', 'PCMU/8000']);
  alice.talk(5);
  bob.payloadType = 8;
  bob.talk(5);
  deepEqual(codecs(), ['PCMU/8000', 'PCMA/8000']);
  alice.payloadType = 8;
  alice.talk(2);
  deepEqual(codecs(), ['PCMA/8000', 'PCMA/8000']);
  alice.payloadType = 96;
  alice.ssrc = 1;
  alice.talk(1);
  deepEqual(codecs()[0], 'payload type 96', 'nobody has said what that is');
  const types = pick(query(scene), 'SSRC', String(0xa11ce), 'payload types') as readonly NgDictionary[];
  deepEqual(
    types.map((type) => picked(type, 'payload type', 'packets')),
    [
      [0, 5],
      [8, 2],
    ],
  );
  deepEqual(pick(query(scene), 'tags', 'bob', 'medias', 0, 'offered codecs'), ['PCMU/8000', 'PCMA/8000', 'telephone-event/8000']);
});

test('[NG-37] sender and receiver reports go through, and tell round trips', () => {
  const scene = new NgScene();
  const { alice, bob } = called(scene);
  alice.talk(50);
  alice.rtcp(senderReport(0xa11ce, 77));
  scene.relay.advance(155);
  bob.rtcp(receiverReport(0xb0b, [block({ source: 0xa11ce, stamp: 77, delay: 125, lost: 3, fraction: 64, jitter: 80 })]));
  scene.relay.advance(2000);
  alice.talk(60);
  const told = query(scene);
  const heard = pick(told, 'SSRC', String(0xa11ce))!;
  deepEqual(picked(pick(heard, 'sender report'), 'packets', 'octets', 'RTP timestamp'), [50, 8000, 8000]);
  deepEqual(picked(pick(heard, 'receiver report'), 'packet loss', 'packets lost', 'interarrival jitter', 'round-trip time'), [
    ...[25, 3, 10_000, 30_000],
  ]);
  equal(pick(told, 'tags', 'bob', 'medias', 0, 'round-trip time'), 30_000);
  equal(pick(told, 'tags', 'bob', 'medias', 0, 'egress SSRCs', 0, 'receiver report', 'packets lost'), 3);
  equal(pick(heard, 'highest MOS', 'round-trip time'), 30_000);
  near(pick(heard, 'average MOS', 'round-trip time'), 30_000, 0);
  deepEqual(picked(pick(told, 'totals', 'RTCP'), 'packets', 'errors'), [2, 0]);
});

test('silence explains itself: what was signalled, what was seen, who was refused', () => {
  const scene = new NgScene();
  const { alice, bob } = called(scene);
  const why = (tag: string) => pick(query(scene), 'tags', tag, 'medias', 0, 'streams', 0, 'learned')!;
  deepEqual(picked(why('alice'), 'state', 'why', 'latched'), ['signalled', 'no packet has come', 0]);
  alice.talk(3);
  deepEqual(picked(why('alice'), 'state', 'why'), ['confirmed', 'packets come from where it was signalled']);
  bob.place = { ...bob.place, host: '203.0.113.9' };
  bob.talk(3);
  const moved = why('bob');
  equal(pick(moved, 'state'), 'learned');
  match(String(pick(moved, 'why')), /another address than the signalled one/);
  deepEqual([pick(moved, 'signalled', 'address'), pick(moved, 'observed', 'address')], ['192.0.2.2', '203.0.113.9']);
  scene.relay.advance(20_000);
  const stranger = new Phone(scene, 'callee', { host: '198.51.100.1', port: 9 }, 5);
  stranger.talk(4);
  const refused = why('bob');
  equal(pick(refused, 'refused packets'), 4);
  deepEqual(picked(pick(refused, 'refused sources', 0), 'address', 'port'), ['198.51.100.1', 9]);
  match(String(pick(refused, 'why')), /packets from other places were refused$/);
});

test('blocked media, prompts and holds are told with the line that they are about', () => {
  const scene = new NgScene();
  const { alice } = called(scene);
  scene.ask({ command: 'block media', 'from-tag': 'alice', flags: ['directional'] });
  alice.talk(2);
  const media = () => pick(query(scene), 'tags', 'alice', 'medias', 0)!;
  deepEqual(pick(media(), 'muted'), ['blocked']);
  scene.ask({ command: 'unblock media', 'from-tag': 'alice', flags: ['directional'] });
  equal(pick(media(), 'muted'), undefined);
  scene.offer('0.0.0.0', 4000, { 'to-tag': 'bob' });
  scene.answer('192.0.2.2', 5000);
  deepEqual([pick(media(), 'on hold'), pick(media(), 'flags')], [1, ['initialized', 'recv']]);
  const listening = sdpOf('192.0.2.1', 4000, ['a=recvonly']);
  scene.ask({ command: 'offer', 'from-tag': 'alice', 'to-tag': 'bob', sdp: listening });
  scene.answer('192.0.2.2', 5000);
  deepEqual(pick(media(), 'flags'), ['initialized', 'send'], 'as the relay sees it');
});

test('a call that nobody knows', () => {
  deepEqual({ ...query(new NgScene(), { 'call-id': `not ${CALL}` }) }, { result: 'error', 'error-reason': 'Unknown call-id' });
});
