import assert from 'node:assert/strict';
import { type Address, callId, type Millis, millis, udpPort } from '../../model/kernel/index.js';
import type { SessionCommand } from '../../model/session/command.js';
import { decide } from '../../model/session/decide/index.js';
import type { SessionEvent } from '../../model/session/event.js';
import { evolve } from '../../model/session/evolve.js';
import type { Network } from '../../model/session/network.js';
import type { Notify } from '../../model/session/notify.js';
import type { Refusal } from '../../model/session/refusal.js';
import type { Side } from '../../model/session/side.js';
import { INITIAL_STATE, type SessionState } from '../../model/session/state.js';
import type { Surroundings } from '../../model/session/surroundings.js';

/** When everything that is given has happened, unless `later` says otherwise. */
export const T0: Millis = millis(1_700_000_000_000);
export const TTL_MS = 60_000;
export const SETUP_TTL_MS = 30_000;
/** Where legs stand for which nothing is asked, and another place. */
export const INSIDE: Network = { host: '127.0.0.1', advertised: null };
export const OUTSIDE: Network = { host: '127.0.0.2', advertised: '198.51.100.1' };
const NO_PACKETS = { received: 0, relayed: 0, dropped: 0 } as const;
export const NO_TALLY = { caller: NO_PACKETS, callee: NO_PACKETS } as const;

type WithoutTime<E> = E extends SessionEvent ? Omit<E, 'at'> : never;
/** An event as a test tells it: its time is that of the sentence it stands in. */
export type Told = WithoutTime<SessionEvent> & { readonly at?: Millis };

/** `192.0.2.1:4000` as an address. */
export function address(text: string): Address {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: udpPort(Number(text.slice(colon + 1))) };
}

export const opened = (reference: 'strong' | Side = 'strong'): Told => ({
  ...{ type: 'SessionOpened', call: callId('call@a'), tag: 'alice' },
  ...{ setupTtlMs: SETUP_TTL_MS, ttlMs: TTL_MS, independentTtl: false, networks: { caller: INSIDE, callee: INSIDE }, reference },
});
/** The same, the legs in networks of their own. */
export const openedIn = (caller: Network, callee: Network): Told => ({ ...opened(), networks: { caller, callee } }) as Told;
/** The same, where silence of either side ends the session. */
export const openedIndependent = (): Told => ({ ...opened(), independentTtl: true }) as Told;
export const legOpened = (side: Side, port: number): Told => ({ type: 'LegOpened', side, local: address(`127.0.0.1:${port}`) });
export const signalled = (side: Side, at: string): Told => ({ type: 'RemoteSignalled', side, address: address(at) });
export const held = (side: Side): Told => ({ type: 'LegHeld', side });
export const symmetry = (side: Side, asymmetric: boolean): Told => ({ type: 'SymmetryChanged', side, asymmetric });
export const codecs = (side: Side, ...list: number[]): Told => ({ type: 'CodecsOffered', side, codecs: list });
export const taken = (reference: 'strong' | Side): Told => ({ type: 'ReferenceTaken', reference });
export const released = (reference: 'strong' | Side): Told => ({ type: 'ReferenceReleased', reference });
/** A Unix socket is to be told of a timeout. */
export const notified = (tag: string): Told => ({ type: 'NotifyChanged', notify: notifyOf(tag) });
export const notifyOf = (tag: string): Notify => ({ target: { kind: 'unix', path: '/run/proxy' }, tag, toTag: null });
export const closed = (reason: 'deleted' | 'timeout' | 'purged' | 'shutdown' | 'defect'): Told => ({
  ...{ type: 'SessionClosed', reason, tally: NO_TALLY },
});
export const latched = (side: Side, component: 'rtp' | 'rtcp', at: string, how: 'confirmed' | 'learned' | 'unlatched'): Told => ({
  ...{ type: 'RemoteLatched', side, component, address: address(at) },
  ...{ latched: how !== 'unlatched', learned: how !== 'confirmed' },
});

/** A side is copied to another host, from a pair of ports. */
export const copies = (side: Side, to: PlainAddress, local: PlainAddress) =>
  [{ type: 'CopyStarted', side, to: addressOf(to), local: addressOf(local) }] as const;
type PlainAddress = { readonly host: string; readonly port: number };
const addressOf = ({ host, port }: PlainAddress): Address => ({ host, port: udpPort(port) });

/** The same, so long after `T0`. */
export const later = (ms: number, event: Told): Told => ({ ...event, at: millis(T0 + ms) });

export const stamp = (event: Told, at: Millis): SessionEvent => ({ at, ...event }) as SessionEvent;

type Signal = Extract<SessionCommand, { type: 'Signal' }>;
const PLAIN = {
  ...({ address: null, held: false, asymmetric: false, codecs: [], resizeMs: null, newPort: false } as const),
  ...({ networks: null, notify: null, ttlMs: { caller: null, callee: null }, reference: null, opening: null } as const),
} as const;

/** The first offer of a call. */
export const offer = (at: string | null, more: Partial<Signal> = {}): Signal => ({
  ...{ type: 'Signal', side: 'caller', ...PLAIN, address: at === null ? null : address(at), reference: 'strong' },
  ...{ opening: { call: callId('call@a'), tag: 'alice' }, ...more },
});
/** What a side says later. */
export const signal = (side: Side, at: string | null, more: Partial<Signal> = {}): Signal => ({
  ...{ type: 'Signal', side, ...PLAIN, address: at === null ? null : address(at), ...more },
});

export const stateAfter = (...events: readonly Told[]): SessionState =>
  events.reduce((state, event) => evolve(state, stamp(event, T0)), INITIAL_STATE);

/** What a command finds: a free port, half a second after `T0`, nothing heard since. */
const AROUND: Surroundings = {
  ...{ now: millis(T0 + 500), sparePort: address('127.0.0.1:20000'), ttlMs: TTL_MS, setupTtlMs: SETUP_TTL_MS },
  ...{ independentTtl: false, network: INSIDE, heardAt: { caller: T0, callee: T0 }, tally: NO_TALLY },
};

type Outcome = {
  /** The events, at the time of the command. */
  gives(...events: readonly Told[]): void;
  givesNothing(): void;
  refuses(refusal: Refusal): void;
};

/** `given(what has happened).when(a command).gives(what follows)`. */
export function given(...events: readonly Told[]): {
  when(command: SessionCommand, around?: Partial<Surroundings>): Outcome;
} {
  const state = stateAfter(...events);
  return {
    when: (command, around = {}) => {
      const surroundings = { ...AROUND, ...around };
      const decision = decide(state, command, surroundings);
      const gives = (...expected: readonly Told[]): void => {
        assert.deepEqual(decision, { ok: true, value: expected.map((event) => stamp(event, surroundings.now)) });
      };
      return {
        gives,
        givesNothing: () => gives(),
        refuses: (refusal) => assert.deepEqual(decision, { ok: false, error: refusal }),
      };
    },
  };
}

/** Both legs open: 20000 faces the callee, 20002 the caller. */
export const COMPLETE: readonly Told[] = [opened(), legOpened('callee', 20_000), legOpened('caller', 20_002)];
