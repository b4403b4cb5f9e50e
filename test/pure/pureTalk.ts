/** A call through a relay without sockets: packets go in by its ports, and what leaves because of them is looked at. */
import assert from 'node:assert/strict';
import { type Address, udpPort } from '../../model/kernel/index.js';
import type { Side } from '../../model/session/side.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { PureRelay, type Special, settingOf } from '../property/pureRelay.js';
import { oneNetwork, tableOf } from '../property/shardWorld.js';
import type { Departure } from '../property/tableEngine.js';
import { address } from './modelGiven.js';

export const TTL_MS = 60_000;

/** A relay of many ports. Sessions live a minute, whether or not both sides are known. */
export const relayOf = (special: Special = {}, pairs = 60): PureRelay =>
  new PureRelay(settingOf(pairs, TTL_MS, TTL_MS), 1, special);

const [LAN, WAN] = [
  { host: '127.0.0.1', advertised: null, label: null },
  { host: '127.0.0.2', advertised: null, label: null },
];

/** Started with `-l 127.0.0.1/127.0.0.2`. */
export const BRIDGING: Special = {
  setting: { networks: tableOf({ networks: [LAN!, WAN!], bridge: { internal: LAN!, external: WAN! } }) },
  grammar: { bridging: true },
};

/** Started with `-l 127.0.0.1 -l wan@127.0.0.2=198.51.100.1 -6 six@::1`. */
export const LABELLED: Special = {
  setting: {
    networks: tableOf({
      networks: [
        ...oneNetwork('127.0.0.1').networks,
        { host: '127.0.0.2', advertised: '198.51.100.1', label: 'wan' },
        { host: '::1', advertised: null, label: 'six' },
      ],
      bridge: null,
    }),
  },
  grammar: { ipv6: true, hasLabel: (label) => label === 'wan' || label === 'six' },
};

/** The port of an answer to U or L. */
export function portOf(reply: string): number {
  assert.match(reply, /^\d+/);
  return Number.parseInt(reply, 10);
}

let madeCalls = 0;

/** Two sides that say who they are, and talk. */
export class Talk {
  readonly call: string;
  readonly places: Readonly<Record<Side, Address>>;
  /** Where each side sends to; changes when it gets another port. */
  readonly ports: Record<Side, number>;
  readonly ssrcs: Readonly<Record<Side, number>>;
  readonly #relay: PureRelay;
  #sequence = 100;

  /** `offer` and `answer`: what stands behind the letters U and L; `more` behind both commands. */
  constructor(relay: PureRelay, call: string, letters: { readonly offer?: string; readonly answer?: string } = {}) {
    const n = ++madeCalls;
    this.#relay = relay;
    this.call = call;
    this.places = { caller: address(`192.0.2.${n % 250}:4000`), callee: address(`203.0.113.${n % 250}:6000`) };
    this.ssrcs = { caller: n * 2, callee: n * 2 + 1 };
    const { caller, callee } = this.places;
    const offered = portOf(relay.send(`U${letters.offer ?? ''} ${call} ${caller.host} ${caller.port} f`));
    const answered = portOf(relay.send(`L${letters.answer ?? ''} ${call} ${callee.host} ${callee.port} f t`));
    this.ports = { caller: answered, callee: offered };
  }

  /** Where this side's packets should leave to: the other one. */
  placeOf(side: Side, component: 'rtp' | 'rtcp' = 'rtp'): Address {
    const { host, port } = this.places[side];
    return { host, port: udpPort(port + (component === 'rtcp' ? 1 : 0)) };
  }

  /** A packet of a side: 20 ms of PCMU, or what is given. Answers what left because of it. */
  speak(side: Side, bytes: Uint8Array = this.nextRtp(side)): Departure[] {
    this.#relay.arrive(this.#relay.rowAt(this.ports[side]), this.places[side], bytes);
    return this.#relay.engine.departures.splice(0);
  }

  /** An RTCP packet of a side. */
  report(side: Side): Departure[] {
    const bytes = Uint8Array.of(0x80, 201, 0, 1, 0, 0, 0, this.ssrcs[side] & 0xff);
    this.#relay.arrive(this.#relay.rowAt(this.ports[side] + 1), this.placeOf(side, 'rtcp'), bytes);
    return this.#relay.engine.departures.splice(0);
  }

  /** Of this side's stream, in order. */
  nextRtp(side: Side, payload: Uint8Array = new Uint8Array(160).fill(this.#sequence & 0xff), payloadType = 0): Uint8Array {
    const sequence = this.#sequence++;
    const header = { payloadType, marker: false, sequence, timestamp: sequence * 160, ssrc: this.ssrcs[side] };
    return buildRtp(header, payload);
  }
}

/** Where packets went, as text. */
export const goals = (departures: readonly Departure[]): string[] =>
  departures.map(({ to }) => (to === null ? 'nowhere' : `${to.host}:${to.port}`));
export const textOf = ({ host, port }: Address): string => `${host}:${port}`;
