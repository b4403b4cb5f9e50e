import assert from 'node:assert/strict';
import { udpPort } from '../../model/kernel/index.js';
import { otherSide, SIDES, type Side } from '../../model/session/side.js';
import type { Place } from '../../model/spec/addressLearning.js';
import type { Death } from '../../model/spec/driver.js';
import { settingOf } from '../property/pureRelay.js';
import { SimulatedDriver } from './simulatedDriver.js';
import { type Component, ExpectedCall, type Hearing, placeText } from './talkOracle.js';
import { FAIR } from './world.js';

export const CALLS = 4;
/** Calls below this number may be heard by those from it on, never the other way round. */
export const FIRST_LISTENER = 2;
/** Two hosts, and another port of the first. */
export const PLACES = 3;

/** What people and proxies do, and what happens to the relay. `place` null: on hold. */
export type TalkAction =
  | {
      readonly kind: 'describe';
      readonly call: number;
      readonly side: Side;
      readonly verb: 'U' | 'L';
      readonly place: number | null;
      readonly deaths: readonly Death[];
    }
  /** One side hangs up, or both at once. */
  | { readonly kind: 'end'; readonly call: number; readonly sides: readonly Side[]; readonly deaths: readonly Death[] }
  | { readonly kind: 'lead'; readonly source: number; readonly listener: number; readonly deaths: readonly Death[] }
  | {
      readonly kind: 'speak';
      readonly call: number;
      readonly side: Side;
      /** Null: somebody else does, from another place. */
      readonly place: number | null;
      readonly component: Component;
      readonly packets: number;
    }
  | { readonly kind: 'wait'; readonly slots: number }
  | { readonly kind: 'die'; readonly deaths: readonly Death[] };

/**
 * Each action gets a slot of time, commands at its beginning and packets behind its middle: so no sum of slots lies so near the ten seconds of
 * the learning rules that it matters how long an answer took, and all that packets have taught stands in the log before something dies.
 */
const SLOT_MS = 4000;
const SPEAKING_MS = 1800;
/** Longer than a packet is under way, also to another thread. */
const PASSING_MS = 20;

const DAY_MS = 86_400_000;
const SETTING = settingOf(CALLS * 2, DAY_MS, DAY_MS);
const TAGS = { caller: 'alice', callee: 'bob' } as const;

const placeOf = (call: number, side: Side, place: number): Place => ({
  host: `198.51.${call + 1}.${SIDES.indexOf(side) * 10 + (place === 1 ? 2 : 1)}`,
  port: place === 2 ? 4600 : 4000,
});
const strangerOf = (call: number): Place => ({ host: `192.0.2.${call + 1}`, port: 9000 });
const nextPort = ({ host, port }: Place): Place => ({ host, port: port + 1 });
const addressOf = ({ host, port }: Place) => ({ host, port: udpPort(port) });

/** Calls in a simulated world, and what their phones must hear. */
export class Talks {
  readonly driver: SimulatedDriver;
  readonly #calls: (ExpectedCall | null)[] = Array.from({ length: CALLS }, () => null);
  readonly #heard: Hearing[] = [];
  readonly #sequences = new Map<string, number>();
  #generation = 0;

  constructor(shards: number, seed: number) {
    this.driver = new SimulatedDriver({ sky: FAIR, shards, seed }, SETTING);
    for (let call = 0; call < CALLS; call++) {
      for (const side of SIDES) for (let place = 0; place < PLACES; place++) this.#listen(placeOf(call, side, place));
      this.#listen(strangerOf(call));
    }
  }

  take(action: TalkAction): void {
    const untilMs = this.driver.time.nowMs + SLOT_MS * (action.kind === 'wait' ? action.slots : 1);
    switch (action.kind) {
      case 'describe':
        this.#describe(action);
        break;
      case 'end':
        this.#end(action);
        break;
      case 'lead':
        this.#lead(action);
        break;
      case 'speak':
        this.driver.advance(SPEAKING_MS);
        this.#speak(action);
        break;
      case 'die':
        this.driver.advance(0, action.deaths);
        break;
      case 'wait':
        break;
    }
    assert.ok(this.driver.time.nowMs < untilMs, 'it took longer than its slot');
    this.driver.advance(untilMs - this.driver.time.nowMs);
    this.#compare();
  }

  /** Everybody speaks once more, from where he is known to be; then what Q tells is what was heard. */
  end(): void {
    for (const [index, call] of this.#calls.entries()) {
      if (call === null || !call.isComplete) continue;
      for (const side of SIDES) {
        this.driver.advance(SLOT_MS);
        const address = call.addressOf(side);
        if (address !== null) this.#sendFrom(index, side, 'rtp', address, 'own');
      }
      if (call.source !== null) continue;
      const [, ...figures] = this.driver.send(`Q ${call.name} alice bob`).split(' ').map(Number);
      assert.deepEqual(figures, call.figures, `what Q tells of ${call.name}`);
    }
    assert.deepEqual(this.driver.relay.broken, []);
    assert.deepEqual(this.driver.relay.warnings, []);
    assert.equal(this.driver.send('X'), '0');
    this.driver.advance(SLOT_MS);
    assert.equal(this.driver.heldPairs(), 0);
  }

  get #living(): readonly ExpectedCall[] {
    return this.#calls.filter((call) => call !== null);
  }

  #compare(): void {
    const pairs = this.#living.reduce((sum, call) => sum + call.pairs, 0);
    assert.equal(this.driver.heldPairs(), pairs, 'pairs that are held');
    assert.deepEqual(this.driver.unsampled(), [], 'what the log does not tell of packets');
  }

  #listen(place: Place): void {
    for (const at of [place, nextPort(place)]) {
      this.driver.network.bind(addressOf(at), (bytes, from) => {
        this.#heard.push({
          what: String.fromCharCode(...bytes.subarray(HEADER_BYTES)),
          from: placeText(from),
          at: placeText(at),
        });
      });
    }
  }

  /** The first offer of a call is its caller's, by U. */
  #describe({ call: index, side, verb, place, deaths }: Extract<TalkAction, { kind: 'describe' }>): void {
    const known = this.#calls[index] ?? null;
    const call = known ?? new ExpectedCall(`call-${index}-${++this.#generation}@a`);
    const [who, word] = known === null ? (['caller', 'U'] as const) : [side, verb];
    const address = place === null ? 'held' : placeOf(index, who, place);
    const where = address === 'held' ? '0.0.0.0 0' : `${address.host} ${address.port}`;
    const [from, to] = word === 'U' ? [TAGS[who], TAGS[otherSide(who)]] : [TAGS[otherSide(who)], TAGS[who]];
    const { nowMs } = this.driver.time;
    const reply = this.driver.send(`${word} ${call.name} ${where} ${from}${known === null ? '' : ` ${to}`}`, deaths);
    const [port, host = ''] = reply.split(' ');
    assert.ok(host !== '', `${word} of the ${who} of ${call.name}: ${reply}`);
    this.#calls[index] = call;
    const told = call.ports[otherSide(who)];
    const given = { host, port: Number(port) };
    if (told !== null) assert.deepEqual(given, told, `another port for the ${otherSide(who)} of ${call.name}`);
    call.ports[otherSide(who)] = given;
    call.describe(who, { address, asymmetric: false }, nowMs);
  }

  #end({ call: index, sides, deaths }: Extract<TalkAction, { kind: 'end' }>): void {
    const call = this.#calls[index] ?? null;
    if (call === null) return;
    const commands = sides.map((side) => `D ${call.name} ${TAGS[side]} ${TAGS[otherSide(side)]}`);
    const replies = this.driver.sendAll(commands, deaths);
    assert.deepEqual([...replies].sort(), ['0', ...sides.slice(1).map(() => 'E50')], `${commands}`);
    this.#calls[index] = null;
  }

  #lead({ source, listener, deaths }: Extract<TalkAction, { kind: 'lead' }>): void {
    const [from, to] = [this.#calls[source] ?? null, this.#calls[listener] ?? null];
    if (from === null || to === null || !from.isComplete || !to.isComplete) return;
    const reply = this.driver.send(`U ${to.name} - 0 alice bob && C ${from.name} alice bob`, deaths);
    assert.match(reply, /^\d+ \S+$/);
    to.source = from;
  }

  #speak({ call, side, place, component, packets }: Extract<TalkAction, { kind: 'speak' }>): void {
    const from = place === null ? strangerOf(call) : placeOf(call, side, place);
    const at = component === 'rtp' ? from : nextPort(from);
    for (let i = 0; i < packets; i++) this.#sendFrom(call, side, component, at, place === null ? 'strange' : 'own');
  }

  /** One packet to where a side was told to send; what is heard of it must be what the rules say. */
  #sendFrom(index: number, side: Side, component: Component, from: Place, whose: 'own' | 'strange'): void {
    const call = this.#calls[index] ?? null;
    const port = call?.ports[side] ?? null;
    if (call === null || port === null) return;
    const name = `${call.name} ${side} ${whose}`;
    const sequence = this.#sequences.get(name) ?? 65_000;
    this.#sequences.set(name, (sequence + 1) % 65_536);
    const ssrc = 1 + index * 4 + SIDES.indexOf(side) * 2 + (whose === 'own' ? 0 : 1);
    const what = `${name} ${component} ${sequence}`;
    const bytes = packetOf(component, ssrc, sequence, what);
    this.#heard.length = 0;
    const to = component === 'rtp' ? port : nextPort(port);
    this.driver.network.send(addressOf(from), addressOf(to), bytes);
    const rtp = component === 'rtp' ? { ssrc, sequence } : null;
    const packet = { source: from, rtp, nowMs: this.driver.time.nowMs };
    const wanted = call.receive(side, component, packet, what, this.#living);
    this.driver.advance(PASSING_MS);
    assert.deepEqual(sorted(this.#heard), sorted(wanted), `who hears ${what}`);
  }
}

const HEADER_BYTES = 12;

/** Its text behind the header says which it is. RTCP: a receiver report, of which only the first byte counts here. */
function packetOf(component: Component, ssrc: number, sequence: number, text: string): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, component === 'rtp' ? 0x8000 : 0x80c9);
  view.setUint16(2, component === 'rtp' ? sequence : 1);
  view.setUint32(8, ssrc);
  for (let i = 0; i < text.length; i++) bytes[HEADER_BYTES + i] = text.charCodeAt(i);
  return bytes;
}

const sorted = (all: readonly Hearing[]): Hearing[] => [...all].sort((a, b) => a.at.localeCompare(b.at));
