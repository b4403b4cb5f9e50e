/** A command that a client repeats because the relay died over it is answered as it was, and not carried out again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { commandTexts } from '../../model/spec/histories.js';
import { LOCAL_ORIGIN } from '../../src/relay/control/origin.js';
import { PENDING, REPLY_LIFETIME_MS, ReplyCache, replyKey } from '../../src/relay/control/replyCache.js';
import type { ExchangeRecord } from '../../src/relay/events/record.js';
import { repliesOf } from '../../src/relay/supervisor/takenUp.js';
import { PureRelay, settingOf } from './pureRelay.js';
import { runs } from './runs.js';

const SETTING = settingOf(4, 600_000, 600_000);

type Said = {
  readonly text: string;
  readonly from: string;
  readonly reply: string;
  readonly atMs: number;
  readonly did: boolean;
};

const sayings = fc.array(fc.record({ text: commandTexts, passesMs: fc.constantFrom(0, 1, 400, 9000), client: fc.nat(1) }), {
  maxLength: 40,
  size: 'max',
});

test('what was said in the last 35 seconds is known after a death: the same client gets the same answer, and nobody else gets it', () => {
  const property = fc.property(sayings, (all) => {
    const relay = new PureRelay(SETTING);
    const said: Said[] = all.map(({ text, passesMs, client }, i) => {
      relay.advance(passesMs);
      const before = relay.records.length;
      const from = `udp:127.0.0.1:22222 192.0.2.${client}:5060 cookie-${i}`;
      const reply = relay.send(text, { ...LOCAL_ORIGIN, from });
      return { text, from, reply, atMs: relay.nowMs, did: relay.records.length > before };
    });
    // Of all the calls at once X tells no call.
    const ofCalls = said.filter(({ text, did }) => did && !text.startsWith('X'));
    const half = Math.floor(relay.log.length / 2);
    const isExchange = (record: (typeof relay.log)[number]): record is ExchangeRecord => record.kind === 'exchange';
    const parts = [relay.log.slice(0, half), relay.log.slice(half)].map((log) => ({
      ...{ sessions: 0, lost: 0, downMs: 0, problems: [] },
      exchanges: log.filter(isExchange),
    }));
    const replies = repliesOf(parts);
    for (const { text, from, reply, atMs } of ofCalls) {
      const isKept = relay.nowMs - atMs < REPLY_LIFETIME_MS;
      const stranger = from.replace('192.0.2.', '198.51.100.');
      assert.equal(replies.take(replyKey(stranger, text), relay.nowMs), undefined, 'a stranger is a stranger');
      assert.equal(replies.take(replyKey(from, text), relay.nowMs), isKept ? reply : undefined, `${text} from ${from}`);
    }
  });
  fc.assert(property, { numRuns: runs(200) });
});

type Datagram = { readonly kind: 'ask' | 'answer'; readonly key: string; readonly passesMs: number };

const datagrams: fc.Arbitrary<Datagram[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('ask' as const, 'ask' as const, 'answer' as const),
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    passesMs: fc.constantFrom(0, 1, 400, 9000, 34_999, 35_000),
  }),
  { maxLength: 60, size: 'max' },
);

test('a datagram that comes again is carried out once within its time, and gets the answer of that one time', () => {
  const property = fc.property(datagrams, (all) => {
    const cache = new ReplyCache();
    const first = new Map<string, { readonly atMs: number; answer: string | typeof PENDING }>();
    let nowMs = 1_700_000_000_000;
    for (const [i, { kind, key, passesMs }] of all.entries()) {
      nowMs += passesMs;
      const known = first.get(key);
      const isFresh = known !== undefined && nowMs - known.atMs < REPLY_LIFETIME_MS;
      if (kind === 'ask') {
        assert.equal(cache.take(key, nowMs), isFresh ? known.answer : undefined, key);
        if (!isFresh) first.set(key, { atMs: nowMs, answer: PENDING });
      } else if (isFresh && known.answer === PENDING) {
        known.answer = `answer ${i}`;
        cache.keep(key, known.answer);
      }
    }
  });
  fc.assert(property, { numRuns: runs(300) });
});
