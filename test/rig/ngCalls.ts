/** Calls that are made by NG between phones with real sockets. */
import { deepEqual, equal } from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { placesIn, sdpOf } from '../pure/ngGiven.js';
import { Party } from './calls.js';

export type NgAsk = (request: NgDictionary) => Promise<NgDictionary>;
export type Place = { readonly host: string; readonly port: number };

const toPlace = (text: string): Place => {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
};

/** A dialogue of a call, and where each side was told to send, one place a media line. */
export class NgCall {
  readonly tags = { alice: 'alice', bob: 'bob' };
  /** Where the side that is named sends to. */
  readonly entries: { alice: readonly Place[]; bob: readonly Place[] } = { alice: [], bob: [] };
  readonly #ask: NgAsk;
  readonly call: string;
  readonly alice: readonly Party[];
  readonly bob: readonly Party[];

  private constructor(ask: NgAsk, call: string, alice: readonly Party[], bob: readonly Party[]) {
    this.#ask = ask;
    this.call = call;
    this.alice = alice;
    this.bob = bob;
  }

  /** Nothing is asked yet. `lines`: how many media each has. `bobAt`: where bob is. */
  static async open(t: TestContext, ask: NgAsk, call: string, lines = 1, bobAt = '127.0.0.1'): Promise<NgCall> {
    const parties = (host: string): Promise<Party[]> => Promise.all(Array.from({ length: lines }, () => Party.open(t, host)));
    return new NgCall(ask, call, await parties('127.0.0.1'), await parties(bobAt));
  }

  ask(command: string, more: NgDictionary = {}): Promise<NgDictionary> {
    return this.#ask({ command, 'call-id': this.call, ...more });
  }

  async offer(more: NgDictionary = {}, lines: readonly string[] = []): Promise<void> {
    this.entries.bob = await this.#say('offer', this.alice, { 'from-tag': this.tags.alice, ...more }, lines);
  }

  async answer(more: NgDictionary = {}, lines: readonly string[] = []): Promise<void> {
    const tags = { 'from-tag': this.tags.alice, 'to-tag': this.tags.bob };
    this.entries.alice = await this.#say('answer', this.bob, { ...tags, ...more }, lines);
  }

  async setUp(offered: NgDictionary = {}, answered: NgDictionary = {}): Promise<this> {
    await this.offer(offered);
    await this.answer(answered);
    return this;
  }

  /** Packets of each side come to the other byte for byte, from where that one sends to; `except`: those of that side do not. */
  async talks(count = 3, except: 'alice' | 'bob' | null = null): Promise<void> {
    for (const [i, alice] of this.alice.entries()) {
      const [bob, forAlice, forBob] = [this.bob[i]!, this.entries.alice[i]!, this.entries.bob[i]!];
      await crosses(alice, forAlice, bob, forBob, except === 'alice' ? 0 : count, count);
      await crosses(bob, forBob, alice, forAlice, except === 'bob' ? 0 : count, count);
    }
  }

  /** What that party says comes to the other one, byte for byte and nothing else. Answers the packets. */
  says(side: 'alice' | 'bob', count = 3, line = 0): Promise<Uint8Array[]> {
    const other = side === 'alice' ? 'bob' : 'alice';
    const [from, to] = [this[side][line]!, this[other][line]!];
    return crosses(from, this.entries[side][line]!, to, this.entries[other][line]!, count, count);
  }

  async #say(command: string, parties: readonly Party[], more: NgDictionary, lines: readonly string[]): Promise<Place[]> {
    const [first, ...others] = parties;
    const video = others.flatMap(({ rtp }) => [`m=video ${rtp.port} RTP/AVP 0`]);
    const reply = await this.ask(command, { sdp: sdpOf(first!.rtp.host, first!.rtp.port, [...lines, ...video]), ...more });
    equal(reply['result'], 'ok', `${command} of ${this.call}: ${JSON.stringify(reply)}`);
    return placesIn(reply['sdp']).map(toPlace);
  }
}

async function crosses(
  from: Party,
  entry: Place,
  to: Party,
  exit: Place,
  expected: number,
  count: number,
): Promise<Uint8Array[]> {
  const packets = Array.from({ length: count }, () => from.nextRtp());
  for (const packet of packets) await from.rtp.send(packet, entry.port, entry.host);
  const arrived = await to.rtp.take(expected);
  deepEqual(
    arrived,
    packets.slice(0, expected).map((packet) => ({ bytes: Buffer.from(packet), from: exit })),
  );
  equal(to.rtp.arrived.length, 0);
  return packets;
}
