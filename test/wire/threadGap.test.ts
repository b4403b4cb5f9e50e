/** How long nobody hears the calls of a media thread that has died, and that those of the other thread notice nothing. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { clock } from '../../src/io/clock.js';
import { ENGINE_NAMES, type EngineName } from '../../src/media/engine.js';
import { lackOf } from '../rig/engineDriver.js';
import { longestSilence, SteadyPhones, slowest } from '../rig/steadyPhones.js';
import { dieAndReturn, holdsOnly } from '../rig/threadCalls.js';
import { callOn, HOST, startThreads, type ThreadScene } from '../rig/threadScene.js';

const BOUND = { timeout: 60_000 };
/** As long as a thread lives whose death is no early one. */
const GROWN_UP_MS = 2_050;

function onEachEngine(title: string, body: (scene: ThreadScene, engine: EngineName) => Promise<void>, ports: number): void {
  for (const name of ENGINE_NAMES) {
    test(`${name}: ${title}`, BOUND, async (t: TestContext) => {
      const reason = await lackOf(name);
      if (reason !== null) return t.skip(reason);
      await body(await startThreads(t, name, { ports }), name);
    });
  }
}

const anyEngine = async (): Promise<EngineName> => ((await lackOf('epoll')) === null ? 'epoll' : 'dgram');

type Load = { readonly phones: SteadyPhones; readonly ports: readonly number[]; readonly doomed: number };

/** Calls with media in both directions, most of them on the thread that is going to die. */
async function load(scene: ThreadScene, doomed: number, others: number): Promise<Load> {
  const phones = await SteadyPhones.open(scene.t, (doomed + others) * 2);
  const ports: number[] = [];
  for (let i = 0; i < doomed + others; i++) {
    const call = callOn(i < doomed ? 0 : 1, `steady-${i}`);
    const facesCallee = Number.parseInt(await scene.ask(`U ${call} ${HOST} ${phones.ports[i * 2]} f`), 10);
    ports.push(Number.parseInt(await scene.ask(`L ${call} ${HOST} ${phones.ports[i * 2 + 1]} f t`), 10), facesCallee);
  }
  return { phones, ports, doomed: doomed * 2 };
}

type Gap = {
  /** The longest that a call of the dead thread heard nothing. */
  readonly silenceMs: number;
  /** Packets of the other thread, and the longest that one was under way; and before anything had died. */
  readonly lost: number;
  readonly slowestMs: number;
  readonly quietMs: number;
  /** When another thread served. */
  readonly returnedAt: number;
};

/** Kills the thread under load, as an adult if it is known since when it has served: `bornAt`, by the clock of `performance`. */
async function gap(scene: ThreadScene, { phones, ports, doomed }: Load, intervalMs: number, bornAt: number | null): Promise<Gap> {
  phones.stream(ports, intervalMs);
  await delay(500);
  const quietMs = Math.max(...(await phones.stop()).slice(doomed).map(slowest));
  phones.stream(ports, intervalMs);
  await delay(Math.max(300, bornAt === null ? 0 : bornAt + GROWN_UP_MS - performance.now()));
  await dieAndReturn(scene);
  const returnedAt = performance.now();
  await delay(500);
  const heard = await phones.stop();
  for (const { heard: packets } of heard) ok((packets.at(-1)?.[2] ?? 0) > clock() - 500, 'each of them is heard again');
  const others = heard.slice(doomed);
  return {
    silenceMs: Math.max(...heard.slice(0, doomed).map(longestSilence)),
    lost: others.reduce((sum, each) => sum + each.sent - each.heard.length, 0),
    slowestMs: Math.max(...others.map(slowest)),
    quietMs,
    returnedAt,
  };
}

const isGood = ({ silenceMs, slowestMs }: Gap): boolean => silenceMs < 1_000 && slowestMs < 50;
/** Other programs have the processors: packets are late where nothing dies. */
const isCrowded = ({ quietMs }: Gap): boolean => quietMs > 15;

onEachEngine(
  'fifty calls relay again within a second, and not one packet of the other thread is lost or late meanwhile',
  async (scene, engine) => {
    const calls = await load(scene, 50, 5);
    const gaps: Gap[] = [];
    for (let attempt = 0; attempt < 4 && !gaps.some(isGood); attempt++) {
      const found = await gap(scene, calls, 40, gaps.at(-1)?.returnedAt ?? null);
      const { silenceMs, lost, slowestMs, quietMs } = found;
      gaps.push(found);
      const [silence, late, quiet] = [silenceMs, slowestMs, quietMs].map(Math.round);
      console.log(`# ${engine}: silent for ${silence} ms; the others ${late} ms under way at most, ${quiet} ms before`);
      equal(lost, 0);
    }
    await holdsOnly(
      scene,
      0,
      Array.from({ length: 50 }, (_, i) => callOn(0, `steady-${i}`)),
    );
    if (gaps.every((each) => !isGood(each) && isCrowded(each))) scene.t.skip('other programs have the processors');
    else ok(gaps.some(isGood), JSON.stringify(gaps));
  },
  400,
);

test('ten deaths in a row lose nothing', BOUND, async (t) => {
  const scene = await startThreads(t, await anyEngine());
  let bornAt: number | null = null;
  const calls = await load(scene, 10, 2);
  const silences: number[] = [];
  for (let death = 0; death < 10; death++) {
    const { silenceMs, lost, returnedAt } = await gap(scene, calls, 20, bornAt);
    silences.push(silenceMs);
    equal(lost, 0);
    bornAt = returnedAt;
  }
  const [median] = silences.sort((a, b) => a - b).slice(5);
  console.log(`# ten deaths: silent for ${silences.map(Math.round).join(' ')} ms, median ${Math.round(median!)} ms`);
  match(await scene.ask('I'), /sessions created: 12\nactive sessions: 12\n/);
  await holdsOnly(
    scene,
    0,
    Array.from({ length: 10 }, (_, i) => callOn(0, `steady-${i}`)),
  );
  deepEqual(scene.fatal, []);
});
