/** A relay under a supervisor: its control sockets stay answerable whatever becomes of it, and nothing is left when it ends. */
import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { askOnce, controlPlace, LineClient, UdpControl, unixCommand } from '../rig/control.js';
import { leasePorts } from '../rig/ports.js';
import { hasEnded, isAlive } from '../rig/rtpproxy.js';
import { runToEnd } from '../rig/startAttempt.js';
import { killRelay, relayBelow, startSupervised, whyNotSupervised } from '../rig/supervised.js';

const reason = whyNotSupervised();
const BOUND = { timeout: 60_000, ...(reason === null ? {} : { skip: reason }) };
const VERSION = '20040107';
/** How long a command may wait for the next relay on a machine that has more to do. */
const PATIENCE_MS = 15_000;
const WAVES = 8;
const WAVE_MS = 25;

/** Asks over a connection or socket of its own, and waits. */
async function askPatiently(name: string, command: string): Promise<string> {
  const place = controlPlace(name.replace('*', '127.0.0.3'));
  if (place.kind === 'unix') return (await unixCommand(place.path, command, PATIENCE_MS)).trimEnd();
  if (place.kind === 'udp' || place.kind === 'udp6') {
    const client = await UdpControl.open(place.host, place.port);
    return client.ask(command, { timeoutMs: PATIENCE_MS }).finally(() => client.close());
  }
  const client = await LineClient.open(name);
  return client.ask(command, PATIENCE_MS).finally(() => client.close());
}

/** As proxies do, which ask again: of the sockets of an address only one is held, the others may have got the request and be gone. */
async function overUdp(port: number): Promise<string> {
  const client = await UdpControl.open('127.0.0.1', port);
  const asked = client.ask('{"command":"ping"}', { timeoutMs: PATIENCE_MS, resendAfterMs: 500 });
  return asked.finally(() => client.close());
}

async function overTcp(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  socket.write('1 {"command":"ping"}');
  const [reply] = (await once(socket, 'data', { signal: AbortSignal.timeout(PATIENCE_MS) })) as [string];
  socket.destroy();
  return reply.slice('1 '.length);
}

const SOCKETS = ['udp:127.0.0.1:PORT', 'udp:*:PORT', 'tcp:127.0.0.1:PORT', 'unix:DIR/one.sock', 'cunix:DIR/lines.sock'];
const hasIPv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));
const ALL_SOCKETS = [...SOCKETS, ...(hasIPv6 ? ['udp6:::1:PORT', 'tcp6:::1:PORT'] : [])];

test(
  '[SY-04] every command that is sent while the relay is dead is answered by the next, on every kind of socket',
  BOUND,
  async (t) => {
    const relay = await startSupervised(t, { control: ALL_SOCKETS });
    for (const name of relay.control) equal(await askPatiently(name, 'V'), VERSION);
    const dead = await killRelay(relay.pid);
    const diedAt = performance.now();
    let answeredAt = Number.POSITIVE_INFINITY;
    const asked: Promise<readonly [string, string]>[] = [];
    for (let wave = 0; wave < WAVES; wave++) {
      for (const name of relay.control) {
        const command = wave % 2 === 0 ? 'V' : 'VF 20050322';
        const answer = askPatiently(name, command).then((answer) => {
          answeredAt = Math.min(answeredAt, performance.now());
          return [name, answer] as const;
        });
        answer.catch(() => {}); // Told of below, when everything was sent.
        asked.push(answer);
      }
      await delay(WAVE_MS);
    }
    const expected = Array.from({ length: WAVES }, (_, wave) => (wave % 2 === 0 ? VERSION : '1'));
    deepEqual(
      await Promise.all(asked),
      expected.flatMap((answer) => relay.control.map((name) => [name, answer])),
    );
    ok(answeredAt > diedAt + WAVE_MS, 'there was a time when nobody answered');
    t.diagnostic(`the first answer came ${Math.round(answeredAt - diedAt)} ms after the death`);
    notEqual(await relayBelow(relay.pid), dead);
    match(
      relay.stderr(),
      new RegExp(`"level":50,.*"the relay in process ${dead} was ended by SIGKILL after .* s; .*\\(restart 1\\)"`),
    );
  },
);

test('an answer leaves from the address that was asked, also by a socket that was inherited', BOUND, async (t) => {
  const relay = await startSupervised(t, { control: ['udp:*:PORT'] });
  const client = await UdpControl.open('127.0.0.1', Number(relay.control[0]!.split(':')[2]));
  t.after(() => client.close());
  await killRelay(relay.pid);
  for (const host of ['127.0.0.1', '127.0.0.2']) {
    client.send(`${host} V`, host);
    const { text, from } = await client.receive(PATIENCE_MS);
    deepEqual([text, from.address], [`${host} ${VERSION}\n`, host]);
  }
});

test(
  '[NG-01] NG sockets are held, too: a request that is sent while the relay is dead is answered by the next',
  BOUND,
  async (t) => {
    const lease = await leasePorts();
    t.after(() => lease.release());
    const sockets = await Promise.all(
      ['udp:127.0.0.1', 'udp:*', 'tcp:127.0.0.1', 'http:127.0.0.1'].map(async (name) => `${name}:${await lease.port()}`),
    );
    const relay = await startSupervised(t, { args: sockets.flatMap((name) => ['--listen-ng', name]) });
    const ask = (name: string): Promise<string> => {
      const [kind, , port] = name.split(':');
      if (kind === 'tcp') return overTcp(Number(port));
      if (kind !== 'http') return overUdp(Number(port));
      const url = `http://127.0.0.1:${port}/ng-plain`;
      const headers = { 'content-type': 'application/json', connection: 'close' };
      return fetch(url, { method: 'POST', headers, body: '{"command":"ping"}' }).then((response) => response.text());
    };
    const expected = sockets.map(() => '{"result":"pong"}');
    deepEqual(await Promise.all(sockets.map(ask)), expected);
    await killRelay(relay.pid);
    const thief = createSocket('udp4').bind(Number(sockets[0]!.split(':')[2]), '127.0.0.1');
    const [error] = (await once(thief, 'error')) as [NodeJS.ErrnoException];
    equal(error.code, 'EADDRINUSE', 'nor does anybody get the port meanwhile');
    deepEqual(await Promise.all(sockets.map(ask)), expected);
  },
);

test('the pid file names the process to signal, and SIGTERM ends both and removes what they made', BOUND, async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const relay = await startSupervised(t, { control: SOCKETS });
    const first = await killRelay(relay.pid);
    equal(await askPatiently(relay.control[0]!, 'V'), VERSION);
    const child = await relayBelow(relay.pid, first);
    equal(readFileSync(join(relay.dir, 'pid'), 'utf8'), `${relay.pid}\n`, 'also after a restart');
    ok(existsSync(join(relay.dataDir, 'admin.sock')));
    process.kill(relay.pid, signal);
    ok(await hasEnded(relay.pid));
    ok(!isAlive(child));
    deepEqual(readdirSync(relay.dir), ['data']);
    deepEqual(readdirSync(relay.dataDir), ['log']);
    deepEqual(await relay.stop(), { code: 0, signal: null }, signal);
  }
});

test('SIGTERM to a relay that is just being started again ends it too', BOUND, async (t) => {
  const relay = await startSupervised(t, { control: SOCKETS });
  const dead = await killRelay(relay.pid);
  const child = await relayBelow(relay.pid, dead);
  process.kill(relay.pid, 'SIGTERM');
  ok(await hasEnded(relay.pid));
  ok(!isAlive(child));
  deepEqual(readdirSync(relay.dir), ['data']);
  deepEqual(await relay.stop(), { code: 0, signal: null }, relay.stderr());
});

test('what is typed at a terminal goes to the whole group, and is one signal to the relay', BOUND, async (t) => {
  const relay = await startSupervised(t, { control: SOCKETS });
  const child = await relayBelow(relay.pid);
  process.kill(-relay.pid, 'SIGINT');
  ok(await hasEnded(relay.pid));
  ok(!isAlive(child));
  deepEqual(await relay.stop(), { code: 0, signal: null }, 'a second one would end it with 130');
});

test('the clean end of the relay is the end of its supervisor', BOUND, async (t) => {
  const relay = await startSupervised(t);
  process.kill(await relayBelow(relay.pid), 'SIGTERM');
  deepEqual(await relay.exited, { code: 0, signal: null });
  equal(relay.stderr(), '', 'nothing was started again');
});

test('kill -9 of the supervisor ends the relay within a second, and its sockets are free for the next', BOUND, async (t) => {
  const relay = await startSupervised(t, { control: SOCKETS });
  const child = await relayBelow(relay.pid);
  t.after(() => isAlive(child) && process.kill(child, 'SIGKILL'));
  process.kill(relay.pid, 'SIGKILL');
  ok(await hasEnded(child, 1_000));
  const args = relay.control.flatMap((name) => ['-s', name]);
  const next = await startSupervised(t, { control: [], args });
  for (const name of relay.control) equal(await askPatiently(name, 'V'), VERSION);
  deepEqual(await next.stop(), { code: 0, signal: null });
});

test(
  'five early deaths in a row and it gives up, with a line for each and one for that, and leaves nothing',
  BOUND,
  async (t) => {
    const relay = await startSupervised(t, { control: SOCKETS });
    let dead: number | undefined;
    for (let death = 0; death < 5; death++) dead = await killRelay(relay.pid, dead);
    deepEqual(await relay.exited, { code: 1, signal: null });
    const lines = relay.stderr().trimEnd().split('\n');
    deepEqual(
      lines.map((line) => /\(restart (\d)\)"|5 times in a row.*(giving up)$/.exec(line)?.slice(1).find(Boolean)),
      ['1', '2', '3', '4', 'giving up'],
    );
    match(lines.at(-1)!, /^rtpbridge: the relay died 5 times in a row .* was ended by SIGKILL /);
    deepEqual(readdirSync(relay.dir), ['data']);
  },
);

test('a relay that cannot start is not started again: its own line and its code are all there is', BOUND, async (t) => {
  const first = await startSupervised(t, { control: SOCKETS });
  const [udp, , , unix] = first.control as [string, string, string, string, string];
  const data = join(first.dir, 'other');
  const args = ['serve', '--supervise', '--data-dir', data, '-p', join(first.dir, 'other.pid'), '-m', '30000', '-M', '30100'];
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['-T', '0'], /^rtpbridge: -T 0: expected a whole number from 1/],
    [['-s', 'carrier:pigeon'], /^rtpbridge: control socket carrier:pigeon: expected udp:/],
    [['-s', 'stdio:', '-s', 'stdio:'], /^rtpbridge: control socket stdio: there is only one of it/],
    [['-s', `unix:${data}/c`, '-l', '192.0.2.99'], /^rtpbridge: -l 192\.0\.2\.99: .*\(EADDRNOTAVAIL\)$/],
    [
      ['-s', 'udp:192.0.2.99:1'],
      /^rtpbridge: control socket udp:192\.0\.2\.99:1: the address is not on this host \(EADDRNOTAVAIL\)$/,
    ],
    [['-s', 'unix:/proc/no/c'], /^rtpbridge: control socket unix:\/proc\/no\/c: its folder does not exist \(ENOENT\)$/],
    [['-s', 'systemd:'], /^rtpbridge: control socket systemd: no socket was passed/],
    [['-s', udp], /^rtpbridge: control socket udp:.*: it is in use: is another relay running\? \(EADDRINUSE\)$/],
    [['-s', unix], /^rtpbridge: control socket unix:.*: it is in use: is another relay running\? \(EADDRINUSE\)$/],
    [['-s', `cunix:${data}/c`, '--admin', unix], /^rtpbridge: admin socket unix:.*: it is in use: .* \(EADDRINUSE\)$/],
  ];
  const { ino } = statSync(controlPath(unix));
  for (const [wrong, complaint] of cases) {
    const ended = await runToEnd([...args, ...wrong], { cwd: first.dir });
    match(ended.stderr, /^[^\n]+\n$/, 'one line');
    match(ended.stderr.trimEnd(), complaint);
    deepEqual([ended.code, ended.stdout], [1, '']);
    ok(!existsSync(join(first.dir, 'other.pid')));
    deepEqual(existsSync(data) ? readdirSync(data) : [], []);
  }
  equal(statSync(controlPath(unix)).ino, ino, 'the very same file');
  for (const name of first.control) equal(await askPatiently(name, 'V'), VERSION);
});

const controlPath = (name: string): string => name.slice(name.indexOf(':') + 1);

test(
  'a relay without a supervisor is refused the sockets of one that has one, also while that is being started again',
  BOUND,
  async (t) => {
    const relay = await startSupervised(t, { control: SOCKETS });
    await killRelay(relay.pid);
    for (const name of relay.control) {
      const refused = await runToEnd(['serve', '-s', name, '--data-dir', join(relay.dir, 'other'), '-m', '30000', '-M', '30100']);
      match(refused.stderr, /^rtpbridge: control socket .*: it is in use: is another relay running\? \(EADDRINUSE\)\n$/);
    }
    for (const name of relay.control) equal(await askOnce(name.replace('*', '127.0.0.1'), 'V'), VERSION);
  },
);

test('where there are no system calls of Linux, that is said in one line', BOUND, async () => {
  const elsewhere = "data:text/javascript,Object.defineProperty(process,'platform',{value:'freebsd'})";
  const ended = await runToEnd(['serve', '--supervise', '--data-dir', '/proc/self'], { node: ['--import', elsewhere] });
  equal(
    ended.stderr,
    'rtpbridge: --supervise: it takes the system calls of Linux to hold control sockets open, and this is freebsd\n',
  );
  equal(ended.code, 1);
});
