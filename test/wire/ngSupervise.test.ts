/** A relay under a supervisor whose NG sockets stay open whatever becomes of it. */
import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { sdpOf } from '../pure/ngGiven.js';
import { eventually } from '../rig/calls.js';
import { udpQueues } from '../rig/engineDriver.js';
import { fetchNg, NgStreamClient } from '../rig/ngScene.js';
import { ConnectedClient } from '../rig/ngThreadScene.js';
import { PatientNg } from '../rig/patientNg.js';
import { pause } from '../rig/paused.js';
import { leasePorts } from '../rig/ports.js';
import { runToEnd } from '../rig/startAttempt.js';
import { killRelay, relayBelow, startSupervised, whyNotSupervised } from '../rig/supervised.js';

const reason = whyNotSupervised();
const BOUND = { timeout: 60_000, ...(reason === null ? {} : { skip: reason }) };
const PATIENCE_MS = 15_000;
const WALKERS = 12;
const KILLS = 3;

async function ports(t: TestContext, count: number): Promise<number[]> {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const found: number[] = [];
  for (let n = 0; n < count; n++) found.push(await lease.port());
  return found;
}

const listening = (names: readonly string[]): string[] => names.flatMap((name) => ['--listen-ng', name]);

/** Asks once, over a connection or socket of its own, and waits: nothing is sent a second time. */
async function pingPatiently(t: TestContext, transport: string, port: number, host: string): Promise<string> {
  const payload = 'd7:command4:pinge';
  if (transport === 'udp') {
    const client = await PatientNg.open(port, host);
    t.after(() => client.close());
    const { reply } = await client.ask({ command: 'ping' });
    equal(client.refused, 0, 'nobody was told that the port is closed');
    return String(reply?.['result']);
  }
  if (transport === 'tcp') {
    const client = await NgStreamClient.open(t, port, host);
    client.send(`1 ${payload}`);
    return (await client.receive(PATIENCE_MS)).includes('pong') ? 'pong' : 'nothing';
  }
  if (transport === 'http') {
    const { text } = await fetchNg({ host, port, path: '/ping' });
    return text.trim();
  }
  const socket = new WebSocket(`ws://${host}:${port}/`, ['ng.rtpengine.com']);
  t.after(() => socket.terminate());
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => socket.send(`1 ${payload}`));
    socket.on('message', (data) => resolve(String(data).includes('pong') ? 'pong' : 'nothing'));
  });
}

test('[NG-01] requests that come while the relay is dead wait for the next one, on every transport', BOUND, async (t) => {
  for (const args of [[], ['--durability', 'fsync']]) {
    const [one = 0, all = 0, six = 0, tcp = 0, http = 0, ws = 0] = await ports(t, 6);
    const named = [
      `udp:127.0.0.1:${one}`,
      `udp:*:${all}`,
      `udp:[::1]:${six}`,
      `tcp:*:${tcp}`,
      `http:127.0.0.1:${http}`,
      `ws:127.0.0.1:${ws}`,
    ];
    const relay = await startSupervised(t, { args: [...listening(named), '--workers', '2', ...args] });
    const asked = [
      ...([
        ['udp', one, '127.0.0.1'],
        ['udp', all, '127.0.0.3'],
        ['udp', six, '::1'],
      ] as const),
      ...([
        ['tcp', tcp, '127.0.0.2'],
        ['http', http, '127.0.0.1'],
        ['ws', ws, '127.0.0.1'],
      ] as const),
    ] as const;
    const pings = (): Promise<string[]> =>
      Promise.all(asked.map(([transport, port, host]) => pingPatiently(t, transport, port, host)));
    const pongs = asked.map(() => 'pong');
    deepEqual(await pings(), pongs);
    const dead = await killRelay(relay.pid);
    deepEqual(await pings(), pongs, args.join(' '));
    notEqual(await relayBelow(relay.pid), dead);
    deepEqual(await relay.stop(), { code: 0, signal: null });
  }
});

/** Asks once and never again; answers when something comes. */
async function askOnce(t: TestContext, port: number, host: string, number: number): Promise<() => Promise<unknown>> {
  const client = await ConnectedClient.open(t, host, port);
  client.send(`${number} d7:command4:pinge`);
  return () => client.hears(`${number}`, PATIENCE_MS);
}

test('[NG-01] what waits in the queues of all threads when the relay is killed waits for the next one', BOUND, async (t) => {
  const [one = 0, all = 0] = await ports(t, 2);
  const named = [`udp:127.0.0.1:${one}`, `udp:*:${all}`];
  const relay = await startSupervised(t, { args: [...listening(named), '--workers', '4'] });
  for (let kill = 0; kill < 2; kill++) {
    // A relay that does not come to read them, as one in trouble.
    await pause(await relayBelow(relay.pid));
    const hears = await Promise.all(
      Array.from({ length: 48 }, (_, n) => (n % 2 === 0 ? askOnce(t, one, '127.0.0.1', n) : askOnce(t, all, '127.0.0.3', n))),
    );
    await eventually(async () => {
      const waiting = udpQueues(one, '127.0.0.1').filter(({ waitingBytes }) => waitingBytes > 0);
      equal(waiting.length, 4, 'the kernel shares clients out among all threads');
    });
    await killRelay(relay.pid);
    equal((await Promise.all(hears.map((hear) => hear()))).length, 48);
    if (kill === 0) await delay(2_000); // Deaths that follow each other faster are early ones.
  }
});

test('[NG-01 NG-09] a relay that is killed under a stream of NG requests leaves none of them unanswered', BOUND, async (t) => {
  const [port = 0] = await ports(t, 1);
  const relay = await startSupervised(t, { args: [...listening([`udp:127.0.0.1:${port}`]), '--workers', '2'], mediaPorts: 200 });
  const clients = await Promise.all(Array.from({ length: 4 }, () => PatientNg.open(port)));
  t.after(() => Promise.all(clients.map((client) => client.close())));
  let isOn = true;
  const counts = { requests: 0, again: 0, doubtful: 0 };
  const wrong: string[] = [];
  const ask = async (client: PatientNg, request: Record<string, string>): Promise<void> => {
    const { reply, tries, isDoubtful } = await client.ask(request);
    counts.requests++;
    if (tries > 1) counts.again++;
    if (isDoubtful) counts.doubtful++;
    if (reply?.['result'] !== 'ok') wrong.push(`${request['command']} of ${request['call-id']}: ${JSON.stringify(reply)}`);
  };
  const walkers = Array.from({ length: WALKERS }, async (_, walker) => {
    const client = clients[walker % clients.length]!;
    for (let n = 0; isOn; n++) {
      const call = { 'call-id': `stream-${walker}-${n}`, 'from-tag': 'a' };
      await ask(client, { command: 'offer', ...call, sdp: sdpOf('127.0.0.1', 4000) });
      await ask(client, { command: 'answer', ...call, 'to-tag': 'b', sdp: sdpOf('127.0.0.1', 5000) });
      await ask(client, { command: 'query', ...call });
      await ask(client, { command: 'delete', ...call, 'to-tag': 'b', 'delete-delay': '0' });
    }
  });
  for (let kill = 0; kill < KILLS; kill++) {
    await delay(300 + kill * 70);
    for (const client of clients) client.noteKill();
    await killRelay(relay.pid);
    const before = counts.requests;
    while (counts.requests < before + WALKERS * 4) await delay(10);
    await delay(2_000); // Deaths that follow each other faster are early ones, of which a supervisor bears few.
  }
  isOn = false;
  await Promise.all(walkers);
  deepEqual(wrong, []);
  equal(
    clients.reduce((sum, { refused }) => sum + refused, 0),
    0,
    'nobody was told that the port is closed',
  );
  equal(
    clients.reduce((sum, { differing }) => sum + differing, 0),
    0,
    'whoever was answered twice was told the same',
  );
  ok(counts.doubtful > 0);
  t.diagnostic(`${counts.requests} requests, ${counts.doubtful} across a death, ${counts.again} of them asked again`);
  deepEqual({ ...(await clients[0]!.ask({ command: 'list' })).reply }, { result: 'ok', calls: [] });
});

test('what is wrong with an NG socket is said by the supervisor in one line, and nothing is left open', BOUND, async (t) => {
  const [port = 0, free = 0] = await ports(t, 2);
  const relay = await startSupervised(t, { args: listening([`udp:127.0.0.1:${port}`]) });
  const args = ['serve', '--supervise', '--data-dir', `${relay.dir}/other`, '-s', `udp:127.0.0.1:${free}`];
  for (const [name, problem] of [
    [
      `udp:127.0.0.1:${port}`,
      /^rtpbridge: NG socket udp:127\.0\.0\.1:\d+: it is in use: is another relay running\? \(EADDRINUSE\)\n$/,
    ],
    ['carrier:pigeon', /^rtpbridge: --listen-ng: NG socket carrier:pigeon: expected udp: [^\n]*\n$/],
    ['tcp:192.0.2.99:1', /^rtpbridge: NG socket tcp:192\.0\.2\.99:1: the address is not on this host \(EADDRNOTAVAIL\)\n$/],
  ] as const) {
    const ended = await runToEnd([...args, '--listen-ng', name], { cwd: relay.dir });
    match(ended.stderr, problem);
    equal(ended.code, 1);
  }
});
