import fc from 'fast-check';
import { type Address, callId, millis, udpPort } from '../../model/kernel/index.js';
import type { NetworkWish, SessionCommand } from '../../model/session/command.js';
import type { CloseReason, Reference, Tally } from '../../model/session/event.js';
import type { Network } from '../../model/session/network.js';
import type { Notify } from '../../model/session/notify.js';
import { COMPONENTS, SIDES } from '../../model/session/side.js';
import type { Surroundings } from '../../model/session/surroundings.js';

const side = fc.constantFrom(...SIDES);
const reference = fc.constantFrom<Reference>('strong', ...SIDES);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });

export const address: fc.Arbitrary<Address> = fc
  .tuple(fc.constantFrom('192.0.2.1', '198.51.100.2', '2001:db8::1'), fc.constantFrom(4000, 4001, 65_535))
  .map(([host, port]) => ({ host, port: udpPort(port) }));

export const INSIDE: Network = { host: '127.0.0.1', advertised: null };
const OUTSIDE: Network = { host: '127.0.0.2', advertised: '198.51.100.1' };
const NOTIFY: Notify = { target: { kind: 'unix', path: '/run/proxy' }, tag: 'T1', toTag: null };
const SIX: Network = { host: '2001:db8::7', advertised: null };
const network = fc.constantFrom(INSIDE, OUTSIDE, SIX);
const networkWish: fc.Arbitrary<NetworkWish> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('both' as const), network }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('each' as const), caller: network, callee: optional(network) }) },
);

const CLOSE_REASONS: readonly CloseReason[] = ['deleted', 'timeout', 'purged', 'shutdown', 'defect'];

/** Any command that the types allow, sensible or not. */
export const sessionCommand: fc.Arbitrary<SessionCommand> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('Signal' as const),
      side,
      address: optional(address),
      held: fc.boolean(),
      asymmetric: fc.boolean(),
      codecs: fc.constantFrom([], [0], [0, 8, 101]),
      resizeMs: fc.constantFrom(null, null, 20, 40),
      newPort: fc.constantFrom(false, false, true),
      networks: networkWish,
      notify: fc.constantFrom(null, 'keep' as const, NOTIFY),
      ttlMs: fc.record({ caller: fc.constantFrom(null, null, 90_000), callee: fc.constantFrom(null, null, 45_000) }),
      reference: optional(reference),
      opening: fc.option(fc.constant({ call: callId('call@a'), tag: 'alice;1' }), { nil: null, freq: 8 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('NoteSource' as const),
      side,
      component: fc.constantFrom(...COMPONENTS),
      address,
      latched: fc.boolean(),
      learned: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('Release' as const), reference }) },
  { weight: 1, arbitrary: fc.constant({ type: 'CheckIdle' as const }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('SetTtl' as const), side, ttlMs: fc.constantFrom(1000, 90_000) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('SetTos' as const), side, tos: fc.constantFrom(1, 184) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('CatchDtmf' as const),
      side,
      dtmf: fc.record({ tag: fc.constantFrom('D1', 'D2'), payloadType: fc.constantFrom(96, 101), swallow: fc.boolean() }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('Fork' as const),
      source: fc.record({
        call: fc.constantFrom(callId('call@a'), callId('call@b')),
        tag: fc.constantFrom('alice;1', 'alice;2'),
        hears: fc.constantFrom({ caller: 'callee', callee: 'caller' } as const, { caller: 'caller', callee: 'callee' } as const),
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('Close' as const), reason: fc.constantFrom(...CLOSE_REASONS) }) },
);

const count = fc.nat(1000);
const tally: fc.Arbitrary<Tally> = fc.record({ received: count, relayed: count, dropped: count });

/** What the shell may hand to `decide`, without the time: that only ever goes on. */
export type Chance = Pick<Surroundings, 'sparePort' | 'tally' | 'independentTtl'> & {
  readonly passesMs: number;
  readonly silentMs: number;
};

export const chance: fc.Arbitrary<Chance> = fc.record({
  sparePort: fc.option(
    fc.nat(100).map((n) => ({ host: '127.0.0.1', port: udpPort(20_000 + n * 2) })),
    { nil: null, freq: 5 },
  ),
  tally: fc.record({ caller: tally, callee: tally }),
  independentTtl: fc.boolean(),
  passesMs: fc.constantFrom(0, 1, 9999, 10_000, 60_000),
  silentMs: fc.constantFrom(0, 29_999, 30_000, 59_999, 60_000),
});

/** The surroundings at `nowMs`, of sessions that live 60 s, and 30 s before they are complete. */
export const surroundingsAt = (nowMs: number, { sparePort, tally: soFar, silentMs, independentTtl }: Chance): Surroundings => ({
  now: millis(nowMs),
  sparePort,
  ttlMs: 60_000,
  setupTtlMs: 30_000,
  independentTtl,
  network: INSIDE,
  heardAt: { caller: millis(nowMs - silentMs), callee: millis(nowMs - silentMs) },
  tally: soFar,
});
