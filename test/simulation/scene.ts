import assert from 'node:assert/strict';
import type { Address } from '../../model/kernel/index.js';
import { portRange } from '../../src/relay/portalloc/portTable.js';
import { START_MS } from '../property/pureRelay.js';
import { ControlClient } from './controlClient.js';
import { at, Phone } from './phone.js';
import { SimulatedRelay } from './simulatedRelay.js';
import { FAIR, SimulatedNetwork, SimulatedTime, type Weather } from './world.js';

export const MEDIA_HOST = '10.0.0.1';

export type SceneOptions = {
  readonly weather?: Weather;
  readonly seed?: number;
  readonly shards?: number;
  readonly portMin?: number;
  readonly portMax?: number;
  readonly ttlMs?: number;
  readonly setupTtlMs?: number;
  /** Ports are given out one after the other. */
  readonly sequential?: boolean;
};

/** A relay, a SIP proxy that commands it, and phones, in a world of their own. */
export class Scene {
  readonly time = new SimulatedTime(START_MS);
  readonly network: SimulatedNetwork;
  readonly relay: SimulatedRelay;
  readonly proxy: ControlClient;

  constructor(options: SceneOptions = {}) {
    const { weather = FAIR, seed = 1, shards = 2, portMin = 30_000, portMax = 30_999 } = options;
    const { ttlMs = 60_000, setupTtlMs = 60_000 } = options;
    this.network = new SimulatedNetwork(this.time, weather, seed);
    const setting = { host: MEDIA_HOST, ttlMs, setupTtlMs, prompts: {}, recording: null };
    this.relay = new SimulatedRelay(this.network, portRange(portMin, portMax), shards, setting, options.sequential);
    this.proxy = new ControlClient(this.network, 5000);
  }

  /** A phone that stands at an address of the simulated world. */
  phone(host: string, port: number, ssrc: number): Phone {
    return new Phone(this.network, at(host, port), ssrc);
  }

  /** Sends a command that must be answered with a port; answers the relay's address for the media. */
  port(command: string): Address {
    const reply = this.proxy.ask(command);
    const match = /^(\d+) (\S+)$/.exec(reply);
    assert.ok(match, `${command} got ${reply}`);
    return at(match[2]!, Number(match[1]));
  }

  /** How many sessions the relay says are active. */
  get activeSessions(): number {
    return Number(/^active sessions: (\d+)$/m.exec(this.proxy.ask('I'))![1]);
  }
}
