import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LISTENER, PlayedScene, TALKER } from '../pure/playersGiven.js';
import { runs } from './runs.js';

const SSRC = 7;
const PACKET_MS = 20;
const PACKET_TICKS = 160;
/** What may come on top of the time that has passed: a packet that began before it, and turns a millisecond apart. */
const SLACK_TICKS = 10 * PACKET_TICKS;

type Act =
  /** Packets of the sender, one every 20 ms; what is lost on its way to us, by bits. */
  | { readonly kind: 'talk'; readonly packets: number; readonly lost: number }
  | { readonly kind: 'play'; readonly packets: number }
  | { readonly kind: 'stop' }
  | { readonly kind: 'pass'; readonly ms: number }
  /** The thread does nothing for so long. */
  | { readonly kind: 'stall'; readonly ms: number }
  /** While a prompt is heard the sender's numbers may do what they like. */
  | { readonly kind: 'jump'; readonly by: number }
  /** The listener is on hold, or back. */
  | { readonly kind: 'hold'; readonly isThere: boolean };

const kind = <K extends Act['kind']>(name: K): fc.Arbitrary<K> => fc.constant(name);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: kind('talk'), packets: fc.integer({ min: 1, max: 12 }), lost: fc.nat(0xfff) }) },
  { weight: 6, arbitrary: fc.record({ kind: kind('talk'), packets: fc.integer({ min: 1, max: 12 }), lost: fc.constant(0) }) },
  { weight: 6, arbitrary: fc.record({ kind: kind('play'), packets: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('stop') }) },
  { weight: 3, arbitrary: fc.record({ kind: kind('pass'), ms: fc.nat(300) }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('stall'), ms: fc.nat(400) }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('jump'), by: fc.nat(0xffff) }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('hold'), isThere: fc.boolean() }) },
);

/** A call whose listener counts what it hears. */
class Call {
  readonly scene = new PlayedScene();
  sequence: number;
  readonly #timestamp: number;
  readonly #beganAtMs: number;
  #isThere = true;
  /** Packets that were lost, or sent to nobody, since the listener heard the last one. */
  #lost = 0;
  #last: { readonly sequence: number; readonly timestamp: number; readonly atMs: number } | null = null;
  heard = 0;

  constructor(sequence: number, timestamp: number) {
    this.sequence = sequence;
    this.#timestamp = timestamp;
    this.#beganAtMs = this.scene.nowMs;
  }

  do(one: Act): void {
    const { scene } = this;
    if (one.kind === 'talk') for (let n = 0; n < one.packets; n++) this.#talk(((one.lost >> n) & 1) === 1);
    else if (one.kind === 'play') scene.play(one.packets);
    else if (one.kind === 'stop') scene.stop();
    else if (one.kind === 'pass') this.#pass(one.ms);
    else if (one.kind === 'stall') scene.nowMs += one.ms;
    else if (one.kind === 'hold') {
      this.#isThere = one.isThere;
      scene.connect(LISTENER, one.isThere);
    } else if (scene.players.isPlaying(LISTENER)) this.sequence += one.by;
    scene.turn();
    this.listen();
  }

  #talk(isLost: boolean): void {
    const { scene } = this;
    const timestamp = this.#timestamp + (scene.nowMs - this.#beganAtMs) * 8;
    if (!isLost) scene.say({ sequence: this.sequence, timestamp, ssrc: SSRC });
    if (isLost || !this.#isThere) this.#lost++;
    this.sequence++;
    this.listen();
    this.#pass(PACKET_MS);
  }

  #pass(ms: number): void {
    for (let i = 0; i < ms; i++) {
      this.scene.pass(1);
      this.listen();
    }
  }

  listen(): void {
    for (const { ssrc, sequence, timestamp } of this.scene.heard()) {
      equal(ssrc, SSRC);
      const { nowMs } = this.scene;
      if (this.#last !== null) {
        const step = (sequence - this.#last.sequence) & 0xffff;
        ok(step >= 1 && step <= 1 + this.#lost, `${sequence} after ${this.#last.sequence}, ${this.#lost} lost`);
        const ticks = (timestamp - this.#last.timestamp) >>> 0;
        const passed = (nowMs - this.#last.atMs) * 8;
        ok(ticks > 0 && ticks <= passed + SLACK_TICKS, `${ticks} ticks in ${passed}`);
      }
      this.#last = { sequence, timestamp, atMs: nowMs };
      this.#lost = 0;
      this.heard++;
    }
  }
}

test('[PN-07] whatever is played, stopped and relayed, a listener’s numbers go on by one, and by what was lost; time goes forward', () => {
  let heard = 0;
  const history = fc.array(act, { maxLength: 40, size: 'max' });
  const property = fc.property(history, fc.nat(0xffff), fc.nat(0xffff_ffff), (acts, sequence, timestamp) => {
    const call = new Call(sequence, timestamp);
    call.do({ kind: 'talk', packets: 2, lost: 0 });
    for (const one of acts) call.do(one);
    // What was counted agrees with what was heard.
    const { counters } = call.scene;
    equal(counters.shard('packetsPlayed') + counters.stream(TALKER, 'relayed'), call.heard);
    const playing = call.scene.players.isPlaying(LISTENER) ? 1 : 0;
    equal(counters.shard('playersStarted'), counters.shard('playersEnded') + playing);
    heard += call.heard;
  });
  fc.assert(property, { numRuns: runs(400) });
  ok(heard > runs(400) * 20, `${heard} packets were heard`);
});
