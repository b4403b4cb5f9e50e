/** Calls of a scene of media threads, and what becomes of them when a thread dies. */
import { deepEqual, ok } from 'node:assert/strict';
import type { SnapshotRecord } from '../../src/relay/events/record.js';
import { eventually, Party } from './calls.js';
import { callOn, HOST, type ThreadScene } from './threadScene.js';

export type Call = {
  readonly call: string;
  readonly caller: Party;
  readonly callee: Party;
  readonly facesCallee: number;
  readonly facesCaller: number;
};

/** What is put behind the U and the L of a call, and behind their letters. */
export type CallOptions = {
  readonly u?: string;
  readonly l?: string;
  readonly behindU?: string;
  readonly behindL?: string;
};

const SERVING_LIMIT_MS = 8_000;

/** Sets a call up, with the tags `f` and `t`. */
export async function setUp(
  { t, ask }: ThreadScene,
  call: string,
  { u = '', l = '', behindU = '', behindL = '' }: CallOptions = {},
): Promise<Call> {
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const facesCallee = Number.parseInt(await ask(`U${u} ${call} ${HOST} ${caller.rtp.port} f${behindU}`), 10);
  const facesCaller = Number.parseInt(await ask(`L${l} ${call} ${HOST} ${callee.rtp.port} f t${behindL}`), 10);
  ok(facesCallee > 0 && facesCaller > 0, `${call} has its ports`);
  return { call, caller, callee, facesCallee, facesCaller };
}

/** Media in both directions, by the ports that the call was given. */
export async function talk({ caller, callee, facesCaller, facesCallee }: Call, count = 5): Promise<void> {
  await caller.reaches(callee, facesCaller, facesCallee, count);
  await callee.reaches(caller, facesCallee, facesCaller, count);
}

/** Does what makes the thread of a shard die, and waits until another serves in its place. Answers all warnings since then. */
export async function dieAndReturn(scene: ThreadScene, act: () => unknown = () => killer(scene)): Promise<readonly string[]> {
  const { warnings } = scene;
  const before = warnings.length;
  act();
  await eventually(async () => ok(warnings.slice(before).some(isReplacement), warnings.join('\n')), SERVING_LIMIT_MS);
  return warnings.slice(before);
}

const isReplacement = (text: string): boolean => / serves again: | is started again; /.test(text);

let killers = 0;

/** A command over which the thread of a shard dies, of a call that is never heard of again. It is answered as lost. */
export function killer({ ask }: ThreadScene, shard = 0, how: 'exit' | 'throw' = 'exit'): Promise<string> {
  return ask(`U ${callOn(shard, `killer-${killers++}`)} - 0 ${how}-in-command`);
}

/** What a shard knows of a call. */
export const inspect = ({ threads }: ThreadScene, shard: number, call: string): Promise<readonly SnapshotRecord[]> =>
  new Promise((resolve) => threads.links[shard]!.inspect(call, (sessions) => resolve(sessions ?? [])));

/** Checks that a shard holds the pairs of these calls, their copies included, and no other. */
export async function holdsOnly(scene: ThreadScene, shard: number, calls: readonly string[]): Promise<void> {
  const sessions = (await Promise.all(calls.map((call) => inspect(scene, shard, call)))).flat();
  const legs = sessions.flatMap(({ state }) => Object.values(state.legs));
  const wanted = legs
    .flatMap(({ local, copies }) => [local, ...copies.map((copy) => copy.local)])
    .flatMap((local) => local?.port ?? []);
  const { first, pairs } = scene.range;
  const held = [...new Int32Array(scene.threads.links[shard]!.memory.ports.IPv4, 0, pairs)].flatMap((holder, i) =>
    holder === shard + 1 ? [first + i * 2] : [],
  );
  deepEqual(held, wanted.sort());
}
