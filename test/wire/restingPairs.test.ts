/** Sockets that stay open between two calls, through the real process, on each packet engine. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { ENGINE_NAMES } from '../../src/media/engine.js';
import { eventually, totals } from '../rig/calls.js';
import { UdpControl } from '../rig/control.js';
import { lackOf } from '../rig/engineDriver.js';
import { DatagramPeer } from '../rig/enginePeer.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';

const BOUND = { timeout: 60_000 };
const HOST = '127.0.0.1';
const PAIRS = 1600;
const CALLS = 600;
/** As many at a time: a relay that is busy has many clients. */
const CLIENTS = 4;

async function busyRelay(t: TestContext, ...args: string[]) {
  const relay = await startRelay({ mediaPorts: PAIRS * 2, args: ['--workers', '1', ...args] });
  t.after(() => relay.stop());
  const control = await UdpControl.to(relay.control[0]!);
  t.after(() => control.close());
  return { relay, control };
}

/** The ports of the media range that are bound, as the kernel tells it. */
function boundPorts({ pid, media }: RunningRelay): number[] {
  const lines = readFileSync(`/proc/${pid}/net/udp`, 'latin1').split('\n').slice(1, -1);
  const ports = lines.map((line) => Number.parseInt(line.trim().split(/\s+/)[1]!.split(':')[1]!, 16));
  return ports.filter((port) => port >= media.min && port <= media.max);
}

/** Sets calls up and ends them at once, as fast as the relay answers. Answers the ports they had. */
async function churn(control: UdpControl, name: string, calls = CALLS): Promise<number[]> {
  const ports: number[] = [];
  let next = 0;
  const walk = async (): Promise<void> => {
    for (let call = `${name}-${next++}`; next <= calls; call = `${name}-${next++}`) {
      ports.push(Number.parseInt(await control.ask(`U ${call} - 0 from`), 10));
      ports.push(Number.parseInt(await control.ask(`L ${call} - 0 from to`), 10));
      equal(await control.ask(`D ${call} from to`), '0');
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, walk));
  return ports;
}

for (const name of ENGINE_NAMES) {
  test(`${name}: under many short calls sockets stay open and are used again, and are closed soon after`, BOUND, async (t) => {
    const reason = await lackOf(name);
    if (reason !== null) return t.skip(reason);
    const { relay, control } = await busyRelay(t, '--engine', name);
    const files = readdirSync(`/proc/${relay.pid}/fd`).length;
    const ports = [...(await churn(control, 'first')), ...(await churn(control, 'second'))];
    ok(ports.every((port) => port >= relay.media.min && port <= relay.media.max && port % 2 === 0));
    const resting = boundPorts(relay);
    ok(resting.length > 200, `${resting.length} are open`);
    equal((await totals(control)).active, 0);

    // What comes now is nobody's, and who gets a port next has nothing to do with it.
    const source = await DatagramPeer.open(HOST);
    t.after(() => source.close());
    for (const port of resting) await source.send('late', port);
    const after = await control.ask('U late - 0 from');
    deepEqual((await control.ask('Q late from')).split(' ').slice(1), ['0', '0', '0', '0']);
    ok(!resting.includes(Number.parseInt(after, 10)), 'a port that somebody sends to');
    equal(await control.ask('D late from'), '0');

    await eventually(async () => deepEqual(boundPorts(relay), []), 10_000);
    // What was opened for the log and the like stays.
    ok(readdirSync(`/proc/${relay.pid}/fd`).length <= files + 3);
  });
}

test('sockets that rest do not outlive a process that is killed, nor are they taken up', BOUND, async (t) => {
  const { relay, control } = await busyRelay(t);
  await control.ask('U stays - 0 from');
  await churn(control, 'many', 2 * CALLS);
  ok(boundPorts(relay).length > 100);
  await relay.killAndRestart();
  const again = await UdpControl.to(relay.control[0]!);
  t.after(() => again.close());
  equal((await totals(again)).active, 1);
  equal(boundPorts(relay).length, 2, 'those of the call');
  equal(await again.ask('D stays from'), '0');
});
