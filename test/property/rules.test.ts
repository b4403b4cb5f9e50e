/** The rules of the model, held against every event that `decide` makes of any commands, and every record of a relay that lives and dies. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { brokenByEvent, brokenInvariant, NumbersGiven, PortsHeld } from '../../model/invariants.js';
import { callId, udpPort } from '../../model/kernel/index.js';
import type { SessionCommand } from '../../model/session/command.js';
import { decide } from '../../model/session/decide/index.js';
import type { SessionEvent } from '../../model/session/event.js';
import { evolve } from '../../model/session/evolve.js';
import { COMPONENTS, SIDES } from '../../model/session/side.js';
import type { LogRecord } from '../../src/relay/events/record.js';
import { apply, NEW_SESSION, type Snapshot } from '../../src/relay/session/apply.js';
import { act, deadlyStories, fullStories } from './fullStories.js';
import { START_MS, settingOf } from './pureRelay.js';
import { runs } from './runs.js';
import { type Chance, chance, address as fewAddresses, sessionCommand, soundCommand, surroundingsAt } from './sessionCommands.js';
import { sounding } from './sounding.js';

const side = fc.constantFrom(...SIDES);
const component = fc.constantFrom(...COMPONENTS);
/** More than are remembered. */
const manyAddresses = fc.nat(15).map((n) => ({ host: `203.0.113.${n}`, port: udpPort(4000) }));

/** What the packet path, the recovery and the recorder have to say, and what is played, recorded and copied. */
const fromWithin: fc.Arbitrary<SessionCommand> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('NoteRefused' as const),
      side,
      component,
      address: fc.oneof(fewAddresses, manyAddresses, manyAddresses),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('NoteUnreachable' as const), side, component }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('NoteSource' as const),
      side,
      component,
      address: fewAddresses,
      latched: fc.boolean(),
      learned: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ type: 'Recover' as const, cause: 'process' as const, downMs: 40 }) },
  { weight: 4, arbitrary: soundCommand },
);

/** Only who releases the last reference deletes a session. */
const isMeant = (command: SessionCommand): boolean => command.type !== 'Close' || command.reason !== 'deleted';

type Turn = { readonly command: SessionCommand; readonly around: Chance };
const turns = fc.array(
  fc.record({
    command: fc.oneof({ weight: 1, arbitrary: sessionCommand.filter(isMeant) }, { weight: 2, arbitrary: fromWithin }),
    around: chance,
  }),
  { maxLength: 80, size: 'max' },
);

const OPENING: Extract<SessionCommand, { type: 'Signal' }> = {
  ...{ type: 'Signal', side: 'caller', address: { host: '192.0.2.1', port: udpPort(4000) }, held: false, asymmetric: false },
  ...{ codecs: [], resizeMs: null, newPort: false, networks: null, notify: null, ttlMs: { caller: null, callee: null } },
  ...{ reference: 'strong', opening: { call: callId('call@a'), tag: 'alice;1' } },
};

/** Long calls: an end is as rare as it must be to happen at all. */
const isEnd = ({ type }: SessionCommand): boolean => type === 'Close' || type === 'Release' || type === 'CheckIdle';

function follow(history: readonly Turn[], startsAnswered: boolean, isEndless: boolean): void {
  let snapshot: Snapshot = NEW_SESSION;
  let nowMs = START_MS;
  let spare = 20_000;
  const take = (command: SessionCommand, around: Chance): void => {
    nowMs += around.passesMs;
    spare += 2;
    const sparePort = around.sparePort === null ? null : { ...around.sparePort, port: udpPort(spare) };
    const decision = decide(snapshot.context, command, surroundingsAt(nowMs, { ...around, sparePort }));
    if (decision.ok) snapshot = takeEvents(snapshot, decision.value);
  };
  const [first] = history;
  if (first === undefined) return;
  const around = { ...first.around, sparePort: { host: '127.0.0.1', port: udpPort(20_000) } };
  take(OPENING, around);
  if (startsAnswered) take({ ...OPENING, side: 'callee', opening: null }, around);
  for (const { command, around } of history) if (!isEndless || !isEnd(command)) take(command, around);
}

function expectUnbroken(rule: string | null, event: SessionEvent): void {
  if (rule !== null) assert.fail(`${rule}: by ${JSON.stringify(event)}`);
}

function takeEvents(start: Snapshot, events: readonly SessionEvent[]): Snapshot {
  let snapshot = start;
  for (const event of events) {
    // Before the chart is asked, which refuses some of it in words of its own.
    expectUnbroken(brokenByEvent(snapshot.context, event, evolve(snapshot.context, event)), event);
    snapshot = apply(snapshot, [event]).snapshot;
    expectUnbroken(brokenInvariant(snapshot.context, snapshot.value), event);
  }
  return snapshot;
}

test('whatever a session is told, no event breaks a rule: neither what is always true nor what an event may do', () => {
  const property = fc.property(turns, fc.boolean(), fc.boolean(), follow);
  fc.assert(property, { numRuns: runs(500) });
});

/** Follows the log of a shard through its deaths. */
class Follower {
  #sessions = new Map<number, Snapshot>();
  #ports = new PortsHeld();
  #numbers = new NumbersGiven();
  #lastSeq = 0;

  /** A new run of the relay: records and sessions are numbered anew, and hold the ports that the snapshot says. */
  beginRun(): void {
    this.#sessions = new Map();
    this.#ports = new PortsHeld();
    this.#numbers = new NumbersGiven();
    this.#lastSeq = 0;
  }

  get portsHeld(): number {
    return this.#ports.count;
  }

  get live(): readonly Snapshot[] {
    return [...this.#sessions.values()].filter(({ value }) => value !== 'closed');
  }

  take(record: LogRecord): void {
    assert.equal(record.seq, ++this.#lastSeq, 'records are numbered from 1 without gaps');
    if (record.kind === 'snapshot') this.#meet(record.session, { value: record.phase, context: record.state });
    if (record.kind !== 'step') return;
    const { session, events } = record;
    for (const event of events) {
      const snapshot = takeEvents(this.#sessions.get(session) ?? NEW_SESSION, [event]);
      this.#sessions.set(session, snapshot);
      expectUnbroken(this.#ports.follow(String(session), event), event);
      expectUnbroken(this.#numbers.follow(session, event), event);
    }
  }

  /** A session of the snapshot that a segment begins with: it is known, or the run has just begun. */
  #meet(session: number, snapshot: Snapshot): void {
    const known = this.#sessions.get(session);
    if (known !== undefined) assert.deepEqual(snapshot, known, `session ${session} in the snapshot and by its events`);
    this.#sessions.set(session, snapshot);
    if (known !== undefined) return;
    for (const side of SIDES) {
      const { local, copies } = snapshot.context.legs[side];
      const at = snapshot.context.openedAt;
      const took = (event: SessionEvent): void => expectUnbroken(this.#ports.follow(String(session), event), event);
      if (local !== null) took({ type: 'LegOpened', side, local, at });
      for (const copy of copies) took({ type: 'CopyStarted', side, ...copy, at });
    }
  }
}

for (const [what, stories] of [
  ['lives', fullStories],
  ['dies now and then, and takes up what its log tells,', deadlyStories],
] as const) {
  test(`a relay that ${what} breaks no rule with any record, and holds the ports that its log says`, () => {
    const property = fc.property(stories, (story) => {
      const { relay, recorder } = sounding(settingOf(8, 10_000, 3000));
      const follower = new Follower();
      let taken = 0;
      for (const deed of story) {
        act(relay, deed, recorder);
        if (deed.kind === 'crash' && !deed.keepsCounters) follower.beginRun();
        for (; taken < relay.log.length; taken++) follower.take(relay.log[taken]!);
        assert.equal(follower.portsHeld, relay.heldPairs(), `after ${JSON.stringify(deed)}`);
        assert.equal(follower.live.length, [...relay.shard.directory.all()].length);
        assert.equal(relay.shard.counters.shard('defects'), 0);
      }
    });
    fc.assert(property, { numRuns: runs(120) });
  });
}
