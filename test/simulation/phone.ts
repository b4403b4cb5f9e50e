import { type Address, sameAddress, udpPort } from '../../model/kernel/index.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import type { SimulatedNetwork } from './world.js';

export type Heard = { readonly bytes: Uint8Array; readonly from: Address; readonly atMs: number };

const RTCP_RECEIVER_REPORT = 201;

/** An end of a call: sends numbered packets of its own from where it stands, and keeps what reaches it. */
export class Phone {
  readonly ssrc: number;
  readonly heard: Heard[] = [];
  readonly #network: SimulatedNetwork;
  /** Where its packets come from; RTCP from the next port. */
  #place: Address;
  #sequence = 0;
  #reports = 0;

  constructor(network: SimulatedNetwork, place: Address, ssrc: number) {
    this.#network = network;
    this.ssrc = ssrc;
    this.#place = place;
    this.#bind();
  }

  get place(): Address {
    return this.#place;
  }

  /** From now on it sends from elsewhere, and hears nothing at the old place any more. */
  moveTo(place: Address): void {
    this.#network.unbind(this.#place);
    this.#network.unbind(nextPort(this.#place));
    this.#place = place;
    this.#bind();
  }

  /** One RTP packet, told from all others by its SSRC and sequence number. */
  speak(to: Address): void {
    const header = { payloadType: 0, marker: false, sequence: this.#sequence, timestamp: this.#sequence * 160, ssrc: this.ssrc };
    this.#sequence++;
    this.#network.send(this.#place, to, buildRtp(header, new Uint8Array(160).fill(this.#sequence)));
  }

  /** One RTCP packet to the port above the RTP port. */
  report(to: Address): void {
    const bytes = Uint8Array.of(0x80, RTCP_RECEIVER_REPORT, 0, 1, 0, 0, this.ssrc, this.#reports++ & 0xff);
    this.#network.send(nextPort(this.#place), nextPort(to), bytes);
  }

  /** Speaks every 20 ms and reports every half second, for so long, beginning now. */
  speakFor(ms: number, to: Address): void {
    for (let atMs = 0; atMs < ms; atMs += 20) this.#network.time.after(atMs, () => this.speak(to));
    for (let atMs = 250; atMs < ms; atMs += 500) this.#network.time.after(atMs, () => this.report(to));
  }

  heardFrom(place: Address): number {
    return this.heard.filter(({ from }) => sameAddress(from, place)).length;
  }

  #bind(): void {
    const hear = (bytes: Uint8Array, from: Address): void => {
      this.heard.push({ bytes, from, atMs: this.#network.time.nowMs });
    };
    this.#network.bind(this.#place, hear);
    this.#network.bind(nextPort(this.#place), hear);
  }
}

export const nextPort = ({ host, port }: Address): Address => ({ host, port: udpPort(port + 1) });
export const at = (host: string, port: number): Address => ({ host, port: udpPort(port) });
