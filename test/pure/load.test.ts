import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoadMeter } from '../../src/relay/supervisor/load.js';

const LIMITS = { high: 0.9, low: 0.6 };

/** A thread that is busy for given parts of the time. */
class Thread {
  #busyMs = 0;
  #nowMs = 5_000_000;

  /** Lets `seconds` pass with a sample each second. */
  work(meter: LoadMeter, part: number, seconds: number, sampleEveryMs = 1_000): void {
    for (let passedMs = 0; passedMs < seconds * 1_000; passedMs += sampleEveryMs) {
      this.#busyMs += part * sampleEveryMs;
      this.#nowMs += sampleEveryMs;
      meter.sample(this.#busyMs, this.#nowMs);
    }
  }

  /** Another thread takes its place. */
  restart(): void {
    this.#busyMs = 0;
  }
}

const near = (actual: number, expected: number, tolerance: number): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} ± ${tolerance}`);

test('[PN-50] load is nought before anything was measured, and the first sample only begins the measurement', () => {
  const meter = new LoadMeter(null);
  assert.equal(meter.load, 0);
  meter.sample(86_400_000, 86_400_000);
  assert.equal(meter.load, 0);
});

test('[PN-50] load follows what the thread does within some seconds, up and down', () => {
  for (const part of [0, 0.25, 0.5, 1]) {
    const meter = new LoadMeter(null);
    const thread = new Thread();
    thread.work(meter, part, 16);
    near(meter.load, part, 0.01);
    thread.work(meter, 1 - part, 3);
    near(meter.load, part + (1 - 2 * part) * 0.632, 0.02);
    thread.work(meter, 1 - part, 13);
    near(meter.load, 1 - part, 0.01);
  }
});

test('[PN-50] a burst of half a second is no load of seconds', () => {
  const meter = new LoadMeter(LIMITS);
  const thread = new Thread();
  thread.work(meter, 0.1, 16, 500);
  thread.work(meter, 1, 0.5, 500);
  assert.ok(meter.load < 0.3);
  assert.equal(meter.overloaded, false);
});

test('[PN-50] how often samples are taken does not matter', () => {
  const loads = [50, 250, 1_000, 2_000].map((sampleEveryMs) => {
    const meter = new LoadMeter(null);
    const thread = new Thread();
    thread.work(meter, 0, sampleEveryMs / 1_000, sampleEveryMs);
    thread.work(meter, 0.8, 4, sampleEveryMs);
    return meter.load;
  });
  for (const load of loads) near(load, loads[0]!, 1e-9);
});

test('[PN-50] a sample at the time of the last one, or earlier, changes nothing', () => {
  const meter = new LoadMeter(null);
  meter.sample(0, 1_000);
  meter.sample(500, 2_000);
  const { load } = meter;
  meter.sample(700, 2_000);
  meter.sample(900, 1_500);
  assert.equal(meter.load, load);
  meter.sample(1_000, 3_000);
  near(meter.load, 0.5 * (1 - Math.exp(-2 / 3)), 1e-9);
});

test('[PN-50] a thread that was replaced begins anew at nought busy time, and is neither idle nor negative for that', () => {
  const meter = new LoadMeter(LIMITS);
  const thread = new Thread();
  thread.work(meter, 0.5, 16);
  const before = meter.load;
  thread.restart();
  thread.work(meter, 0.5, 1);
  assert.equal(meter.load, before);
  thread.work(meter, 0.5, 1);
  near(meter.load, 0.5, 0.01);
});

test('[PN-50] load is never above one, also when clocks disagree', () => {
  const meter = new LoadMeter(LIMITS);
  const thread = new Thread();
  thread.work(meter, 1.2, 60);
  assert.ok(meter.load <= 1);
  assert.equal(meter.overloaded, true);
});

test('[PN-50] a thread is overloaded above the high mark, and until it is below the low one', () => {
  const meter = new LoadMeter(LIMITS);
  const thread = new Thread();
  const states = [0.5, 0.85, 0.95, 0.85, 0.65, 0.5, 0.65, 0.85].map((part) => {
    thread.work(meter, part, 30);
    return meter.overloaded;
  });
  assert.deepEqual(states, [false, false, true, true, true, false, false, false]);
});

test('[PN-50] without limits a thread is never overloaded', () => {
  const meter = new LoadMeter(null);
  new Thread().work(meter, 1, 60);
  assert.equal(meter.overloaded, false);
});
