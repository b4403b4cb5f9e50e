import type { Address } from '../../model/kernel/index.js';
import type { Side } from '../../model/session/side.js';
import type { NgDictionary, NgValue } from '../../src/protocol/ng/value.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { at } from './latched.js';
import type { NgScene } from './ngGiven.js';

/** What stands at a path of a dictionary: keys, and places of lists from 0. */
export function pick(value: NgValue, ...path: readonly (string | number)[]): NgValue | undefined {
  let found: NgValue | undefined = value;
  for (const key of path) found = (found as Readonly<Record<string | number, NgValue>> | undefined)?.[key];
  return found;
}

/** Several of its keys, in that order. */
export const picked = (value: NgValue | undefined, ...keys: readonly string[]): (NgValue | undefined)[] =>
  keys.map((key) => (value as NgDictionary | undefined)?.[key]);

const SAMPLES = 160;

/** A phone in a call of a scene: what it sends comes in at once. `line`: which session of the call, from 0. */
export class Phone {
  ssrc: number;
  payloadType = 0;
  sequence = 100;
  timestamp = 16_000;
  place: Address;
  readonly #scene: NgScene;
  readonly #side: Side;
  readonly #line: number;

  constructor(scene: NgScene, side: Side, place: { readonly host: string; readonly port: number }, ssrc: number, line = 0) {
    this.#scene = scene;
    this.#side = side;
    this.#line = line;
    this.ssrc = ssrc;
    this.place = at(place.host, place.port);
  }

  /** The next packet, without sending it. */
  next(payload: Uint8Array = new Uint8Array(SAMPLES)): Uint8Array {
    const { payloadType, ssrc, timestamp } = this;
    const packet = buildRtp({ payloadType, marker: false, sequence: this.sequence & 0xffff, timestamp, ssrc }, payload);
    this.sequence++;
    this.timestamp += SAMPLES;
    return packet;
  }

  rtp(packet: Uint8Array): void {
    this.#arrive(0, this.place, packet);
  }

  rtcp(packet: Uint8Array): void {
    this.#arrive(1, at(this.place.host, this.place.port + 1), packet);
  }

  /** Talks for so many packets of 20 ms; of those whose turn `loses` says so nothing arrives. */
  talk(count: number, loses: (turn: number) => boolean = () => false): void {
    for (let turn = 0; turn < count; turn++) {
      const packet = this.next();
      if (!loses(turn)) this.rtp(packet);
      this.#scene.relay.advance(20);
    }
  }

  #arrive(component: 0 | 1, source: Address, bytes: Uint8Array): void {
    const local = this.#scene.states[this.#line]!.legs[this.#side].local!;
    this.#scene.relay.arrive(this.#scene.relay.rowAt(local.port + component), source, bytes);
  }
}

/** Alice and Bob, who have agreed on PCMU and are heard where they said. */
export function called(scene: NgScene, more: NgDictionary = {}): { readonly alice: Phone; readonly bob: Phone } {
  scene.offer('192.0.2.1', 4000, more);
  scene.answer('192.0.2.2', 5000, more);
  const alice = new Phone(scene, 'caller', { host: '192.0.2.1', port: 4000 }, 0xa11ce);
  return { alice, bob: new Phone(scene, 'callee', { host: '192.0.2.2', port: 5000 }, 0xb0b) };
}
