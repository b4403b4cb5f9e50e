/** What offers, answers, rollbacks and deletes make of a call, in any order, against a second description of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { brokenByEvent, brokenInvariant, PortsHeld } from '../../model/invariants.js';
import { type Address, formatAddress } from '../../model/kernel/index.js';
import { SIDES, type Side } from '../../model/session/side.js';
import { type Answered, ReferenceDialogues, type Seen } from '../../model/spec/referenceDialogue.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { ShardCheck } from '../../src/relay/events/check.js';
import { apply, NEW_SESSION, type Snapshot } from '../../src/relay/session/apply.js';
import { networksOf, placesIn } from '../pure/ngGiven.js';
import { anyTags, CALL, described, histories, NETWORKS, often, one, requestOf, type Step, tags } from './dialogueHistories.js';
import { HOST, PureRelay, type Special, settingOf } from './pureRelay.js';
import { runs } from './runs.js';

const HOUR = 3_600_000;
/** Longer than anything is in doubt. */
const LONG_MS = 11_000;
const PAIRS = 60;
const SPECIAL: Special = { setting: { networks: networksOf({ [NETWORKS[0]]: [HOST], [NETWORKS[1]]: ['192.0.2.200'] }) } };

/** Names of the oracle, and the ports that they turned out to be. */
class Names {
  readonly #ports = new Map<string, number>();

  /** Forgets the names that are not held any more. */
  keep(held: ReadonlySet<string>): void {
    for (const name of this.#ports.keys()) if (!held.has(name)) this.#ports.delete(name);
  }

  check(name: string | null, port: number | null): void {
    assert.equal(port === null, name === null, `${name} is ${port}`);
    if (name === null || port === null) return;
    const known = this.#ports.get(name);
    assert.ok(known === undefined || known === port, `${name} was ${known}, and is ${port}`);
    for (const [other, held] of this.#ports) assert.ok(held !== port || other === name, `${name} is ${port}, as ${other} is`);
    this.#ports.set(name, port);
  }
}

const namesOf = (seen: readonly Seen[]): Set<string> =>
  new Set(seen.flatMap(({ ports }) => SIDES.flatMap((side) => ports[side] ?? [])));

function checkReply(reply: NgDictionary, expected: Answered, names: Names): void {
  if (expected.kind === 'error') assert.deepEqual([reply['result'], reply['error-reason']], ['error', expected.text]);
  else if (expected.kind === 'warning') assert.deepEqual([reply['result'], reply['warning']], ['ok', expected.text]);
  else if (expected.kind === 'ok') {
    assert.deepEqual([reply['result'], reply['warning']], ['ok', undefined]);
    const ports = reply['sdp'] === undefined ? [] : placesIn(reply['sdp']).map((at) => Number(at.split(':').at(-1)) || null);
    assert.equal(ports.length, expected.ports.length);
    for (const [i, name] of expected.ports.entries()) names.check(name, ports[i] ?? null);
  }
}

/** What the relay shows of the lines, without ports: those are compared by name. */
const byWords = (each: Omit<Seen, 'ports'>): string =>
  JSON.stringify([each.line, each.branch, each.tags, each.sendsTo, each.isMuted]);

function checkLines(relay: PureRelay, seen: readonly Seen[], names: Names): void {
  const shown = relay.shard.directory.ofCall(CALL).map(({ snapshot }): Seen & { readonly own: Record<Side, number | null> } => {
    const { dialogue, legs } = snapshot.context;
    assert.ok(dialogue !== null);
    const at = (address: Address | null): string | null => (address === null ? null : formatAddress(address));
    return {
      ...{ line: dialogue.media, branch: dialogue.branch, tags: dialogue.tags, isMuted: legs.callee.mutes.includes('branch') },
      sendsTo: { caller: at(legs.caller.rtp.address), callee: at(legs.callee.rtp.address) },
      ports: { caller: null, callee: null },
      own: { caller: legs.caller.local?.port ?? null, callee: legs.callee.local?.port ?? null },
    };
  });
  // Two lines that look the same differ in their age: the relay keeps its sessions in that order, and so are the names numbered.
  const age = ({ ports }: Seen): number => Number((ports.caller ?? ports.callee ?? '').split(' ')[0]);
  const expected = [...seen].sort((a, b) => age(a) - age(b));
  assert.deepEqual(shown.map(byWords), expected.map(byWords));
  for (const [i, { ports }] of expected.entries()) for (const side of SIDES) names.check(ports[side], shown[i]!.own[side]);
}

/** Plays a history to both, and holds them against each other after every step. */
function play(history: readonly Step[], onStep: (relay: PureRelay, said: Step) => void = () => {}): PureRelay {
  const relay = new PureRelay(settingOf(PAIRS, HOUR, HOUR), 1, SPECIAL);
  const oracle = new ReferenceDialogues(NETWORKS[0]);
  const names = new Names();
  for (const said of history) {
    // No two steps at one time, so that it is told what came last.
    const passesMs = said.verb === 'wait' ? LONG_MS : 1;
    relay.advance(passesMs);
    oracle.wait(passesMs);
    if (said.verb === 'crash') relay.crash(said.keepsCounters);
    else if (said.verb !== 'wait') {
      const expected = oracle.say(said);
      const reply = relay.ng(requestOf(said));
      names.keep(namesOf(oracle.seen()));
      checkReply(reply, expected, names);
    }
    names.keep(namesOf(oracle.seen()));
    checkLines(relay, oracle.seen(), names);
    assert.equal(relay.heldPairs(), namesOf(oracle.seen()).size, 'ports are held for these lines and for nothing else');
    onStep(relay, said);
  }
  return relay;
}

test('[NG-05 NG-06] whatever is offered, answered, rolled back and deleted, in whatever order, the dialogues are what the documentation says', () => {
  fc.assert(
    fc.property(histories, (history) => {
      play(history);
    }),
    { numRuns: runs(400) },
  );
});

const offers = described('offer', tags);
/** Those that go to whom they went before. */
const staying = offers.map((offer) => (offer.to === null ? { ...offer, network: null } : offer));

/** Where everything of the call goes that both sides have agreed on. */
const agreed = (relay: PureRelay): string[] =>
  relay.shard.directory.ofCall(CALL).flatMap(({ tag, session, snapshot: { context } }) => {
    if (SIDES.some((side) => context.legs[side].description === null)) return [];
    return SIDES.map((side) =>
      JSON.stringify([session, tag, side, context.legs[side].rtp, context.legs[side].rtcp, context.legs[side].local]),
    );
  });

test('an offer that is repeated is answered the same, and changes nothing', () => {
  fc.assert(
    fc.property(histories, offers, (history, offer) => {
      const relay = play(history);
      const lines = agreed(relay).length;
      const first = relay.ng(requestOf(offer));
      // Where both offer and neither answers, each has said what it wants all the same: from then on an offer waits.
      fc.pre(agreed(relay).length === lines);
      const before = relay.records.length;
      assert.deepEqual(relay.ng(requestOf(offer)), first);
      assert.deepEqual(
        relay.records.slice(before).flatMap(({ events }) => events),
        [],
      );
    }),
    { numRuns: runs(200) },
  );
});

test('[NG-05] an offer moves nothing that is agreed on, and its rollback leaves everything as it was', () => {
  fc.assert(
    fc.property(histories, staying, (history, offer) => {
      const relay = play(history);
      const [before, pairs] = [agreed(relay), relay.heldPairs()];
      relay.ng(requestOf(offer));
      const after = agreed(relay);
      // An offer that crosses another one, which nobody has answered, may make more of them.
      assert.deepEqual(
        after.filter((each) => before.includes(each)),
        before,
      );
      fc.pre(after.length === before.length);
      relay.ng(requestOf({ ...offer, verb: 'rollback', lines: [] }));
      assert.deepEqual(agreed(relay), before);
      assert.ok(relay.heldPairs() <= pairs);
    }),
    { numRuns: runs(200) },
  );
});

test('to delete a branch, with or without tags, touches no session of another', () => {
  const tagged = fc.oneof(often(2, anyTags), often(2, one([null, null]) as typeof tags));
  fc.assert(
    fc.property(histories, tagged, one('b1', 'b2', 'b9'), fc.boolean(), (history, [from, to], via, isReply) => {
      const relay = play(history);
      const others = () =>
        relay.shard.directory.ofCall(CALL).flatMap(({ session, snapshot: { context } }) => {
          const { branch: own, tags: its } = context.dialogue!;
          // A BYE means the dialogue of its tags, whatever its own transaction is called.
          const isMeant = own === null || own === via || (to !== null && SIDES.some((side) => its[side] === to));
          const { mutes: _, ...heard } = context.legs.callee;
          // Of the only dialogue of a party it may be the BYE: it is held until it is seen whether both sides go on.
          const { deletion: __, ...kept } = context;
          return isMeant ? [] : [JSON.stringify([session, { ...kept, legs: { caller: context.legs.caller, callee: heard } }])];
        });
      const before = others();
      relay.ng(requestOf({ verb: 'delete', from, to, branch: via, lines: [], network: null, isReply }));
      assert.deepEqual(others(), before);
    }),
    { numRuns: runs(200) },
  );
});

test('no rule of the model is broken on the way, no port held twice, and the log tells what the relay holds', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const [ports, sessions] = [new PortsHeld(), new Map<number, Snapshot>()];
      let taken = 0;
      // A new process counts its sessions anew.
      const relay = play(
        history.filter((said) => said.verb !== 'crash'),
        ({ records }) => {
          for (; taken < records.length; taken++) {
            const { session, events } = records[taken]!;
            for (const event of events) {
              const before = sessions.get(session) ?? NEW_SESSION;
              const { snapshot } = apply(before, [event]);
              sessions.set(session, snapshot);
              assert.equal(brokenInvariant(snapshot.context, String(snapshot.value)), null);
              assert.equal(brokenByEvent(before.context, event, snapshot.context), null);
              assert.equal(ports.follow(String(session), event), null);
            }
          }
        },
      );
      const check = new ShardCheck('0', true);
      for (const record of relay.log) assert.deepEqual(check.take(record, 'log').broken, []);
      const held = [...relay.shard.directory.all()].map(({ session, snapshot }) => [session, snapshot.context]);
      assert.deepEqual(
        [...check.fold.sessions.values()].map(({ session, snapshot }) => [session, snapshot.context]).sort(byNumber),
        held.sort(byNumber),
      );
    }),
    { numRuns: runs(150) },
  );
});

const byNumber = (a: readonly unknown[], b: readonly unknown[]): number => Number(a[0]) - Number(b[0]);

test('when everything is deleted, every port is free again', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const relay = play(history);
      relay.ng({ command: 'delete', 'call-id': CALL });
      relay.advance(LONG_MS);
      assert.equal(relay.heldPairs(), 0);
      assert.equal(relay.shard.directory.calls, 0);
    }),
    { numRuns: runs(100) },
  );
});
