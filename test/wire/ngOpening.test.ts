/** Opening the NG listeners: all or none, under names that say what is wrong. */
import { equal, match, ok, rejects } from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { udpPort } from '../../model/kernel/index.js';
import { openNg } from '../../src/io/ng/openNg.js';
import { openDatagramSocket, openListeningSocket } from '../../src/io/sys/boundSocket.js';
import { UdpControl } from '../rig/control.js';
import { addressOf, fetchNg, NgStreamClient, OPEN_ACCESS, openNgScene, PING, PONG } from '../rig/ngScene.js';
import { leasePorts } from '../rig/ports.js';

const BOUND = { timeout: 30_000 };
const OPTIONS = { access: OPEN_ACCESS, onWarning: () => {}, handle: () => {} };

async function ports(t: TestContext, count: number): Promise<number[]> {
  const lease = await leasePorts();
  t.after(() => lease.release());
  return Promise.all(Array.from({ length: count }, () => lease.port()));
}

/** Opening fails; afterwards everything can be bound again. */
async function failsToOpen(names: readonly string[], problem: RegExp): Promise<void> {
  await rejects(openNg(names.map(addressOf), OPTIONS), ({ message }: Error) => {
    match(message, problem);
    ok(!message.includes('\n'));
    return true;
  });
}

test('[NG-19] all transports together, on one port where they can be, and each alone', BOUND, async (t) => {
  const scene = await openNgScene(t, ['udp:127.0.0.1:PORT', 'udp6:[::1]:PORT', 'tcp:127.0.0.1:PORT', 'http:[::1]:PORT']);
  const udp = await UdpControl.open('127.0.0.1', scene.port);
  t.after(() => udp.close());
  equal(await udp.ask(PING), PONG);
  equal(await (await NgStreamClient.open(t, scene.port)).ask(`1 ${PING}`), `1 ${PONG}`);
  equal((await fetchNg({ host: '::1', port: scene.port, path: '/ping' })).text, 'pong\n');
  const alone = await openNgScene(t, ['udp:localhost:PORT']);
  const client = await UdpControl.open('127.0.0.1', alone.port);
  t.after(() => client.close());
  equal(await client.ask(PING), PONG, 'without HTTP anywhere');
});

test('a socket that cannot be opened closes the others, and is named with its errno', BOUND, async (t) => {
  const [udp = 0, tcp = 0, http = 0, taken = 0] = await ports(t, 4);
  const blocker = createServer().listen({ port: taken, host: '127.0.0.1' });
  await once(blocker, 'listening');
  t.after(() => blocker.close());
  const datagrams = createSocket('udp4').bind({ port: taken, address: '127.0.0.1' });
  await once(datagrams, 'listening');
  t.after(() => datagrams.close());
  const good = [`udp:127.0.0.1:${udp}`, `tcp:127.0.0.1:${tcp}`, `http:127.0.0.1:${http}`, `udp6:*:${udp + 1}`];
  for (const scheme of ['udp', 'tcp', 'http', 'ws']) {
    const problem = new RegExp(
      `^NG socket ${scheme}:127\\.0\\.0\\.1:${taken}: it is in use: is another relay running\\? \\(EADDRINUSE\\)$`,
    );
    await failsToOpen([...good, `${scheme}:127.0.0.1:${taken}`], problem);
  }
  await failsToOpen([...good, `udp:*:${taken}`], /^NG socket udp:0\.0\.0\.0:\d+: it is in use: .* \(EADDRINUSE\)$/);
  await failsToOpen(
    [...good, `tcp:192.0.2.1:${taken}`],
    /^NG socket tcp:192\.0\.2\.1:\d+: the address is not on this host \(EADDRNOTAVAIL\)$/,
  );
  await failsToOpen(
    [...good, `ws:no-such-host.invalid:${taken}`],
    /^NG socket ws:no-such-host\.invalid:\d+: .* \((?:ENOTFOUND|EAI_AGAIN)\)$/,
  );
  const listeners = await openNg(good.map(addressOf), OPTIONS);
  await listeners.close();
});

test('what is encrypted takes a certificate, and says so', BOUND, async (t) => {
  const [port = 0] = await ports(t, 1);
  for (const scheme of ['https', 'wss']) {
    await failsToOpen(
      [`udp:127.0.0.1:${port}`, `${scheme}:127.0.0.1:${port}`],
      new RegExp(
        `^NG socket ${scheme}:127\\.0\\.0\\.1:${port}: it takes a certificate and a key: control: tls: in the settings file$`,
      ),
    );
  }
});

test('sockets that stand open already are taken over, with what waits in them', BOUND, async (t) => {
  if (process.platform !== 'linux') return t.skip('sockets are handed over by Linux system calls');
  const [port = 0] = await ports(t, 1);
  const local = { host: '127.0.0.1', port: udpPort(port) };
  const inherited = new Map<string, number>();
  for (const [name, opened] of [
    [`udp:127.0.0.1:${port}`, openDatagramSocket(local, false, 65_536)],
    [`tcp:127.0.0.1:${port}`, openListeningSocket(local, false, 16)],
  ] as const) {
    ok(opened.ok, name);
    inherited.set(name, opened.value);
  }
  const client = await UdpControl.open('127.0.0.1', port);
  t.after(() => client.close());
  client.send(`early ${PING}`);
  const stream = await NgStreamClient.open(t, port);
  stream.send(`early ${PING}`);
  const listeners = await openNg([...inherited.keys()].map(addressOf), {
    ...OPTIONS,
    inherited,
    handle: (_payload, _origin, answer) => answer(PONG),
  });
  t.after(() => listeners.close());
  equal((await client.receive()).text, `early ${PONG}`);
  equal(await stream.receive(), `early ${PONG}`);
});
