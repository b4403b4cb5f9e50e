import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { brokenInvariant } from '../../model/invariants.js';
import { udpPort } from '../../model/kernel/index.js';
import type { SessionCommand } from '../../model/session/command.js';
import { decide, legToOpen } from '../../model/session/decide/index.js';
import type { SessionEvent } from '../../model/session/event.js';
import { evolve } from '../../model/session/evolve.js';
import { INITIAL_STATE, type SessionState } from '../../model/session/state.js';
import { apply, NEW_SESSION, type Snapshot } from '../../src/relay/session/apply.js';
import { START_MS } from './pureRelay.js';
import { runs } from './runs.js';
import { type Chance, chance, INSIDE, sessionCommand, surroundingsAt } from './sessionCommands.js';

type Turn = { readonly command: SessionCommand; readonly around: Chance };
const turns = fc.array(fc.record({ command: sessionCommand, around: chance }), { maxLength: 30, size: 'max' });

/** Where a history of commands leads. `onTurn` sees every decision with the state it was made in. */
function play(
  history: readonly Turn[],
  onTurn: (
    before: Snapshot,
    turn: Turn,
    events: readonly SessionEvent[] | null,
    after: Snapshot,
    nowMs: number,
  ) => void = () => {},
): Snapshot {
  let snapshot = NEW_SESSION;
  let nowMs = START_MS;
  for (const turn of history) {
    nowMs += turn.around.passesMs;
    const before = snapshot;
    const decision = decide(deepFreeze(before.context), deepFreeze(turn.command), surroundingsAt(nowMs, turn.around));
    if (decision.ok) snapshot = apply(before, decision.value).snapshot;
    onTurn(before, turn, decision.ok ? decision.value : null, snapshot, nowMs);
  }
  return snapshot;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

test('decide answers every command in every state that can be reached, and changes nothing itself', () => {
  const property = fc.property(turns, sessionCommand, chance, (history, command, around) => {
    const state = deepFreeze(play(history).context);
    const decision = decide(state, deepFreeze(command), surroundingsAt(START_MS + 10_000_000, around));
    assert.ok(decision.ok ? Array.isArray(decision.value) : typeof decision.error === 'string');
  });
  fc.assert(property, { numRuns: runs(400) });
});

test('what decide emits, the chart accepts where it is emitted, one event after the other, and no invariant breaks on the way', () => {
  const property = fc.property(turns, (history) => {
    play(history, (before, _turn, events, after) => {
      let snapshot = before;
      for (const event of events ?? []) {
        snapshot = apply(snapshot, [event]).snapshot;
        assert.equal(brokenInvariant(snapshot.context, String(snapshot.value)), null);
      }
      assert.deepEqual(snapshot.context, after.context, 'one by one they lead where they lead together');
    });
  });
  fc.assert(property, { numRuns: runs(400) });
});

test('the state is the fold of its events by evolve alone: the chart adds nothing to it', () => {
  const property = fc.property(turns, (history) => {
    const events: SessionEvent[] = [];
    const end = play(history, (_before, _turn, emitted) => events.push(...(emitted ?? [])));
    assert.deepEqual(events.reduce<SessionState>(evolve, INITIAL_STATE), end.context);
  });
  fc.assert(property, { numRuns: runs(300) });
});

test('a repeated command makes no event, unless it asks for another port, for a prompt from its beginning, or for a key', () => {
  const property = fc.property(turns, sessionCommand, chance, (history, command, around) => {
    fc.pre(command.type !== 'Play' && command.type !== 'PlayDtmf' && (command.type !== 'Signal' || !command.newPort));
    let emitted = 0;
    play([...history, { command, around }, { command, around: { ...around, passesMs: 0 } }], (_before, turn, events) => {
      if (turn.command === command) emitted = events?.length ?? 0;
    });
    assert.equal(emitted, 0);
  });
  fc.assert(property, { numRuns: runs(600) });
});

test('a leg is opened exactly where legToOpen asked for a port, and a refusal opens none', () => {
  const property = fc.property(turns, (history) => {
    play(history, (before, { command, around }, events) => {
      const wanted = legToOpen(before.context, command, INSIDE);
      const opened = (events ?? []).filter((event) => event.type === 'LegOpened').map(({ side }) => side);
      assert.deepEqual(opened, events !== null && wanted !== null ? [wanted.side] : []);
      if (wanted !== null && around.sparePort === null) assert.equal(events, null, 'no port, and yet not refused');
    });
  });
  fc.assert(property, { numRuns: runs(300) });
});

test('nothing happens to a session that has ended', () => {
  const property = fc.property(turns, sessionCommand, chance, (history, command, around) => {
    const opening: Turn = {
      command: { ...OFFER, opening: { call: 'call@a' as never, tag: 'alice' } },
      around: { ...around, sparePort: { host: '127.0.0.1', port: udpPort(20_000) } },
    };
    const ended = play([opening, ...history, { command: { type: 'Close', reason: 'purged' }, around }]);
    assert.equal(ended.value, 'closed');
    const decision = decide(ended.context, command, surroundingsAt(START_MS + 10_000_000, around));
    assert.deepEqual(decision, { ok: false, error: 'session-closed' });
  });
  fc.assert(property, { numRuns: runs(200) });
});

const OFFER = {
  type: 'Signal',
  side: 'caller',
  address: null,
  held: false,
  asymmetric: false,
  codecs: [],
  resizeMs: null,
  newPort: false,
  networks: null,
  notify: null,
  ttlMs: { caller: null, callee: null },
  reference: null,
} as const;
