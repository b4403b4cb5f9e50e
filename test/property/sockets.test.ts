import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { brokenInvariant, PortsHeld } from '../../model/invariants.js';
import { commandTexts } from '../../model/spec/histories.js';
import { Replay } from '../../src/relay/events/replay.js';
import { apply, NEW_SESSION, type Snapshot } from '../../src/relay/session/apply.js';
import { NOTIFYING, PureRelay, settingOf } from './pureRelay.js';
import { runs } from './runs.js';
import { liveSessions } from './shardWorld.js';
import { act, type Deed, stories } from './stories.js';

const TTL_MS = 10_000;
const SETUP_TTL_MS = 3000;
const SETTING = settingOf(5, TTL_MS, SETUP_TTL_MS);
/** Longer than any time to live that a command may set. */
const LONG_MS = 100_000;

function play(story: readonly Deed[], onDeed: (relay: PureRelay) => void = () => {}): PureRelay {
  const relay = new PureRelay(SETTING, 1, NOTIFYING);
  for (const one of story) {
    act(relay, one);
    onDeed(relay);
  }
  return relay;
}

/** Every session that is open, asked for by its own tag, strong and weak, from both ends. */
function deleteAllByTag(relay: PureRelay): void {
  for (const { call, tag } of [...relay.shard.directory.all()]) {
    for (const command of ['D', 'Dw']) {
      relay.send(`${command} ${call} ${tag}`);
      relay.send(`${command} ${call} nobody ${tag}`);
    }
  }
}

test('no port is held twice and no invariant breaks, after any event', () => {
  const property = fc.property(stories, (story) => {
    const ports = new PortsHeld();
    const sessions = new Map<number, Snapshot>();
    let taken = 0;
    play(story, (relay) => {
      for (; taken < relay.records.length; taken++) {
        const { session, events } = relay.records[taken]!;
        for (const event of events) {
          const { snapshot } = apply(sessions.get(session) ?? NEW_SESSION, [event]);
          sessions.set(session, snapshot);
          assert.equal(brokenInvariant(snapshot.context, String(snapshot.value)), null);
          assert.equal(ports.follow(String(session), event), null);
        }
      }
      assert.equal(ports.count, relay.heldPairs(), 'the events and the sockets tell the same');
    });
  });
  fc.assert(property, { numRuns: runs(300) });
});

test('sockets are open for the legs and copies of the sessions and for nothing else', () => {
  const property = fc.property(stories, (story) => {
    play(story, (relay) => {
      const wanted = [...relay.shard.directory.all()].flatMap(({ snapshot }) =>
        Object.values(snapshot.context.legs).flatMap(({ local, copies }) =>
          [local, ...copies.map((copy) => copy.local)].flatMap((each) => each?.port ?? []),
        ),
      );
      const bound = [...relay.engine.bound.values()].map(({ port }) => port as number);
      assert.deepEqual(
        bound.sort((a, b) => a - b),
        wanted.flatMap((port) => [port as number, port + 1]).sort((a, b) => a - b),
      );
      assert.equal(liveSessions(relay.shard), [...relay.shard.directory.all()].length);
    });
  });
  fc.assert(property, { numRuns: runs(200) });
});

const ENDINGS: Readonly<Record<string, (relay: PureRelay) => void>> = {
  'every session is deleted by its tag': deleteAllByTag,
  'X deletes all': (relay) => assert.equal(relay.send('X'), '0'),
  'nobody speaks any more': (relay) => relay.advance(LONG_MS),
  'the relay ends': (relay) => relay.shard.closeAll('shutdown'),
};

for (const [ending, end] of Object.entries(ENDINGS)) {
  test(`when ${ending}, every socket, port and session is gone`, () => {
    const property = fc.property(stories, (story) => {
      const relay = play(story);
      end(relay);
      assert.equal(relay.engine.bound.size, 0);
      assert.deepEqual([...relay.shard.directory.all()], []);
      assert.equal(liveSessions(relay.shard), 0);
      // Until the rate of packets is measured to be nothing.
      for (let seconds = 0; seconds < 3; seconds++) relay.advance(1000);
      assert.equal(relay.shard.turn(relay.nowMs), Number.POSITIVE_INFINITY, 'no timer is left');
      const offers = Array.from({ length: SETTING.pairs }, (_, i) => relay.send(`U again-${i} 192.0.2.1 4000 f`));
      assert.equal(
        new Set(offers.filter((reply) => reply.endsWith(' 127.0.0.1'))).size,
        SETTING.pairs,
        'every pair is free again',
      );
      assert.equal(relay.send('U again-last 192.0.2.1 4000 f'), 'E72');
    });
    fc.assert(property, { numRuns: runs(100) });
  });
}

test('[PN-18 SY-27] a command that is repeated at once gets the same reply and makes no event', () => {
  // Except D: where several sessions match, an exact match ends the search, so that the second D meets another one. And n asks for
  // something new each time, P plays it anew, N finds nothing any more, and sub-commands may contradict each other.
  const repeatable = commandTexts.filter((text) => !/^[DPN]|^[UL]\S*n| && /i.test(text));
  const property = fc.property(stories, repeatable, (story, text) => {
    const relay = play(story);
    const first = relay.send(text);
    const before = relay.records.length;
    assert.equal(relay.send(text), first);
    assert.deepEqual(
      relay.records.slice(before).flatMap(({ events }) => events),
      [],
    );
  });
  fc.assert(property, { numRuns: runs(600) });
});

test('when no socket can be opened, offers are refused, nothing is left open, and all works again once one can', () => {
  const property = fc.property(stories, fc.constantFrom('EMFILE', 'EADDRNOTAVAIL', 'EADDRINUSE'), (story, errno) => {
    const relay = play(story);
    relay.engine.failure = errno;
    const held = relay.heldPairs();
    assert.equal(relay.send('U fresh 192.0.2.1 4000 f'), 'E72');
    assert.equal(relay.heldPairs(), held);
    assert.equal(relay.told.warnings.length > 0, true);
    relay.engine.failure = null;
    relay.send('X');
    for (let i = 0; i < SETTING.pairs; i++) assert.match(relay.send(`U fresh-${i} 192.0.2.1 4000 f`), /^\d+ /);
  });
  fc.assert(property, { numRuns: runs(100) });
});

/** Makes a part of the relay fail as a bug would; answers how it is repaired. */
const BUGS: Readonly<Record<string, (relay: PureRelay) => () => void>> = {
  'where paths are installed': ({ shard: { plane } }) => {
    const route = plane.route;
    plane.route = fail;
    return () => {
      plane.route = route;
    };
  },
  'where sockets are opened': ({ engine }) => {
    const open = engine.open;
    engine.open = fail;
    return () => {
      engine.open = open;
    };
  },
  'where the second socket of a leg is opened': ({ engine }) => {
    const open = engine.open;
    engine.open = (row, local) => (row % 2 === 0 ? open.call(engine, row, local) : fail());
    return () => {
      engine.open = open;
    };
  },
};

function fail(): never {
  throw new Error('a bug');
}

/** What is said while the bug is there: what was said before it, the command, and the answer that it gets. */
const VICTIMS = {
  offer: { before: [], command: 'U broken 192.0.2.1 4000 f', answer: 'E72' },
  answer: { before: ['U broken 192.0.2.1 4000 f'], command: 'L broken 192.0.2.1 4000 f t', answer: 'E71' },
  'new port': { before: ['U broken - 0 f', 'L broken - 0 f t'], command: 'Un broken 192.0.2.1 4000 f t', answer: 'E71' },
} as const;
type Victim = keyof typeof VICTIMS;

/** Makes the command meet the bug, after any story; then all must be as if the call had never been. */
function breakIn(story: readonly Deed[], victim: Victim, breakIt: (relay: PureRelay) => () => void): void {
  const relay = play(story);
  relay.send('X');
  const other = relay.send('U other 192.0.2.1 4000 f');
  const { before, command, answer } = VICTIMS[victim];
  for (const text of before) relay.send(text);
  const repair = breakIt(relay);
  assert.equal(relay.send(command), answer);
  repair();
  assert.equal(relay.shard.counters.shard('defects'), 1);
  assert.equal(relay.heldPairs(), 1);
  assert.equal(relay.send('Q broken f'), 'E50');
  assert.equal(relay.send('U other 192.0.2.1 4000 f'), other);
  for (let i = 1; i < SETTING.pairs; i++) assert.match(relay.send(`U more-${i} 192.0.2.1 4000 f`), /^\d+ /);
  const replay = new Replay();
  assert.deepEqual(
    relay.records.flatMap((record) => replay.take(record).broken),
    [],
  );
  assert.equal(replay.live.length, SETTING.pairs);
}

for (const [where, breakIt] of Object.entries(BUGS)) {
  test(`a bug ${where} ends the call it happens in, with its sockets, and no other`, () => {
    const victims = fc.constantFrom(...(Object.keys(VICTIMS) as Victim[]));
    fc.assert(
      fc.property(stories, victims, (story, victim) => breakIn(story, victim, breakIt)),
      { numRuns: runs(40) },
    );
  });
}

for (const failing of [0, 1]) {
  test(`a bug where the ${failing === 0 ? 'first' : 'second'} socket of a leg is moved ends the call it happens in, and leaves no port behind`, () => {
    const breakIt = ({ engine }: PureRelay): (() => void) => {
      const move = engine.move;
      engine.move = (from, to) => (from % 2 === failing ? fail() : move.call(engine, from, to));
      return () => {
        engine.move = move;
      };
    };
    fc.assert(
      fc.property(stories, (story) => breakIn(story, 'new port', breakIt)),
      { numRuns: runs(20) },
    );
  });
}
