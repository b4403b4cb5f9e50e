/** A packet as far as its place in time goes. */
export type Timed = {
  /** RTP, 0…2^32-1. */
  readonly timestamp: number;
  /** When it came, RTP units since any origin; with a fraction. */
  readonly arrival: number;
};

/** RTP units a second, of every codec here (RFC 3551 §4.5.2 for G.722). */
export const TICKS_PER_SECOND = 8000;
/** A timestamp that is so far ahead of its packet's arrival is not believed. */
const MOST_AHEAD = TICKS_PER_SECOND;
/** Sound that would be heard so much before its packet came has been held up: there was silence before it that no timestamp tells of. */
const MOST_DRIFT = 0.2 * TICKS_PER_SECOND;
/** A packet may be late for other reasons: only if all that come within this time are, the sender has made a pause. */
const FORESIGHT = TICKS_PER_SECOND;
/** Packets whose timestamps are farther apart say nothing about each other's lateness. */
const COMPARABLE = 2 * TICKS_PER_SECOND;
/** A gap so short is none: 2 ms. */
const SHORTEST_GAP = 16;

/** What was out of the ordinary. */
export type PlacementCounts = { gaps: number; drifts: number; jumps: number };

/**
 * Where the packets of one sender belong in time. Their timestamps say how they follow each other; when they came says when that was, and how two
 * senders relate. The first packet is placed where it would have come without jitter, as the packets behind it tell; all others by their
 * timestamp, never over one another. A timestamp that jumps is not believed: what follows is placed by its arrival.
 */
export class Placement {
  readonly counts: PlacementCounts = { gaps: 0, drifts: 0, jumps: 0 };
  #begun = false;
  /** Of the last packet: its timestamp, where it belongs, and where it would if no jump had been seen. */
  #timestamp = 0;
  #target = 0;
  #believed = 0;
  /** Behind the last sound. */
  #cursor = 0;

  /** Where the next packet is heard, RTP units since the origin of the arrivals, a whole number. `following`: those behind it, as far as they are known. */
  place(packet: Timed, following: readonly Timed[]): number {
    if (this.#begun) this.#follow(packet, following);
    else this.#begin(packet, following);
    this.#timestamp = packet.timestamp;
    const gap = this.#target - this.#cursor;
    if (gap < SHORTEST_GAP) return this.#cursor;
    this.counts.gaps++;
    this.#cursor = Math.round(this.#target);
    return this.#cursor;
  }

  /** So long was the sound of the packet just placed, RTP units. */
  advance(ticks: number): void {
    this.#cursor += ticks;
  }

  #begin(packet: Timed, following: readonly Timed[]): void {
    this.#begun = true;
    const early = leastLateness(packet, packet.arrival, following);
    this.#target = packet.arrival + Math.max(-MOST_DRIFT, Math.min(0, early));
    this.#believed = this.#target;
    this.#cursor = Math.round(this.#target);
  }

  #follow(packet: Timed, following: readonly Timed[]): void {
    const step = (packet.timestamp - this.#timestamp) | 0;
    this.#target += step;
    this.#believed += step;
    if (this.#believed - packet.arrival > MOST_AHEAD) {
      this.counts.jumps++;
      this.#believed = packet.arrival;
      this.#target = packet.arrival - this.#cursor > MOST_DRIFT ? packet.arrival : this.#cursor;
    }
    const position = Math.max(this.#target, this.#cursor);
    if (packet.arrival - position <= MOST_DRIFT) return;
    const drift = Math.min(packet.arrival - position, leastLateness(packet, position, following));
    if (drift <= MOST_DRIFT) return;
    this.counts.drifts++;
    this.#target = position + drift;
    this.#believed = this.#target;
  }
}

/** How much later than it belongs the packet came that was least late among those that follow soon, if `packet` belongs at `position`. */
function leastLateness(packet: Timed, position: number, following: readonly Timed[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { timestamp, arrival } of following) {
    const step = (timestamp - packet.timestamp) | 0;
    if (Math.abs(arrival - packet.arrival) > FORESIGHT || Math.abs(step) > COMPARABLE) continue;
    least = Math.min(least, arrival - (position + step));
  }
  return least;
}
