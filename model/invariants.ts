import type { SessionEvent } from './session/event.js';
import { SIDES, type Side } from './session/side.js';
import { isComplete, type SessionState } from './session/state.js';

/** What is true of every session after every event. Answers the first rule that is broken, in words, or null. */
export function brokenInvariant(state: SessionState, phase: string): string | null {
  if ((phase === 'closed') !== (state.closed !== null))
    return `the chart is in ${phase} but the state says closed: ${state.closed}`;
  if (phase === 'relaying' && !isComplete(state)) return 'relaying without both legs open';
  if (phase === 'waiting' && isComplete(state)) return 'waiting although both legs are open';
  if (phase === 'new') return state.call === '' ? null : 'a session that is new has a Call-ID already';
  const { strong, caller, callee } = state.references;
  if (state.closed === null && !strong && !caller && !callee) return 'open without any reference';
  for (const side of SIDES) {
    const { local, rtp, rtcp } = state.legs[side];
    if (local !== null && local.port % 2 !== 0) return `the RTP port ${local.port} of the ${side} is odd`;
    for (const remote of [rtp, rtcp]) {
      if (remote.untrusted && remote.address === null) return `the ${side} has an address learned from packets, but no address`;
      if (remote.previous !== null && remote.address === null) return `the ${side} has a previous address but no present one`;
    }
  }
  return null;
}

/** Ports held by live sessions, watched over a whole log: no pair is held twice. One instance per port space (a family). */
export class PortsHeld {
  readonly #holders = new Map<string, string>();
  readonly #held = new Map<string, Map<Side, string>>();

  /** Takes one event of the session named `session`; answers the broken rule, or null. */
  follow(session: string, event: SessionEvent): string | null {
    if (event.type === 'SessionClosed') {
      for (const port of this.#held.get(session)?.values() ?? []) this.#holders.delete(port);
      this.#held.delete(session);
    }
    if (event.type !== 'LegOpened') return null;
    const port = `${event.local.host}:${event.local.port}`;
    const holder = this.#holders.get(port);
    const held = this.#held.get(session) ?? new Map<Side, string>();
    const before = held.get(event.side);
    if (before !== undefined) this.#holders.delete(before); // The leg has left its old port for this one.
    this.#holders.set(port, session);
    this.#held.set(session, held.set(event.side, port));
    return holder === undefined ? null : `${port} is opened for ${session} while ${holder} holds it`;
  }

  get count(): number {
    return this.#holders.size;
  }
}
