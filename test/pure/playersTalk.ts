import { equal, ok } from 'node:assert/strict';
import { type Heard, PlayedScene, type Said } from './playersGiven.js';

/** A sender of G.711 whose clock runs as long as the scene's. */
export class Talker {
  sequence: number;
  readonly #scene: PlayedScene;
  readonly #fromMs: number;
  readonly #timestamp: number;

  constructor(scene: PlayedScene, sequence = 1000, timestamp = 80_000) {
    this.#scene = scene;
    this.#fromMs = scene.nowMs;
    this.sequence = sequence;
    this.#timestamp = timestamp;
  }

  say(change: Partial<Said> = {}): void {
    const timestamp = this.#timestamp + (this.#scene.nowMs - this.#fromMs) * 8;
    this.#scene.say({ sequence: this.sequence++, timestamp, ...change });
  }

  /** A packet every 20 ms, the first one now. */
  talk(packets: number): void {
    for (let n = 0; n < packets; n++) {
      this.say();
      this.#scene.pass(20);
    }
  }
}

export function newScene(sequence?: number, timestamp?: number): { readonly scene: PlayedScene; readonly talker: Talker } {
  const scene = new PlayedScene();
  return { scene, talker: new Talker(scene, sequence, timestamp) };
}

/** Sequence numbers without a gap, timestamps that go forward by no more than `mostTicks`. */
export function isContinuous(heard: readonly Heard[], mostTicks = 1600): void {
  for (const [i, next] of heard.entries()) {
    const before = heard[i - 1];
    if (before === undefined) continue;
    equal(next.sequence, (before.sequence + 1) & 0xffff, `${i}: after ${before.sequence}`);
    const ticks = (next.timestamp - before.timestamp) >>> 0;
    ok(ticks > 0 && ticks <= mostTicks, `${i}: ${ticks} ticks after ${before.timestamp}`);
    equal(next.ssrc, before.ssrc);
  }
}
