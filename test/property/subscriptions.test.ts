/** Subscriptions whatever they are told: the rules of the model hold, and what is a copy of a call stays one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { brokenByEvent, brokenInvariant } from '../../model/invariants.js';
import { callId, udpPort } from '../../model/kernel/index.js';
import type { SessionCommand } from '../../model/session/command.js';
import { decide } from '../../model/session/decide/index.js';
import type { Dialogue, MediaDescription, MediaOffer } from '../../model/session/dialogue.js';
import { evolve } from '../../model/session/evolve.js';
import { SIDES } from '../../model/session/side.js';
import { isSubscription } from '../../model/session/state.js';
import { apply, NEW_SESSION, type Snapshot } from '../../src/relay/session/apply.js';
import { START_MS } from './pureRelay.js';
import { runs } from './runs.js';
import { type Chance, chance, sessionCommand, surroundingsAt } from './sessionCommands.js';

const nobody = { caller: null, callee: null };
const dialogue: fc.Arbitrary<Dialogue> = fc
  .record({
    isCopy: fc.boolean(),
    media: fc.constantFrom(1, 2),
    side: fc.constantFrom(...SIDES),
    metadata: fc.constantFrom(null, 'x'),
  })
  .map(({ isCopy, media, side, metadata }) => ({
    ...{ tags: isCopy ? { caller: null, callee: 'carol' } : { caller: 'alice', callee: 'bob' }, branch: null, media, metadata },
    ...{ labels: nobody, networks: { caller: 'default', callee: 'default' }, origins: nobody, owner: null, demux: false },
    ...(isCopy && { subscribes: { caller: 'alice', branch: null, media, side } }),
  }));
const description: fc.Arbitrary<MediaDescription> = fc.record({
  kind: fc.constantFrom('audio', 'video'),
  protocol: fc.constant('RTP/AVP'),
  formats: fc.constantFrom([], [{ payloadType: 0, name: 'PCMU/8000', fmtp: null }]),
  direction: fc.constantFrom('sendrecv', 'sendonly', 'recvonly', 'inactive'),
  rtcpMux: fc.boolean(),
  ptimeMs: fc.constant(null),
});
const offer: fc.Arbitrary<MediaOffer> = fc.record({
  ...{ address: fc.constant(null), rtcp: fc.constant(null), held: fc.constant(false) },
  ...{ asymmetric: fc.boolean(), sources: fc.constant(null), reset: fc.boolean(), newPorts: fc.boolean(), description },
});
const negotiate = fc.record({
  ...{ type: fc.constant('Negotiate' as const), kind: fc.constantFrom('offer' as const, 'answer' as const) },
  ...{
    side: fc.constantFrom(...SIDES),
    offer,
    within: fc.boolean(),
    tag: fc.constant(null),
    networks: fc.constant(null),
  },
  ...{ notify: fc.constant('keep' as const), opening: fc.constant(null) },
});
const isMeant = ({ type }: SessionCommand): boolean => type !== 'Close' && type !== 'Release' && type !== 'CheckIdle';
const command: fc.Arbitrary<SessionCommand> = fc.oneof(
  { weight: 3, arbitrary: negotiate },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('SetDialogue' as const), dialogue }) },
  { weight: 4, arbitrary: sessionCommand.filter(isMeant) },
  // Only who releases the last reference deletes a session.
  { weight: 1, arbitrary: sessionCommand.filter((one) => one.type !== 'Close' || one.reason !== 'deleted') },
);

test('whatever a subscription is told, no rule is broken, and it stays one; so does a call', () => {
  const turns = fc.array(fc.record({ command, around: chance }), { maxLength: 25 });
  const property = fc.property(dialogue, offer, turns, (begun, first, history) => {
    let snapshot: Snapshot = NEW_SESSION;
    let nowMs = START_MS;
    let port = 20_000;
    const take = (what: SessionCommand, around: Chance): void => {
      nowMs += around.passesMs;
      port += 2;
      const sparePort = around.sparePort === null ? null : { ...around.sparePort, port: udpPort(port) };
      const decision = decide(snapshot.context, what, surroundingsAt(nowMs, { ...around, sparePort }));
      for (const event of decision.ok ? decision.value : []) {
        assert.equal(brokenByEvent(snapshot.context, event, evolve(snapshot.context, event)), null);
        snapshot = apply(snapshot, [event]).snapshot;
        assert.equal(brokenInvariant(snapshot.context, snapshot.value), null);
      }
    };
    const [around] = history.map((turn) => turn.around);
    const opening = { call: callId('call@a'), tag: 'carol;1', dialogue: begun };
    const begin: SessionCommand = {
      ...{ type: 'Negotiate', kind: 'offer', side: 'caller', offer: first, within: false, tag: null, networks: null },
      ...{ notify: 'keep', opening },
    };
    if (around === undefined) return;
    take(begin, { ...around, sparePort: { host: '127.0.0.1', port: udpPort(port) } });
    for (const turn of history) take(turn.command, turn.around);
    assert.equal(isSubscription(snapshot.context), begun.subscribes !== undefined);
  });
  fc.assert(property, { numRuns: runs(400) });
});
