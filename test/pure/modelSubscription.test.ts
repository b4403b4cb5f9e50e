/** Sessions that are copies of others of their call, and keys that are pressed for a side. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokenByEvent, brokenInvariant } from '../../model/invariants.js';
import { callId } from '../../model/kernel/index.js';
import type { SessionCommand } from '../../model/session/command.js';
import { legToOpen } from '../../model/session/decide/index.js';
import {
  AS_BEFORE,
  type Dialogue,
  isSubscribed,
  type MediaDescription,
  type MediaOffer,
  sameDialogue,
} from '../../model/session/dialogue.js';
import type { ForkSource } from '../../model/session/event.js';
import { evolve } from '../../model/session/evolve.js';
import { INITIAL_STATE, isComplete, isSubscription } from '../../model/session/state.js';
import { apply, NEW_SESSION } from '../../src/relay/session/apply.js';
import { address, codecs, given, INSIDE, legOpened, opened, stamp, stateAfter, T0, type Told } from './modelGiven.js';

const AUDIO: MediaDescription = {
  ...{ kind: 'audio', protocol: 'RTP/AVP', direction: 'sendonly', rtcpMux: false, ptimeMs: null },
  formats: [{ payloadType: 0, name: 'PCMU/8000', fmtp: null }],
};
const CALL: Dialogue = {
  ...{ tags: { caller: 'alice', callee: 'bob' }, branch: null, media: 1, labels: { caller: null, callee: null } },
  ...{
    networks: { caller: 'in', callee: 'out' },
    origins: { caller: null, callee: null },
    owner: null,
    demux: false,
    metadata: null,
  },
};
const COPY: Dialogue = {
  ...CALL,
  tags: { caller: null, callee: 'carol' },
  subscribes: { caller: 'alice', branch: null, media: 1, side: 'caller' },
};
const offer: MediaOffer = { address: null, rtcp: null, held: false, asymmetric: false, ...AS_BEFORE, description: AUDIO };
type Negotiate = Extract<SessionCommand, { type: 'Negotiate' }>;
const asks: Negotiate = {
  ...{ type: 'Negotiate', kind: 'offer', side: 'caller', offer, within: false, tag: null, networks: null, notify: 'keep' },
  opening: { call: callId('call@a'), tag: 'carol;1', dialogue: COPY },
};
const answers: Negotiate = {
  ...asks,
  ...{ kind: 'answer', side: 'callee', opening: null },
  offer: { ...offer, address: address('192.0.2.3:6000'), description: { ...AUDIO, direction: 'recvonly' } },
};
const OPENED: readonly Told[] = [
  { ...opened(), tag: 'carol;1', setupTtlMs: 300_000 } as Told,
  { type: 'DialogueChanged', dialogue: COPY },
  legOpened('callee', 20_000),
  codecs('caller', 0),
  { type: 'MediaDescribed', side: 'caller', description: AUDIO },
];
const SOURCE: ForkSource = { call: callId('call@a'), tag: 'alice;1', hears: { caller: null, callee: 'caller' } };

test('a subscription opens the leg of the subscriber and no other, and relays at once', () => {
  given()
    .when(asks)
    .gives(...OPENED);
  const state = stateAfter(...OPENED);
  assert.equal(isComplete(state) && isSubscription(state), true);
  assert.equal(legToOpen(state, answers, INSIDE), null);
  given(...OPENED)
    .when(answers, { sparePort: null })
    .gives({ type: 'RemoteSignalled', side: 'callee', address: address('192.0.2.3:6000') }, codecs('callee', 0), {
      type: 'MediaDescribed',
      side: 'callee',
      description: { ...AUDIO, direction: 'recvonly' },
    });
  const { snapshot, effects } = apply(
    NEW_SESSION,
    OPENED.map((event) => stamp(event, T0)),
  );
  assert.equal(snapshot.value, 'relaying');
  assert.equal(brokenInvariant(snapshot.context, 'relaying'), null);
  assert.equal(effects.includes('installPath'), true);
});

test('a session that is a call does not become a subscription, nor the other way round', () => {
  const call: readonly Told[] = [opened(), { type: 'DialogueChanged', dialogue: CALL }];
  given(...call)
    .when({ type: 'SetDialogue', dialogue: { ...COPY, metadata: 'x' } })
    .gives({ type: 'DialogueChanged', dialogue: { ...CALL, tags: COPY.tags, metadata: 'x' } });
  given(...OPENED)
    .when({ type: 'SetDialogue', dialogue: { ...CALL, metadata: 'x' } })
    .gives({ type: 'DialogueChanged', dialogue: { ...CALL, metadata: 'x', subscribes: COPY.subscribes! } });
  const broken = (before: readonly Told[], dialogue: Dialogue): string | null => {
    const state = stateAfter(...before);
    const event = stamp({ type: 'DialogueChanged', dialogue }, T0);
    return brokenByEvent(state, event, evolve(state, event));
  };
  for (const [before, after] of [
    [call, COPY],
    [OPENED, CALL],
  ] as const)
    assert.equal(broken(before, after), 'a subscription has become a stream of a call, or that a subscription');
  assert.equal(broken(call, CALL), null);
});

test('a subscription hears its own call, and no other; it may hear nothing of it', () => {
  given(...OPENED)
    .when({ type: 'Fork', source: { ...SOURCE, call: callId('other@a') } })
    .refuses('subscription');
  given(...OPENED)
    .when({ type: 'Fork', source: SOURCE })
    .gives({ type: 'ForkStarted', source: SOURCE });
  given(...OPENED, { type: 'ForkStarted', source: SOURCE })
    .when({ type: 'Fork', source: SOURCE })
    .givesNothing();
  const silent = { ...SOURCE, hears: { caller: null, callee: null } };
  given(...OPENED, { type: 'ForkStarted', source: SOURCE })
    .when({ type: 'Fork', source: silent })
    .gives({ type: 'ForkStarted', source: silent });
  const other = stateAfter(...OPENED, { type: 'ForkStarted', source: { ...SOURCE, call: callId('other@a') } });
  assert.equal(brokenInvariant(other, 'relaying'), 'a subscription is sent the media of another call');
});

test('subscriptions are told apart by their own tag, and from the call that they copy', () => {
  assert.equal(sameDialogue(COPY, { ...COPY, media: 2, subscribes: { ...COPY.subscribes!, side: 'callee' } }), true);
  assert.equal(sameDialogue(COPY, { ...COPY, tags: { caller: null, callee: 'dave' } }), false);
  assert.equal(sameDialogue(COPY, { ...CALL, tags: COPY.tags }), false);
  assert.equal(sameDialogue(CALL, CALL), true);
  assert.equal(isSubscribed(CALL, COPY.subscribes!), true);
  for (const other of [
    { ...CALL, media: 2 },
    { ...CALL, branch: 'b' },
    { ...CALL, tags: { caller: 'bob', callee: 'alice' } },
    COPY,
  ])
    assert.equal(isSubscribed(other, COPY.subscribes!), false);
});

test('a key that is pressed is told each time, and changes nothing', () => {
  const dtmf = { code: 11, payloadType: 101, durationMs: 250, volume: 8 };
  const pressed: Told = { type: 'DtmfPlayed', side: 'callee', dtmf };
  given(opened()).when({ type: 'PlayDtmf', side: 'callee', dtmf }).gives(pressed);
  assert.deepEqual(stateAfter(opened(), pressed, pressed), stateAfter(opened()));
  assert.notEqual(stateAfter(opened()), INITIAL_STATE);
});
