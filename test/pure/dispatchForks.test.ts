/** `&& C` names sessions that may live with other shards: they are found before the command goes out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counters, countersBytes } from '../../src/media/counters.js';
import type { Tags } from '../../src/protocol/rtpproxy/command.js';
import { PLAIN_GRAMMAR } from '../../src/protocol/rtpproxy/grammar.js';
import type { NamedSession } from '../../src/relay/control/execution.js';
import { LOCAL_ORIGIN } from '../../src/relay/control/origin.js';
import { Dispatch, type ShardLink, shardOf } from '../../src/relay/supervisor/dispatch.js';
import type { Assignment } from '../../src/relay/supervisor/messages.js';

type Search = { readonly call: string; readonly tags: Tags; readonly answer: (session: NamedSession | null) => void };

/** A shard that answers when it is told to. */
class Link implements ShardLink {
  readonly counters = new Counters(new ArrayBuffer(countersBytes(1)));
  readonly commands: { readonly assignment: Assignment; readonly answer: (reply: string | null) => void }[] = [];
  readonly searches: Search[] = [];
  drains = 0;

  command(assignment: Assignment, answer: (reply: string | null) => void): void {
    this.commands.push({ assignment, answer });
  }

  find(call: string, tags: Tags, answer: (session: NamedSession | null) => void): void {
    this.searches.push({ call, tags, answer });
  }

  deleteAll(done: () => void): void {
    done();
  }

  drain(): void {
    this.drains++;
  }
}

const SHARDS = 4;
const named = (slot: number): NamedSession => ({
  place: { shard: 1, session: 1, slot },
  tag: 'f',
  direction: 'forward',
  codecs: [],
});

function scene() {
  const links = Array.from({ length: SHARDS }, () => new Link());
  const dispatch = new Dispatch(links, PLAIN_GRAMMAR);
  const replies: string[] = [];
  const say = (text: string): void => dispatch.handle(text, LOCAL_ORIGIN, (reply) => replies.push(reply));
  const linkOf = (call: string): Link => links[shardOf(call, SHARDS)]!;
  return { links, dispatch, replies, say, linkOf };
}

test('a source is looked for where it lives, by its own tags, and the command goes to the shard of its own call once it is found', () => {
  const { replies, say, linkOf } = scene();
  say('U target - 0 f t && C source a b');
  const [search] = linkOf('source').searches;
  assert.deepEqual([search!.call, search!.tags], ['source', { from: 'a', to: 'b' }]);
  assert.deepEqual(linkOf('target').commands, []);
  search!.answer(named(7));
  const [{ assignment, answer }] = linkOf('target').commands as [Link['commands'][number]];
  assert.deepEqual(assignment.sources, [named(7)]);
  answer('20000 127.0.0.1');
  assert.deepEqual(replies, ['20000 127.0.0.1']);
});

test('with several the command waits for the last, and each stands in its place, found or not', () => {
  const { say, linkOf } = scene();
  say('U target - 0 f t && C one a b && S ttl=5 && C two a b && C three a b');
  const searches = ['one', 'two', 'three'].map((call) => linkOf(call).searches.find((search) => search.call === call)!);
  searches[2]!.answer(named(3));
  searches[1]!.answer(null);
  assert.deepEqual(linkOf('target').commands, []);
  searches[0]!.answer(named(1));
  assert.deepEqual(linkOf('target').commands[0]!.assignment.sources, [named(1), null, named(3)]);
});

test('without C nothing is looked for, and what cannot be read is not sent anywhere', () => {
  const { links, replies, say, linkOf } = scene();
  say('U target - 0 f t && S ttl=5');
  assert.deepEqual(linkOf('target').commands[0]!.assignment.sources, []);
  say('U target - 0 f && C source a b');
  assert.deepEqual(replies, ['E3']);
  assert.deepEqual(
    links.flatMap(({ searches }) => searches),
    [],
  );
});

test('a shard that dies over the search has found nothing, and the command is carried out without', () => {
  const { replies, say, linkOf } = scene();
  say('U target - 0 f t && C source a b');
  linkOf('source').searches[0]!.answer(null);
  linkOf('target').commands[0]!.answer(null);
  assert.deepEqual(replies, ['E72'], 'and if its own dies too, the session is gone');
});

test('draining reaches every shard', () => {
  const { links, dispatch } = scene();
  dispatch.drain();
  assert.deepEqual(
    links.map(({ drains }) => drains),
    Array(SHARDS).fill(1),
  );
});
