/** Descriptors that packet engines watch besides their sockets. */
import { deepEqual, equal } from 'node:assert/strict';
import { udpPort } from '../../model/kernel/index.js';
import { clock } from '../../src/io/clock.js';
import { mapMemory } from '../../src/io/sys/memory.js';
import type { EngineHost } from '../../src/media/engine.js';
import { type EngineHere, onEachEngineHere, PlainSocket } from '../rig/engineHere.js';
import { HOST } from '../rig/engineScene.js';

const NAMES = ['io_uring', 'epoll'] as const;
const LIMIT_MS = 2_000;

async function pipes({ t }: EngineHere, count: number) {
  const { openDatagramPipe } = await import('../../src/io/sys/datagramPipe.js');
  const { closeDescriptor, MSG_DONTWAIT, recvfrom, sendto } = await import('../../src/io/sys/socket.js');
  const memory = mapMemory(4096);
  const bytes = Buffer.from(memory.buffer);
  t.after(() => memory.unmap());
  return Array.from({ length: count }, () => {
    const pipe = openDatagramPipe(1 << 16);
    if (!pipe.ok) throw new Error(pipe.error);
    const { input, output } = pipe.value;
    t.after(() => [input, output].forEach(closeDescriptor));
    return {
      fd: output,
      write: (text: string) => void sendto(input, memory.address, bytes.write(text), MSG_DONTWAIT, 0, 0),
      read: (): string | null => {
        const length = recvfrom(output, memory.address, 4096, MSG_DONTWAIT, 0, 0);
        return length < 0 ? null : bytes.toString('latin1', 0, length);
      },
    };
  });
}

/** Runs the engine until it is stopped, for two seconds at most. */
async function run({ engine }: EngineHere, host: Partial<EngineHost>): Promise<void> {
  const end = clock() + LIMIT_MS;
  await engine.run({
    ...{ onDatagram: () => {}, onWake: () => {}, onUnreachable: () => {}, isTurnDue: () => true },
    onTurn: (nowMs) => {
      if (nowMs >= end) engine.stop();
      return end;
    },
    ...host,
  });
}

onEachEngineHere(
  'who watches a descriptor is called until nothing is left, and for what comes later',
  4,
  NAMES,
  async (scene) => {
    const { engine } = scene;
    const [first, second] = await pipes(scene, 2);
    const heard: string[] = [];
    for (const text of ['a', 'b', 'c']) first!.write(text);
    engine.watch!(first!.fd, () => {
      heard.push(`first ${first!.read()}`);
      if (heard.length === 3) second!.write('x');
      if (heard.at(-1) === 'first d') engine.stop();
    });
    engine.watch!(second!.fd, () => {
      heard.push(`second ${second!.read()}`);
      first!.write('d');
    });
    await run(scene, {});
    deepEqual(heard, ['first a', 'first b', 'first c', 'second x', 'first d']);
  },
);

onEachEngineHere(
  'who is not watched any more is not called, be it from its own call, or watched again',
  4,
  NAMES,
  async (scene) => {
    const { engine } = scene;
    const [first, second, third] = await pipes(scene, 3);
    const heard: string[] = [];
    first!.write('a');
    first!.write('b');
    second!.write('never');
    engine.watch!(second!.fd, () => heard.push('second'));
    engine.unwatch!(second!.fd);
    engine.unwatch!(second!.fd);
    engine.watch!(first!.fd, () => {
      heard.push(`first ${first!.read()}`);
      engine.unwatch!(first!.fd);
      engine.watch!(first!.fd, () => {
        heard.push(`first again ${first!.read()}`);
        engine.unwatch!(first!.fd);
        third!.write('end');
      });
    });
    engine.watch!(third!.fd, () => {
      heard.push(`third ${third!.read()}`);
      engine.stop();
    });
    await run(scene, {});
    deepEqual(heard, ['first a', 'first again b', 'third end']);
  },
);

onEachEngineHere('input that never ends and packets that never end both get their turns', 4, NAMES, async (scene) => {
  const { engine, lease, t } = scene;
  const [input] = await pipes(scene, 1);
  const source = new PlainSocket(t);
  const { min } = lease.range(2);
  engine.open(0, { host: HOST, port: udpPort(min) });
  let [calls, packets] = [0, 0];
  input!.write('always');
  engine.watch!(input!.fd, () => {
    calls++; // Nothing is read: it stays readable.
    if (calls >= 100 && packets >= 100) engine.stop();
  });
  source.send(Uint8Array.of(1), min);
  await run(scene, {
    onDatagram: () => {
      packets++;
      source.send(Uint8Array.of(1), min);
    },
  });
  equal(calls >= 100 && packets >= 100, true, `${calls} calls, ${packets} packets`);
});
