import { deepEqual, ok } from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { RtpPeer } from '../rig/rtpPeer.js';
import type { Place, Speaker } from './calls.js';

const PACKET_MS = 20;
/** How long what was sent last may be under way. */
const ARRIVAL_MS = 100;
/** More than so many packets in a row are a gap that people hear. */
const MISSING_LIMIT = 3;

/** Two ends that speak all the time, and listen to each other. */
export class Talk {
  readonly #speakers: readonly [Speaker, Speaker];
  readonly #talking: Promise<unknown>;
  #isOver = false;
  #sent = 0;

  /** Begins. What both have heard before is forgotten. */
  constructor(one: Speaker, other: Speaker) {
    this.#speakers = [one, other];
    for (const { peer } of this.#speakers) peer.arrived.splice(0);
    this.#talking = this.#talk();
  }

  async #talk(): Promise<void> {
    const startMs = performance.now();
    while (!this.#isOver) {
      for (const { peer, place } of this.#speakers) peer.send(place.port, place.address);
      this.#sent++;
      await delay(Math.max(0, startMs + this.#sent * PACKET_MS - performance.now()));
    }
  }

  /** How many packets each has sent. */
  get sent(): number {
    return this.#sent;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#talking;
    await delay(ARRIVAL_MS);
  }

  /** They stop, and each has heard the other from its first packet to its last, from where it sends to, without a gap. */
  async wasUnbroken(): Promise<void> {
    await this.stop();
    const [one, other] = this.#speakers;
    isUnbroken(one.peer, one.place, other.peer, this.#sent);
    isUnbroken(other.peer, other.place, one.peer, this.#sent);
  }
}

function isUnbroken(listener: RtpPeer, from: Place, { ssrc }: RtpPeer, sent: number): void {
  const heard = listener.arrived.filter((each) => each.ssrc === ssrc);
  deepEqual(
    new Set(listener.arrived.map(({ address, port }) => `${address} ${port}`)),
    new Set([`${from.address} ${from.port}`]),
  );
  let longest = 0;
  for (let i = 1; i < heard.length; i++) longest = Math.max(longest, heard[i]!.sequence - heard[i - 1]!.sequence - 1);
  const missing = sent - heard.length;
  ok(longest <= MISSING_LIMIT && missing <= MISSING_LIMIT, `${missing} of ${sent} packets missing, ${longest} in a row`);
}
