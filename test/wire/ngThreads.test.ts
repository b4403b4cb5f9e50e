/** Media threads that take NG requests by sockets of their own: who answers what, from where, how often, and in which order. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { shardOf } from '../../src/relay/supervisor/dispatch.js';
import { eventually } from '../rig/calls.js';
import { UNWELCOME } from '../rig/ngShard.js';
import { ConnectedClient, onEachNgEngine, startNg } from '../rig/ngThreadScene.js';
import { callOn, SHARDS } from '../rig/threadScene.js';

const HOST = '127.0.0.1';
const QUIET_MS = 150;

onEachNgEngine(
  '[NG-01 control] whatever client asks, the thread that holds the call answers it, by its own socket',
  async (t, engine) => {
    const { port, forwards } = await startNg(t, engine);
    const clients = await Promise.all(Array.from({ length: 16 }, () => ConnectedClient.open(t, HOST, port)));
    const asked = clients.flatMap((client, c) =>
      Array.from({ length: 8 }, async (_, n) => {
        const call = `call-${c}-${n}`;
        const reply = await client.ask(`${c}_${n}`, `${call} tell`);
        match(reply, new RegExp(`^tell ${shardOf(call, SHARDS)} \\d+ ${HOST} ${HOST} ${HOST}$`));
      }),
    );
    await Promise.all(asked);
    const pinged = await Promise.all(clients.map((client) => client.ask('ping', '- tell')));
    deepEqual(new Set(pinged.map((reply) => reply.split(' ')[1])), new Set(['0', '1']), 'the kernel shares clients out');
    deepEqual(forwards, [], 'the main thread had nothing to do');
  },
);

onEachNgEngine('a repeated request is carried out once, and each client has its own answers', async (t, engine) => {
  const { port, duplicates, forwards } = await startNg(t, engine);
  const [one, other] = [await ConnectedClient.open(t, HOST, port), await ConnectedClient.open(t, HOST, port)];
  for (const shard of [0, 1]) {
    const call = callOn(shard, 'repeated');
    const before = duplicates();
    const first = await one.ask(`c${shard}`, `${call} tell`);
    for (let n = 0; n < 3; n++) equal(await one.ask(`c${shard}`, `${call} tell`), first);
    ok((await other.ask(`c${shard}`, `${call} tell`)) !== first, 'the same cookie of somebody else is another request');
    await eventually(async () => equal(duplicates(), before + 3));
  }
  for (let n = 0; n < 3; n++) one.send(`pending ${callOn(1, 'repeated')} main`);
  await eventually(async () => equal(forwards.length, 1));
  await delay(QUIET_MS);
  equal(forwards.length, 1, 'while it is under way it is not begun again');
  forwards[0]!.answer('found');
  equal(await one.hears('pending'), 'found');
  await delay(QUIET_MS);
  deepEqual(one.heard, [], 'and it is answered once');
  equal(await one.ask('pending', `${callOn(1, 'repeated')} main`), 'found');
});

onEachNgEngine('what only the main thread can see to goes there, and nothing of its call overtakes it', async (t, engine) => {
  const { port, forwards } = await startNg(t, engine);
  const client = await ConnectedClient.open(t, HOST, port);
  for (const shard of [0, 1]) {
    const [call, other] = [callOn(shard, 'ordered'), callOn(shard, 'another')];
    client.send(`first-${shard} ${call} main play`);
    client.send(`second-${shard} ${call} tell`);
    match(await client.ask(`third-${shard}`, `${other} tell`), /^tell/, 'other calls do not wait');
    await eventually(async () => equal(forwards.length, 2));
    deepEqual(
      forwards.map(({ payload }) => payload),
      [`${call} main play`, `${call} tell`],
    );
    const { from = '', ...origin } = forwards[0]!.origin;
    deepEqual(origin, { host: HOST, local: HOST, transport: 'udp', client: HOST, identity: null, connection: null });
    match(from, new RegExp(`^udp:127\\.0\\.0\\.1:${port} 127\\.0\\.0\\.1:\\d+ first-${shard}$`));
    for (const [n, { answer }] of forwards.splice(0).entries()) answer(`answer ${n}`);
    equal(await client.hears(`first-${shard}`), 'answer 0');
    equal(await client.hears(`second-${shard}`), 'answer 1');
    match(await client.ask(`fourth-${shard}`, `${call} tell`), /^tell/, 'then it is carried out here again');
  }
});

for (const [bound, asked] of [
  ['0.0.0.0', ['127.0.0.1', '127.0.0.2', '127.0.0.3']],
  ['::', ['::1', '127.0.0.2']],
  ['::1', ['::1']],
] as const) {
  onEachNgEngine(`bound to ${bound}, the answer comes from the address that was asked`, async (t, engine) => {
    const { port } = await startNg(t, engine, [bound]);
    for (const host of asked) {
      const client = await ConnectedClient.open(t, host, port);
      const from = host.includes(':') ? '::1 null null' : `127.0.0.1 127.0.0.1 ${host}`;
      for (const shard of [0, 1]) {
        const reply = await client.ask(`c${shard}`, `${callOn(shard, host)} tell`);
        match(reply, new RegExp(`^tell ${shard} \\d+ ${from.replaceAll('.', '\\.')}$`));
      }
    }
  });
}

onEachNgEngine('several addresses are served, and each knows its own answers', async (t, engine) => {
  const { port } = await startNg(t, engine, ['127.0.0.1', '127.0.0.2', '::1']);
  const counts = [];
  for (const host of ['127.0.0.1', '127.0.0.2', '::1']) {
    const client = await ConnectedClient.open(t, host, port);
    const first = await client.ask('same', `${callOn(0, 'call')} tell`);
    equal(await client.ask('same', `${callOn(0, 'call')} tell`), first);
    counts.push(first.split(' ')[2]);
  }
  deepEqual(counts, ['1', '2', '3']);
});

onEachNgEngine('answers and requests of any length and bytes pass, and what is no request is not answered', async (t, engine) => {
  const { port, forwards } = await startNg(t, engine, ['127.0.0.1']);
  const client = await ConnectedClient.open(t, HOST, port);
  const stranger = await ConnectedClient.open(t, HOST, port, UNWELCOME);
  for (const text of ['', ' ', ' no cookie', 'cookieonly', '\n', '\xff'.repeat(3000)]) client.send(text);
  stranger.send('c - tell');
  equal(await client.ask('long', `${callOn(1, 'call')} long 60000`), 'x'.repeat(60_000));
  equal(await client.ask('long', `${callOn(0, 'call')} long 60000`), 'x'.repeat(60_000));
  const bytes = Array.from({ length: 256 }, (_, n) => String.fromCharCode(n)).join('');
  for (const shard of [0, 1]) {
    const payload = `${callOn(shard, 'bytes')} main ${bytes.repeat(240)}`;
    client.send(`bytes_\xfe${shard} ${payload}`);
    await eventually(async () => equal(forwards[0]?.payload, payload));
    forwards.splice(0)[0]!.answer(bytes);
    equal(await client.hears(`bytes_\xfe${shard}`), bytes);
  }
  await delay(QUIET_MS);
  deepEqual(client.heard, []);
  deepEqual(stranger.heard, []);
});
