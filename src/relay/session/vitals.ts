import type { Counters, ShardCounter } from '../../media/counters.js';
import { ENGINE_COUNTERS, type EngineCounters, newEngineCounters, type PacketEngine } from '../../media/engine.js';
import { type LoadLimits, LoadMeter } from '../supervisor/load.js';

const REPORT_INTERVAL_MS = 500;
const RATE_INTERVAL_MS = 1000;
/** Counters that tell how fast others grow. */
const RATES: readonly (readonly [rate: ShardCounter, of: ShardCounter])[] = [
  ['packetsPerSecond', 'packetsReceived'],
  ['relayedPerSecond', 'packetsRelayed'],
  ['bytesPerSecond', 'bytesRelayed'],
  ['errorsPerSecond', 'sendErrors'],
];
/** A load below this is none: the thread may sleep. */
const QUIET_LOAD = 0.001;

/** How a media thread is: what its engine counts, how many packets a second it reads and relays, how busy it is. Put where others can read it. */
export class Vitals {
  readonly #counters: Counters;
  readonly #engine: PacketEngine;
  readonly #busyMs: () => number;
  readonly #meter: LoadMeter;
  /** What engines of threads before this one have counted. */
  readonly #before: EngineCounters = newEngineCounters();
  #reportAtMs = 0;
  #rateAtMs: number;
  readonly #rateFrom: number[];

  /** `busyMs`: how long the thread has worked so far, milliseconds. `limits`: see `LoadMeter`. */
  constructor(counters: Counters, engine: PacketEngine, busyMs: () => number, limits: LoadLimits | null, nowMs: number) {
    this.#counters = counters;
    this.#engine = engine;
    this.#busyMs = busyMs;
    this.#meter = new LoadMeter(limits);
    this.#rateAtMs = nowMs;
    // The counters outlive a thread.
    this.#rateFrom = RATES.map(([, of]) => counters.shard(of));
    for (const name of ENGINE_COUNTERS) this.#before[name] = counters.shard(name) - engine.counters[name];
  }

  get isOverloaded(): boolean {
    return this.#meter.overloaded;
  }

  /** Measures, if it is time. Answers when to be called again; Infinity: nothing happens that could be measured. */
  turn(nowMs: number): number {
    if (nowMs >= this.#reportAtMs) this.#report(nowMs);
    return this.#isQuiet ? Number.POSITIVE_INFINITY : this.#reportAtMs;
  }

  get #isQuiet(): boolean {
    const { load, overloaded } = this.#meter;
    const isUsed = this.#counters.shard('sessionsActive') > 0 || this.#counters.shard('packetsPerSecond') > 0;
    return !isUsed && !overloaded && load < QUIET_LOAD;
  }

  #report(nowMs: number): void {
    const counters = this.#counters;
    this.#reportAtMs = nowMs + REPORT_INTERVAL_MS;
    for (const name of ENGINE_COUNTERS) counters.setShard(name, this.#before[name] + this.#engine.counters[name]);
    if (nowMs - this.#rateAtMs >= RATE_INTERVAL_MS) this.#measureRate(nowMs);
    this.#meter.sample(this.#busyMs(), nowMs);
    counters.setShard('load', this.#meter.load);
    counters.setShard('overloaded', this.#meter.overloaded ? 1 : 0);
  }

  #measureRate(nowMs: number): void {
    for (const [i, [rate, of]] of RATES.entries()) {
      const count = this.#counters.shard(of);
      this.#counters.setShard(rate, ((count - this.#rateFrom[i]!) * 1000) / (nowMs - this.#rateAtMs));
      this.#rateFrom[i] = count;
    }
    this.#rateAtMs = nowMs;
  }
}
