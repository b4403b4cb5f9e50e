import type { ForkSource } from '../../../model/session/event.js';
import { COMPONENTS, otherSide, SIDES, type Side } from '../../../model/session/side.js';
import type { Packet } from '../../media/engine.js';
import type { MediaPlane } from '../../media/plane.js';
import { type ComponentIndex, rowOf } from '../../media/streams.js';
import { legIndexOf, type Session } from './session.js';

/** A session, wherever it lives. */
export type SessionPlace = { readonly shard: number; readonly session: number; readonly slot: number };

/** A packet on its way from the thread that received it to the one that sends it to somebody else as well. */
export type ForkedPacket = {
  readonly line: string;
  /** Whose it is, in the session it comes from. */
  readonly side: Side;
  readonly component: ComponentIndex;
  readonly bytes: Uint8Array;
};

/** What forks between threads need of the world. */
export type ForkWorld = {
  /** Asks another thread to send the packets of a session of its. They come to `deliver`. */
  readonly openLine: (line: string, source: SessionPlace) => void;
  readonly closeLine: (line: string, source: SessionPlace) => void;
};

type Fork = { readonly target: Session; readonly source: ForkSource; readonly place: SessionPlace; readonly line: string };

/**
 * The sessions of a shard that get the media of others. Where both live on one thread, a packet is taken over while it is in hand; otherwise
 * its bytes travel over a line between the two threads.
 */
export class Forks {
  readonly #shard: number;
  readonly #plane: MediaPlane;
  readonly #world: ForkWorld;
  /** Makes the streams of a session of this shard do what they now should: a tap is part of their route. */
  readonly #reroute: (slot: number) => void;
  readonly #byTarget = new Map<Session, Fork>();
  readonly #byLine = new Map<string, Fork>();
  /** Line → the slot of ours that it taps. */
  readonly #tapped = new Map<string, number>();
  #nextLine = 1;

  constructor(shard: number, plane: MediaPlane, world: ForkWorld, reroute: (slot: number) => void) {
    this.#shard = shard;
    this.#plane = plane;
    this.#world = world;
    this.#reroute = reroute;
  }

  /** Lets `target` hear the session at `place`. A later one takes the place of the one before. */
  start(target: Session, source: ForkSource, place: SessionPlace): void {
    this.end(target);
    const line = `${this.#shard}/${this.#nextLine++}`;
    const fork = { target, source, place, line };
    this.#byTarget.set(target, fork);
    this.#byLine.set(line, fork);
    if (place.shard === this.#shard)
      this.tap(line, place.slot, (side, component, packet) => this.#pass(fork, side, component, packet));
    else this.#world.openLine(line, place);
  }

  /** The target has ended. */
  end(target: Session): void {
    const fork = this.#byTarget.get(target);
    if (fork === undefined) return;
    const { line, place } = fork;
    this.#byTarget.delete(target);
    this.#byLine.delete(line);
    if (place.shard === this.#shard) this.untap(line);
    else this.#world.closeLine(line, place);
  }

  /** Hands out the packets of a session of ours. Asked again for the same line, as after the death of a thread, it does so once. */
  tap(line: string, slot: number, take: (side: Side, component: ComponentIndex, packet: Packet) => void): void {
    this.untap(line);
    this.#tapped.set(line, slot);
    this.#eachRow(slot, (row, side, component) =>
      this.#plane.taps.add(row, { line, take: (packet) => take(side, component, packet) }),
    );
    this.#reroute(slot);
  }

  untap(line: string): void {
    const slot = this.#tapped.get(line);
    if (slot === undefined) return;
    this.#tapped.delete(line);
    this.#eachRow(slot, (row) => this.#plane.taps.remove(row, line));
    this.#reroute(slot);
  }

  /** A packet has come over a line. */
  deliver({ line, side, component, bytes }: ForkedPacket): void {
    const fork = this.#byLine.get(line);
    if (fork === undefined) return; // The call it was for has ended meanwhile.
    const draft = this.#plane.engine.draft();
    draft.bytes.set(bytes, draft.start);
    draft.length = bytes.length;
    this.#pass(fork, side, component, draft);
  }

  #pass({ target, source }: Fork, from: Side, component: ComponentIndex, packet: Packet): void {
    for (const side of SIDES) {
      // What a side hears leaves by its own leg, so it comes in by the other one.
      if (source.hears[side] === from) this.#plane.inject(rowOf(target.slot, legIndexOf(otherSide(side)), component), packet);
    }
  }

  #eachRow(slot: number, act: (row: number, side: Side, component: ComponentIndex) => void): void {
    for (const side of SIDES) {
      for (let i = 0; i < COMPONENTS.length; i++) {
        const component = i as ComponentIndex;
        act(rowOf(slot, legIndexOf(side), component), side, component);
      }
    }
  }
}
