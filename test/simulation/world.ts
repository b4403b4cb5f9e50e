import { type Address, formatAddress } from '../../model/kernel/index.js';
import { seededRandom } from '../property/random.js';

type Happening = { readonly atMs: number; readonly order: number; readonly act: () => void };

/** Time that passes only when somebody lets it: what is to happen is done in the order of its times, without any waiting. */
export class SimulatedTime {
  #nowMs: number;
  #scheduled = 0;
  /** A binary heap, the earliest first. */
  readonly #queue: Happening[] = [];

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Things of the same time happen in the order in which they were scheduled. A time that has passed means now. */
  at(atMs: number, act: () => void): void {
    const happening = { atMs: Math.max(atMs, this.#nowMs), order: this.#scheduled++, act };
    let at = this.#queue.push(happening) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(this.#queue[parent]!, happening)) break;
      this.#queue[at] = this.#queue[parent]!;
      at = parent;
    }
    this.#queue[at] = happening;
  }

  after(delayMs: number, act: () => void): void {
    this.at(this.#nowMs + delayMs, act);
  }

  /** Does everything up to a time, and then it is that time. */
  runUntil(untilMs: number): void {
    while (this.#queue.length > 0 && this.#queue[0]!.atMs <= untilMs) this.#next();
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  runFor(ms: number): void {
    this.runUntil(this.#nowMs + ms);
  }

  /** Goes on until `isDone`. Throws when that takes longer than `limitMs`, of its own time. */
  runUntilDone(isDone: () => boolean, limitMs: number, what: string): void {
    const untilMs = this.#nowMs + limitMs;
    while (!isDone()) {
      if (this.#queue.length === 0 || this.#queue[0]!.atMs > untilMs) throw new Error(`${what} was not done in ${limitMs} ms`);
      this.#next();
    }
  }

  #next(): void {
    const next = this.#queue[0]!;
    const last = this.#queue.pop()!;
    if (this.#queue.length > 0) this.#sink(last);
    this.#nowMs = next.atMs;
    next.act();
  }

  #sink(happening: Happening): void {
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.#queue.length) break;
      if (child + 1 < this.#queue.length && isBefore(this.#queue[child + 1]!, this.#queue[child]!)) child++;
      if (isBefore(happening, this.#queue[child]!)) break;
      this.#queue[at] = this.#queue[child]!;
      at = child;
    }
    this.#queue[at] = happening;
  }
}

const isBefore = (a: Happening, b: Happening): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

/** What a network does to datagrams: shares from 0 to 1, and delays between which each datagram gets its own. */
export type Weather = {
  readonly lost: number;
  readonly duplicated: number;
  readonly shortestMs: number;
  readonly longestMs: number;
};

export const FAIR: Weather = { lost: 0, duplicated: 0, shortestMs: 1, longestMs: 1 };

export type Receive = (bytes: Uint8Array, from: Address) => void;

/** UDP between addresses, in bad weather: datagrams are lost, come twice, and overtake each other. */
export class SimulatedNetwork {
  readonly time: SimulatedTime;
  readonly #random: () => number;
  readonly #sockets = new Map<string, Receive>();
  weather: Weather;

  constructor(time: SimulatedTime, weather: Weather, seed: number) {
    this.time = time;
    this.weather = weather;
    this.#random = seededRandom(seed);
  }

  /** False if somebody has the address. */
  bind(address: Address, receive: Receive): boolean {
    const at = formatAddress(address);
    if (this.#sockets.has(at)) return false;
    this.#sockets.set(at, receive);
    return true;
  }

  unbind(address: Address): void {
    this.#sockets.delete(formatAddress(address));
  }

  isBound(address: Address): boolean {
    return this.#sockets.has(formatAddress(address));
  }

  /** Whoever has the address when the datagram arrives gets it; if nobody has, it is lost. */
  send(from: Address, to: Address, bytes: Uint8Array): void {
    const copy = bytes.slice();
    const { lost, duplicated, shortestMs, longestMs } = this.weather;
    if (this.#random() < lost) return;
    const copies = this.#random() < duplicated ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const delayMs = shortestMs + Math.floor(this.#random() * (longestMs - shortestMs + 1));
      this.time.after(delayMs, () => this.#sockets.get(formatAddress(to))?.(copy, from));
    }
  }
}
