import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import type { Latitude } from '../../model/spec/agreement.js';
import type { Death, Driver } from '../../model/spec/driver.js';
import { follow, type HistoryLimits, histories, QUIET_PROMPTS } from '../../model/spec/histories.js';
import type { Setting } from '../../model/spec/referenceRelay.js';
import { checkHistories } from '../property/check.js';
import { UdpControl } from '../rig/control.js';
import { areFreeForUdp } from '../rig/ports.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';

const PAIRS = 4;
const TTL_SECONDS = 3;
const RESEND_MS = 500;
const PATIENCE_MS = 5000;
/** A relay that was killed may take so long to be there again, on a machine that is busy with other things. */
const RESTART_PATIENCE_MS = 15_000;
/** A relay writes something down every two seconds, and what comes in its place counts from there. */
const GAIN_S = 2;

const opened: { close(): unknown }[] = [];
after(async () => {
  for (const one of opened.reverse()) await one.close();
});

/** A relay process on UDP, which is killed where something is to die. Its sockets are counted by trying to bind their ports. */
class RealDriver implements Driver {
  readonly #relay: RunningRelay;
  readonly #control: UdpControl;
  #createdBefore = 0;
  #asked = 0;
  kills = 0;

  constructor(relay: RunningRelay, control: UdpControl) {
    this.#relay = relay;
    this.#control = control;
  }

  /**
   * The datagram is on its way when the relay is killed, and is sent again with its cookie until somebody answers; and then once more, as by
   * a client that has lost the answer.
   */
  async send(command: string, deaths: readonly Death[] = []): Promise<string> {
    const timeoutMs = PATIENCE_MS + deaths.length * RESTART_PATIENCE_MS;
    const asked = { cookie: `c${this.#asked++}`, resendAfterMs: RESEND_MS, timeoutMs };
    const [answered, died] = await Promise.allSettled([this.#control.ask(command, asked), this.#dieInTurn(deaths)]);
    if (died.status === 'rejected') throw died.reason;
    if (answered.status === 'rejected') throw new Error(`${answered.reason}; the relay says: ${this.#relay.stderr()}`);
    const reply = answered.value;
    this.#control.drain(); // It may have been answered twice.
    if (deaths.length > 0) assert.equal(await this.#control.ask(command, asked), reply, 'the same command with the same cookie');
    return reply.replace(/^sessions created: (\d+)/, (_, count) => `sessions created: ${Number(count) - this.#createdBefore}`);
  }

  async advance(ms: number, deaths: readonly Death[] = []): Promise<void> {
    await Promise.all([delay(ms), this.#dieInTurn(deaths)]);
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

  async #dieInTurn(deaths: readonly Death[]): Promise<void> {
    for (const { afterMs, downMs } of deaths) {
      await nextTurn(); // What was sent has left.
      // A timer is too coarse for what happens within a millisecond.
      for (const untilMs = performance.now() + afterMs; performance.now() < untilMs; );
      this.kills++;
      await this.#relay.killAndRestart(async () => {
        await delay(downMs);
      });
    }
  }
}

/** Where the relay runs: their names have no folder in front. */
async function writePrompts(folder: string): Promise<void> {
  for (const [name, payloadTypes] of Object.entries(QUIET_PROMPTS)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    for (const payloadType of payloadTypes) await writeFile(join(folder, `${name}.${payloadType}`), new Uint8Array(100));
  }
}

type Play = {
  readonly name: string;
  readonly ttlSeconds: number;
  readonly limits: HistoryLimits;
  readonly runs: number;
  readonly limitMs: number;
};

async function playHistories({ name, ttlSeconds, limits, runs, limitMs }: Play): Promise<RealDriver> {
  const args = ['-T', String(ttlSeconds), '-W', String(ttlSeconds), '--workers', '2', '-P', '-r', 'DIR'];
  const relay = await startRelay({ mediaPorts: PAIRS * 2, args });
  opened.push({ close: () => relay.stop() });
  await writePrompts(relay.dir);
  const control = await UdpControl.to(relay.control[0]!);
  opened.push(control);
  const driver = new RealDriver(relay, control);
  const setting: Setting & Latitude = {
    ...{ pairs: PAIRS, ttlMs: ttlSeconds * 1000, setupTtlMs: ttlSeconds * 1000, host: '127.0.0.1' },
    ...{ prompts: QUIET_PROMPTS, recording: 'pcap' },
    ...{ first: relay.media.min, last: relay.media.max - 1, ttlToleranceS: ttlSeconds, ttlGainS: GAIN_S },
  };
  // Past its time limit it ends between two histories: on a machine that is busy with other things, fewer are played.
  await checkHistories({
    ...{ name, file: 'wire/model', runs, limitMs },
    world: fc.constant('process'),
    histories: (replayPath) => histories(limits, replayPath),
    play: async (_, history) => {
      await driver.begin();
      await follow(setting, driver, history);
    },
  });
  assert.ok(relay.running(), relay.stderr());
  return driver;
}

test('[PN-18 PN-21 PN-34 SY-08 SY-27 SY-28 CW-14 CW-17 CW-18 CW-19 CW-20] a relay process on UDP answers any history as the oracle does, and holds the ports it should', async () => {
  const limits = { maxCommands: 60, waitsMs: [], ttlSeconds: [60, 100] };
  await playHistories({ name: 'process', ttlSeconds: 60, limits, runs: 60, limitMs: 8000 });
});

test('a relay process ends sessions that are silent for their time to live, in any history', async () => {
  // Few commands, so that even on a slow machine they are all sent long before a session ends.
  const waitMs = Math.round((TTL_SECONDS + 1.3) * 1000);
  const limits = { maxCommands: 20, waitsMs: Array<number>(6).fill(waitMs), ttlSeconds: [TTL_SECONDS, 100], mostWaits: 1 };
  await playHistories({ name: 'process-silent', ttlSeconds: TTL_SECONDS, limits, runs: 3, limitMs: 9000 });
});

/** From when the datagram leaves to when it has been answered; the answer may be on its way. */
const kill = fc.record({
  who: fc.constant<Death['who']>('relay'),
  afterMs: fc.integer({ min: 0, max: 60 }).map((twentieths) => twentieths / 20),
  downMs: fc.constantFrom(0, 0, 50),
});

test('a relay process that is killed (SIGKILL) between two commands, or over one, carries each command out once and keeps all sessions and ports', async () => {
  const limits: HistoryLimits = {
    maxCommands: 30,
    waitsMs: [],
    ttlSeconds: [60, 100],
    mortal: { deaths: fc.tuple(kill), most: 4 },
  };
  const driver = await playHistories({ name: 'process-killed', ttlSeconds: 60, limits, runs: 8, limitMs: 12_000 });
  if (process.env['RTPBRIDGE_PROPERTY'] === undefined) assert.ok(driver.kills > 0, 'nothing was killed');
});
