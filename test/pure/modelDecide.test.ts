import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../model/kernel/index.js';
import { legToOpen, REPEATED_SIGNAL_MS } from '../../model/session/decide/index.js';
import {
  address,
  COMPLETE,
  closed,
  codecs,
  given,
  held,
  INSIDE,
  latched,
  later,
  legOpened,
  NO_TALLY,
  offer,
  opened,
  released,
  SETUP_TTL_MS,
  signal,
  signalled,
  stateAfter,
  symmetry,
  T0,
  TTL_MS,
  taken,
} from './modelGiven.js';

const OFFERED = [opened(), legOpened('callee', 20_000), signalled('caller', '192.0.2.1:4000')];
const PURGE = { type: 'Close', reason: 'purged' } as const;

test('the first offer opens the session and the leg that faces the callee, and notes where the caller receives', () => {
  given().when(offer('192.0.2.1:4000')).gives(opened(), legOpened('callee', 20_000), signalled('caller', '192.0.2.1:4000'));
});

test('the first offer says all that it has to say', () => {
  const command = offer('192.0.2.1:4000', { asymmetric: true, codecs: [0, 8], reference: 'callee' });
  given()
    .when(command)
    .gives(
      opened('callee'),
      legOpened('callee', 20_000),
      signalled('caller', '192.0.2.1:4000'),
      symmetry('caller', true),
      codecs('caller', 0, 8),
    );
});

test('an offer without a usable address opens the session all the same', () => {
  given().when(offer(null)).gives(opened(), legOpened('callee', 20_000));
  given()
    .when(offer(null, { held: true }))
    .gives(opened(), legOpened('callee', 20_000), held('caller'));
});

test('only a command that may open a session does', () => {
  given().when(signal('callee', '192.0.2.9:5000')).refuses('no-such-session');
  for (const command of [PURGE, { type: 'CheckIdle' }, { type: 'Release', reference: 'strong' }] as const)
    given().when(command).refuses('no-such-session');
});

test('without a free port nothing is opened, nothing noted, and the command is refused', () => {
  given().when(offer('192.0.2.1:4000'), { sparePort: null }).refuses('no-free-port');
  given(...OFFERED)
    .when(signal('callee', '203.0.113.1:6000', { reference: 'strong' }), { sparePort: null })
    .refuses('no-free-port');
});

test('the answer opens the other leg', () => {
  given(...OFFERED)
    .when(signal('callee', '203.0.113.1:6000'))
    .gives(legOpened('caller', 20_000), signalled('callee', '203.0.113.1:6000'));
});

test('an open leg keeps its port: a spare one is not taken, and none is needed', () => {
  for (const sparePort of [address('127.0.0.1:20010'), null])
    given(...COMPLETE)
      .when(signal('callee', '203.0.113.1:6000', { reference: null }), { sparePort })
      .gives(signalled('callee', '203.0.113.1:6000'));
});

test('legToOpen names the leg that faces the other side, as long as it is closed, and only for signalling', () => {
  assert.deepEqual(legToOpen(stateAfter(), offer(null), INSIDE), { side: 'callee', network: INSIDE });
  assert.deepEqual(legToOpen(stateAfter(...OFFERED), offer(null), INSIDE), null);
  assert.deepEqual(legToOpen(stateAfter(...OFFERED), signal('callee', null), INSIDE), { side: 'caller', network: INSIDE });
  assert.deepEqual(legToOpen(stateAfter(...COMPLETE), signal('callee', null), INSIDE), null);
  assert.deepEqual(legToOpen(stateAfter(), PURGE, INSIDE), null);
  assert.deepEqual(legToOpen(stateAfter(opened(), closed('purged')), signal('callee', null), INSIDE), null);
});

test('the same address again at once is a retransmission; later, or after another, or after hold, it is news', () => {
  const repeat = signal('caller', '192.0.2.1:4000');
  const news = signalled('caller', '192.0.2.1:4000');
  const at = (ms: number) => ({ now: millis(T0 + ms) });
  given(...OFFERED)
    .when(repeat, at(0))
    .givesNothing();
  given(...OFFERED)
    .when(repeat, at(REPEATED_SIGNAL_MS - 1))
    .givesNothing();
  given(...OFFERED)
    .when(repeat, at(REPEATED_SIGNAL_MS))
    .gives(news);
  given(...OFFERED, signalled('caller', '192.0.2.2:4000'))
    .when(repeat, at(1))
    .gives(news);
  given(...OFFERED, held('caller'))
    .when(repeat, at(1))
    .gives(news);
  given(...OFFERED)
    .when(signal('caller', '192.0.2.1:4001'), at(1))
    .gives(signalled('caller', '192.0.2.1:4001'));
});

test('hold is noted once, and nothing else changes', () => {
  given(...OFFERED)
    .when(signal('caller', null, { held: true }))
    .gives(held('caller'));
  given(...OFFERED, held('caller'))
    .when(signal('caller', null, { held: true }))
    .givesNothing();
});

test('symmetry and codecs are noted when they change, both ways', () => {
  given(...OFFERED)
    .when(signal('caller', null, { asymmetric: true }))
    .gives(symmetry('caller', true));
  given(...OFFERED, symmetry('caller', true))
    .when(signal('caller', null, { asymmetric: true }))
    .givesNothing();
  given(...OFFERED, symmetry('caller', true))
    .when(signal('caller', null))
    .gives(symmetry('caller', false));
  given(...OFFERED, codecs('caller', 0, 8))
    .when(signal('caller', null, { codecs: [0, 8] }))
    .givesNothing();
  given(...OFFERED, codecs('caller', 0, 8))
    .when(signal('caller', null, { codecs: [8, 0] }))
    .gives(codecs('caller', 8, 0));
  given(...OFFERED, codecs('caller', 0, 8))
    .when(signal('caller', null))
    .gives(codecs('caller'));
});

test('a reference is taken once, and a command may take none', () => {
  given(...COMPLETE)
    .when(signal('caller', null, { reference: 'callee' }))
    .gives(taken('callee'));
  given(...COMPLETE, taken('callee'))
    .when(signal('caller', null, { reference: 'callee' }))
    .givesNothing();
  given(...COMPLETE)
    .when(signal('caller', null, { reference: 'strong' }))
    .givesNothing();
  given(...COMPLETE)
    .when(signal('callee', null))
    .givesNothing();
});

test('the session ends with its last reference, and only then', () => {
  const release = (reference: 'strong' | 'caller' | 'callee') => ({ type: 'Release', reference }) as const;
  const tally = { ...NO_TALLY, caller: { received: 3, relayed: 2, dropped: 1 } };
  given(...COMPLETE)
    .when(release('strong'), { tally })
    .gives({ type: 'SessionClosed', reason: 'deleted', tally });
  given(...COMPLETE, taken('caller'))
    .when(release('strong'))
    .gives(released('strong'));
  given(...COMPLETE, taken('caller'), released('strong'))
    .when(release('caller'))
    .gives(closed('deleted'));
  given(...COMPLETE)
    .when(release('callee'))
    .givesNothing();
});

test('what the original does with weak references: Uw U D leaves the session, Dw from the caller too, Dw from the callee ends it', () => {
  const twice = [opened('callee'), legOpened('callee', 20_000), taken('strong')];
  given(...twice)
    .when({ type: 'Release', reference: 'strong' })
    .gives(released('strong'));
  given(...twice, released('strong'))
    .when({ type: 'Release', reference: 'caller' })
    .givesNothing();
  given(...twice, released('strong'))
    .when({ type: 'Release', reference: 'callee' })
    .gives(closed('deleted'));
});

test('the timer ends a session that was silent for its time to live: the setup time until both legs are open', () => {
  const check = { type: 'CheckIdle' } as const;
  const silent = (ms: number) => ({ now: millis(T0 + ms) });
  given(...OFFERED)
    .when(check, silent(SETUP_TTL_MS - 1))
    .givesNothing();
  given(...OFFERED)
    .when(check, silent(SETUP_TTL_MS))
    .gives(closed('timeout'));
  given(...COMPLETE)
    .when(check, silent(SETUP_TTL_MS))
    .givesNothing();
  given(...COMPLETE)
    .when(check, silent(TTL_MS - 1))
    .givesNothing();
  given(...COMPLETE)
    .when(check, silent(TTL_MS))
    .gives(closed('timeout'));
});

test('closing gives its reason, and a session that has ended refuses everything', () => {
  for (const reason of ['purged', 'shutdown', 'defect'] as const)
    given(...COMPLETE)
      .when({ type: 'Close', reason })
      .gives(closed(reason));
  for (const command of [offer('192.0.2.1:4000'), signal('callee', null), PURGE, { type: 'CheckIdle' } as const])
    given(...COMPLETE, closed('deleted'))
      .when(command)
      .refuses('session-closed');
});

const note = (at: string, how: 'confirmed' | 'learned') =>
  ({
    type: 'NoteSource',
    side: 'caller',
    component: 'rtp',
    address: address(at),
    latched: true,
    learned: how === 'learned',
  }) as const;

test('nothing is learned from packets until both legs are open', () => {
  given(...OFFERED)
    .when(note('198.51.100.1:7000', 'learned'))
    .givesNothing();
});

test('a new source is learned, a signalled one confirmed, each once', () => {
  const signalledCall = [...COMPLETE, signalled('caller', '192.0.2.1:4000')];
  const learned = latched('caller', 'rtp', '198.51.100.1:7000', 'learned');
  given(...COMPLETE)
    .when(note('198.51.100.1:7000', 'learned'))
    .gives(learned);
  given(...signalledCall)
    .when(note('198.51.100.1:7000', 'learned'))
    .gives(learned);
  given(...signalledCall, learned)
    .when(note('198.51.100.1:7000', 'learned'))
    .givesNothing();
  const confirmed = latched('caller', 'rtp', '192.0.2.1:4000', 'confirmed');
  given(...signalledCall)
    .when(note('192.0.2.1:4000', 'confirmed'))
    .gives(confirmed);
  given(...signalledCall, confirmed)
    .when(note('192.0.2.1:4000', 'confirmed'))
    .givesNothing();
});

test('only the present address can be confirmed', () => {
  given(...COMPLETE, signalled('caller', '192.0.2.1:4000'))
    .when(note('192.0.2.2:4000', 'confirmed'))
    .givesNothing();
  given(...COMPLETE)
    .when(note('192.0.2.2:4000', 'confirmed'))
    .givesNothing();
});

test('the time of an event is that of its command, not of what was before', () => {
  given(...OFFERED, later(90_000, held('caller')))
    .when(signal('caller', '192.0.2.1:4000'), { now: millis(T0 + 91_000) })
    .gives(later(91_000, signalled('caller', '192.0.2.1:4000')));
});
