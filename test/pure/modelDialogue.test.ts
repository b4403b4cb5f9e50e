import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokenInvariant } from '../../model/invariants.js';
import { callId, millis } from '../../model/kernel/index.js';
import type { SessionCommand } from '../../model/session/command.js';
import { OFFER_TTL_MS } from '../../model/session/decide/negotiate.js';
import { AS_BEFORE, type Dialogue, type MediaDescription, type MediaOffer } from '../../model/session/dialogue.js';
import type { Side } from '../../model/session/side.js';
import { currentTtlMs, HOLD_TTL_MS, idleDeadline } from '../../model/session/state.js';
import {
  address,
  closed,
  codecs,
  given,
  held,
  latched,
  legOpened,
  opened,
  released,
  SETUP_TTL_MS,
  stateAfter,
  symmetry,
  T0,
  type Told,
  TTL_MS,
  taken,
} from './modelGiven.js';

const PCMU = { payloadType: 0, name: 'PCMU/8000', fmtp: null };
const AUDIO: MediaDescription = {
  ...{ kind: 'audio', protocol: 'RTP/AVP', formats: [PCMU], direction: 'sendrecv', rtcpMux: false, ptimeMs: null },
};
const HELD: MediaDescription = { ...AUDIO, direction: 'sendonly' };
const DIALOGUE: Dialogue = {
  ...{ tags: { caller: 'alice', callee: null }, branch: null, media: 1, labels: { caller: null, callee: null } },
  ...{
    networks: { caller: 'in', callee: 'out' },
    origins: { caller: null, callee: null },
    owner: null,
    metadata: null,
    demux: false,
  },
};
const ANSWERED: Dialogue = { ...DIALOGUE, tags: { caller: 'alice', callee: 'bob' } };
const A = '192.0.2.1:4000';
const B = '192.0.2.2:5000';
const C = '192.0.2.3:6000';
const NEW = '192.0.2.9:4444';

const offerOf = (at: string | null, more: Partial<MediaOffer> = {}): MediaOffer => ({
  ...{ address: at === null ? null : address(at), rtcp: null, held: false, asymmetric: false, ...AS_BEFORE, description: AUDIO },
  ...more,
});
type Negotiate = Extract<SessionCommand, { type: 'Negotiate' }>;
const says = (kind: 'offer' | 'answer', side: Side, offer: MediaOffer, more: Partial<Negotiate> = {}): Negotiate => ({
  ...{ type: 'Negotiate', kind, side, offer, within: false, tag: null, networks: null, notify: 'keep', opening: null },
  ...more,
});
const first = (offer = offerOf(A)): Negotiate =>
  says('offer', 'caller', offer, { opening: { call: callId('call@a'), tag: 'alice;1', dialogue: DIALOGUE } });
const answers = (offer = offerOf(B), tag = 'bob'): Negotiate => says('answer', 'callee', offer, { tag });
const reoffers = (side: Side, offer: MediaOffer): Negotiate => says('offer', side, offer, { within: true });

const dialogue = (value: Dialogue): Told => ({ type: 'DialogueChanged', dialogue: value });
const at = (side: Side, where: string, more: object = {}): Told =>
  ({ type: 'RemoteSignalled', side, address: address(where), ...more }) as Told;
const described = (side: Side, description = AUDIO): Told => ({ type: 'MediaDescribed', side, description });
const made = (side: Side, offer: MediaOffer): Told => ({ type: 'OfferMade', side, offer });
const over = (side: Side, isTaken: boolean): Told => ({ type: 'OfferClosed', side, taken: isTaken });
const mutes = (side: Side, ...list: readonly ('blocked' | 'silenced' | 'dtmf' | 'branch')[]): Told => ({
  ...{ type: 'MutesChanged', side, mutes: list },
});
const deletion = (untilMs: number, unlessHeard: boolean): Told => ({
  ...{ type: 'DeletionSet', until: millis(T0 + untilMs), unlessHeard },
});

const begun = (side: Side): readonly Told[] => [codecs(side, 0), described(side)];
const OFFERED: readonly Told[] = [
  { ...opened(), tag: 'alice;1', setupTtlMs: OFFER_TTL_MS } as Told,
  dialogue(DIALOGUE),
  legOpened('callee', 20_000),
  at('caller', A),
  ...begun('caller'),
];
const AGREED: readonly Told[] = [
  ...OFFERED,
  legOpened('caller', 20_002),
  dialogue(ANSWERED),
  at('callee', B),
  ...begun('callee'),
];

test('[NG-03] an offer opens a session of its dialogue, which may ring for five minutes, and the leg that faces who is called', () => {
  given()
    .when(first())
    .gives(...OFFERED);
  assert.equal(currentTtlMs(stateAfter(...OFFERED), 'caller'), OFFER_TTL_MS);
  given()
    .when(first(), { setupTtlMs: OFFER_TTL_MS * 2 })
    .gives({ ...OFFERED[0], setupTtlMs: OFFER_TTL_MS * 2 } as Told, ...OFFERED.slice(1));
  given().when(first(), { sparePort: null }).refuses('no-free-port');
  given()
    .when(says('offer', 'caller', offerOf(A)))
    .refuses('no-such-session');
});

test('an offer that is told again before it is answered changes nothing; another one counts at once', () => {
  given(...OFFERED)
    .when(says('offer', 'caller', offerOf(A)))
    .givesNothing();
  given(...OFFERED)
    .when(says('offer', 'caller', offerOf(NEW)))
    .gives(at('caller', NEW, { moved: true }));
});

test('an answer tells who answered, and opens the other leg', () => {
  given(...OFFERED)
    .when(answers(), { sparePort: address('127.0.0.1:20002') })
    .gives(legOpened('caller', 20_002), dialogue(ANSWERED), at('callee', B), ...begun('callee'));
  given(...AGREED)
    .when(answers())
    .givesNothing();
});

test('[NG-05] an offer within a dialogue changes nothing of the media until it is answered, and then all of it', () => {
  const change = offerOf(NEW, { description: HELD, asymmetric: true });
  given(...AGREED)
    .when(reoffers('caller', change))
    .gives(made('caller', change));
  const waiting = stateAfter(...AGREED, made('caller', change));
  assert.equal(waiting.legs.caller.rtp.address?.port, 4000, 'the old place is still sent to');
  assert.equal(waiting.legs.caller.description?.direction, 'sendrecv');
  given(...AGREED, made('caller', change))
    .when(answers())
    .gives(over('caller', true), symmetry('caller', true), at('caller', NEW, { moved: true }), described('caller', HELD));
});

test('[NG-05 NG-06] what was offered is given up, and all stays as it was', () => {
  const change = offerOf(NEW);
  given(...AGREED, made('caller', change))
    .when({ type: 'Withdraw', side: null })
    .gives(over('caller', false));
  given(...AGREED)
    .when({ type: 'Withdraw', side: null })
    .givesNothing();
  const both = [...AGREED, made('caller', change), made('callee', offerOf(C))];
  given(...both)
    .when({ type: 'Withdraw', side: 'callee' })
    .gives(over('callee', false));
  given(...both)
    .when({ type: 'Withdraw', side: null })
    .gives(over('caller', false), over('callee', false));
  const after = stateAfter(...AGREED, made('caller', change), over('caller', false));
  assert.deepEqual(after, stateAfter(...AGREED));
});

test('an offer within a dialogue is remembered though it changes nothing, since it may fail; its repetition is not told twice', () => {
  given(...AGREED)
    .when(reoffers('callee', offerOf(B)))
    .gives(made('callee', offerOf(B)));
  given(...AGREED, made('callee', offerOf(B)))
    .when(reoffers('callee', offerOf(B)))
    .givesNothing();
  given(...AGREED, made('callee', offerOf(B)))
    .when(reoffers('callee', offerOf(NEW)))
    .gives(made('callee', offerOf(NEW)));
});

test('both sides may have offered at once: who answers gives up his own', () => {
  const [mine, yours] = [offerOf(NEW), offerOf(C)];
  given(...AGREED, made('caller', mine), made('callee', yours))
    .when(answers(offerOf(B)))
    .gives(over('caller', true), at('caller', NEW, { moved: true }), over('callee', false));
});

test('[NG-07] another party answers in the place of the one before: what was learned of that one is forgotten, its packets are refused', () => {
  const learned = latched('callee', 'rtp', '203.0.113.5:7777', 'learned');
  const before = [...AGREED, learned];
  given(...before)
    .when(answers(offerOf(C), 'carol'))
    .gives(
      dialogue({ ...ANSWERED, tags: { caller: 'alice', callee: 'carol' } }),
      { type: 'PartyChanged', side: 'callee' },
      at('callee', C),
      described('callee'),
    );
  const { rtp, strict } = stateAfter(...before, { type: 'PartyChanged', side: 'callee' }, at('callee', C)).legs.callee;
  assert.deepEqual(rtp.address, address(C));
  assert.deepEqual(rtp.previous, address('203.0.113.5:7777'));
  assert.deepEqual([rtp.latched, rtp.untrusted, strict], [false, false, true]);
});

test('a party that moves is believed, though its old address was learned from packets', () => {
  const before = [...AGREED, latched('callee', 'rtp', '203.0.113.5:7777', 'learned')];
  const { rtp } = stateAfter(...before, at('callee', NEW, { moved: true })).legs.callee;
  assert.deepEqual([rtp.address, rtp.untrusted, rtp.latched], [address(NEW), false, false]);
  const plain = stateAfter(...before, at('callee', NEW)).legs.callee.rtp;
  assert.deepEqual(plain.address, address('203.0.113.5:7777'), 'as the classic protocol has it');
});

test('RTCP goes where the description says, or to the next port', () => {
  const rtcp = address('192.0.2.1:4999');
  given()
    .when(first(offerOf(A, { rtcp })))
    .gives(...OFFERED.slice(0, 3), at('caller', A, { rtcp }), ...begun('caller'));
  assert.deepEqual(stateAfter(...OFFERED.slice(0, 3), at('caller', A, { rtcp })).legs.caller.rtcp.address, rtcp);
  assert.equal(stateAfter(...OFFERED).legs.caller.rtcp.address?.port, 4001);
});

test('media on hold may be silent for an hour, in the old way and in the new', () => {
  assert.equal(currentTtlMs(stateAfter(...AGREED), 'caller'), TTL_MS);
  assert.equal(currentTtlMs(stateAfter(...AGREED, described('callee', HELD)), 'caller'), HOLD_TTL_MS);
  assert.equal(currentTtlMs(stateAfter(...AGREED, held('caller')), 'callee'), HOLD_TTL_MS);
  assert.equal(currentTtlMs(stateAfter(opened(), legOpened('callee', 20_000), held('caller')), 'caller'), SETUP_TTL_MS);
  given(...AGREED)
    .when(says('answer', 'callee', offerOf(null, { held: true, description: HELD }), { tag: 'bob' }))
    .gives(held('callee'), described('callee', HELD));
  given(...AGREED, held('callee'), described('callee', HELD))
    .when(says('answer', 'callee', offerOf(B), { tag: 'bob' }))
    .gives(at('callee', B), described('callee'));
});

test('a side is muted in several ways, each once', () => {
  const set = (on: boolean): SessionCommand => ({ type: 'SetMute', side: 'callee', mute: 'blocked', on });
  given(...AGREED)
    .when(set(true))
    .gives(mutes('callee', 'blocked'));
  given(...AGREED)
    .when(set(false))
    .givesNothing();
  given(...AGREED, mutes('callee', 'branch'))
    .when(set(true))
    .gives(mutes('callee', 'branch', 'blocked'));
  given(...AGREED, mutes('callee', 'branch', 'blocked'))
    .when(set(false))
    .gives(mutes('callee', 'branch'));
  given(...AGREED, mutes('callee', 'blocked'))
    .when(set(true))
    .givesNothing();
});

test('a session is deleted at once, or held for a while; the earlier end counts', () => {
  const remove = (delayMs: number, unlessHeard = false): SessionCommand => ({ type: 'Delete', delayMs, unlessHeard });
  given(...AGREED)
    .when(remove(0))
    .gives(closed('deleted'));
  given(...AGREED)
    .when(remove(5000))
    .gives(deletion(5500, false));
  given(...AGREED, deletion(5500, false))
    .when(remove(9000))
    .givesNothing();
  given(...AGREED, deletion(9500, false))
    .when(remove(1000, true))
    .gives(deletion(1500, true));
  assert.equal(idleDeadline(stateAfter(...AGREED, deletion(5500, false)), { caller: T0, callee: T0 }), T0 + 5500);
});

test('what was deleted goes on when a side is described again', () => {
  given(...AGREED, deletion(5500, false))
    .when(says('offer', 'caller', offerOf(A)))
    .gives({ type: 'DeletionCancelled', reason: 'signalled' });
  given(...AGREED, released('strong'), deletion(5500, true))
    .when(says('offer', 'caller', offerOf(A)))
    .gives(taken('strong'), { type: 'DeletionCancelled', reason: 'signalled' });
});

test('[NG-05 NG-06] a session of the classic protocol that is deleted is held for the grace time, and kept if both sides go on sending', () => {
  const COMPLETE = [opened(), legOpened('callee', 20_000), legOpened('caller', 20_002)];
  const release: SessionCommand = { type: 'Release', reference: 'strong' };
  const grace = { deleteGraceMs: 4000 };
  given(...COMPLETE)
    .when(release)
    .gives(closed('deleted'));
  given(...COMPLETE)
    .when(release, grace)
    .gives(deletion(4500, true), released('strong'));
  const waiting = [...COMPLETE, deletion(4000, true), released('strong')];
  given(...waiting)
    .when(release, grace)
    .givesNothing();
  const end = { now: millis(T0 + 4000) };
  const heard = (caller: number, callee: number) => ({ caller: millis(T0 + caller), callee: millis(T0 + callee) });
  given(...waiting)
    .when({ type: 'CheckIdle' }, { ...end, heardAt: heard(3990, 2000) })
    .gives(taken('strong'), { type: 'DeletionCancelled', reason: 'heard' });
  given(...waiting)
    .when({ type: 'CheckIdle' }, { ...end, heardAt: heard(3990, 1999) })
    .gives(closed('deleted'));
  given(...waiting)
    .when({ type: 'CheckIdle' }, { now: millis(T0 + 3999), heardAt: heard(3990, 10) })
    .givesNothing();
  given(...COMPLETE, deletion(4000, false))
    .when({ type: 'CheckIdle' }, { ...end, heardAt: heard(3990, 3990) })
    .gives(closed('deleted'));
});

test('a silent stream lives as long as another one of its dialogue is heard', () => {
  const silent = { now: millis(T0 + TTL_MS), heardAt: { caller: T0, callee: T0 } };
  given(...AGREED)
    .when({ type: 'CheckIdle' }, silent)
    .gives(closed('timeout'));
  given(...AGREED)
    .when({ type: 'CheckIdle' }, { ...silent, keptUntil: millis(T0 + TTL_MS + 1) })
    .givesNothing();
  given(...AGREED)
    .when({ type: 'CheckIdle' }, { ...silent, keptUntil: millis(T0 + TTL_MS) })
    .gives(closed('timeout'));
});

test('what is known of the dialogue is told where it changes', () => {
  const set = (value: Dialogue): SessionCommand => ({ type: 'SetDialogue', dialogue: value });
  const labelled = { ...ANSWERED, labels: { caller: 'desk', callee: null } };
  given(...AGREED)
    .when(set(labelled))
    .gives(dialogue(labelled));
  given(...AGREED)
    .when(set({ ...ANSWERED }))
    .givesNothing();
});

test('no state of these breaks a rule', () => {
  const change = made('caller', offerOf(NEW));
  const histories = [OFFERED, AGREED, [...AGREED, change], [...AGREED, released('strong'), deletion(4000, true)]];
  for (const events of histories) {
    const state = stateAfter(...events);
    assert.equal(brokenInvariant(state, events === OFFERED ? 'waiting' : 'relaying'), null);
  }
  assert.match(
    brokenInvariant(stateAfter(...OFFERED, made('callee', offerOf(NEW))), 'waiting') ?? '',
    /offered a change of nothing/,
  );
  assert.match(brokenInvariant(stateAfter(...AGREED, mutes('caller', 'dtmf', 'dtmf')), 'relaying') ?? '', /muted twice/);
});
