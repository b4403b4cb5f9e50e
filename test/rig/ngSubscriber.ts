/** Somebody who is sent a copy of what parties of a call say. */
import { deepEqual, equal } from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { placesIn } from '../pure/ngGiven.js';
import { Party } from './calls.js';
import type { NgAsk, Place } from './ngCalls.js';

export class NgSubscriber {
  readonly #ask: NgAsk;
  readonly #call: string;
  readonly offer: NgDictionary;
  /** Where the copies come from, one a media line. */
  readonly places: readonly Place[];
  /** Who hears them. */
  readonly lines: readonly Party[];

  private constructor(ask: NgAsk, call: string, offer: NgDictionary, places: readonly Place[], lines: readonly Party[]) {
    this.#ask = ask;
    this.#call = call;
    this.offer = offer;
    this.places = places;
    this.lines = lines;
  }

  /** Has it offered; nothing is heard before the answer. */
  static async request(t: TestContext, ask: NgAsk, call: string, more: NgDictionary): Promise<NgSubscriber> {
    const offer = await ask({ command: 'subscribe request', 'call-id': call, ...more });
    equal(offer['result'], 'ok', JSON.stringify(offer));
    const places = placesIn(offer['sdp']).map((text): Place => {
      const [host = '', port] = text.split(':');
      return { host, port: Number(port) };
    });
    const lines = await Promise.all(places.map(() => Party.open(t)));
    return new NgSubscriber(ask, call, offer, places, lines);
  }

  static async open(t: TestContext, ask: NgAsk, call: string, more: NgDictionary): Promise<NgSubscriber> {
    const subscriber = await NgSubscriber.request(t, ask, call, more);
    await subscriber.answer();
    return subscriber;
  }

  get tag(): string {
    return String(this.offer['to-tag']);
  }

  /** Takes all that is offered. */
  async answer(): Promise<void> {
    let line = 0;
    const sdp = String(this.offer['sdp'])
      .replace(/^m=(\S+) \d+/gm, (_, kind) => `m=${kind} ${this.lines[line++]!.rtp.port}`)
      .replaceAll('a=sendonly', 'a=recvonly')
      .replace(/^a=label:.*\r\n/gm, '');
    deepEqual(await this.#say('subscribe answer', { sdp }), { result: 'ok' });
  }

  unsubscribe(): Promise<NgDictionary> {
    return this.#say('unsubscribe', {});
  }

  #say(command: string, more: NgDictionary): Promise<NgDictionary> {
    return this.#ask({ command, 'call-id': this.#call, 'to-tag': this.tag, ...more });
  }

  /** These packets have come on that line, byte for byte, from where it was offered, and nothing else has. */
  async heard(packets: readonly Uint8Array[], line = 0): Promise<void> {
    deepEqual(
      (await this.lines[line]!.rtp.takeAll()).map(({ bytes, from }) => [bytes, from]),
      packets.map((packet) => [Buffer.from(packet), this.places[line]]),
    );
  }

  /** Nothing has come on any line. */
  async heardNothing(): Promise<void> {
    for (const line of this.places.keys()) await this.heard([], line);
  }
}
