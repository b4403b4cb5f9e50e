/** What the next media thread takes up of calls that were made by NG on one that has died. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeBencode } from '../../src/protocol/ng/bencode.js';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { sdpOf } from '../pure/ngGiven.js';
import { pick } from '../pure/ngQueryGiven.js';
import { NgCall } from '../rig/ngCalls.js';
import { type NgScene, onEachNgEngine, startNg } from '../rig/ngThreadScene.js';
import { PatientNg } from '../rig/patientNg.js';
import { dieAndReturn, inspect } from '../rig/threadCalls.js';
import { callOn } from '../rig/threadScene.js';

const HOST = '127.0.0.1';
/** What packets have changed is written down by then, also by a thread that has to wait for a processor. */
const WRITTEN_MS = 100;
const MORTAL = { worker: './mortalShard.js', ports: 200 };
const FROM = { 'from-tag': 'alice' };
const BOTH = { ...FROM, 'to-tag': 'bob' };

async function clientOf({ t, port }: NgScene): Promise<PatientNg> {
  const client = await PatientNg.open(port);
  t.after(() => client.close());
  return client;
}

const asker =
  (client: PatientNg) =>
  async (request: NgDictionary): Promise<NgDictionary> => {
    const { reply } = await client.ask(request);
    if (reply === null) throw new Error(`not answered: ${encodeBencode(request)}`);
    return reply;
  };

const knownOf = async (scene: NgScene, calls: readonly NgCall[]) =>
  (await Promise.all(calls.map(({ call }) => inspect(scene, 0, call)))).flat().map(({ session, phase, state }) => ({
    ...{ session, phase, state: { ...state, recoveries: 0 } },
  }));

onEachNgEngine(
  '[NG-09] calls of NG are what they were when their thread has died, twice, and their media goes on',
  async (t, engine) => {
    const scene = await startNg(t, engine, [HOST], MORTAL);
    const ask = asker(await clientOf(scene));
    const open = (name: string, lines = 1): Promise<NgCall> => NgCall.open(t, ask, callOn(0, name), lines);
    const plain = await (await open('plain')).setUp({ label: 'A', 'via-branch': 'z1' }, { label: 'B' });
    const two = await (await open('two', 2)).setUp();
    const blocked = await (await open('blocked')).setUp();
    equal((await blocked.ask('block media', { ...FROM, flags: ['directional'] }))['result'], 'ok');
    const pending = await (await open('pending')).setUp();
    const half = await open('half');
    await half.offer();
    const calls = [plain, two, blocked, pending, half];
    for (const call of [plain, two, pending]) await call.talks();
    await blocked.talks(2, 'alice');
    const moved = await NgCall.open(t, ask, pending.call);
    await moved.offer(BOTH);
    await delay(WRITTEN_MS);
    const before = await knownOf(scene, calls);
    equal(before.length, 6);
    for (let death = 1; death <= 2; death++) {
      await dieAndReturn(scene);
      deepEqual(await knownOf(scene, calls), before);
      for (const call of [plain, two, pending]) await call.talks();
      await blocked.talks(2, 'alice');
      await delay(WRITTEN_MS);
    }
    await moved.answer();
    await moved.talks();
    await half.answer();
    await half.talks();
    equal(pick(await plain.ask('query'), 'tags', 'bob', 'label'), 'B');
    for (const call of calls) {
      const reply = await call.ask('delete', { ...BOTH, 'delete-delay': 0 });
      deepEqual([reply['result'], reply['warning']], ['ok', undefined]);
    }
    deepEqual(await knownOf(scene, calls), []);
    deepEqual(scene.fatal, []);
  },
);

onEachNgEngine(
  '[NG-01] a request over which the thread died, or whose answer died with it, is carried out once',
  async (t, engine) => {
    const scene = await startNg(t, engine, [HOST], MORTAL);
    const client = await clientOf(scene);
    const of = (call: string, port: number): NgDictionary => ({
      command: 'offer',
      'call-id': call,
      ...FROM,
      sdp: sdpOf(HOST, port),
    });
    // In the middle of the offer, before it stands in the log: nobody knows of it, and it is made by the next thread.
    const deadly = await client.ask(of('once-at-Negotiate-0', 4000), 'deadly');
    ok(deadly.tries > 1);
    equal(deadly.reply?.['result'], 'ok', JSON.stringify(deadly.reply));
    deepEqual((await client.ask(of('once-at-Negotiate-0', 4000), 'deadly')).reply, deadly.reply);
    const call = callOn(0, 'told');
    const offered = await client.ask(of(call, 4002), 'offered');
    const ended = await client.ask({ command: 'delete', 'call-id': call, ...FROM, 'delete-delay': 0 }, 'ended');
    equal(ended.reply?.['warning'], undefined);
    await dieAndReturn(scene);
    deepEqual((await client.ask({ command: 'delete', 'call-id': call, ...FROM, 'delete-delay': 0 }, 'ended')).reply, ended.reply);
    deepEqual((await client.ask(of(call, 4002), 'offered')).reply, offered.reply);
    deepEqual(await inspect(scene, 0, call), [], 'the offer was not made again');
    equal(client.differing, 0);
  },
);
