/** Calls that the NG protocol has made, and their packets. */
import assert from 'node:assert/strict';
import { type Address, formatAddress } from '../../model/kernel/index.js';
import type { NgDictionary, NgValue } from '../../src/protocol/ng/value.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import type { Special } from '../property/pureRelay.js';
import { address } from './modelGiven.js';
import { NgScene, placesIn } from './ngGiven.js';

export const ALICE = '192.0.2.1:4000';
export const BOB = '192.0.2.2:5000';
export const CAROL = '192.0.2.3:6000';

/** A packet that tells who it is from. */
export const rtpOf = (sequence: number, letter: string, ssrc = letter.charCodeAt(0), payloadType = 0): Uint8Array =>
  buildRtp(
    { payloadType, marker: false, sequence, timestamp: sequence * 160, ssrc },
    new Uint8Array(160).fill(letter.charCodeAt(0)),
  );

/** One that is spoken to by NG dictionaries, and whose packets are looked at. */
export class MediaScene extends NgScene {
  #sequence = 0;

  /** A call of alice and bob that is agreed on. Answers where each of them sends to. */
  static talking(special: Special = {}, more: readonly string[] = []): MediaScene & { to: { alice: string; bob: string } } {
    const scene = new MediaScene(special);
    const [alice, bob] = [address(ALICE), address(BOB)];
    const offered = scene.offer(alice.host, alice.port, more.length > 0 ? { sdp: withLines(alice, more) } : {});
    const answered = scene.answer(bob.host, bob.port, more.length > 0 ? { sdp: withLines(bob, more) } : {});
    return Object.assign(scene, { to: { bob: placesIn(offered['sdp'])[0]!, alice: placesIn(answered['sdp'])[0]! } });
  }

  /** Plain objects, to be compared. */
  override ask(request: NgDictionary): NgDictionary {
    return JSON.parse(JSON.stringify(super.ask(request)));
  }

  /** A packet arrives at a port of ours. Answers where it went: `letter>place`, sorted. */
  arrive(place: string, from: string, letter: string): string[] {
    const row = this.relay.rowAt(address(place).port);
    this.relay.engine.departures.length = 0;
    this.relay.arrive(row, address(from), rtpOf(this.#sequence++, letter));
    return this.left();
  }

  /** What has left since the last packet arrived. */
  left(): string[] {
    const left = this.relay.engine.departures.splice(0);
    return left.map(({ to, bytes }) => `${String.fromCharCode(bytes[12] ?? 45)}>${to === null ? '-' : formatAddress(to)}`).sort();
  }

  subscribe(more: NgDictionary = {}): NgDictionary {
    return this.ask({ command: 'subscribe request', ...more });
  }

  /** The subscriber takes everything, at a port and every second one behind it. */
  accept(offer: NgDictionary, at = CAROL, change: (sdp: string) => string = (sdp) => sdp): NgDictionary {
    const sdp = change(answerTo(offer['sdp'], at));
    return this.ask({ command: 'subscribe answer', 'to-tag': offer['to-tag'] ?? '', sdp });
  }

  subscribed(at = CAROL, more: NgDictionary = {}): NgDictionary {
    const offer = this.subscribe(more);
    assert.equal(offer['result'], 'ok', JSON.stringify(offer));
    assert.deepEqual(this.accept(offer, at), { result: 'ok' });
    return offer;
  }
}

function withLines({ host, port }: Address, more: readonly string[]): string {
  const head = ['v=0', `o=- 1 1 IN IP4 ${host}`, 's=-', `c=IN IP4 ${host}`, 't=0 0'];
  const lines = more.map((line, i) => line.replace('PORT', String(port + 2 * i)));
  return [...head, ...lines.flatMap((line) => line.split('|')), ''].join('\r\n');
}

/** What somebody answers who takes all that is offered. */
export function answerTo(offer: NgValue | undefined, at: string): string {
  const { host, port } = address(at);
  let line = 0;
  return String(offer)
    .replace(/^o=.*$/m, `o=carol 1 1 IN ${host.includes(':') ? 'IP6' : 'IP4'} ${host}`)
    .replace(/^c=.*$/gm, `c=IN ${host.includes(':') ? 'IP6' : 'IP4'} ${host}`)
    .replace(/^m=(\S+) \d+/gm, (_, kind) => `m=${kind} ${port + 2 * line++}`)
    .replaceAll('a=sendonly', 'a=recvonly')
    .replace(/^a=(rtcp|label):.*\r\n/gm, '');
}
