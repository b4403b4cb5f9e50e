/** Media of a call on one media thread led into a call on another, as tests see it. */
import { deepEqual, match, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ENGINE_NAMES, type EngineName } from '../../src/media/engine.js';
import { eventually } from './calls.js';
import { lackOf } from './engineDriver.js';
import { type Call, dieAndReturn, killer } from './threadCalls.js';
import { callOn, type SceneOptions, startThreads, type ThreadScene } from './threadScene.js';

export const BOUND = { timeout: 30_000 };
export const WITHOUT_LOG: SceneOptions = { setting: { log: null } };
export const QUIET_MS = 80;

/** Leads the source into the target, whose caller then hears the source's callee. Comes back when the line works. */
export async function fork({ ask }: ThreadScene, target: Call, source: Call): Promise<void> {
  match(await ask(`U ${target.call} - 0 f t && C ${source.call} f t`), /^\d+ 127\.0\.0\.1$/);
  // The line is opened by way of the main thread, after the answer.
  await eventually(async () => {
    await source.callee.send(source.facesCallee);
    await delay(20);
    ok(target.caller.rtp.arrived.length > 0);
  }, 3_000);
  await delay(QUIET_MS);
  for (const { caller, callee } of [source, target]) for (const { rtp } of [caller, callee]) rtp.arrived.splice(0);
}

/** Packets of the source's callee, and who has heard how many of them, when nobody has heard any more for a while. */
export async function heard(source: Call, target: Call, count = 5): Promise<readonly [inSource: number, inTarget: number]> {
  await source.callee.send(source.facesCallee, count);
  await source.caller.rtp.take(count);
  const arrived = (): number => source.caller.rtp.arrived.length + target.caller.rtp.arrived.length;
  for (let before = -1; before !== arrived(); await delay(QUIET_MS)) before = arrived();
  return [count + source.caller.rtp.arrived.splice(0).length, target.caller.rtp.arrived.splice(0).length];
}

/** What a thread says of its lines. */
export async function linesOf(
  { ask, warnings }: ThreadScene,
  shard: number,
): Promise<{ readonly listening: number; readonly sent: number }> {
  // Counted with the wake-up before: so it is asked twice.
  for (let n = 0; n < 2; n++) await ask(`Q ${callOn(shard, 'count-lines')} f`);
  await eventually(async () => ok(warnings.some((text) => text.startsWith('lines: '))));
  const said = warnings.filter((text) => text.startsWith('lines: ')).at(-1)!;
  warnings.splice(0, warnings.length, ...warnings.filter((text) => !text.startsWith('lines: ')));
  const [, listening, sent] = /^lines: (\d+) in, (\d+) packets out$/.exec(said)!;
  return { listening: Number(listening), sent: Number(sent) };
}

export function onEachEngine(
  title: string,
  body: (scene: ThreadScene, engine: EngineName) => Promise<void>,
  options: SceneOptions = {},
): void {
  for (const name of ENGINE_NAMES) {
    test(`${name}: ${title}`, BOUND, async (t: TestContext) => {
      const reason = await lackOf(name);
      if (reason !== null) return t.skip(reason);
      await body(await startThreads(t, name, options), name);
    });
  }
}

/** Kills a thread, and waits until another has taken its place. */
export async function kill(scene: ThreadScene, shard: number): Promise<void> {
  await dieAndReturn(scene, () => killer(scene, shard));
  scene.warnings.splice(0);
}

/** The line stands again when the target hears the source: it is opened by way of the main thread. */
export async function hearsAgain(source: Call, target: Call): Promise<void> {
  await eventually(async () => deepEqual(await heard(source, target), [5, 5]), 3_000);
  deepEqual(await heard(source, target), [5, 5], 'and all of it once');
}
