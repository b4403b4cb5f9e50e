/** UDP control on every address of the host: the answer leaves from the address that was asked, and the relay knows which one that was. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { udpPort } from '../../model/kernel/index.js';
import { DatagramCommands } from '../../src/io/control/datagram.js';
import type { CommandHandler } from '../../src/io/control/listener.js';
import { encodeSockaddr } from '../../src/protocol/bytes/sockaddr.js';
import { eventually } from '../rig/calls.js';
import { LineClient, UdpControl } from '../rig/control.js';
import { openAlone } from '../rig/controlAlone.js';
import { leasePorts, type PortLease } from '../rig/ports.js';
import { startRelay } from '../rig/relay.js';
import { temporaryFolder } from '../rig/startAttempt.js';

const BOUND = { timeout: 30_000 };
const VERSION = '20040107';
const LOOPBACKS = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
const MAPPED = LOOPBACKS.map((host) => `::ffff:${host}`);

async function lease(t: TestContext): Promise<PortLease> {
  const leased = await leasePorts();
  t.after(() => leased.release());
  return leased;
}

/** Each in turn is asked by the same socket; answers whence each answer came. */
async function askEach(t: TestContext, client: UdpControl, hosts: readonly string[]): Promise<string[]> {
  t.after(() => client.close());
  const sources: string[] = [];
  for (const [n, host] of hosts.entries()) {
    client.send(`asked_${n} V`, host);
    const { text, from } = await client.receive();
    equal(text, `asked_${n} ${VERSION}\n`);
    sources.push(from.address);
  }
  return sources;
}

for (const name of ['udp:0.0.0.0:PORT', 'udp:*:PORT', 'udp6:*:PORT', 'udp6:[::]:PORT']) {
  test(`[CW-05 SY-08] ${name}: the answer comes from the address that was asked`, BOUND, async (t) => {
    const relay = await startRelay({ control: [name] });
    t.after(() => relay.stop());
    const port = Number(/\d+$/.exec(relay.control[0]!)?.[0]);
    deepEqual(await askEach(t, await UdpControl.open('127.0.0.1', port), LOOPBACKS), LOOPBACKS);
    if (!name.startsWith('udp6')) return;
    const hosts = ['::1', ...MAPPED, '::1'];
    deepEqual(await askEach(t, await UdpControl.open('::1', port), hosts), hosts);
  });
}

test('[CW-05 SY-09] a client whose socket is connected to one address hears its answer', BOUND, async (t) => {
  const relay = await startRelay({ control: ['udp:*:PORT', 'udp6:*:PORT'] });
  t.after(() => relay.stop());
  for (const [name, host] of [
    [relay.control[0]!, '127.0.0.2'],
    [relay.control[1]!, '::1'],
  ] as const) {
    const socket: Socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    t.after(() => socket.close());
    socket.connect(Number(/\d+$/.exec(name)?.[0]), host);
    await once(socket, 'connect');
    socket.send('connected_1 V');
    const [answer] = await once(socket, 'message', { signal: AbortSignal.timeout(1_000) });
    equal(String(answer), `connected_1 ${VERSION}\n`);
  }
});

test('the handler is told the client and the address it asked, IPv4 only, whatever the socket', BOUND, async (t) => {
  const ports = await lease(t);
  const [any, any6, one, one6, tcp, tcp6] = [0, 0, 0, 0, 0, 0].map(() => ports.range(2).min) as number[];
  const unix = `unix:${join(await temporaryFolder(t), 'origin.sock')}`;
  const sockets = [`udp:*:${any}`, `udp6:*:${any6}`, `udp:127.0.0.2:${one}`, `udp6:[::1]:${one6}`];
  const alone = await openAlone(t, [...sockets, `tcp:*:${tcp}`, `tcp6:*:${tcp6}`, `c${unix}`]);
  const askFrom = async (bind: string, host: string, port: number): Promise<void> => {
    const client = await UdpControl.open(host, port, bind);
    equal(await client.ask('V').finally(() => client.close()), 'heard V');
  };
  const dialFrom = async (name: string, bind?: string): Promise<void> => {
    const client = await LineClient.open(name, bind);
    equal(await client.ask('V'), 'heard V');
    client.close();
  };
  const known = { host: '127.0.0.9', local: '127.0.0.2' };
  const unknown = { host: null, local: null };
  await askFrom('127.0.0.9', '127.0.0.2', any!);
  await askFrom('127.0.0.9', '127.0.0.2', any6!);
  await askFrom('127.0.0.9', '127.0.0.2', one!);
  await dialFrom(`tcp:127.0.0.2:${tcp}`, '127.0.0.9');
  await dialFrom(`tcp:127.0.0.2:${tcp6}`, '127.0.0.9');
  const names = [`udp:0.0.0.0:${any}`, `udp6:[::]:${any6}`, `udp:127.0.0.2:${one}`, `tcp:0.0.0.0:${tcp}`, `tcp6:[::]:${tcp6}`];
  for (const [i, { from = '' }] of alone.origins.entries()) match(from, /^\S+ \S+ \S+$/, names[i]);
  deepEqual(
    alone.origins.map(({ from = '' }) => from.split(' ')[0]),
    names,
  );
  const heard = () => alone.origins.splice(0).map(({ host, local }) => ({ host, local }));
  deepEqual(heard(), [known, known, known, known, known]);
  await askFrom('::1', '::1', any6!);
  await askFrom('::1', '::1', one6!);
  await dialFrom(`tcp6:::1:${tcp6}`);
  await dialFrom(`c${unix}`);
  deepEqual(heard(), [unknown, unknown, unknown, unknown]);
});

for (const name of ['udp:127.0.0.1', 'udp:*', 'udp6:*'] as const) {
  test(
    `[CW-01 CW-03 CW-04] ${name}: cookies are demanded, repetitions are known, counted and not carried out again`,
    BOUND,
    async (t) => {
      const port = await (await lease(t)).port();
      const waiting: (() => void)[] = [];
      const alone = await openAlone(t, [`${name}:${port}`], {
        handle: (command, _origin, answer) => {
          if (command === 'later') waiting.push(() => answer('at last'));
          else answer(`heard ${command}`);
        },
      });
      const client = await UdpControl.open('127.0.0.1', port);
      t.after(() => client.close());
      const heard = async (datagram: string | Uint8Array): Promise<string> => {
        client.send(datagram);
        return (await client.receive()).text;
      };
      equal(await heard(''), 'E5\n');
      equal(await heard(' \r\n\t'), 'E5\n');
      equal(await heard('cookie'), 'cookie heard \n');
      deepEqual(alone.commands.splice(0), ['']);
      equal(alone.duplicates(), 0);
      for (let turn = 0; turn < 3; turn++) equal(await heard('1_a V'), '1_a heard V\n');
      deepEqual(alone.commands.splice(0), ['V']);
      equal(alone.duplicates(), 2);
      equal(await heard('1_a X'), '1_a heard X\n', 'another text is another command');
      equal(alone.duplicates(), 2);

      client.send('1_b later');
      client.send('1_b later');
      await eventually(async () => equal(alone.duplicates(), 3));
      equal(waiting.length, 1, 'it is being carried out, and is not begun again');
      waiting[0]!();
      equal((await client.receive()).text, '1_b at last\n');
      deepEqual(client.drain(), []);

      const bytes = Uint8Array.from({ length: 256 }, (_, n) => (n < 4 ? 'a b '.charCodeAt(n) : n));
      equal(await heard(bytes), `a heard ${Buffer.from(bytes.subarray(2)).toString('latin1')}\n`, 'each byte comes through');
      equal(await heard(`a ${'x'.repeat(9_000)}`), `a heard ${'x'.repeat(8_189)}\n`, 'what is beyond 8191 bytes is cut off');
    },
  );
}

test('many clients at once are all answered, each with its own', BOUND, async (t) => {
  const port = await (await lease(t)).port();
  await openAlone(t, [`udp:*:${port}`]);
  const clients = await Promise.all(Array.from({ length: 40 }, (_, n) => UdpControl.open(LOOPBACKS[n % 3]!, port)));
  t.after(() => Promise.all(clients.map((client) => client.close())));
  for (let turn = 0; turn < 20; turn++) {
    const texts = clients.map((_, n) => `client ${n} in turn ${turn}`);
    const answers = await Promise.all(clients.map((client, n) => client.ask(texts[n]!)));
    deepEqual(
      answers,
      texts.map((text) => `heard ${text}`),
    );
  }
});

test('what comes while the relay is too busy waits in the kernel or is lost there, not in our memory', BOUND, async (t) => {
  if (process.platform !== 'linux') return t.skip('the flood is made by Linux system calls');
  const { mapMemory } = await import('../../src/io/sys/memory.js');
  const { closeDescriptor, openUdpSocket, sendto } = await import('../../src/io/sys/socket.js');
  const port = await (await lease(t)).port();
  const alone = await openAlone(t, [`udp:*:${port}`]);
  const opened = openUdpSocket({ host: '127.0.0.1', port: udpPort(0) }, { receiveBufferBytes: 1 << 20, tos: 0 });
  ok(opened.ok);
  t.after(() => closeDescriptor(opened.value));
  const memory = mapMemory(4096);
  t.after(() => memory.unmap());
  encodeSockaddr({ host: '127.0.0.1', port: udpPort(port) }, new Uint32Array(memory.buffer), 0);
  const bytes = Buffer.from(memory.buffer);
  const pause = new Int32Array(new SharedArrayBuffer(4));
  const FLOOD = 4_000;
  // This thread serves the commands too: it does not come to it before the loop is over.
  for (let n = 0; n < FLOOD; n++) {
    const length = bytes.write(`flood_${n} V`, 64);
    sendto(opened.value, memory.address + 64, length, 0, memory.address, 16);
    if (n % 50 === 0) Atomics.wait(pause, 0, 0, 2);
  }
  const client = await UdpControl.open('127.0.0.1', port);
  t.after(() => client.close());
  equal(await client.ask('afterwards', { resendAfterMs: 100 }), 'heard afterwards', 'it came when there was room again');
  const taken = alone.commands.filter((command) => command === 'V').length;
  ok(taken > 256 && taken < FLOOD / 2, `${taken} of ${FLOOD} commands were kept`);
});

test('a thread that dies is started again, and what came meanwhile is answered', BOUND, async (t) => {
  if (process.platform !== 'linux') return t.skip('it waits by Linux system calls');
  const { WildcardListener } = await import('../../src/io/control/wildcard.js');
  const warnings: string[] = [];
  const listener = new WildcardListener(
    { maxBytes: 8_191, onWarning: (text) => warnings.push(text) },
    new URL('../rig/mortalControlThread.js', import.meta.url),
  );
  t.after(() => listener.close());
  const port = await (await lease(t)).port();
  const handle: CommandHandler = (command, _origin, answer) => answer(`heard ${command}`);
  listener.open(false, port, new DatagramCommands({ handle, onDuplicate: () => {} }));
  process.env['CONTROL_THREAD_DIES'] = '1';
  await listener.start().finally(() => delete process.env['CONTROL_THREAD_DIES']);
  const client = await UdpControl.open('127.0.0.1', port);
  t.after(() => client.close());
  equal(await client.ask('V', { timeoutMs: 5_000 }), 'heard V');
  deepEqual(warnings, ['the thread of the control sockets died and is started again: as told']);
});

test('the relay ends at SIGTERM, and is not held up by the thread that waits', BOUND, async (t) => {
  const relay = await startRelay({ control: ['udp:*:PORT', 'udp6:*:PORT'] });
  t.after(() => relay.stop());
  const started = performance.now();
  deepEqual(await relay.stop(), { code: 0, signal: null });
  ok(performance.now() - started < 4_000);
  equal(relay.stderr(), '');
});

test('a process that gives up at once is not held up either', BOUND, async (t) => {
  const port = await (await lease(t)).port();
  const module = new URL('../../src/io/control/openControl.js', import.meta.url);
  const address = JSON.stringify([{ transport: 'udp', ipv6: false, host: '0.0.0.0', port }]);
  const program = `
    const { openControl } = await import(${JSON.stringify(module.href)});
    await openControl(${address}, { handle() {}, onDuplicate() {}, onEnd() {}, unixFiles: {} });
    process.exit(7);`;
  const file = join(await temporaryFolder(t), 'program.mjs');
  writeFileSync(file, program);
  const child = spawn(process.execPath, [file], { stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const code = await Promise.race([once(child, 'exit').then(([code]) => code), delay(5_000, 'still running', { ref: false })]);
  equal(code, 7);
});

test('sockets that cannot be opened are named, with what is wrong', BOUND, async (t) => {
  const ports = await lease(t);
  const port = await ports.port();
  await openAlone(t, [`udp:*:${port}`]);
  await openAlone(t, [`udp:*:${port}`]).then(
    () => ok(false, 'a port was opened twice'),
    (error: Error) => match(error.message, /^control socket udp:0\.0\.0\.0:\d+: it is in use: .* \(EADDRINUSE\)$/),
  );
  const other = await ports.port();
  await openAlone(t, [`udp:*:${other}`, `udp:*:${port}`]).then(
    () => ok(false, 'a port was opened twice'),
    (error: Error) => match(error.message, /EADDRINUSE/),
  );
  await openAlone(t, [`udp:*:${other}`]); // Nothing was left open.
});
