/** What a relay that died is, once it has taken up what its log tells: what it was, on the ports it had. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Address, formatAddress, millis, udpPort } from '../../model/kernel/index.js';
import { SIDES } from '../../model/session/side.js';
import { idleDeadline, type SessionState } from '../../model/session/state.js';
import { ROWS_PER_SESSION } from '../../src/media/streams.js';
import { decodeSockaddr, SOCKADDR_WORDS } from '../../src/protocol/bytes/sockaddr.js';
import { Fold } from '../../src/relay/events/fold.js';
import type { StepRecord } from '../../src/relay/events/record.js';
import { PortTable, portTableBytes } from '../../src/relay/portalloc/portTable.js';
import { lostSessions } from '../../src/relay/session/recovery.js';
import { heardAt, type Session } from '../../src/relay/session/session.js';
import { Shard } from '../../src/relay/session/shard.js';
import { TICK_MS } from '../../src/relay/timers/timingWheel.js';
import { act, type FullDeed, fullStories } from './fullStories.js';
import { HOST, type PureRelay, SLOTS, settingOf } from './pureRelay.js';
import { runs } from './runs.js';
import { plainOptions, recordingWorld } from './shardWorld.js';
import { sounding } from './sounding.js';
import { TableEngine } from './tableEngine.js';

const SETTING = settingOf(8, 10_000, 3000);
/** Every session is sampled once in so many turns of a tenth of a second. */
const SAMPLING_TURNS = 21;

/** Ends in silence, also of prompts, so that everything that was counted has been sampled. */
function play(story: readonly FullDeed[]): PureRelay {
  const { relay, recorder } = sounding(SETTING);
  for (const deed of story) act(relay, deed, recorder);
  for (const session of relay.shard.directory.all())
    for (const side of SIDES) relay.shard.command(session, { type: 'StopPlay', side, reason: 'stopped' });
  for (let i = 0; i < SAMPLING_TURNS; i++) relay.advance(100);
  return relay;
}

/** All of a session that is to outlive the death of the relay. */
function describe(relay: PureRelay, { call, tag, slot, snapshot, ...rest }: Session) {
  const { recoveries, ...state }: SessionState = snapshot.context;
  const { plane, counters } = relay.shard;
  const rows = Array.from({ length: ROWS_PER_SESSION }, (_, i) => slot * ROWS_PER_SESSION + i);
  const heard = heardAt({ call, tag, slot, snapshot, ...rest }, counters);
  const at = (words: Uint32Array, row: number): string | null => {
    const remote = decodeSockaddr(words, row * SOCKADDR_WORDS);
    return remote === null ? null : formatAddress(remote);
  };
  return {
    ...{ call, tag, phase: snapshot.value, state },
    bound: rows.map((row) => relay.engine.bound.get(row) ?? null),
    remotes: rows.map((row) => at(relay.engine.remotes, row)),
    streams: rows.map((row) => plane.save(row)),
    leftMs: idleDeadline(snapshot.context, heard) - relay.nowMs,
  };
}

/** By call, and in the order in which a command looks for them. */
function describeAll(relay: PureRelay): ReadonlyMap<string, readonly unknown[]> {
  const calls = new Map<string, unknown[]>();
  for (const session of relay.shard.directory.all()) {
    calls.set(session.call, [...(calls.get(session.call) ?? []), describe(relay, session)]);
  }
  return calls;
}

const inOrder = (numbers: readonly number[]): readonly number[] => [...numbers].sort((a, b) => a - b);

for (const keepsCounters of [true, false]) {
  test(`when its ${keepsCounters ? 'thread' : 'process'} has died every session goes on as it was: state, ports, addresses, counters, who is believed, and time left`, () => {
    const property = fc.property(fullStories, fc.constantFrom(0, 40, 60_000), (story, downMs) => {
      const relay = play(story);
      const before = describeAll(relay);
      const sessions = [...relay.shard.directory.all()];
      const numbers = sessions.map(({ session }) => session);
      const recoveries = sessions.map(({ snapshot }) => snapshot.context.recoveries);
      const bound = inOrder([...relay.engine.bound.values()].map(({ port }) => port));
      act(relay, { kind: 'crash', keepsCounters, downMs });
      assert.deepEqual(describeAll(relay), before);
      const after = [...relay.shard.directory.all()];
      assert.deepEqual(inOrder([...relay.engine.bound.values()].map(({ port }) => port)), bound);
      assert.equal(new Set(after.map(({ slot }) => slot)).size, after.length, 'a slot each');
      assert.equal(relay.shard.counters.shard('sessionsActive'), after.length);
      if (keepsCounters) assert.deepEqual(inOrder(after.map(({ session }) => session)), inOrder(numbers));
      assert.equal(new Set(after.map(({ session }) => session)).size, after.length, 'a number each');
      const recovered = after.map(({ snapshot }) => snapshot.context.recoveries);
      assert.deepEqual(inOrder(recovered), inOrder(recoveries.map((n) => n + 1)));
    });
    fc.assert(property, { numRuns: runs(120) });
  });

  test(`when its ${keepsCounters ? 'thread' : 'process'} has died a session ends when it would have ended: its time stood still meanwhile`, () => {
    const property = fc.property(fullStories, fc.constantFrom(0, 60_000), fc.nat(12_000), (story, downMs, waitMs) => {
      const [dead, alive] = [play(story), play(story)];
      const endsMs = [...alive.shard.directory.all()].map((session) =>
        idleDeadline(session.snapshot.context, heardAt(session, alive.shard.counters)),
      );
      // A timer rings up to a tick late, and the ticks of another thread fall elsewhere.
      fc.pre(endsMs.every((endMs) => Math.abs(endMs - alive.nowMs - waitMs) > TICK_MS));
      act(dead, { kind: 'crash', keepsCounters, downMs });
      const left = (relay: PureRelay): string[] => {
        for (let i = 0; i < 4; i++) relay.advance(waitMs / 4);
        return [...relay.shard.directory.all()].map(({ call, tag }) => `${call} ${tag}`).sort();
      };
      assert.deepEqual(left(dead), left(alive));
    });
    fc.assert(property, { numRuns: runs(60) });
  });
}

test('a thread that dies in the middle of anything loses no count: its counters outlive it, however old the last sample is', () => {
  const property = fc.property(fullStories, (story) => {
    const { relay } = sounding(SETTING);
    for (const deed of story) act(relay, deed);
    const countOf = ({ call, session, slot, snapshot, ...rest }: Session) => {
      const rows = Array.from({ length: ROWS_PER_SESSION }, (_, i) => slot * ROWS_PER_SESSION + i);
      const { counters } = relay.shard;
      const heard = heardAt({ call, session, slot, snapshot, ...rest }, counters);
      return [session, idleDeadline(snapshot.context, heard), ...rows.flatMap((row) => counters.saveStream(row))];
    };
    const counted = (): readonly (readonly number[])[] =>
      [...relay.shard.directory.all()].map(countOf).sort(([a = 0], [b = 0]) => a - b);
    const before = counted();
    act(relay, { kind: 'crash', keepsCounters: true, downMs: 0 });
    assert.deepEqual(counted(), before);
  });
  fc.assert(property, { numRuns: runs(100) });
});

/** Flag of `LatchTable.save`: the SSRC is known by which a source is recognised that has moved. */
const HAS_SSRC = 8;

test('a source that was confirmed is known again by its SSRC, however soon after that the relay dies', () => {
  let confirmed = 0;
  const property = fc.property(fullStories, fc.boolean(), (story, keepsCounters) => {
    const { relay } = sounding(SETTING);
    let confirmedBy: StepRecord | undefined;
    for (const deed of story) {
      const taken = relay.records.length;
      act(relay, deed);
      confirmedBy = relay.records
        .slice(taken)
        .find(({ command }) => command.type === 'NoteSource' && command.component === 'rtp');
      if (confirmedBy !== undefined) break;
    }
    if (confirmedBy === undefined) return;
    confirmed++;
    // Of the others it is known when they are sampled.
    const which = [...relay.shard.directory.all()].find(({ session }) => session === confirmedBy.session)!;
    const known = (): string[] =>
      [...relay.shard.directory.all()].flatMap(({ call, tag, slot }) =>
        (call === which.call && tag === which.tag ? [0, 2] : []).map((i) => {
          const [flags = 0, ssrc] = relay.shard.plane.latch.save(slot * ROWS_PER_SESSION + i) ?? [];
          return `${call} ${tag} ${i}: ${(flags & HAS_SSRC) === 0 ? 'none' : ssrc}`;
        }),
      );
    const before = known();
    act(relay, { kind: 'crash', keepsCounters, downMs: 40 });
    assert.deepEqual(known().sort(), before.sort());
  });
  fc.assert(property, { numRuns: runs(100) });
  assert.ok(confirmed > 0, 'nobody was confirmed');
});

const portsOf = ({ legs }: SessionState): readonly Address[] => SIDES.flatMap((side) => legs[side].local ?? []);

/**
 * Takes up what the relay leaves in a world where others have some of its ports, which they may give up when each session has tried. Answers
 * what each session then is.
 */
function takeUpAmong(relay: PureRelay, others: readonly number[], givesUp: boolean) {
  const engine = new TableEngine((SLOTS + 1) * 4 + others.length);
  const rowOfOther = (i: number): number => (SLOTS + 1) * 4 + i;
  for (const [i, port] of others.entries()) engine.open(rowOfOther(i), { host: HOST, port: udpPort(port) });
  const range = { first: udpPort(SETTING.first), pairs: SETTING.pairs };
  const table = () => new PortTable(range, new ArrayBuffer(portTableBytes(range)), 0, 1, null);
  const ports = { IPv4: table(), IPv6: table() };
  const { world } = recordingWorld(engine, ports, () => millis(relay.nowMs));
  const shard = new Shard(plainOptions(SLOTS, HOST, SETTING.ttlMs, SETTING.setupTtlMs), world);
  const fold = new Fold();
  for (const record of relay.log) fold.take(record);
  const sessions = shard.recovery.adopt(lostSessions(fold.sessions.values()), 0);
  const states = sessions.map(({ snapshot }) => snapshot.context);
  const isBoundAtOnce = sessions.map((session) => shard.recovery.rebind(session).ok);
  if (givesUp) for (const i of others.keys()) engine.close(rowOfOther(i));
  for (const [i, session] of sessions.entries()) {
    const isBound = isBoundAtOnce[i]! || shard.recovery.rebind(session).ok;
    shard.command(session, isBound ? { type: 'Recover', cause: 'process', downMs: 0 } : { type: 'Close', reason: 'port-lost' });
  }
  return { engine, ports, shard, states, sessions };
}

test('a session whose ports others have and keep ends, and holds nothing; every other one has all of its own', () => {
  const some = fc.uniqueArray(fc.nat(SETTING.pairs * 2 - 1), { maxLength: 3 });
  const property = fc.property(fullStories, some, fc.boolean(), (story, taken, givesUp) => {
    const before = taken.map((n) => SETTING.first + n);
    const { engine, ports, shard, states, sessions } = takeUpAmong(play(story), before, givesUp);
    const others = new Set(givesUp ? [] : before);
    const isLost = (state: SessionState): boolean =>
      portsOf(state).some(({ host, port }) => host === HOST && (others.has(port) || others.has(port + 1)));
    for (const [i, state] of states.entries()) {
      assert.equal(sessions[i]!.snapshot.context.closed, isLost(state) ? 'port-lost' : null, `${state.call} ${state.tag}`);
    }
    const kept = states.filter((state) => !isLost(state)).flatMap(portsOf);
    const wanted = [...others, ...kept.flatMap(({ port }) => [port as number, port + 1])];
    assert.deepEqual(inOrder([...engine.bound.values()].map(({ port }) => port)), inOrder(wanted));
    assert.equal(ports.IPv4.free, SETTING.pairs - kept.length);
    shard.closeAll('purged');
    assert.equal(engine.bound.size, others.size);
    assert.equal(ports.IPv4.free, SETTING.pairs);
  });
  fc.assert(property, { numRuns: runs(120) });
});
