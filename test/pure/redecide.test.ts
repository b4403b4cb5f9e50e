import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StepRecord } from '../../src/relay/events/record.js';
import { describeRedecision, redecide } from '../../src/relay/events/redecide.js';
import {
  address,
  COMPLETE,
  closed,
  INSIDE,
  legOpened,
  notified,
  OUTSIDE,
  offer,
  opened,
  openedIn,
  SETUP_TTL_MS,
  signal,
  signalled,
  stateAfter,
  T0,
  type Told,
  TTL_MS,
} from './modelGiven.js';
import { after, LogWriter } from './replayGiven.js';

const SETTING = { ttlMs: TTL_MS, setupTtlMs: SETUP_TTL_MS, independentTtl: false, network: INSIDE };
const log = new LogWriter();

/** The difference as it is shown, without its head line; none: today decides the same. */
function told(before: readonly Told[], record: StepRecord, setting: typeof SETTING | null = SETTING): string[] {
  const found = redecide(before.length > 0 ? stateAfter(...before) : null, record, setting);
  return found === null ? [] : describeRedecision(record, found, '').slice(1);
}

const FIRST_OFFER: readonly Told[] = [opened(), legOpened('callee', 20_000), signalled('caller', '192.0.2.1:4000')];

test('a command that is decided as it was makes no difference, with the setting and the port of then', () => {
  const command = offer('192.0.2.1:4000');
  const step = { ...log.step(command, FIRST_OFFER), sparePort: address('127.0.0.1:20000') };
  assert.deepEqual(told([], step), []);
  assert.deepEqual(told([], { ...step, sparePort: address('127.0.0.1:20008') }), [
    '    session opened for tag alice; ends after 30 s of silence, 60 s once both legs are open',
    '  - leg of the callee opened on 127.0.0.1:20000',
    '  + leg of the callee opened on 127.0.0.1:20008',
    '    caller is said to receive at 192.0.2.1:4000',
  ]);
  const longer = { ...SETTING, ttlMs: 90_000 };
  assert.match(told([], step, longer).join('\n'), / {2}- session opened .* 60 s once .*\n {2}\+ session opened .* 90 s once /);
});

test('logs of earlier versions lack setting, port and what the timer saw: they are taken from what was decided', () => {
  assert.deepEqual(told([], log.step(offer('192.0.2.1:4000'), FIRST_OFFER), null), []);
  const networks = { kind: 'each', caller: OUTSIDE, callee: null } as const;
  const bridged = [openedIn(OUTSIDE, INSIDE), legOpened('callee', 20_000), signalled('caller', '192.0.2.1:4000')];
  assert.deepEqual(told([], log.step(offer('192.0.2.1:4000', { networks }), bridged), null), []);
  assert.deepEqual(told(COMPLETE, log.step({ type: 'CheckIdle' }, [closed('timeout')]), null), []);
});

test('what the timer saw decides whether a session had been silent for too long', () => {
  const step = log.step({ type: 'CheckIdle' }, [closed('timeout')], { at: after(TTL_MS) });
  assert.deepEqual(told(COMPLETE, { ...step, heardAt: { caller: T0, callee: T0 } }), []);
  assert.deepEqual(told(COMPLETE, { ...step, heardAt: { caller: T0, callee: after(1) } }), [
    '  - session closed: timeout; caller 0 received, 0 relayed, 0 dropped; callee 0 received, 0 relayed, 0 dropped',
    '  + nothing happens',
  ]);
});

test('the packets counted until the end come from the end that was recorded', () => {
  const tally = { caller: { received: 7, relayed: 6, dropped: 1 }, callee: { received: 0, relayed: 0, dropped: 0 } };
  const end = { type: 'SessionClosed', reason: 'deleted', tally } as const;
  assert.deepEqual(told(COMPLETE, log.step({ type: 'Release', reference: 'strong' }, [end])), []);
});

test('a refusal that comes no more, and one that is new, are differences', () => {
  const refused = log.step(offer('192.0.2.1:4000'), [], { refusal: 'no-free-port' });
  assert.deepEqual(told([], refused), []);
  const now = { ...refused, sparePort: address('127.0.0.1:20000') };
  assert.deepEqual(told([], now).slice(0, 3), [
    '  - refused: No port pair is free for the leg that had to be opened.',
    '  + session opened for tag alice; ends after 30 s of silence, 60 s once both legs are open',
    '  + leg of the callee opened on 127.0.0.1:20000',
  ]);
  const answer = signal('callee', '192.0.2.2:5000');
  assert.deepEqual(told([], log.step(answer, [signalled('callee', '192.0.2.2:5000')])), [
    '  - callee is said to receive at 192.0.2.2:5000',
    '  + refused: No session with that Call-ID and tags.',
  ]);
});

test('recovery is decided anew like everything else', () => {
  const command = { type: 'Recover', cause: 'thread', downMs: 20 } as const;
  const recovered = { type: 'SessionRecovered', cause: 'thread', downMs: 20 } as const;
  assert.deepEqual(told(COMPLETE, log.step(command, [recovered])), []);
  assert.deepEqual(told(COMPLETE, log.step(command, [{ ...recovered, downMs: 21 }])), [
    '  - taken up again 21 ms after the media thread was last heard of',
    '  + taken up again 20 ms after the media thread was last heard of',
  ]);
});

test('a difference that no words tell is shown part by part', () => {
  const notify = { target: { kind: 'unix', path: '/run/proxy' }, tag: 'T1', toTag: 'bob' } as const;
  const command = signal('caller', null, { notify });
  const lines = told(COMPLETE, log.step(command, [notified('T1')]));
  assert.deepEqual(
    lines.map((line) => line.slice(0, 5)),
    ['  - {', '  + {'],
  );
  assert.match(lines[0]!, /"toTag":null/);
  assert.match(lines[1]!, /"toTag":"bob"/);
});

test('the head of a difference names the command, and no control character of it reaches a terminal', () => {
  const record = log.step(signal('caller', '192.0.2.1:4000', { opening: { call: 'c\x1b[31m' as never, tag: 'ü' } }), []);
  const [head] = describeRedecision(record, { recorded: { ok: true, value: [] }, today: { ok: true, value: [] } }, '0/1  ');
  assert.match(head!, /^0\/1 {2}Signal \{"side":"caller",.*"call":"c\\u001b\[31m","tag":"\\u00fc"/);
  assert.match(head!, /^[ -~]+$/);
});

test('a command that today cannot be decided at all is a difference, not an exception', () => {
  const forged = log.step({ type: 'Nonsense' } as never, [signalled('caller', '192.0.2.1:4000')]);
  assert.deepEqual(told(COMPLETE, forged), [
    '  - caller is said to receive at 192.0.2.1:4000',
    '  + throws: unreachable: {"type":"Nonsense"}',
  ]);
});
