/** `query` and `delete` of calls with several lines, branches and parties; what is left out of large ones; and which keys are ours. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBencode } from '../../src/protocol/ng/bencode.js';
import { encodeJson } from '../../src/protocol/ng/json.js';
import type { NgDictionary, NgValue } from '../../src/protocol/ng/value.js';
import { OWN_KEYS } from '../../src/relay/control/ng/report/keys.js';
import { CALL, NgScene, sdpOf } from './ngGiven.js';
import { called, Phone, pick, picked } from './ngQueryGiven.js';
import { block, receiverReport, senderReport } from './sourcesGiven.js';

const MOST_OF_A_DATAGRAM = 65_507;
const query = (scene: NgScene, more: NgDictionary = {}): NgDictionary => scene.ask({ command: 'query', ...more });
const end = (scene: NgScene, more: NgDictionary = {}): NgDictionary =>
  scene.ask({ command: 'delete', 'from-tag': 'alice', 'delete-delay': 0, ...more });
const tagsOf = (told: NgDictionary): string[] => Object.keys(told['tags'] as NgDictionary);
const list = (value: NgValue | undefined): readonly NgDictionary[] => value as readonly NgDictionary[];

test('the media lines of a party stand together, in their order', () => {
  const scene = new NgScene();
  const video = ['m=video 4100 RTP/AVP 96', 'a=rtpmap:96 VP8/90000', 'm=audio 4200 RTP/SAVP 8', 'a=rtpmap:8 PCMA/8000'];
  scene.offer('192.0.2.1', 4000, { sdp: sdpOf('192.0.2.1', 4000, video) });
  scene.answer('192.0.2.2', 5000, { sdp: sdpOf('192.0.2.2', 5000, video) });
  new Phone(scene, 'caller', { host: '192.0.2.1', port: 4200 }, 33, 2).talk(4);
  const told = query(scene);
  deepEqual(tagsOf(told), ['alice', 'bob']);
  deepEqual(
    list(pick(told, 'tags', 'alice', 'medias')).map((media) => picked(media, 'index', 'type', 'protocol', 'codec')),
    [
      [1, 'audio', 'RTP/AVP', 'PCMU/8000'],
      [2, 'video', 'RTP/AVP', 'VP8/90000'],
      [3, 'audio', 'RTP/SAVP', 'PCMU/8000'],
    ],
    'what it sends counts, whatever was agreed',
  );
  deepEqual(
    list(pick(told, 'tags', 'bob', 'medias')).map(({ flags }) => (flags as string[]).includes('passthrough')),
    [false, false, true],
  );
  deepEqual(picked(pick(told, 'totals', 'RTP'), 'packets', 'bytes'), [4, 4 * 172]);
});

/** Alice calls, and three answer. */
function forked(): NgScene {
  const scene = new NgScene();
  for (const [n, tag] of ['bob', 'carol', 'dave'].entries()) {
    const branch = { 'via-branch': `z${n}`, 'from-tag': 'alice' };
    scene.offer('192.0.2.1', 4000, branch);
    scene.answer(`192.0.2.${n + 2}`, 5000, { ...branch, 'to-tag': tag, label: tag });
  }
  return scene;
}

test('the caller of several branches has the media of each, and all who answered as partners', () => {
  const scene = forked();
  const told = query(scene);
  deepEqual(tagsOf(told), ['alice', 'bob', 'carol', 'dave']);
  const alice = pick(told, 'tags', 'alice')!;
  deepEqual(
    list(pick(alice, 'medias')).map((media) => picked(media, 'index', 'via-branch')),
    [
      [1, 'z0'],
      [1, 'z1'],
      [1, 'z2'],
    ],
  );
  deepEqual(
    list(pick(alice, 'subscriptions')).map(({ tag, type }) => `${tag} ${type}`),
    ['bob', 'carol', 'dave'].map((tag) => `${tag} offer/answer`),
  );
  deepEqual(
    ['bob', 'carol', 'dave'].map((tag) => picked(pick(told, 'tags', tag), 'via-branch', 'label')),
    [
      ['z0', 'bob'],
      ['z1', 'carol'],
      ['z2', 'dave'],
    ],
  );
});

test('the lines of several branches stand in their order, too', () => {
  const scene = new NgScene();
  for (const branch of ['x', 'y'])
    scene.offer('192.0.2.1', 4000, { 'via-branch': branch, sdp: sdpOf('192.0.2.1', 4000, ['m=audio 4002 RTP/AVP 0']) });
  deepEqual(
    list(pick(query(scene), 'tags', 'alice', 'medias')).map((media) => picked(media, 'index', 'via-branch')),
    [
      [1, 'x'],
      [1, 'y'],
      [2, 'x'],
      [2, 'y'],
    ],
  );
});

test('of a stream that goes to several branches the one that most was heard of stands for its SSRC', () => {
  const scene = forked();
  for (const [line, count] of [3, 9, 5].entries())
    new Phone(scene, 'caller', { host: '192.0.2.1', port: 4000 }, 7, line).talk(count);
  const told = query(scene);
  equal(pick(told, 'SSRC', '7', 'packets'), 9);
  deepEqual(
    list(pick(told, 'tags', 'alice', 'medias')).map((media) => pick(media, 'ingress SSRCs', 0, 'packets')),
    [3, 9, 5],
  );
  equal(pick(told, 'totals', 'RTP', 'packets'), 17);
});

test('tags of a query narrow it to the dialogues of that party, and to the one of both', () => {
  const scene = forked();
  new Phone(scene, 'callee', { host: '192.0.2.2', port: 5000 }, 7, 0).talk(3);
  const shown = (more: NgDictionary): (NgValue | undefined)[] => {
    const told = query(scene, more);
    return [tagsOf(told).join(' '), pick(told, 'totals', 'RTP', 'packets'), Object.keys(told['SSRC'] as NgDictionary).length];
  };
  deepEqual(shown({ 'from-tag': 'alice' }), ['alice bob carol dave', 3, 1]);
  deepEqual(shown({ 'from-tag': 'carol' }), ['alice carol', 0, 0]);
  deepEqual(shown({ 'from-tag': 'alice', 'to-tag': 'bob' }), ['alice bob', 3, 1]);
  deepEqual(shown({ 'from-tag': 'bob', 'to-tag': 'alice' }), ['alice bob', 3, 1]);
  deepEqual(shown({ 'from-tag': 'carol', 'to-tag': 'bob' }), ['', 0, 0]);
  deepEqual(shown({ 'from-tag': 'nobody' }), ['', 0, 0]);
  scene.offer('192.0.2.1', 4000, { 'via-branch': 'z9' });
  deepEqual(shown({ 'from-tag': 'alice', 'to-tag': 'eve' }), ['alice', 0, 0], 'who has not answered yet may be anybody');
});

test('sessions of the classic protocol are told of, too: who has no tag there, under a name of its own', () => {
  const scene = new NgScene();
  scene.relay.send(`U ${CALL} 192.0.2.1 4000 alice`);
  deepEqual(tagsOf(query(scene)), ['alice']);
  scene.relay.send(`L ${CALL} 192.0.2.2 5000 alice bob`);
  const told = query(scene);
  equal(tagsOf(told).length, 2);
  equal(tagsOf(told)[1]?.replace(/\d+/, 'N'), '<untagged N>');
  equal(pick(told, 'tags', tagsOf(told)[1]!, 'medias', 0, 'streams', 0, 'endpoint', 'port'), 5000);
});

test('tags that objects have anyway are tags like any other', () => {
  const scene = new NgScene();
  const tags = { 'from-tag': '__proto__', 'to-tag': 'constructor' };
  scene.offer('192.0.2.1', 4000, { 'from-tag': '__proto__' });
  scene.answer('192.0.2.2', 5000, tags);
  deepEqual(tagsOf(query(scene)), ['__proto__', 'constructor']);
  equal(pick(query(scene), 'tags', 'constructor', 'medias', 0, 'index'), 1);
});

test('[NG-37] the end of a call tells what it came to, unless it is to be fast; how it went on is told before', () => {
  const scene = new NgScene();
  const { alice } = called(scene);
  alice.talk(250);
  const before = query(scene);
  const told = end(scene);
  const [asked, ended] = [pick(before, 'SSRC', String(0xa11ce))!, pick(told, 'SSRC', String(0xa11ce))!];
  ok(list(pick(asked, 'MOS progression', 'entries')).length > 1);
  equal(pick(ended, 'MOS progression'), undefined);
  deepEqual(JSON.stringify(pick(ended, 'average MOS')), JSON.stringify(pick(asked, 'average MOS')));
  equal(pick(told, 'tags', 'alice', 'medias', 0, 'streams', 0, 'stats', 'packets'), 250);
  ok(encodeBencode(told).length < 6_500, 'a few fragments');
  equal(scene.states.length, 0);
  called(scene);
  deepEqual({ ...end(scene, { flags: ['fast'] }) }, { result: 'ok' });
});

test('recordings are told with the call', () => {
  const scene = new NgScene({ setting: { recording: { form: 'wav', all: false } } });
  called(scene);
  equal(query(scene)['recording'], undefined);
  scene.ask({ command: 'start recording' });
  deepEqual({ ...(query(scene)['recording'] as NgDictionary) }, { 'call recording': 1, forwarding: 0 });
  deepEqual({ ...(pick(query(scene), 'tags', 'bob', 'recording') as NgDictionary) }, { excluded: 0, forwarding: 0 });
});

/** A call with so many lines, on each of which eight SSRCs have talked. */
function large(lines: number): NgScene {
  const scene = new NgScene();
  const more = Array.from({ length: lines - 1 }, (_, n) => `m=audio ${4002 + n * 2} RTP/AVP 0`);
  scene.offer('192.0.2.1', 4000, { sdp: sdpOf('192.0.2.1', 4000, more) });
  scene.answer('192.0.2.2', 5000, { sdp: sdpOf('192.0.2.2', 5000, more) });
  for (let line = 0; line < lines; line++)
    for (let ssrc = 1; ssrc <= 8; ssrc++)
      new Phone(scene, 'caller', { host: '192.0.2.1', port: 4000 + line * 2 }, line * 100 + ssrc, line).talk(3);
  return scene;
}

const sizeOf = (told: NgDictionary): number => Math.max(encodeBencode(told).length, encodeJson(told).length);

test('over UDP a large call is told in less detail until it fits; over TCP in full', () => {
  const scene = large(10);
  const wholly = scene.relay.ng({ command: 'query', 'call-id': CALL }, { transport: 'tcp' });
  ok(sizeOf(wholly) > MOST_OF_A_DATAGRAM);
  equal(wholly['shortened'], undefined);
  equal(Object.keys(wholly['SSRC'] as NgDictionary).length, 80);
  for (const told of [query(scene), end(scene)]) {
    equal(told['shortened'], 'lean');
    equal(Object.keys(told['SSRC'] as NgDictionary).length, 10, 'the present one of each');
    equal(pick(told, 'totals', 'RTP', 'packets'), 240);
    deepEqual(tagsOf(told), ['alice', 'bob']);
  }
  const sizes = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((lines) => {
    const each = large(lines);
    return [query(each), end(each)].map(sizeOf);
  });
  ok(Math.max(...sizes) < MOST_OF_A_DATAGRAM - 1000, `${sizes}`);
  ok(Math.max(...sizes) > MOST_OF_A_DATAGRAM - 20_000, 'and not much sooner than it must');
});

test('what strangers have written as long as they like does not make a reply too long', () => {
  const scene = new NgScene();
  called(scene, { metadata: 'm'.repeat(30_000), label: 'l'.repeat(9000) });
  const told = query(scene);
  ok(encodeJson(told).length < MOST_OF_A_DATAGRAM - 1000);
  deepEqual([told['shortened'], tagsOf(told), pick(told, 'totals', 'RTP', 'packets')], ['totals', [], 0]);
});

/** Keys of rtpengine, by where they stand. */
const KNOWN: Readonly<Record<string, string>> = {
  call: 'result created created_us created_ts last_signal last_redis_update metadata SSRC tags totals recording',
  media: 'index type protocol codec streams flags ingress_SSRCs egress_SSRCs',
  stream:
    'local_port local_address family endpoint advertised_endpoint last_packet last_kernel_packet last_user_packet SSRC flags stats stats_out',
  SSRC: 'SSRC bytes packets last_RTP_timestamp last_RTP_seq cumulative_loss average_MOS lowest_MOS highest_MOS MOS_progression',
};

test('every key that rtpengine does not know is in the table of ours, and every key of the table is told some day', () => {
  const told = new Set<string>();
  const take = (place: string, value: NgValue | undefined): void => {
    const known = (KNOWN[place] ?? '').split(' ').map((key) => key.replaceAll('_', ' '));
    for (const key of Object.keys((value ?? {}) as NgDictionary)) {
      if (known.includes(key) || (KNOWN[place] ?? '').split(' ').includes(key)) continue;
      ok(
        OWN_KEYS.some((own) => own.place === place && own.key === key),
        `${place}: ${key}`,
      );
      told.add(`${place}: ${key}`);
    }
  };
  const readSource = (source: NgDictionary): void => {
    take('SSRC', source);
    for (const place of ['sender report', 'receiver report']) take(place, source[place]);
    for (const type of list(source['payload types'] ?? [])) take('payload type', type);
  };
  for (const call of tellingCalls()) {
    take('call', call);
    for (const source of Object.values(call['SSRC'] as NgDictionary)) readSource(source as NgDictionary);
    for (const tag of Object.values(call['tags'] as NgDictionary)) {
      for (const media of list(pick(tag, 'medias'))) {
        take('media', media);
        for (const stream of list(media['streams'])) {
          take('stream', stream);
          take('learned', stream['learned']);
        }
      }
    }
  }
  deepEqual(
    OWN_KEYS.map(({ place, key }) => `${place}: ${key}`).filter((key) => !told.has(key)),
    [],
  );
});

/** Calls of which there is everything to tell. */
function tellingCalls(): NgDictionary[] {
  const scene = new NgScene();
  const { alice, bob } = called(scene, { 'via-branch': 'b' });
  alice.talk(1);
  for (let payloadType = 20; payloadType < 30; payloadType++) {
    alice.payloadType = payloadType;
    alice.talk(2);
  }
  alice.payloadType = 0;
  alice.talk(20);
  alice.rtcp(senderReport(0xa11ce, 5));
  scene.relay.advance(100);
  bob.rtcp(receiverReport(1, [block({ source: 0xa11ce, stamp: 5 })]));
  alice.rtcp(Uint8Array.of(0x81, 203, 0, 1, 0, 0x0a, 0x11, 0xce));
  for (let ssrc = 100; ssrc < 109; ssrc++) {
    bob.ssrc = ssrc;
    bob.talk(1);
  }
  scene.relay.advance(11_000);
  new Phone(scene, 'callee', { host: '198.51.100.1', port: 9 }, 5).talk(1);
  scene.relay.shard.plane.onUnreachable(scene.relay.rowAt(scene.states[0]!.legs.caller.local!.port));
  const first = query(scene);
  scene.ask({ command: 'block media' });
  const [session] = scene.relay.shard.directory.ofCall(CALL);
  const voice = { ssrc: 1, sequence: 2, timestamp: 3 };
  const playback = { prompt: 'hold', payloadType: 0, ptimeMs: 20, count: -1, voice };
  ok(scene.relay.shard.command(session!, { type: 'Play', side: 'callee', playback }).ok);
  const hearing = query(scene);
  equal(pick(hearing, 'tags', 'bob', 'medias', 0, 'hears'), 'hold');
  scene.offer('0.0.0.0', 4000, { 'to-tag': 'bob', 'via-branch': 'b' });
  scene.answer('192.0.2.2', 5000, { 'via-branch': 'b' });
  const waiting = new NgScene();
  waiting.offer('192.0.2.1', 4000);
  new Phone(waiting, 'callee', { host: '192.0.2.2', port: 5000 }, 1).talk(1);
  const long = new NgScene();
  called(long, { metadata: 'm'.repeat(32_768), label: 'l'.repeat(32_768) });
  return [first, hearing, query(scene), query(waiting), query(long)];
}
