import { type Address, type Result, refuse, sameAddress, udpPort } from '../../../model/kernel/index.js';
import { COMPONENTS, type Side } from '../../../model/session/side.js';
import type { Errno } from '../../media/engine.js';
import type { MediaPlane } from '../../media/plane.js';
import { type ComponentIndex, rowOf } from '../../media/streams.js';
import { encodeSockaddr } from '../../protocol/bytes/sockaddr.js';
import type { LegSockets } from './legSockets.js';
import { legIndexOf, type Session } from './session.js';

/** The sockets of a copy stand where those of a caller would, in a slot that no session has. */
const COPY_SIDE: Side = 'caller';

/** What copies need of their shard. */
export type CopyWorld = {
  readonly plane: MediaPlane;
  readonly sockets: LegSockets;
  /** A slot that nobody has, or null. */
  readonly takeSlot: () => number | null;
  readonly giveSlot: (slot: number) => void;
  /** Makes the streams of a slot do what they now should. */
  readonly reroute: (slot: number) => void;
  /** Whether RTCP is copied, too. */
  readonly rtcp: boolean;
};

type Copy = { readonly slot: number; readonly side: Side; readonly local: Address; readonly line: string };

/** The streams of a shard whose packets are sent to another host as well: just as they came, RTCP to the next port. */
export class Copies {
  readonly #world: CopyWorld;
  readonly #copies = new Map<Session, readonly Copy[]>();

  constructor(world: CopyWorld) {
    this.#world = world;
  }

  /** Sends what is received from `side` to `to` as well, from a port pair of `host`. Answers where from; null: no port is free. */
  start(session: Session, side: Side, to: Address, host: string): Address | null {
    const { sockets, takeSlot, giveSlot } = this.#world;
    const slot = takeSlot();
    if (slot === null) return null;
    const local = sockets.bind(slot, COPY_SIDE, host);
    if (local === null) {
      giveSlot(slot);
      return null;
    }
    this.#begin(session, to, { slot, side, local, line: `copy ${slot}` });
    return local;
  }

  /** Goes on with a copy that a crash has ended, from the ports it had. Answers the errno where they cannot be had; the pair stays held until it is freed. */
  restore(session: Session, side: Side, { to, local }: { readonly to: Address; readonly local: Address }): Result<void, Errno> {
    const { sockets, takeSlot, giveSlot } = this.#world;
    const slot = takeSlot();
    if (slot === null) return refuse('ENOBUFS');
    const bound = sockets.rebind(slot, COPY_SIDE, local);
    if (bound.ok) this.#begin(session, to, { slot, side, local, line: `copy ${slot}` });
    else giveSlot(slot);
    return bound;
  }

  #begin(session: Session, to: Address, copy: Copy): void {
    this.#copies.set(session, [...(this.#copies.get(session) ?? []), copy]);
    this.#tap(session, copy, to);
    this.#world.reroute(session.slot);
  }

  #tap(session: Session, { slot, side, line }: Copy, to: Address): void {
    const { plane, rtcp } = this.#world;
    for (let i = 0; i < (rtcp ? COMPONENTS.length : 1); i++) {
      const component = i as ComponentIndex;
      const row = rowOf(slot, legIndexOf(COPY_SIDE), component);
      encodeSockaddr({ host: to.host, port: udpPort((to.port + i) % 65_536) }, plane.engine.remotes, plane.remoteAt(row));
      const take = (packet: Parameters<typeof plane.onDatagram>[0]): void => plane.engine.send(row, packet);
      plane.taps.add(rowOf(session.slot, legIndexOf(side), component), { line, take });
    }
  }

  /** Ends the copies of a side: the one from the pair at `local`, or (null) all of them. */
  stop(session: Session, side: Side, local: Address | null): void {
    const isMeant = (copy: Copy): boolean => copy.side === side && (local === null || sameAddress(copy.local, local));
    this.#close(session, (this.#copies.get(session) ?? []).filter(isMeant));
    this.#world.reroute(session.slot);
  }

  #close(session: Session, ended: readonly Copy[]): void {
    const { plane, sockets, giveSlot } = this.#world;
    const left = (this.#copies.get(session) ?? []).filter((copy) => !ended.includes(copy));
    if (left.length > 0) this.#copies.set(session, left);
    else this.#copies.delete(session);
    for (const { slot, side, local, line } of ended) {
      for (let i = 0; i < COMPONENTS.length; i++) {
        plane.taps.remove(rowOf(session.slot, legIndexOf(side), i as ComponentIndex), line);
      }
      sockets.close(slot, COPY_SIDE, local);
      plane.clear(slot);
      giveSlot(slot);
    }
  }

  /** The session has ended. */
  end(session: Session): void {
    this.#close(session, this.#copies.get(session) ?? []);
  }
}
