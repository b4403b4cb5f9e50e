/** A thousand calls whose relay dies, and dies again: each goes on by the ports it has. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, totals } from '../rig/calls.js';
import { UdpControl } from '../rig/control.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';
import { killRelay, startSupervised, whyNotSupervised } from '../rig/supervised.js';

const BOUND = { timeout: 90_000 };
const CALLS = 1_000;
const SOCKETS_A_CALL = 4;
const CLIENTS = 8;
/** Packets that are under way at a time: the queues of two sockets have room for them. */
const GROUP = 50;
const PATIENCE_MS = 10_000;
/** What was counted is written down every two seconds. */
const WRITTEN_DOWN_MS = 2_400;

type Call = { readonly call: string; readonly facesCaller: number; readonly facesCallee: number };

/** Why this machine does not allow so many sockets in a process, or null. */
function whyNotSoMany(): string | null {
  const [, hard = ''] = /^Max open files +\S+ +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  const wanted = CALLS * SOCKETS_A_CALL + 1_000;
  const isEnough = hard === 'unlimited' || Number(hard) >= wanted || process.getuid?.() === 0;
  return isEnough ? null : `${hard} open files are allowed, ${wanted} needed (ulimit -Hn)`;
}

/** Many calls between two sockets: all callers share one, all callees the other. */
class Crowd {
  readonly #clients: readonly UdpControl[];
  readonly #caller: DatagramPeer;
  readonly #callee: DatagramPeer;
  readonly #calls: Call[] = [];

  private constructor(clients: readonly UdpControl[], caller: DatagramPeer, callee: DatagramPeer) {
    this.#clients = clients;
    this.#caller = caller;
    this.#callee = callee;
  }

  /** Sets them up. Closed with the test. */
  static async meet(t: TestContext, relay: RunningRelay): Promise<Crowd> {
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => UdpControl.to(relay.control[0]!)));
    const [caller, callee] = [await DatagramPeer.open(), await DatagramPeer.open()];
    t.after(() => Promise.all([...clients, caller, callee].map((one) => one.close())));
    const crowd = new Crowd(clients, caller, callee);
    await crowd.#each(
      Array.from({ length: CALLS }, (_, i) => `crowd-${i}`),
      async (call, client) => {
        const facesCallee = await portOf(client, `U ${call} 127.0.0.1 ${caller.port} from`);
        const facesCaller = await portOf(client, `L ${call} 127.0.0.1 ${callee.port} from to`);
        crowd.#calls.push({ call, facesCaller, facesCallee });
      },
    );
    return crowd;
  }

  get control(): UdpControl {
    return this.#clients[0]!;
  }

  /** A packet in each direction of every call: it comes, once, and from the port that it should. */
  async speak(): Promise<void> {
    for (let at = 0; at < this.#calls.length; at += GROUP) {
      const group = this.#calls.slice(at, at + GROUP);
      for (const { call, facesCaller } of group) await this.#caller.send(`${call} speaks`, facesCaller);
      deepEqual(await heard(this.#callee), new Map(group.map(({ call, facesCallee }) => [`${call} speaks`, facesCallee])));
      for (const { call, facesCallee } of group) await this.#callee.send(`${call} answers`, facesCallee);
      deepEqual(await heard(this.#caller), new Map(group.map(({ call, facesCaller }) => [`${call} answers`, facesCaller])));
    }
  }

  /** What was counted of every call, without the time it has left. */
  async counters(): Promise<Map<string, string>> {
    const counters = new Map<string, string>();
    await this.#ask(
      (call) => `Q ${call} from to`,
      (call, answer) => {
        match(answer, /^\d+( \d+){4}$/, call);
        counters.set(call, answer.slice(answer.indexOf(' ')));
      },
    );
    return counters;
  }

  async end(): Promise<void> {
    await this.#ask(
      (call) => `D ${call} from to`,
      (call, answer) => equal(answer, '0', call),
    );
  }

  #ask(command: (call: string) => string, take: (call: string, answer: string) => void): Promise<void> {
    const calls = this.#calls.map(({ call }) => call);
    return this.#each(calls, async (call, client) => take(call, await client.ask(command(call), { timeoutMs: PATIENCE_MS })));
  }

  async #each(calls: readonly string[], act: (call: string, client: UdpControl) => Promise<void>): Promise<void> {
    let next = 0;
    const walk = async (client: UdpControl): Promise<void> => {
      for (let call = calls[next++]; call !== undefined; call = calls[next++]) await act(call, client);
    };
    await Promise.all(this.#clients.map(walk));
  }
}

async function portOf(client: UdpControl, command: string): Promise<number> {
  const answer = await client.ask(command, { timeoutMs: PATIENCE_MS });
  match(answer, /^\d+ 127\.0\.0\.1$/, command);
  return Number.parseInt(answer, 10);
}

/** What comes next, and from which ports. */
async function heard(peer: DatagramPeer): Promise<Map<string, number>> {
  const arrived = await peer.take(GROUP);
  equal(peer.arrived.length, 0, 'each packet comes once');
  return new Map(arrived.map(({ bytes, from }) => [bytes.toString('latin1'), from.port]));
}

test(`${CALLS} calls outlive two deaths of their relay, with their ports and what was counted of them`, BOUND, async (t) => {
  const reason = whyNotSoMany();
  if (reason !== null) return t.skip(reason);
  const relay = await startRelay({ mediaPorts: CALLS * SOCKETS_A_CALL, args: ['--workers', '2'] });
  t.after(() => relay.stop());
  const crowd = await Crowd.meet(t, relay);
  await crowd.speak();
  await delay(WRITTEN_DOWN_MS);
  const before = await crowd.counters();
  for (const more of [[], ['--workers', '3']]) {
    const { readyMs } = await relay.killAndRestart(() => {}, more);
    t.diagnostic(`ready after ${Math.round(readyMs)} ms`);
    equal((await totals(crowd.control)).active, CALLS);
    deepEqual(await crowd.counters(), before);
  }
  await crowd.speak();
  await crowd.end();
  equal((await totals(crowd.control)).active, 0);
});

test(`${CALLS} calls go on when the relay below their supervisor dies`, BOUND, async (t) => {
  const reason = whyNotSoMany() ?? whyNotSupervised();
  if (reason !== null) return t.skip(reason);
  const relay = await startSupervised(t, { mediaPorts: CALLS * SOCKETS_A_CALL, args: ['--workers', '2'] });
  const crowd = await Crowd.meet(t, relay);
  await crowd.speak();
  await killRelay(relay.pid);
  await eventually(async () => equal((await totals(crowd.control)).active, CALLS), PATIENCE_MS);
  await crowd.speak();
  await crowd.end();
});
