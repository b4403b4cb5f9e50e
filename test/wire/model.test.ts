import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import type { Latitude } from '../../model/spec/agreement.js';
import type { Driver } from '../../model/spec/driver.js';
import { follow, type HistoryLimits, histories } from '../../model/spec/histories.js';
import type { Setting } from '../../model/spec/referenceRelay.js';
import { runs } from '../property/runs.js';
import { UdpControl } from '../rig/control.js';
import { areFreeForUdp } from '../rig/ports.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';

const PAIRS = 4;
const TTL_SECONDS = 3;
const RESEND_MS = 500;
const PATIENCE_MS = 5000;

const opened: { close(): unknown }[] = [];
after(async () => {
  for (const one of opened.reverse()) await one.close();
});

/** A relay process on UDP. Its sockets are counted by trying to bind their ports. */
class RealDriver implements Driver {
  readonly #relay: RunningRelay;
  readonly #control: UdpControl;
  #createdBefore = 0;

  constructor(relay: RunningRelay, control: UdpControl) {
    this.#relay = relay;
    this.#control = control;
  }

  async send(command: string): Promise<string> {
    const reply = await this.#control.ask(command, { resendAfterMs: RESEND_MS, timeoutMs: PATIENCE_MS });
    return reply.replace(/^sessions created: (\d+)/, (_, count) => `sessions created: ${Number(count) - this.#createdBefore}`);
  }

  async advance(ms: number): Promise<void> {
    await delay(ms);
  }

  async heldPairs(): Promise<number> {
    const { min, max } = this.#relay.media;
    let held = 0;
    for (let port = min; port < max; port += 2) if (!(await areFreeForUdp(port, 2))) held++;
    return held;
  }

  /** Ends all that an earlier history has left; sessions are counted from here on. */
  async begin(): Promise<void> {
    assert.equal(await this.send('X'), '0');
    this.#createdBefore += Number(/^sessions created: (\d+)/.exec(await this.send('I'))![1]);
  }
}

async function checkHistories(ttlSeconds: number, limits: HistoryLimits, count: number, limitMs: number): Promise<void> {
  const args = ['-T', String(ttlSeconds), '-W', String(ttlSeconds), '--workers', '2'];
  const relay = await startRelay({ mediaPorts: PAIRS * 2, args });
  opened.push({ close: () => relay.stop() });
  const control = await UdpControl.to(relay.control[0]!);
  opened.push(control);
  const driver = new RealDriver(relay, control);
  const setting: Setting & Latitude = {
    ...{ pairs: PAIRS, ttlMs: ttlSeconds * 1000, setupTtlMs: ttlSeconds * 1000, host: '127.0.0.1' },
    ...{ first: relay.media.min, last: relay.media.max - 1, ttlToleranceS: ttlSeconds },
  };
  // Past its time limit it ends between two histories: on a machine that is busy with other things, fewer are played.
  const property = fc.asyncProperty(histories(limits), async (history) => {
    await driver.begin();
    await follow(setting, driver, history);
  });
  await fc.assert(property, { numRuns: runs(count), interruptAfterTimeLimit: runs(limitMs), markInterruptAsFailure: false });
  assert.ok(relay.running(), relay.stderr());
}

test('[PN-18 PN-21 PN-34 SY-08 SY-27 SY-28 CW-14 CW-17 CW-18 CW-19 CW-20] a relay process on UDP answers any history as the oracle does, and holds the ports it should', async () => {
  await checkHistories(60, { maxCommands: 60, waitsMs: [], ttlSeconds: [60, 100] }, 60, 8000);
});

test('a relay process ends sessions that are silent for their time to live, in any history', async () => {
  // Few commands, so that even on a slow machine they are all sent long before a session ends.
  const wait = Math.round((TTL_SECONDS + 1.3) * 1000);
  await checkHistories(
    TTL_SECONDS,
    { maxCommands: 20, waitsMs: Array(6).fill(wait), ttlSeconds: [TTL_SECONDS, 100], mostWaits: 1 },
    3,
    9000,
  );
});
