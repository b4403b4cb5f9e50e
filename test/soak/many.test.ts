/** Many calls at a time: they all carry media, and they all end at once. */
import { equal, match, ok } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { ENGINE_NAMES } from '../../src/media/engine.js';
import { eventually, totals } from '../rig/calls.js';
import { UdpControl } from '../rig/control.js';
import { lackOf } from '../rig/engineDriver.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { filesAtRest, openFiles } from '../rig/openFiles.js';
import { startRelay } from '../rig/relay.js';

const BOUND = { timeout: 60_000 };
const CALLS = 1_500;
const SOCKETS_A_CALL = 4;
const CLIENTS = 16;
const TTL_SECONDS = 5;

/** Why this machine does not allow so many sockets in a process, or null. */
function whyNotSoMany(): string | null {
  const [, hard = ''] = /^Max open files +\S+ +(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  const wanted = CALLS * SOCKETS_A_CALL + 1_000;
  const isEnough = hard === 'unlimited' || Number(hard) >= wanted || process.getuid?.() === 0;
  return isEnough ? null : `${hard} open files are allowed, ${wanted} needed (ulimit -Hn)`;
}

async function setUpMany(clients: readonly UdpControl[], name: string, remote: number): Promise<Map<string, number>> {
  const ports = new Map<string, number>();
  let next = 0;
  const setUp = async (client: UdpControl) => {
    while (next < CALLS) {
      const call = `${name}-${next++}`;
      match(await client.ask(`U ${call} 127.0.0.1 ${remote} from`, { timeoutMs: 5_000 }), /^\d+ 127\.0\.0\.1$/);
      const answer = await client.ask(`L ${call} 127.0.0.1 ${remote} from to`, { timeoutMs: 5_000 });
      match(answer, /^\d+ 127\.0\.0\.1$/);
      ports.set(call, Number.parseInt(answer, 10));
    }
  };
  await Promise.all(clients.map(setUp));
  return ports;
}

/** One packet through every call, in small groups so that the test's own socket keeps up. */
async function sendThroughAll(t: TestContext, ports: Iterable<number>, sink: DatagramPeer): Promise<void> {
  const source = await DatagramPeer.open();
  t.after(() => source.close());
  const all = [...ports];
  for (let at = 0; at < all.length; at += 50) {
    const group = all.slice(at, at + 50);
    for (const port of group) await source.send(`through ${port}`, port);
    const texts = (await sink.take(group.length)).map(({ bytes }) => bytes.toString());
    equal(new Set(texts).size, group.length, 'each packet once');
  }
}

for (const name of ENGINE_NAMES) {
  test(`${name}: ${CALLS} calls at a time relay, and end all at once by command and by silence`, BOUND, async (t) => {
    const reason = (await lackOf(name)) ?? whyNotSoMany();
    if (reason !== null) return t.skip(reason);
    const relay = await startRelay({ mediaPorts: CALLS * SOCKETS_A_CALL, args: ['--engine', name, '-T', `${TTL_SECONDS}`] });
    t.after(() => relay.stop());
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => UdpControl.to(relay.control[0]!)));
    const sink = await DatagramPeer.open();
    t.after(() => Promise.all([sink.close(), ...clients.map((client) => client.close())]));
    const [control] = clients as [UdpControl];
    const before = await filesAtRest(relay.pid);
    for (const end of ['X', 'silence']) {
      const ports = await setUpMany(clients, end, sink.port);
      equal((await totals(control)).active, CALLS);
      equal(openFiles(relay.pid), before + CALLS * SOCKETS_A_CALL);
      equal(await control.ask(`U ${end}-more - 0 from`), 'E72', 'the range is used to its last port');
      await sendThroughAll(t, ports.values(), sink);
      if (end === 'X') equal(await control.ask('X', { timeoutMs: 10_000 }), '0');
      await eventually(async () => equal((await totals(control)).active, 0), (TTL_SECONDS + 3) * 1000);
      equal(openFiles(relay.pid), before, `${end}: every socket is closed`);
    }
    equal((await setUpMany(clients, 'again', sink.port)).size, CALLS, 'and every port is to be had again');
    const stopped = performance.now();
    equal((await relay.stop()).code, 0, relay.stderr());
    ok(performance.now() - stopped < 4_000, 'it ends without delay');
  });
}
