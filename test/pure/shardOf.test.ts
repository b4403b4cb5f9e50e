import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counters, countersBytes } from '../../src/media/counters.js';
import { CAPABILITIES } from '../../src/protocol/rtpproxy/capabilities.js';
import { PLAIN_GRAMMAR } from '../../src/protocol/rtpproxy/grammar.js';
import type { NamedSession } from '../../src/relay/control/execution.js';
import { LOCAL_ORIGIN } from '../../src/relay/control/origin.js';
import type { ShardCommand } from '../../src/relay/control/rtpproxy.js';
import { Dispatch, type ShardLink, shardOf } from '../../src/relay/supervisor/dispatch.js';
import type { Assignment } from '../../src/relay/supervisor/messages.js';

test('the shard is the FNV-1a hash of the Call-ID modulo their number', () => {
  const vectors: Readonly<Record<string, number>> = { '': 0x811c9dc5, a: 0xe40c292c, foobar: 0xbf9cf968 };
  for (const [text, hash] of Object.entries(vectors)) {
    assert.equal(shardOf(text, 2 ** 32), hash);
    for (const shards of [1, 2, 7, 8]) assert.equal(shardOf(text, shards), hash % shards);
  }
});

test('calls spread evenly, whatever their Call-IDs look like', () => {
  const looks: readonly ((i: number) => string)[] = [
    (i) => `${i}-7305@127.0.0.1`,
    (i) => `a84b4c76e66710@pc${i}.example.com`,
    (i) => String(i).padStart(32, '0'),
    (i) => `call;z9hG4bK${i.toString(36)}`,
  ];
  for (const look of looks) {
    for (const shards of [2, 3, 8]) {
      const counts = new Array<number>(shards).fill(0);
      for (let i = 0; i < 4000; i++) counts[shardOf(look(i), shards)]!++;
      const even = 4000 / shards;
      for (const count of counts) assert.ok(Math.abs(count - even) < even * 0.2, `${look(0)}: ${counts}`);
    }
  }
});

/** A shard that answers when it is told to. */
class Link implements ShardLink {
  readonly counters = new Counters(new ArrayBuffer(countersBytes(1)));
  readonly asked: ShardCommand[] = [];
  isDraining = false;
  readonly #answers: ((reply: string | null) => void)[] = [];

  command({ command }: Assignment, answer: (reply: string | null) => void): void {
    this.asked.push(command);
    this.#answers.push(answer);
  }

  find(_call: string, _tags: unknown, answer: (session: NamedSession | null) => void): void {
    answer(null);
  }

  drain(): void {
    this.isDraining = true;
  }

  deleteAll(done: () => void): void {
    this.#answers.push(() => done());
  }

  answerNext(reply: string | null): void {
    this.#answers.shift()!(reply);
  }
}

function scene(shards: number): { readonly links: Link[]; readonly ask: (text: string) => string[] } {
  const links = Array.from({ length: shards }, () => new Link());
  const dispatch = new Dispatch(links, PLAIN_GRAMMAR);
  const ask = (text: string): string[] => {
    const replies: string[] = [];
    dispatch.handle(text, LOCAL_ORIGIN, (reply) => replies.push(reply));
    return replies;
  };
  return { links, ask };
}

test('all commands of a call go to its shard, and its answer comes back', () => {
  const { links, ask } = scene(5);
  for (const call of ['c1', 'c2', 'c3', 'c4', 'c5', 'c6']) {
    const link = links[shardOf(call, 5)]!;
    for (const text of [`U ${call} - 0 f`, `L ${call} - 0 f t`, `Q ${call} f`, `D ${call} f`]) {
      const replies = ask(text);
      assert.deepEqual(replies, []);
      link.answerNext(`answer to ${text}`);
      assert.deepEqual(replies, [`answer to ${text}`]);
    }
  }
  assert.equal(
    links.reduce((sum, { asked }) => sum + asked.length, 0),
    24,
  );
});

test('a call whose shard died over the command is gone: so say the answers', () => {
  const { links, ask } = scene(1);
  const lost = { 'U c - 0 f': 'E72', 'L c - 0 f t': '0', 'D c f': 'E50', 'Q c f': 'E50' };
  for (const [text, reply] of Object.entries(lost)) {
    const replies = ask(text);
    links[0]!.answerNext(null);
    assert.deepEqual(replies, [reply], text);
  }
});

test('X is answered when the last shard is done', () => {
  const { links, ask } = scene(3);
  const replies = ask('X');
  for (const link of links) {
    assert.deepEqual(replies, []);
    link.answerNext(null);
  }
  assert.deepEqual(replies, ['0']);
});

test('I sums up what the shards have counted', () => {
  const { links, ask } = scene(3);
  for (const [i, { counters }] of links.entries()) {
    counters.addToShard('sessionsOpened', 10 + i);
    counters.addToShard('sessionsActive', i);
    counters.addToShard('packetsReceived', 1000);
    counters.addToShard('packetsRelayed', 900);
  }
  const five = 'sessions created: 33\nactive sessions: 3\nactive streams: 6\npackets received: 3000\npackets transmitted: 2700';
  assert.deepEqual(ask('I'), [five]);
  assert.deepEqual(ask('Ib'), [five]);
  assert.deepEqual(ask('Il'), [`${five}\naverage load: 0.000000`]);
});

test('[CW-11 CW-12] V names the version, VF says 1 for what is advertised and configured, 0 for everything else, and no shard is asked', () => {
  const { links, ask } = scene(2);
  assert.deepEqual(ask('V'), ['20040107']);
  for (const date of Object.keys(CAPABILITIES)) assert.deepEqual(ask(`VF ${date}`), [date === '20081224' ? '0' : '1'], date);
  for (const date of ['20040108', 'toString', '__proto__', 'x']) assert.deepEqual(ask(`VF ${date}`), ['0'], date);
  assert.deepEqual(ask('Zonsense'), ['E0']);
  assert.deepEqual(
    links.flatMap(({ asked }) => asked),
    [],
  );
});
