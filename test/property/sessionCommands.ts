import fc from 'fast-check';
import { type Address, callId, millis, udpPort } from '../../model/kernel/index.js';
import type { NetworkWish, SessionCommand } from '../../model/session/command.js';
import type { CloseReason, Reference, Tally } from '../../model/session/event.js';
import type { Network } from '../../model/session/network.js';
import type { Notify } from '../../model/session/notify.js';
import { RECORDING_FORMS } from '../../model/session/recording.js';
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

const playback = fc.record({
  prompt: fc.constantFrom('hold', '/prompts/welcome'),
  payloadType: fc.constantFrom(0, 3, 97),
  ptimeMs: fc.constantFrom(20, 30),
  count: fc.constantFrom(1, 3, -1),
  voice: fc.record({
    ssrc: fc.nat(0xffffffff),
    sequence: fc.constantFrom(0, 65_535),
    timestamp: fc.constantFrom(0, 0xffff_ffff),
  }),
});
/** Few numbers, so that most of them are those of a recording that is there. */
const recording = fc.integer({ min: 1, max: 4 });
const files = fc.constantFrom([], ['call@a=alice.o.rtp'], ['call@a=alice.o.rtp', 'call@a=alice.a.rtp']);
/** Where copies of media are sent from. */
const copyFrom = fc.nat(9).map((n): Address => ({ host: '127.0.0.1', port: udpPort(30_000 + n * 2) }));

/** Prompts, recordings and copies. */
export const soundCommand: fc.Arbitrary<SessionCommand> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('Play' as const), side, playback }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('StopPlay' as const),
      side,
      reason: fc.constantFrom('finished' as const, 'stopped' as const, 'failed' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('PlayDtmf' as const),
      side,
      dtmf: fc.record({
        code: fc.nat(15),
        payloadType: fc.constantFrom(96, 101),
        durationMs: fc.constantFrom(100, 5000),
        volume: fc.constantFrom(0, 63),
      }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('Record' as const),
      sides: fc.subarray([...SIDES], { minLength: 1 }),
      form: fc.constantFrom(...RECORDING_FORMS),
      single: fc.boolean(),
      name: fc.constantFrom(null, 'take-1', 'take-2'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('NameRecording' as const), recording, files }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('StopRecording' as const),
      recording,
      sides: fc.subarray([...SIDES], { minLength: 1 }),
      reason: fc.constantFrom('stopped' as const, 'failed' as const),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('Copy' as const), side, to: address, local: copyFrom }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('StopCopy' as const), side, local: optional(copyFrom) }) },
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
        hears: fc.constantFrom(
          { caller: 'callee', callee: 'caller' } as const,
          { caller: 'caller', callee: 'callee' } as const,
          { caller: null, callee: 'caller' } as const,
        ),
      }),
    }),
  },
  { weight: 4, arbitrary: soundCommand },
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
