import { type Address, formatAddress, ok, type Result, refuse, udpPort } from '../../../model/kernel/index.js';
import { COMPONENTS, SIDES, type Side } from '../../../model/session/side.js';
import type { Leg } from '../../../model/session/state.js';
import type { Errno, PacketEngine } from '../../media/engine.js';
import { type ComponentIndex, type LegIndex, ROWS_PER_SESSION, rowOf } from '../../media/streams.js';
import type { Attempt } from '../portalloc/portTable.js';
import type { PortTables } from '../portalloc/portTables.js';
import type { RestingPairs } from '../portalloc/restingPairs.js';
import type { Clock } from '../ports.js';

/** When ports run out every call fails; once in this time is often enough to say it. */
const WARNING_INTERVAL_MS = 1000;

export type LegSocketsWorld = {
  readonly engine: PacketEngine;
  readonly ports: PortTables;
  /** Pairs that stay open between two calls. */
  readonly resting: RestingPairs;
  readonly clock: Clock;
  readonly warn: (text: string) => void;
};

/** Opens and closes the sockets of legs: an even RTP port and the next one for RTCP, both or none. */
export class LegSockets {
  readonly #world: LegSocketsWorld;
  #warnAtMs = 0;
  #unsaid = 0;

  constructor(world: LegSocketsWorld) {
    this.#world = world;
  }

  /** Binds a free pair of `host` for a leg, and starts to receive. Answers its RTP address; null, with a warning, if there is none. */
  bind(slot: number, side: Side, host: string): Address | null {
    const { resting } = this.#world;
    const leg = SIDES.indexOf(side) as LegIndex;
    const table = this.#world.ports.of(host);
    const rested = resting.take(table, host, rowOf(slot, leg, 0));
    if (rested !== null) return { host, port: rested };
    let trouble = 'every port pair of the range is in use';
    const attempt = (rtp: number): Attempt => {
      for (let component = 0; component < COMPONENTS.length; component++) {
        const row = rowOf(slot, leg, component as ComponentIndex);
        const opened = this.#world.engine.open(row, { host, port: udpPort(rtp + component) });
        if (opened.ok) continue;
        this.#world.engine.close(rowOf(slot, leg, 0));
        if (opened.error === 'EADDRINUSE' || opened.error === 'EACCES') return 'busy';
        trouble = `cannot open a socket on ${formatAddress({ host, port: udpPort(rtp + component) })}: ${opened.error}`;
        return 'hopeless';
      }
      return 'opened';
    };
    // What rests may hold the ports, or the descriptors, that are wanting.
    const rtp = table.claim(attempt) ?? (resting.giveUp() > 0 ? table.claim(attempt) : null);
    if (rtp !== null) return { host, port: rtp };
    this.#warn(trouble);
    return null;
  }

  /**
   * Binds the pair that a leg had before a crash. Answers the errno where one of its ports cannot be had; the pair stays the leg's all the
   * same, so that nobody takes it before it is tried again, until `close`.
   */
  rebind(slot: number, side: Side, local: Address): Result<void, Errno> {
    const leg = SIDES.indexOf(side) as LegIndex;
    const ports = this.#world.ports.of(local.host);
    if (!ports.take(local.port)) return refuse('EADDRINUSE');
    for (let component = 0; component < COMPONENTS.length; component++) {
      const row = rowOf(slot, leg, component as ComponentIndex);
      const opened = this.#world.engine.open(row, { host: local.host, port: udpPort(local.port + component) });
      if (opened.ok) continue;
      this.#world.engine.close(rowOf(slot, leg, 0));
      return opened;
    }
    return ok(undefined);
  }

  /** `isUnused`: nothing was ever sent to the pair, and its sockets are as they were when they were opened. */
  close(slot: number, side: Side, local: Address, isUnused = false): void {
    const leg = SIDES.indexOf(side) as LegIndex;
    const table = this.#world.ports.of(local.host);
    if (isUnused && this.#world.resting.rest(table, local.host, local.port, rowOf(slot, leg, 0))) return;
    for (let component = 0; component < COMPONENTS.length; component++) {
      this.#world.engine.close(rowOf(slot, leg, component as ComponentIndex));
    }
    table.release(local.port);
  }

  /** Gives a leg the sockets that stand in for it in another slot, and closes those it had at `old`. */
  replace(slot: number, side: Side, old: Address, spareSlot: number): void {
    const leg = SIDES.indexOf(side) as LegIndex;
    for (let component = 0; component < COMPONENTS.length; component++) {
      const index = component as ComponentIndex;
      this.#world.engine.move(rowOf(spareSlot, leg, index), rowOf(slot, leg, index));
    }
    this.#world.ports.of(old.host).release(old.port);
  }

  /** New sockets of a leg come to stand where they belong. `before`: what the leg was; `boundIn`: the slot where they were bound. */
  settle(slot: number, side: Side, before: Leg, boundIn: number): void {
    if (before.local !== null) this.replace(slot, side, before.local, boundIn);
    if (before.tos !== null) this.setTos(slot, side, before.tos);
  }

  /** A bug came between the sockets that a leg had and those that it was to get: none of them is left, half open or moved as they may be. */
  abandon(slot: number, side: Side, { local }: Leg, boundIn: number): void {
    if (local !== null) this.close(slot, side, local);
    this.closeRows(boundIn);
  }

  /** Whatever stands in a slot. */
  closeRows(slot: number): void {
    for (let row = slot * ROWS_PER_SESSION; row < (slot + 1) * ROWS_PER_SESSION; row++) this.#world.engine.close(row);
  }

  setTos(slot: number, side: Side, tos: number): void {
    const leg = SIDES.indexOf(side) as LegIndex;
    for (let component = 0; component < COMPONENTS.length; component++) {
      this.#world.engine.setTos(rowOf(slot, leg, component as ComponentIndex), tos);
    }
  }

  #warn(trouble: string): void {
    const now = this.#world.clock();
    if (now < this.#warnAtMs) {
      this.#unsaid++;
      return;
    }
    this.#world.warn(
      `no port for a leg: ${trouble}${this.#unsaid > 0 ? ` (and ${this.#unsaid} more since the last warning)` : ''}`,
    );
    this.#warnAtMs = now + WARNING_INTERVAL_MS;
    this.#unsaid = 0;
  }
}
