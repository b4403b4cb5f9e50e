/** Media of one call sent into another, whichever threads they live on, and however commands, packets and ends meet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Address } from '../../model/kernel/index.js';
import { LOCAL_ORIGIN } from '../../src/relay/control/origin.js';
import { shardOf } from '../../src/relay/supervisor/dispatch.js';
import { runs } from '../property/runs.js';
import { at, type Phone } from './phone.js';
import { Scene } from './scene.js';

const SHARDS = 3;
/** Long enough for every message and packet to arrive. */
const SETTLE_MS = 20;

type Call = { readonly name: string; readonly phones: readonly [caller: Phone, callee: Phone]; ports: readonly Address[] };

let madePhones = 0;

function phone(scene: Scene): Phone {
  const n = ++madePhones;
  return scene.phone(`198.51.${(n >> 8) & 0xff}.${n & 0xff}`, 4000, n & 0xffff);
}

/** A Call-ID that belongs to the given thread. */
function callOn(shard: number, name: string): string {
  for (let n = 0; ; n++) if (shardOf(`${name}-${n}`, SHARDS) === shard) return `${name}-${n}`;
}

function placeCall(scene: Scene, name: string): Call {
  const phones = [phone(scene), phone(scene)] as const;
  const [caller, callee] = phones;
  const forCallee = scene.port(`U ${name} ${caller.place.host} ${caller.place.port} f`);
  const forCaller = scene.port(`L ${name} ${callee.place.host} ${callee.place.port} f t`);
  return { name, phones, ports: [forCaller, forCallee] };
}

const fork = (scene: Scene, target: Call, source: Call): string =>
  scene.proxy.ask(`U ${target.name} - 0 f t && C ${source.name} f t`);

/** A packet of one side of a call; who has heard it then. */
function listeners(scene: Scene, { phones, ports }: Call, side: 0 | 1, all: readonly Call[]): Phone[] {
  const everybody = all.flatMap((call) => call.phones);
  const before = everybody.map(({ heard }) => heard.length);
  phones[side].speak(ports[side]!);
  scene.time.runFor(SETTLE_MS);
  return everybody.filter(({ heard }, i) => heard.length > before[i]!);
}

const tapped = (scene: Scene): number =>
  scene.relay.threads.reduce((sum, { shard }) => {
    const rows = Array.from({ length: 40 }, (_, row) => row);
    return sum + rows.filter((row) => shard.plane.taps.isTapped(row)).length;
  }, 0);

for (const [sourceShard, targetShard] of [
  [0, 0],
  [0, 1],
  [2, 1],
] as const) {
  test(`a call on thread ${targetShard} hears one on thread ${sourceShard}, RTP and RTCP, byte for byte, and not itself`, () => {
    const scene = new Scene({ shards: SHARDS });
    const source = placeCall(scene, callOn(sourceShard, 'source'));
    const target = placeCall(scene, callOn(targetShard, 'target'));
    const all = [source, target];
    assert.match(fork(scene, target, source), /^\d+ \S+$/);
    scene.time.runFor(SETTLE_MS);
    assert.deepEqual(listeners(scene, source, 1, all), [source.phones[0], target.phones[0]]);
    assert.deepEqual(listeners(scene, source, 0, all), [source.phones[1], target.phones[1]]);
    for (const side of [0, 1] as const) assert.deepEqual(listeners(scene, target, side, all), []);
    for (let i = 0; i < 50; i++) source.phones[1].speak(source.ports[1]!);
    source.phones[1].report(source.ports[1]!);
    scene.time.runFor(SETTLE_MS);
    const [direct, forked] = [source.phones[0].heard.slice(-51), target.phones[0].heard.slice(-51)];
    assert.deepEqual(
      forked.map(({ bytes }) => bytes),
      direct.map(({ bytes }) => bytes),
    );
    assert.deepEqual(forked[0]!.from, target.ports[0], 'from where the target takes the packets of that phone');
    assert.equal(scene.proxy.ask(`Q ${source.name} f t`), '60 1 51 52 0', 'the source counts its own packets once');

    assert.equal(scene.proxy.ask(`D ${target.name} f`), '0');
    scene.time.runFor(SETTLE_MS);
    assert.equal(tapped(scene), 0);
    assert.deepEqual(listeners(scene, source, 1, all), [source.phones[0]]);
    assert.deepEqual(scene.relay.broken, []);
  });

  test(`thread ${sourceShard} to ${targetShard}: when the source ends, whoever comes in its place is not heard`, () => {
    const scene = new Scene({ shards: SHARDS });
    const source = placeCall(scene, callOn(sourceShard, 'source'));
    const target = placeCall(scene, callOn(targetShard, 'target'));
    fork(scene, target, source);
    scene.time.runFor(SETTLE_MS);
    scene.proxy.ask(`D ${source.name} f`);
    const stranger = placeCall(scene, callOn(sourceShard, 'stranger'));
    assert.deepEqual(listeners(scene, stranger, 1, [stranger, target]), [stranger.phones[0]]);
    scene.proxy.ask(`D ${target.name} f`);
    scene.time.runFor(SETTLE_MS);
    assert.deepEqual(listeners(scene, stranger, 1, [stranger]), [stranger.phones[0]]);
    assert.equal(tapped(scene), 0);
  });

  test(`thread ${sourceShard} to ${targetShard}: a source that ends between being found and being heard is not taken for the next`, () => {
    const scene = new Scene({ shards: SHARDS });
    const source = placeCall(scene, callOn(sourceShard, 'source'));
    const target = placeCall(scene, callOn(targetShard, 'target'));
    const [alice, bob] = [phone(scene), phone(scene)];
    const stranger = callOn(sourceShard, 'stranger');
    const replies: string[] = [];
    const say = (text: string): void => scene.relay.dispatch.handle(text, LOCAL_ORIGIN, (reply) => replies.push(reply));
    say(`U ${target.name} - 0 f t && C ${source.name} f t`);
    // The source is found by now; the command itself follows these.
    say(`D ${source.name} f`);
    say(`U ${stranger} ${alice.place.host} ${alice.place.port} f`);
    say(`L ${stranger} ${bob.place.host} ${bob.place.port} f t`);
    scene.time.runFor(SETTLE_MS);
    const port = Number.parseInt(scene.proxy.ask(`U ${stranger} - 0 f t`), 10);
    const call = { name: stranger, phones: [alice, bob] as const, ports: [at('10.0.0.1', 0), at('10.0.0.1', port)] };
    assert.deepEqual(listeners(scene, call, 1, [call, target]), [alice]);
    assert.equal(replies.length, 4);
  });
}

type Deed =
  | { readonly kind: 'fork'; readonly target: number; readonly source: number }
  | { readonly kind: 'speak'; readonly call: number; readonly side: 0 | 1 }
  | { readonly kind: 'end'; readonly call: number }
  | { readonly kind: 'wait'; readonly ms: number };

const CALLS = 5;
const index = fc.nat(CALLS - 1);
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('fork' as const), target: index, source: index }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('speak' as const), call: index, side: fc.constantFrom(0, 1) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('end' as const), call: index }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 1, 2, 3, 10) }) },
);

/** Calls that come and go while they are led into each other; nobody waits for an answer. */
class Turmoil {
  readonly scene: Scene;
  /** Who may hear whom: `listening call<-speaking call`. */
  readonly #allowed = new Set<string>();
  readonly #callOf = new Map<number, string>();
  readonly #all: Call[] = [];
  readonly #calls: Call[];
  #generation = 0;

  constructor(shards: number) {
    this.scene = new Scene({ shards });
    this.#calls = Array.from({ length: CALLS }, (_, i) => this.#place(i));
  }

  act(one: Deed): void {
    const { dispatch } = this.scene.relay;
    const say = (text: string): void => dispatch.handle(text, LOCAL_ORIGIN, () => {});
    if (one.kind === 'wait') this.scene.time.runFor(one.ms);
    else if (one.kind === 'speak') {
      const { phones, ports } = this.#calls[one.call]!;
      phones[one.side].speak(ports[one.side]!);
    } else if (one.kind === 'fork') {
      const [target, source] = [this.#calls[one.target]!.name, this.#calls[one.source]!.name];
      this.#allowed.add(`${target}<-${source}`);
      say(`U ${target} - 0 f t && C ${source} f t`);
    } else {
      say(`D ${this.#calls[one.call]!.name} f`);
      this.#calls[one.call] = this.#place(one.call);
    }
  }

  /** Checks that nobody has heard what was not meant for them, then ends all. */
  end(): void {
    this.scene.time.runFor(SETTLE_MS);
    for (const { name, phones } of this.#all) {
      for (const { bytes } of phones.flatMap(({ heard }) => heard)) {
        const speaker = this.#callOf.get((bytes[10]! << 8) | bytes[11]!)!;
        if (speaker !== name) assert.ok(this.#mayHear(name, speaker), `${name} hears ${speaker}`);
      }
    }
    assert.deepEqual([this.scene.relay.broken, this.scene.relay.warnings], [[], []]);
    assert.equal(this.scene.proxy.ask('X'), '0');
    this.scene.time.runFor(SETTLE_MS);
    assert.equal(tapped(this.scene), 0);
    assert.deepEqual(this.scene.relay.sockets, []);
  }

  /** Directly, or by way of others. */
  #mayHear(listener: string, speaker: string, seen: ReadonlySet<string> = new Set()): boolean {
    if (this.#allowed.has(`${listener}<-${speaker}`)) return true;
    return this.#all.some(
      ({ name }) =>
        !seen.has(name) &&
        this.#allowed.has(`${listener}<-${name}`) &&
        this.#mayHear(name, speaker, new Set([...seen, listener])),
    );
  }

  #place(i: number): Call {
    const call = placeCall(this.scene, `call-${i}-${++this.#generation}`);
    for (const { ssrc } of call.phones) this.#callOf.set(ssrc, call.name);
    this.#all.push(call);
    return call;
  }
}

test('however forks, ends and packets meet, a call is heard by itself and by those it was led into, and nothing of it is left', () => {
  const property = fc.property(
    fc.integer({ min: 1, max: SHARDS }),
    fc.array(deed, { maxLength: 60, size: 'max' }),
    (shards, deeds) => {
      const turmoil = new Turmoil(shards);
      for (const one of deeds) turmoil.act(one);
      turmoil.end();
    },
  );
  fc.assert(property, { numRuns: runs(60) });
});
