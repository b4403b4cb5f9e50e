/** What is recorded and copied: exactly what the states of the sessions say, and each packet of it once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RECORDING_FORMS } from '../../model/session/recording.js';
import { SIDES, type Side } from '../../model/session/side.js';
import { type ComponentIndex, peerOf, rowOf } from '../../src/media/streams.js';
import { SOCKADDR_WORDS } from '../../src/protocol/bytes/sockaddr.js';
import { legIndexOf, type Session } from '../../src/relay/session/session.js';
import { act, deadlyStories, type FullDeed, fullStories } from './fullStories.js';
import { type PureRelay, settingOf } from './pureRelay.js';
import { runs } from './runs.js';
import { type Sounding, type SoundingOptions, sounding } from './sounding.js';
import { type Kept, keyOf, type TableRecorder } from './tableRecorder.js';

const SETTING = settingOf(8, 10_000, 3000);

const options: fc.Arbitrary<SoundingOptions> = fc.record({
  form: fc.constantFrom(...RECORDING_FORMS),
  all: fc.constantFrom(false, false, true),
  rtcp: fc.boolean(),
});
const anyStories = fc.oneof(fullStories, deadlyStories);

const live = (relay: PureRelay): Session[] => [...relay.shard.directory.all()];
const inOrder = (sides: readonly Side[]): readonly Side[] => SIDES.filter((side) => sides.includes(side));

/** Plays a story. `watch` is called before each deed, and what it answers behind it. */
function play(
  story: readonly FullDeed[],
  how: SoundingOptions,
  watch: (scene: Sounding, deed: FullDeed) => () => void,
): Sounding {
  const scene = sounding(SETTING, how);
  for (const deed of story) {
    const look = watch(scene, deed);
    act(scene.relay, deed, scene.recorder);
    look();
    assert.deepEqual(scene.recorder.wrong, []);
  }
  return scene;
}

/** What is recorded, as the states of the sessions say it. */
const wanted = (relay: PureRelay): Map<string, unknown> =>
  new Map(
    live(relay).flatMap(({ session, call, tag, snapshot }) =>
      snapshot.context.recordings.map(({ id, sides, form, single, name, startedAt }): [string, unknown] => {
        const at = SIDES.map((side) => snapshot.context.legs[side].local);
        const said = { tag, sides: inOrder(sides), form, single, name, startedAt, rtp: at };
        return [keyOf({ shard: relay.shard.number, session, call, id }), said];
      }),
    ),
  );

const told = ({ order, sides }: Kept): unknown => {
  const { tag, form, single, name, startedAt, locals } = order;
  return { tag, sides: inOrder(sides), form, single, name, startedAt, rtp: [locals[0], locals[2]] };
};

test('the recorder is told what the states of the sessions say, and of no other stream, whatever happens and dies', () => {
  let recorded = 0;
  const property = fc.property(anyStories, options, (story, how) => {
    play(story, how, ({ relay, recorder }) => () => {
      const kept = new Map([...recorder.open].map(([key, each]) => [key, told(each)]));
      assert.deepEqual(kept, wanted(relay));
      assert.equal(relay.shard.counters.shard('recordingsOpen'), kept.size);
      recorded += kept.size;
    });
  });
  fc.assert(property, { numRuns: runs(150) });
  assert.ok(recorded > 0, 'nothing was recorded');
});

test('a stream is tapped where its session is copied, recorded or heard by another, and nowhere else', () => {
  const property = fc.property(anyStories, options, (story, how) => {
    const components: readonly ComponentIndex[] = how.rtcp === true ? [0, 1] : [0];
    play(story, how, ({ relay }) => () => {
      const sessions = live(relay);
      for (const { slot, snapshot } of sessions) {
        const { call, tag, legs, recordings } = snapshot.context;
        const mayBeHeard = sessions.some(({ snapshot: { context } }) => context.fork?.call === call && context.fork.tag === tag);
        for (const side of SIDES) {
          const isWanted = legs[side].copies.length > 0 || recordings.some(({ sides }) => sides.includes(side));
          for (const component of [0, 1] as const) {
            const isTapped = relay.shard.plane.taps.isTapped(rowOf(slot, legIndexOf(side), component));
            const should = isWanted && components.includes(component);
            if (should || !mayBeHeard) assert.equal(isTapped, should, `component ${component} of the ${side} of ${call}`);
          }
        }
      }
    });
  });
  fc.assert(property, { numRuns: runs(100) });
});

/**
 * A recorded stream: how often it was relayed, how many of its packets the recorder took, and whether all that is passed on is heard: somebody
 * is there, and no prompt has ended behind which a packet may come too late.
 */
type Figures = { readonly relayed: number; readonly isHeard: boolean; readonly taken: number };

function figuresOf({ relay, recorder }: Sounding): Map<string, Figures> {
  const figures = new Map<string, Figures>();
  for (const { session, call, slot, snapshot } of live(relay)) {
    for (const { id, sides } of snapshot.context.recordings) {
      const kept = recorder.open.get(keyOf({ shard: 0, session, call, id }));
      if (kept === undefined) continue;
      for (const side of sides) {
        for (const component of kept.order.rtcp ? ([0, 1] as const) : ([0] as const)) {
          const row = rowOf(slot, legIndexOf(side), component);
          const { plane, counters } = relay.shard;
          const isHeard = relay.engine.remotes[peerOf(row) * SOCKADDR_WORDS] !== 0 && !plane.players.isSplicing(row);
          const taken = kept.packets[(row & 3) as 0 | 1 | 2 | 3];
          figures.set(`${session} ${id} ${row}`, { relayed: counters.stream(row, 'relayed'), isHeard, taken });
        }
      }
    }
  }
  return figures;
}

test('every packet of a recorded stream that is relayed is recorded once, and none that is not; what finds no room is counted', () => {
  let packets = 0;
  const property = fc.property(fullStories, options, (story, how) => {
    const { relay, recorder } = play(story, how, (scene, deed) => {
      const before = figuresOf(scene);
      scene.recorder.refusals.clear();
      return () => {
        // Commands may begin and end recordings; between them nothing but packets and time changes what was counted.
        if (deed.kind !== 'packet' && deed.kind !== 'speak' && deed.kind !== 'wait') return;
        for (const [key, after] of figuresOf(scene)) {
          const from = before.get(key);
          if (from === undefined) continue;
          const [session, id, row] = key.split(' ').map(Number) as [number, number, number];
          const refused = scene.recorder.refusals.get(`${session} ${id} ${row & 3}`) ?? 0;
          const recorded = after.taken - from.taken + refused;
          const relayed = after.relayed - from.relayed;
          assert.ok(recorded >= relayed, `row ${row} of session ${session}: ${recorded} of ${relayed}`);
          if (from.isHeard && after.isHeard) assert.equal(recorded, relayed, `row ${row} of session ${session}`);
          packets += recorded;
        }
      };
    });
    const { counters } = relay.shard;
    assert.deepEqual(
      [counters.shard('packetsRecorded'), counters.shard('packetsUnrecorded')],
      [recorder.taken, recorder.refused],
    );
  });
  fc.assert(property, { numRuns: runs(150) });
  assert.ok(packets > 0, 'no packet was recorded');
});

/** The recordings of all sessions, by what outlives a death. */
const recordingsOf = (relay: PureRelay): string[] =>
  live(relay)
    .flatMap(({ call, tag, snapshot }) => snapshot.context.recordings.map((each) => `${call} ${tag} ${JSON.stringify(each)}`))
    .sort();

for (const keepsCounters of [true, false]) {
  test(`when ${keepsCounters ? 'its thread' : 'the relay'} has died, recordings go on under their numbers, in the files that they have`, () => {
    let gone = 0;
    const property = fc.property(fullStories, options, (story, how) => {
      const { relay, recorder } = play(story, how, () => () => {});
      act(relay, { kind: 'recorder', what: 'speaks', which: 0 }, recorder);
      const before = recordingsOf(relay);
      const known = new Map([...recorder.open].map(([, { order, files }]) => [nameOf(order), files]));
      act(relay, { kind: 'crash', keepsCounters, downMs: 40 }, recorder);
      assert.deepEqual(recordingsOf(relay), before);
      assert.equal(recorder.open.size, before.length);
      for (const { order } of recorder.open.values()) assert.deepEqual(order.files, known.get(nameOf(order)));
      gone += before.length;
    });
    fc.assert(property, { numRuns: runs(80) });
    assert.ok(gone > 0, 'nothing was recorded');
  });
}

/** Sessions are numbered anew when the relay has died. */
const nameOf = ({ place: { call, id }, tag }: Kept['order']): string => `${call} ${tag} ${id}`;

test('a session that ends has its recordings completed, and one that cannot have its ports again too', () => {
  const property = fc.property(fullStories, options, fc.boolean(), (story, how, isLost) => {
    const { relay, recorder } = play(story, how, () => () => {});
    if (isLost) loseAll(relay, recorder);
    else relay.send('X');
    assert.deepEqual([...recorder.open.keys()], []);
    assert.deepEqual(recorder.wrong, []);
    assert.equal(relay.shard.counters.shard('recordingsOpen'), 0);
  });
  fc.assert(property, { numRuns: runs(60) });
});

/** The relay dies, and another one has all its ports meanwhile. */
function loseAll(relay: PureRelay, recorder: TableRecorder): void {
  const before = recorder.open.size;
  relay.crash(false, 40, 'port-lost');
  const done = recorder.notices.filter(({ kind }) => kind === 'done');
  assert.equal(done.length, before, 'whoever looks for the files finds them where they belong');
}

test('a recording that cannot be written ends, which is counted, and no other does; what is complete stands in the log', () => {
  let failed = 0;
  const property = fc.property(fullStories, options, fc.nat(3), (story, how, which) => {
    const { relay, recorder } = play(story, how, () => () => {});
    act(relay, { kind: 'recorder', what: 'speaks', which: 0 }, recorder);
    const [key, kept] = [...recorder.open][which] ?? [];
    if (key === undefined || kept === undefined) return;
    const [before, errors] = [wanted(relay), relay.shard.counters.shard('recordingErrors')];
    const written = relay.log.length;
    recorder.fail(kept);
    act(relay, { kind: 'recorder', what: 'speaks', which: 0 }, recorder);
    before.delete(key);
    assert.deepEqual(wanted(relay), before);
    assert.deepEqual([...recorder.open.keys()].sort(), [...before.keys()].sort());
    assert.equal(relay.shard.counters.shard('recordingErrors'), errors + 1);
    const { call, id } = kept.order.place;
    // The recorder has more to say of it then: that it is complete.
    act(relay, { kind: 'recorder', what: 'speaks', which: 0 }, recorder);
    const told = relay.log.slice(written).flatMap((record) => (record.kind === 'recording' ? [record] : []));
    assert.deepEqual(
      told.map((record) => [record.call, record.recording, record.packets]),
      [[call, id, kept.packets.reduce((sum, count) => sum + count, 0)]],
    );
    failed++;
  });
  fc.assert(property, { numRuns: runs(60) });
  assert.ok(failed > 0, 'nothing was recorded');
});
