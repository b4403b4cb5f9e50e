/** NG sockets of media threads under floods, when a thread dies, and when they cannot be opened. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { udpPort } from '../../model/kernel/index.js';
import { nameOfShared, openThreadSockets } from '../../src/io/ng/threadSockets.js';
import { eventually } from '../rig/calls.js';
import { udpQueues } from '../rig/engineDriver.js';
import { ConnectedClient, type NgScene, onEachNgEngine, startNg } from '../rig/ngThreadScene.js';
import { filesAtRest, openFiles } from '../rig/openFiles.js';
import { leasePorts } from '../rig/ports.js';
import { SteadyPhones } from '../rig/steadyPhones.js';
import { callOn } from '../rig/threadScene.js';

const HOST = '127.0.0.1';
const BOUND = { timeout: 30_000 };

/** Calls of shard 0, and phones that talk in them. */
async function steadyCalls({ t, ask }: NgScene, count: number): Promise<{ phones: SteadyPhones; ports: readonly number[] }> {
  const phones = await SteadyPhones.open(t, count * 2);
  const ports: number[] = [];
  for (let i = 0; i < count; i++) {
    const call = callOn(0, `steady-${i}`);
    const facesCallee = Number.parseInt(await ask(`U ${call} ${HOST} ${phones.ports[i * 2]} f`), 10);
    ports.push(Number.parseInt(await ask(`L ${call} ${HOST} ${phones.ports[i * 2 + 1]} f t`), 10), facesCallee);
  }
  return { phones, ports };
}

onEachNgEngine('a flood of requests does not cost a packet, and is answered while packets pass', async (t, engine) => {
  const scene = await startNg(t, engine);
  const { phones, ports } = await steadyCalls(scene, 8);
  const client = await ConnectedClient.open(t, HOST, scene.port);
  phones.stream(ports, 20);
  const call = callOn(0, 'flood');
  let sent = 0;
  for (const end = performance.now() + 1_500; performance.now() < end; await delay(1)) {
    for (let n = 0; n < 20; n++) client.send(`${sent++} ${call} work 0.3`);
  }
  const again = setInterval(() => client.send(`last ${call} tell`), 100); // The queue may have been full.
  await client.hears('last').finally(() => clearInterval(again));
  const heard = await phones.stop();
  const lost = heard.reduce((sum, each) => sum + each.sent - each.heard.length, 0);
  ok(heard.every((each) => each.sent > 50));
  equal(lost, 0);
  ok(client.heard.length > 1_000, `${client.heard.length} of ${sent} requests were answered`);
  console.log(
    `# ${engine}: ${client.heard.length} of ${sent} requests answered, no packet of ${heard[0]!.sent * heard.length} lost`,
  );
});

onEachNgEngine('a flood of packets does not keep requests waiting', async (t, engine) => {
  const scene = await startNg(t, engine);
  const { phones, ports } = await steadyCalls(scene, 8);
  const client = await ConnectedClient.open(t, HOST, scene.port);
  phones.stream(ports, 1);
  await delay(200);
  const times: number[] = [];
  for (let n = 0; n < 100; n++) {
    const asked = performance.now();
    await client.ask(`${n}`, `${callOn(0, 'asked')} tell`);
    times.push(performance.now() - asked);
  }
  await phones.stop();
  const worst = Math.max(...times);
  ok(worst < 500, `a request took ${worst} ms`);
});

const diedOver = (scene: NgScene): readonly string[] => scene.warnings.filter((text) => text.includes(' died: '));
const servesAgain = (scene: NgScene): number => scene.warnings.filter((text) => text.includes(' serves again')).length;

onEachNgEngine(
  'a thread that dies leaves its sockets: who asks meanwhile is answered, and what was done is not done again',
  async (t, engine) => {
    const scene = await startNg(t, engine);
    const clients = await Promise.all(Array.from({ length: 8 }, () => ConnectedClient.open(t, HOST, scene.port)));
    const [done, other] = [callOn(0, 'done'), callOn(1, 'other')];
    const before = await Promise.all(clients.map((client) => client.ask('kept', `${done} write`)));
    const files = await filesAtRest();
    clients[0]!.send(`deadly ${callOn(0, 'deadly')} die`);
    await eventually(async () => equal(diedOver(scene).length, 1));
    const during = clients.map((client, n) => client.ask(`during-${n}`, `${n % 2 === 0 ? done : other} tell`));
    for (const reply of await Promise.all(during)) match(reply, /^tell [01] /);
    deepEqual(await Promise.all(clients.map((client) => client.ask('kept', `${done} write`))), before, 'the log has the answers');
    await eventually(async () => equal(servesAgain(scene), 1));
    await eventually(async () => equal(openFiles(), files));
  },
);

onEachNgEngine(
  'a request that threads die over twice is not carried out a third time, but told to the main thread',
  async (t, engine) => {
    const scene = await startNg(t, engine);
    const client = await ConnectedClient.open(t, HOST, scene.port);
    const call = callOn(0, 'deadly');
    for (let death = 1; death <= 2; death++) {
      client.send(`same ${call} die`);
      await eventually(async () => equal(servesAgain(scene), death), 8_000);
    }
    client.send(`same ${call} die`);
    await eventually(async () => equal(scene.forwards.length, 1));
    scene.forwards[0]!.answer('set aside');
    equal(await client.hears('same'), 'set aside');
    equal(diedOver(scene).length, 2);
    ok(
      scene.warnings.some((text) => text.startsWith(`call ${call} is set aside`)),
      scene.warnings.join('\n'),
    );
  },
);

onEachNgEngine(
  'what was forwarded by a thread that has died is carried out once, and answered to who asks again',
  async (t, engine) => {
    const scene = await startNg(t, engine);
    const client = await ConnectedClient.open(t, HOST, scene.port);
    client.send(`found ${callOn(0, 'found')} main`);
    await eventually(async () => equal(scene.forwards.length, 1));
    client.send(`deadly ${callOn(0, 'deadly')} die`);
    await eventually(async () => equal(servesAgain(scene), 1), 8_000);
    client.send(`found ${callOn(0, 'found')} main`);
    match(await client.ask('c', `${callOn(0, 'call')} tell`), /^tell/);
    equal(scene.forwards.length, 1);
    scene.forwards[0]!.answer('here it is');
    equal(await client.hears('found'), 'here it is');
  },
);

onEachNgEngine('when the threads end, nobody is kept waiting by the sockets', async (t, engine) => {
  const scene = await startNg(t, engine);
  const client = await ConnectedClient.open(t, HOST, scene.port);
  const flood = setInterval(() => client.send(`${Math.random()} - tell`), 1);
  t.after(() => clearInterval(flood));
  await client.ask('before', '- tell');
  const began = performance.now();
  await scene.threads.stop();
  ok(performance.now() - began < 4_000);
});

/** A process of the same user that is ready to share its port. */
const SHARER = `
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind(('127.0.0.1', int(sys.argv[1])))
print('bound', flush=True)
sys.stdin.read()`;

test(
  'a port that somebody has, however ready to share it, is refused in one line, and nothing is left open',
  BOUND,
  async (t) => {
    if (process.platform !== 'linux') return t.skip('the sockets are opened by Linux system calls');
    const lease = await leasePorts();
    t.after(() => lease.release());
    const [free, taken] = [await lease.port(), await lease.port()];
    const holder = spawn('python3', ['-c', SHARER, String(taken)], { stdio: ['pipe', 'pipe', 'ignore'] });
    t.after(() => holder.kill());
    await once(holder.stdout, 'data');
    const addressAt = (host: string, port: number) => ({ name: `udp:${host}:${port}`, host, port, ipv6: host.includes(':') });
    await openThreadSockets([], 1); // What is loaded for it stays.
    const files = await filesAtRest();
    for (const host of [HOST, '0.0.0.0']) {
      const refused = await openThreadSockets([addressAt(HOST, free), addressAt(host, taken)], 3);
      const address = host.replaceAll('.', '\\.');
      match(
        refused.ok ? '' : refused.error,
        new RegExp(`^NG socket udp:${address}:${taken}: it is in use: .* \\(EADDRINUSE\\)$`),
      );
    }
    const elsewhere = await openThreadSockets([addressAt('192.0.2.99', free)], 3);
    match(elsewhere.ok ? '' : elsewhere.error, /^NG socket .*: the address is not on this host \(EADDRNOTAVAIL\)$/);
    equal(openFiles(), files);
    const mine = await openThreadSockets([addressAt(HOST, free)], 3);
    ok(mine.ok && mine.value !== null);
    const again = await openThreadSockets([addressAt(HOST, free)], 3);
    match(again.ok ? '' : again.error, /\(EADDRINUSE\)$/, 'nor by a second relay');
    mine.value.close();
  },
);

test(
  'sockets that a supervisor holds stay those of the same threads, keep what waits in them, and stay open',
  BOUND,
  async (t) => {
    if (process.platform !== 'linux') return t.skip('the sockets are opened by Linux system calls');
    const { openSharedSockets } = await import('../../src/io/sys/boundSocket.js');
    const { closeDescriptor } = await import('../../src/io/sys/socket.js');
    const lease = await leasePorts();
    t.after(() => lease.release());
    const port = await lease.port();
    const held = openSharedSockets({ host: HOST, port: udpPort(port) }, false, 1 << 16, 3);
    ok(held.ok);
    const fds = held.value;
    t.after(() => {
      for (const fd of fds) closeDescriptor(fd);
    });
    const clients = await Promise.all(Array.from({ length: 24 }, () => ConnectedClient.open(t, HOST, port)));
    for (const client of clients) client.send('c waiting');
    /** Sockets on the port, and those in which something waits. */
    const areThere = (count: number): Promise<void> =>
      eventually(async () => {
        const queues = udpQueues(port, HOST);
        deepEqual([queues.length, queues.filter(({ waitingBytes }) => waitingBytes > 0).length], [count, 3]);
      });
    await areThere(3);
    const name = `udp:${HOST}:${port}`;
    const inherited = new Map(fds.map((fd, i) => [nameOfShared(name, i), fd]));
    for (const shards of [1, 2, 3, 4, 2]) {
      const opened = await openThreadSockets([{ name, host: HOST, port, ipv6: false }], shards, inherited);
      ok(opened.ok && opened.value !== null);
      const { starts } = opened.value;
      const own = starts.map(({ sockets }) => sockets[0]!.fd);
      deepEqual(own.slice(0, 3), fds.slice(0, shards), 'each in its place');
      const more = starts.map((start) => start.more.map(({ fd, socket }) => [fd, socket]));
      const [, second, third] = fds;
      const left =
        shards === 1
          ? [
              [second, 0],
              [third, 0],
            ]
          : shards === 2
            ? [[third, 0]]
            : [];
      deepEqual(
        more,
        starts.map((_, shard) => (shard === 0 ? left : [])),
      );
      await areThere(Math.max(3, shards));
      opened.value.close();
      await areThere(3);
    }
  },
);

onEachNgEngine('of more sockets than there are threads none is left unread', async (t, engine) => {
  const { port } = await startNg(t, engine, [HOST, '127.0.0.2'], { held: 5 });
  for (const host of [HOST, '127.0.0.2']) {
    const clients = await Promise.all(Array.from({ length: 40 }, () => ConnectedClient.open(t, host, port)));
    const replies = await Promise.all(clients.map((client, n) => client.ask(`${n}`, `call-${n} tell`)));
    for (const reply of replies) match(reply, new RegExp(`^tell [01] \\d+ \\S+ \\S+ ${host}$`));
  }
});
