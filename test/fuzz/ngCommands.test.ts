/** Hostile requests of the NG protocol, from their bytes to what comes of calls. */
import { ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeBencode } from '../../src/protocol/ng/bencode.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { sdpOf } from '../pure/ngGiven.js';
import { FUZZ_BOUND, isQuick, parserSeconds, search } from './budget.js';
import { HostileScene } from './ngCommandsGiven.js';
import { payloads } from './ngRequests.js';

test(
  '[NG-02] whatever is asked is answered once, in one line where it is refused; then nothing has changed, and else only the call that was meant',
  FUZZ_BOUND,
  async (t) => {
    const results = new Map<string, number>();
    await search(
      t,
      fc.array(fc.tuple(payloads, fc.constantFrom(0, 0, 20, 1000)), { minLength: 1, maxLength: 4 }),
      (list) => {
        const scene = new HostileScene();
        for (const [payload, pauseMs] of list) {
          scene.relay.advance(pauseMs);
          const result = scene.ask(payload);
          results.set(result, (results.get(result) ?? 0) + 1);
        }
        scene.isTrue();
      },
      parserSeconds() * 2,
    );
    t.diagnostic([...results].map(([result, count]) => `${result} ${count}`).join(', '));
    ok((results.get('ok') ?? 0) > 0 && (results.get('error') ?? 0) > 0, 'some are carried out and some refused');
  },
);

const words = (count: number, letter = 'w'): string[] => Array.from({ length: count }, (_, n) => `${letter}${n}`);
const LARGE_MS = 150;
const MOST_REPLY = 600_000;

test('[NG-02] the largest requests cost no more than their length, and are not answered with what is many times longer', () => {
  const one = sdpOf('203.0.113.1', 4000);
  const attributes = sdpOf(
    '203.0.113.1',
    4000,
    words(6_000).map((word) => `a=${word}`),
  );
  const same = sdpOf('203.0.113.1', 4000, Array<string>(9_500).fill('a=q'));
  const codecs = `${one}${words(3)
    .map((_, n) => `m=audio ${5000 + n} RTP/AVP ${words(256, '').join(' ')}\r\n${'a=rtpmap:0 C0/8000\r\n'.repeat(800)}`)
    .join('')}`;
  const large: readonly NgDictionary[] = [
    { sdp: attributes, 'sdp-attr': { audio: { remove: words(16_000) } } },
    { sdp: attributes, 'sdp-attr': { audio: { substitute: words(5_000).map((word) => [word, 'y']) } } },
    { sdp: codecs, 'sdp-attr': { audio: { add: words(8_000) } } },
    { sdp: same, 'sdp-attr': { audio: { substitute: [['q', 'x'.repeat(60_000)]] } } },
    { sdp: same, 'sdp-attr': { AUDIO: { substitute: [['q', 'x'.repeat(20)]], add: ['y'.repeat(900_000)] } } },
    { sdp: codecs, codec: { strip: words(4_000), offer: words(4_000), except: words(4_000), mask: words(4_000) } },
    { sdp: codecs, flags: words(16_000, 'codec-strip-C') },
    { sdp: attributes, flags: words(16_000, 'sdp-attr-remove-audio-w') },
    { sdp: codecs, 'sdp-media-remove': words(16_000), replace: words(300), ICE: words(50) },
    { sdp: one, 'rtpp-flags': 'a=['.repeat(300_000) },
    { sdp: one, 'rtpp-flags': words(60_000).join(' ') },
    { sdp: one, 'transport-protocol': 'x'.repeat(900_000), metadata: 'm'.repeat(90_000), notify: words(16_000) },
    { sdp: `${one}${'\n'.repeat(60_000)}` },
    { command: 'start recording', 'recording-file': '/a'.repeat(400_000) },
    { command: 'subscribe request', 'from-tags': words(16_000) },
  ];
  for (const request of large) {
    const payload = encodeBencode({ command: 'offer', 'call-id': 'two', 'from-tag': 'alice', 'to-tag': 'bob', ...request });
    const { relay } = new HostileScene();
    let reply = '';
    isQuick(LARGE_MS, () => {
      reply = relay.ngPayload('two', payload);
    });
    ok(reply.length <= MOST_REPLY, `${payload.length} bytes are answered with ${reply.length}: ${payload.slice(-100)}`);
  }
});
