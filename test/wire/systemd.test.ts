/** A relay that a service manager starts: it is given its control socket, and says when it is ready. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

import { LineClient, UdpControl } from '../rig/control.js';
import { type PipedOptions, type PipedRelay, startPiped } from '../rig/pipedRelay.js';
import { leasePorts } from '../rig/ports.js';
import { temporaryFolder } from '../rig/startAttempt.js';

const BOUND = { timeout: 30_000 };
const VERSION = '20040107';
const reason = process.platform === 'linux' ? null : 'systemd is a part of Linux only';
const raw = reason === null ? await import('../rig/rawSocket.js') : null;
/** As systemd passes a socket. The process id stays the same from the shell to the relay. */
const PASS = 'export LISTEN_PID=$$ LISTEN_FDS=1';

const start = (t: TestContext, options: PipedOptions): Promise<PipedRelay> => startPiped(t, ['-s', 'systemd:'], options);

test('a unix socket that systemd passes is served a command a line, and stays when the relay ends', BOUND, async (t) => {
  if (raw === null) return t.skip(reason!);
  const path = join(await temporaryFolder(t), 'passed.sock');
  const passed = raw.listeningUnix(t, path);
  // Who connects before the relay is there waits for it.
  const early = await LineClient.open(`cunix:${path}`);
  t.after(() => early.close());
  early.send('V\n');
  const relay = await start(t, { passed, before: PASS });
  await relay.ready();
  match(relay.client.chunks.join(''), /^control +systemd:$/m);
  deepEqual(await early.lines(1), [VERSION]);
  const client = await LineClient.open(`cunix:${path}`);
  t.after(() => client.close());
  client.send('V\nVF 20050322\n\n');
  deepEqual(await client.lines(3), [VERSION, '1', 'E5']);
  match(await client.ask('U passed-1 127.0.0.1 4000 from'), /^\d+ 127\.0\.0\.1$/);
  equal(await early.ask('D passed-1 from'), '0');
  process.kill(relay.pid, 'SIGTERM');
  deepEqual(await relay.exited, { code: 0, signal: null }, relay.stderr());
  ok(existsSync(path), 'the file is not ours to remove');
});

test('so is a TCP socket, and a UDP one answers from the address that was asked', BOUND, async (t) => {
  if (raw === null) return t.skip(reason!);
  const lease = await leasePorts();
  t.after(() => lease.release());
  const port = await lease.port();
  const overTcp = await start(t, { passed: raw.listeningTcp(t, '127.0.0.1', port), before: PASS });
  await overTcp.ready();
  const line = await LineClient.open(`tcp:127.0.0.1:${port}`);
  t.after(() => line.close());
  equal(await line.ask('V'), VERSION);
  const overUdp = await start(t, { passed: raw.boundUdp(t, '0.0.0.0', port), before: PASS });
  await overUdp.ready();
  const client = await UdpControl.open('127.0.0.1', port);
  t.after(() => client.close());
  for (const host of ['127.0.0.1', '127.0.0.2']) {
    client.send('passed_1 V', host);
    const { text, from } = await client.receive();
    deepEqual([text, from.address], [`passed_1 ${VERSION}\n`, host]);
  }
});

test('what was not passed, or not as it should be, is said in one line', BOUND, async (t) => {
  if (raw === null) return t.skip(reason!);
  const folder = await temporaryFolder(t);
  const passed = raw.listeningUnix(t, join(folder, 'a.sock'));
  const file = openSync('/dev/null', 'r');
  t.after(() => closeSync(file));
  const cases: readonly (readonly [PipedOptions, RegExp])[] = [
    [{}, /no socket was passed/],
    [{ before: 'export LISTEN_FDS=1', passed }, /no socket was passed/],
    [{ before: 'export LISTEN_PID=1 LISTEN_FDS=1', passed }, /LISTEN_PID is 1, and this process is \d+/],
    [{ before: 'export LISTEN_PID=$$ LISTEN_FDS=2', passed }, /LISTEN_FDS is 2: expected one socket/],
    [{ before: 'export LISTEN_PID=$$ LISTEN_FDS=0', passed }, /LISTEN_FDS is 0: expected one socket/],
    [{ before: PASS }, /descriptor 3 is neither a listening stream socket nor a UDP socket/],
    [{ before: PASS, passed: file }, /descriptor 3 is neither a listening stream socket nor a UDP socket/],
  ];
  for (const [options, complaint] of cases) {
    const relay = await start(t, options);
    deepEqual(await relay.exited, { code: 1, signal: null }, relay.stderr());
    match(relay.stderr(), /^rtpbridge: control socket systemd: [^\n]+\n$/);
    match(relay.stderr(), complaint);
  }
});
