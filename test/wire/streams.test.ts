/** Control over connections: how long a line may be, how many clients there may be, and what becomes of those who do not read. */
import { equal, ok } from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { MAX_COMMAND_BYTES } from '../../src/protocol/rtpproxy/tokens.js';
import { eventually } from '../rig/calls.js';
import { controlPlace, LineClient, UdpControl } from '../rig/control.js';
import { type ControlAlone, openAlone } from '../rig/controlAlone.js';
import { leasePorts } from '../rig/ports.js';
import { temporaryFolder } from '../rig/startAttempt.js';

const BOUND = { timeout: 30_000 };
const MAX_CONNECTIONS = 100;
const KINDS = ['tcp', 'tcp6', 'cunix'] as const;

type Names = Readonly<Record<(typeof KINDS)[number] | 'unix' | 'udp', string>>;

/** A control socket of each kind, with an echo behind them. */
async function openAll(t: TestContext): Promise<{ readonly names: Names; readonly alone: ControlAlone }> {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const folder = await temporaryFolder(t);
  const names: Names = {
    udp: `udp:127.0.0.1:${await lease.port()}`,
    tcp: `tcp:127.0.0.1:${await lease.port()}`,
    tcp6: `tcp6:::1:${await lease.port()}`,
    cunix: `cunix:${join(folder, 'many.sock')}`,
    unix: `unix:${join(folder, 'one.sock')}`,
  };
  return { names, alone: await openAlone(t, Object.values(names)) };
}

type Line = { readonly socket: Socket; text: string; isOver: boolean };

/** A bare connection that stays half open; everything that comes is in `text`. */
async function dial(t: TestContext, name: string): Promise<Line> {
  const place = controlPlace(name);
  const target = 'path' in place ? { path: place.path } : { host: place.host, port: place.port };
  const socket = connect({ ...target, allowHalfOpen: true });
  t.after(() => socket.destroy());
  const line: Line = { socket, text: '', isOver: false };
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    line.text += chunk;
  });
  const finish = (): void => {
    line.isOver = true;
  };
  socket.on('end', finish).on('close', finish).on('error', finish);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject);
  });
  return line;
}

const isOver = (line: Line): Promise<void> => eventually(async () => ok(line.isOver, 'still open'), 5_000);

for (const kind of KINDS) {
  test(`[CW-07] ${kind}: a line of 8191 bytes is a command, and however it comes`, BOUND, async (t) => {
    const { names, alone } = await openAll(t);
    const client = await LineClient.open(names[kind]);
    t.after(() => client.close());
    const longest = 'x'.repeat(MAX_COMMAND_BYTES);
    equal(await client.ask(longest), `heard ${longest}`);
    client.send(longest);
    await delay(50);
    equal(await client.ask(''), `heard ${longest}`, 'its end came late');
    client.send(`${longest}\n`.repeat(12));
    equal((await client.lines(12, 5_000)).join(''), `heard ${longest}`.repeat(12));
    equal(alone.commands.length, 14);
  });

  test(`[CW-07] ${kind}: one byte more ends the connection, and what came before is answered`, BOUND, async (t) => {
    const { names, alone } = await openAll(t);
    const tooLong = 'x'.repeat(MAX_COMMAND_BYTES + 1);
    for (const ending of ['', '\n', '\nthird\n']) {
      const line = await dial(t, names[kind]);
      line.socket.write(`first\nsecond\n${tooLong}${ending}`);
      await isOver(line);
      equal(line.text, 'heard first\nheard second\n');
    }
    equal(alone.commands.length, 6);
  });

  test(`[CW-07] ${kind}: a client that ends its side gets every answer, also those that come late`, BOUND, async (t) => {
    const lease = await leasePorts();
    t.after(() => lease.release());
    const folder = await temporaryFolder(t);
    const host = { tcp: '127.0.0.1', tcp6: '::1', cunix: '' }[kind];
    const name = kind === 'cunix' ? `cunix:${join(folder, 'late.sock')}` : `${kind}:${host}:${await lease.port()}`;
    // The later a command comes, the sooner it could be answered.
    let pauseMs = 60;
    await openAlone(t, [name], {
      handle: (command, _origin, answer) => {
        pauseMs -= 10;
        setTimeout(answer, pauseMs, `late ${command}`);
      },
    });
    const line = await dial(t, name);
    line.socket.end('1\n2\n3\n4\nnever ended');
    await isOver(line);
    equal(line.text, 'late 1\nlate 2\nlate 3\nlate 4\n');
  });
}

test('the hundred places are shared by all sockets that accept; more are let in and sent away', BOUND, async (t) => {
  const { names } = await openAll(t);
  const udp = await UdpControl.to(names.udp);
  t.after(() => udp.close());
  const accepting = [names.tcp, names.tcp6, names.cunix, names.unix];
  const lines: Line[] = [];
  while (lines.length < MAX_CONNECTIONS) {
    lines.push(await dial(t, accepting[lines.length % 4]!));
    // Few may wait for being accepted.
    if (lines.length % 20 === 0) equal(await udp.ask('V'), 'heard V');
  }
  for (const name of accepting) {
    const tooMany = await dial(t, name);
    await isOver(tooMany);
    equal(tooMany.text, '');
  }
  equal(await udp.ask('V'), 'heard V', 'a datagram takes no place');
  ok(lines.every((line) => !line.isOver));
  // Answered, a client of a unix socket gives its place back, although it keeps its side open.
  lines[3]!.socket.write('one');
  await isOver(lines[3]!);
  equal(lines[3]!.text, 'heard one\n');
  const next = await LineClient.open(names.tcp);
  t.after(() => next.close());
  equal(await next.ask('V'), 'heard V');
  for (const line of lines.slice(0, 20)) line.socket.destroy();
  await eventually(async () => {
    const another = await LineClient.open(names.cunix);
    equal(await another.ask('V').finally(() => another.close()), 'heard V');
  });
});

test(
  'a client that sends and does not read waits: no more of its commands are carried out than it is sent answers',
  BOUND,
  async (t) => {
    const folder = await temporaryFolder(t);
    const name = `cunix:${join(folder, 'deaf.sock')}`;
    const answer = 'y'.repeat(1_000);
    const alone = await openAlone(t, [name], { handle: (_command, _origin, reply) => reply(answer) });
    const deaf = await dial(t, name);
    deaf.socket.pause();
    for (let n = 0; n < 20; n++) deaf.socket.write('V\n'.repeat(5_000));
    let before = -1;
    await eventually(async () => {
      const now = alone.commands.length;
      const isStill = now === before;
      before = now;
      ok(isStill);
      await delay(200);
      equal(alone.commands.length, now);
    }, 10_000);
    ok(before < 5_000, `${before} commands of 100000 were carried out`);
    const other = await LineClient.open(name);
    t.after(() => other.close());
    equal(await other.ask('V'), answer, 'and others are served');
    deaf.socket.resume();
    await eventually(async () => equal(alone.commands.length, 100_001), 15_000);
  },
);

test('[CW-06] a unix socket takes 8191 bytes of what comes first, and nothing of what comes later', BOUND, async (t) => {
  const { names, alone } = await openAll(t);
  const line = await dial(t, names.unix);
  line.socket.write('x'.repeat(9_000));
  await isOver(line);
  equal(line.text, `heard ${'x'.repeat(MAX_COMMAND_BYTES)}\n`);
  const silent = await dial(t, names.unix);
  silent.socket.end();
  await isOver(silent);
  equal(silent.text, '');
  equal(alone.commands.length, 1);
});

test('a name is looked up in the family that was asked for', BOUND, async (t) => {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const port = await lease.port();
  await openAlone(t, [`tcp:localhost:${port}`]);
  const client = await LineClient.open(`tcp:127.0.0.1:${port}`);
  t.after(() => client.close());
  equal(await client.ask('V'), 'heard V');
});
