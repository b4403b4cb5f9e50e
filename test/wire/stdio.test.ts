/** Control by standard input and output. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { CommandHandler } from '../../src/io/control/listener.js';
import { listenStdio } from '../../src/io/control/stdio.js';
import { MAX_COMMAND_BYTES } from '../../src/protocol/rtpproxy/tokens.js';
import { eventually } from '../rig/calls.js';
import { LineClient, UdpControl, unixCommand } from '../rig/control.js';
import { startPiped } from '../rig/pipedRelay.js';
import { leasePorts } from '../rig/ports.js';
import { runToEnd, temporaryFolder } from '../rig/startAttempt.js';

const BOUND = { timeout: 30_000 };
const VERSION = '20040107';
const echo: CommandHandler = (command, _origin, answer) => answer(`heard ${command}`);

/** A pair of streams with an echo behind it, and how often its end was told. */
function openStreams(handle: CommandHandler = echo) {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const seen = { ends: 0 };
  const listener = listenStdio({ input, output }, handle, () => {
    seen.ends++;
  });
  return { input, output, seen, listener, client: LineClient.over(output, input) };
}

test(
  'a line is a command, cut anywhere, and an empty one is answered; answers come in order, one write each',
  BOUND,
  async () => {
    const { client } = openStreams();
    for (const part of ['V', 'F 2005', '0322\nV', '\n\n', 'last\n']) client.send(part);
    deepEqual(await client.lines(4), ['heard VF 20050322', 'heard V', 'heard ', 'heard last']);
    deepEqual(client.chunks, ['heard VF 20050322\n', 'heard V\n', 'heard \n', 'heard last\n']);
    equal(await client.ask('x'.repeat(MAX_COMMAND_BYTES)), `heard ${'x'.repeat(MAX_COMMAND_BYTES)}`);
  },
);

test('the end is told once, when everything is answered; what is not ended by a line end is no command', BOUND, async () => {
  const answers: (() => void)[] = [];
  const { client, seen } = openStreams((command, _origin, answer) => answers.push(() => answer(`heard ${command}`)));
  client.send('one\ntwo\nthree');
  client.end();
  for (const said of ['heard one', 'heard two']) {
    await eventually(async () => equal(answers.length, 1));
    equal(seen.ends, 0, 'a command is still being carried out');
    answers.pop()!();
    deepEqual(await client.lines(1), [said]);
  }
  await eventually(async () => equal(seen.ends, 1));
  equal(answers.length, 0);
});

test('a line that is too long, input that fails and answers that nobody takes are an end too', BOUND, async () => {
  const long = openStreams();
  long.client.send('x'.repeat(MAX_COMMAND_BYTES + 1));
  const failing = openStreams();
  failing.input.destroy(new Error('EIO'));
  const deaf = openStreams();
  deaf.output.destroy(new Error('EPIPE'));
  for (const { seen } of [long, failing, deaf]) await eventually(async () => equal(seen.ends, 1));
});

test('closed, it says nothing of an end', BOUND, async () => {
  const { client, seen, listener } = openStreams();
  await listener.close();
  client.end();
  await delay(20);
  equal(seen.ends, 0);
});

test('with stdio: standard output is for answers alone, and the end of the input ends the relay', BOUND, async (t) => {
  const relay = await startPiped(t, ['-s', 'stdio:']);
  await relay.ready();
  equal(await relay.client.ask('V'), VERSION);
  match(await relay.client.ask('U piped-1 127.0.0.1 4000 from'), /^\d+ 127\.0\.0\.1$/);
  relay.client.send('V\nVF 20050322\n\nD piped-1 from\nV\n');
  deepEqual(await relay.client.lines(5), [VERSION, '1', 'E5', '0', VERSION]);
  ok(relay.client.chunks.every((chunk) => !/rtpbridge|control/.test(chunk)));
  relay.client.end();
  deepEqual(await relay.exited, { code: 0, signal: null }, relay.stderr());
});

test(
  'stdio: beside sockets that accept clients ends when its calls are over, beside UDP not at all, stdioc: always',
  BOUND,
  async (t) => {
    const folder = await temporaryFolder(t);
    const lease = await leasePorts();
    t.after(() => lease.release());
    const path = join(folder, 'a.sock');
    const graceful = await startPiped(t, ['-s', 'stdio:', '-s', `unix:${path}`]);
    await graceful.ready();
    match(await graceful.client.ask('U last-1 127.0.0.1 4000 from'), /^\d+ /);
    graceful.client.end();
    await delay(500);
    ok(graceful.running(), 'a call is left');
    equal(await unixCommand(path, 'D last-1 from'), '0\n');
    deepEqual(await graceful.exited, { code: 0, signal: null }, graceful.stderr());

    const udp = `udp:127.0.0.1:${await lease.port()}`;
    const lasting = await startPiped(t, ['-s', 'stdio:', '-s', udp]);
    await lasting.ready();
    lasting.client.end();
    await delay(500);
    ok(lasting.running());
    const client = await UdpControl.to(udp);
    equal(await client.ask('V').finally(() => client.close()), VERSION);

    const ending = await startPiped(t, ['-s', 'stdioc:', '-s', `udp:127.0.0.1:${await lease.port()}`]);
    await ending.ready();
    equal(await ending.client.ask('V'), VERSION);
    ending.client.end();
    deepEqual(await ending.exited, { code: 0, signal: null }, ending.stderr());
  },
);

test('a client that does not read the answers holds nobody else up', BOUND, async (t) => {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const udp = `udp:127.0.0.1:${await lease.port()}`;
  const relay = await startPiped(t, ['-s', 'stdio:', '-s', udp]);
  await relay.ready();
  relay.client.pause();
  relay.client.send('I\n'.repeat(20_000));
  const client = await UdpControl.to(udp);
  t.after(() => client.close());
  for (let turn = 0; turn < 20; turn++) {
    equal(await client.ask('V'), VERSION);
    await delay(20);
  }
});

test('the relay says what is wrong with its control sockets before it opens one', BOUND, async (t) => {
  const folder = await temporaryFolder(t);
  const refused = async (args: readonly string[], complaint: RegExp): Promise<void> => {
    const { code, stdout, stderr } = await runToEnd(['serve', '--data-dir', join(folder, 'data'), ...args], { cwd: folder });
    deepEqual({ code, stdout }, { code: 1, stdout: '' }, stderr);
    match(stderr, /^rtpbridge: [^\n]+\n$/);
    match(stderr, complaint);
  };
  await refused(['-f', '-s', 'stdio:', '-s', 'stdioc:'], /control socket stdioc: there is only one of it/);
  await refused(['-f', '-s', 'systemd:'], /control socket systemd: no socket was passed/);
});
