/** What `decide` makes of a dialogue, whatever it is told, one session alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { brokenByEvent, brokenInvariant } from '../../model/invariants.js';
import { udpPort } from '../../model/kernel/index.js';
import type { SessionCommand } from '../../model/session/command.js';
import { decide, legToOpen } from '../../model/session/decide/index.js';
import type { SessionEvent } from '../../model/session/event.js';
import { evolve } from '../../model/session/evolve.js';
import { otherSide, SIDES } from '../../model/session/side.js';
import type { SessionState } from '../../model/session/state.js';
import { apply, NEW_SESSION, type Snapshot } from '../../src/relay/session/apply.js';
import { dialogueCommand, negotiate, opening } from './dialogueCommands.js';
import { START_MS } from './pureRelay.js';
import { runs } from './runs.js';
import { type Chance, chance, INSIDE, sessionCommand, surroundingsAt } from './sessionCommands.js';

type Turn = { readonly command: SessionCommand; readonly around: Chance };
/** Also what the packet path and the classic protocol say of it; an end is rare. */
const others = sessionCommand.filter(({ type }) => type !== 'Close' && type !== 'CheckIdle');
const turn: fc.Arbitrary<Turn> = fc.record({
  command: fc.oneof({ weight: 5, arbitrary: dialogueCommand }, { weight: 1, arbitrary: others }),
  around: chance,
});
const histories = fc.tuple(fc.record({ command: opening, around: chance }), fc.array(turn, { maxLength: 40, size: 'max' }));
type History = readonly [Turn, readonly Turn[]];

type OnTurn = (before: Snapshot, turn: Turn, events: readonly SessionEvent[] | null, hasPort: boolean) => void;

/** Plays a history, in which a port is there where one is needed, but now and then. */
function play([first, rest]: History, onTurn: OnTurn = () => {}): { readonly snapshot: Snapshot; readonly nowMs: number } {
  let snapshot: Snapshot = NEW_SESSION;
  let nowMs = START_MS;
  for (const [i, each] of [first, ...rest].entries()) {
    const { command, around } = each;
    nowMs += around.passesMs;
    const hasPort = i === 0 || around.sparePort !== null;
    const sparePort = hasPort ? { host: '127.0.0.1', port: udpPort(20_000 + i * 2) } : null;
    const decision = decide(snapshot.context, command, surroundingsAt(nowMs, { ...around, sparePort }));
    onTurn(snapshot, each, decision.ok ? decision.value : null, hasPort);
    if (decision.ok) snapshot = take(snapshot, decision.value);
  }
  return { snapshot, nowMs };
}

function take(start: Snapshot, events: readonly SessionEvent[]): Snapshot {
  let snapshot = start;
  for (const event of events) {
    assert.equal(brokenByEvent(snapshot.context, event, evolve(snapshot.context, event)), null);
    snapshot = apply(snapshot, [event]).snapshot;
    assert.equal(brokenInvariant(snapshot.context, snapshot.value), null);
  }
  return snapshot;
}

test('whatever is negotiated, muted, withdrawn and deleted, no event breaks a rule', () => {
  fc.assert(
    fc.property(histories, (history) => {
      play(history);
    }),
    { numRuns: runs(500) },
  );
});

test('the same said again makes no event, unless a leg is asked to go elsewhere', () => {
  fc.assert(
    fc.property(histories, dialogueCommand, chance, (history, command, around) => {
      fc.pre(command.type !== 'Negotiate' || command.networks === null);
      const { snapshot, nowMs } = play(history);
      const at = surroundingsAt(nowMs + 1, { ...around, sparePort: { host: '127.0.0.1', port: udpPort(30_000) } });
      const first = decide(snapshot.context, command, at);
      const after = first.ok ? take(snapshot, first.value) : snapshot;
      const second = decide(after.context, command, at);
      // An offer that both sides' words become an agreement with is one that waits, when it comes again.
      const isAgreed = (state: SessionState): boolean => SIDES.every((side) => state.legs[side].description !== null);
      fc.pre(command.type !== 'Negotiate' || command.kind === 'answer' || isAgreed(snapshot.context) === isAgreed(after.context));
      assert.deepEqual(second.ok ? second.value : [], []);
    }),
    { numRuns: runs(500) },
  );
});

test('a leg is opened exactly where one is asked for, and a refusal opens none', () => {
  fc.assert(
    fc.property(histories, (history) => {
      play(history, (before, { command }, events, hasPort) => {
        const wanted = legToOpen(before.context, command, INSIDE);
        const opened = (events ?? []).filter((event) => event.type === 'LegOpened').map(({ side }) => side);
        assert.deepEqual(opened, events !== null && wanted !== null ? [wanted.side] : []);
        if (wanted !== null && !hasPort) assert.equal(events, null, 'no port, and yet not refused');
      });
    }),
    { numRuns: runs(300) },
  );
});

test('[NG-05] an offer of what is agreed on is remembered and nothing else, and its withdrawal forgets it', () => {
  fc.assert(
    fc.property(histories, negotiate, chance, (history, command, around) => {
      fc.pre(command.networks === null || command.within);
      const { snapshot, nowMs } = play(history);
      const state = snapshot.context;
      fc.pre(
        state.closed === null && SIDES.every((side) => state.legs[side].description !== null && state.legs[side].local !== null),
      );
      const at = surroundingsAt(nowMs + 1, around);
      const offered = decide(state, { ...command, kind: 'offer', tag: null }, at);
      assert.ok(offered.ok);
      const during = take(snapshot, offered.value).context;
      const withoutOffer = (each: SessionState): unknown => ({
        ...each,
        ...{ deletion: null, references: null },
        legs: SIDES.map((side) => ({ ...each.legs[side], pending: null })),
      });
      assert.deepEqual(withoutOffer(during), withoutOffer(state));
      const withdrawn = decide(during, { type: 'Withdraw', side: null }, at);
      assert.ok(withdrawn.ok);
      const after = withdrawn.value.reduce(evolve, during);
      assert.deepEqual(withoutOffer(after), withoutOffer(state));
      for (const side of SIDES) assert.equal(after.legs[side].pending, null);
    }),
    { numRuns: runs(400) },
  );
});

test('[NG-07] an offer to somebody elsewhere opens a port there, and of the party before nothing is left', () => {
  fc.assert(
    fc.property(histories, negotiate, chance, (history, command, around) => {
      const { snapshot, nowMs } = play(history);
      const state = snapshot.context;
      const facing = otherSide(command.side);
      fc.pre(state.closed === null && state.legs[facing].local !== null);
      const network = { host: '192.0.2.77', advertised: null };
      const local = { host: '192.0.2.77', port: udpPort(30_000) };
      const at = surroundingsAt(nowMs + 1, { ...around, sparePort: local });
      const offer: SessionCommand = { ...command, kind: 'offer', within: false, tag: null, networks: { kind: 'both', network } };
      const decided = decide(state, offer, at);
      assert.ok(decided.ok);
      const { legs } = take(snapshot, decided.value).context;
      const { rtp, rtcp, lastSignal, description } = legs[facing];
      assert.deepEqual([legs[facing].local, legs[facing].network], [local, network]);
      assert.deepEqual([rtp.address, rtcp.address, lastSignal, description], [null, null, null, null]);
      assert.equal(legs[command.side].pending, null);
      // Random records may have no prototype.
      assert.deepEqual({ ...legs[command.side].description }, { ...command.offer.description });
      assert.deepEqual(legs[command.side].local, state.legs[command.side].local);
    }),
    { numRuns: runs(300) },
  );
});

test('what the classic protocol has made is not negotiated', () => {
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 20 }), negotiate, chance, (rest, command, around) => {
      const OPENED = {
        type: 'Signal',
        side: 'caller',
        address: null,
        held: false,
        asymmetric: false,
        codecs: [],
        resizeMs: null,
      } as const;
      const classic = {
        ...{ ...OPENED, newPort: false, networks: null, notify: null, ttlMs: { caller: null, callee: null }, reference: null },
        opening: { call: command.opening!.call, tag: 'alice;1' },
      } as const;
      const kept = rest.filter(({ command: { type } }) => type !== 'SetDialogue');
      const { snapshot, nowMs } = play([{ command: classic, around }, kept]);
      const decision = decide(snapshot.context, command, surroundingsAt(nowMs, around));
      assert.equal(decision.ok, false);
    }),
    { numRuns: runs(100) },
  );
});
