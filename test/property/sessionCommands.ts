import fc from 'fast-check';
import { type Address, callId, millis, udpPort } from '../../model/kernel/index.js';
import type { SessionCommand } from '../../model/session/command.js';
import type { CloseReason, Reference, Tally } from '../../model/session/event.js';
import { COMPONENTS, SIDES } from '../../model/session/side.js';
import type { Surroundings } from '../../model/session/surroundings.js';

const side = fc.constantFrom(...SIDES);
const reference = fc.constantFrom<Reference>('strong', ...SIDES);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });

export const address: fc.Arbitrary<Address> = fc
  .tuple(fc.constantFrom('192.0.2.1', '198.51.100.2', '2001:db8::1'), fc.constantFrom(4000, 4001, 65_535))
  .map(([host, port]) => ({ host, port: udpPort(port) }));

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
  { weight: 1, arbitrary: fc.record({ type: fc.constant('Close' as const), reason: fc.constantFrom(...CLOSE_REASONS) }) },
);

const count = fc.nat(1000);
const tally: fc.Arbitrary<Tally> = fc.record({ received: count, relayed: count, dropped: count });

/** What the shell may hand to `decide`, without the time: that only ever goes on. */
export type Chance = Pick<Surroundings, 'sparePort' | 'tally'> & { readonly passesMs: number; readonly silentMs: number };

export const chance: fc.Arbitrary<Chance> = fc.record({
  sparePort: fc.option(
    fc.nat(100).map((n) => ({ host: '127.0.0.1', port: udpPort(20_000 + n * 2) })),
    { nil: null, freq: 5 },
  ),
  tally: fc.record({ caller: tally, callee: tally }),
  passesMs: fc.constantFrom(0, 1, 9999, 10_000, 60_000),
  silentMs: fc.constantFrom(0, 29_999, 30_000, 59_999, 60_000),
});

/** The surroundings at `nowMs`, of sessions that live 60 s, and 30 s before they are complete. */
export const surroundingsAt = (nowMs: number, { sparePort, tally: soFar, silentMs }: Chance): Surroundings => ({
  now: millis(nowMs),
  sparePort,
  ttlMs: 60_000,
  setupTtlMs: 30_000,
  lastHeardAt: millis(nowMs - silentMs),
  tally: soFar,
});
