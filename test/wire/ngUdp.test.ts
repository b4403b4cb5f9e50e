/** The NG protocol over UDP: cookies, repetitions, addresses, and what does not fit. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { eventually } from '../rig/calls.js';
import { UdpControl } from '../rig/control.js';
import { bencoded, inJson, openNgScene, PING, PONG } from '../rig/ngScene.js';

const BOUND = { timeout: 30_000 };

async function dial(t: TestContext, port: number, host = '127.0.0.1', from?: string): Promise<UdpControl> {
  const client = await UdpControl.open(host, port, from);
  t.after(() => client.close());
  return client;
}

async function heard(client: UdpControl, text: string): Promise<string> {
  client.send(text);
  return (await client.receive()).text;
}

for (const name of ['udp:127.0.0.1:PORT', 'udp:*:PORT', 'udp6:*:PORT'] as const) {
  test(
    `[NG-01 NG-19] ${name}: a request is answered in its encoding, and carried out once however often it comes`,
    BOUND,
    async (t) => {
      const scene = await openNgScene(t, [name]);
      const client = await dial(t, scene.port);
      for (let turn = 0; turn < 3; turn++) equal(await heard(client, `7c_1 ${PING}`), `7c_1 ${PONG}`);
      equal(await heard(client, `7c_1 {"command":"else"}`), `7c_1 ${PONG}`, 'the cookie counts, not the text');
      deepEqual(scene.payloads.splice(0), [PING]);
      equal(scene.duplicates(), 3);
      equal(await heard(client, '7c_2 {"command":"ping"}'), '7c_2 {"result":"pong"}');
      const other = await dial(t, scene.port);
      equal(await heard(other, '7c_1 {"command":"ping"}'), '7c_1 {"result":"pong"}', 'the same cookie of another client');
      deepEqual({ ...scene.listeners.counters.requests }, { udp: 6, tcp: 0, http: 0, https: 0, ws: 0, wss: 0 });

      scene.payloads.splice(0);
      for (let turn = 0; turn < 3; turn++) client.send(`7c_3 ${inJson({ command: 'later', n: 5 })}`);
      await eventually(async () => equal(scene.duplicates(), 5));
      equal(scene.payloads.length, 1, 'it is under way, and is not begun again');
      scene.release();
      for (let turn = 0; turn < 3; turn++) equal((await client.receive()).text, '7c_3 {"result":"ok","n":5}');
    },
  );
}

test('[NG-01] the relay is told who asks, and which address', BOUND, async (t) => {
  const scene = await openNgScene(t, ['udp6:*:PORT']);
  const client = await dial(t, scene.port, '127.0.0.2', '127.0.0.9');
  await heard(client, `a\tb ${PING}`);
  const client6 = await dial(t, scene.port, '::1');
  await heard(client6, `c ${PING}`);
  const [first, second] = scene.origins;
  const shared = { transport: 'udp', identity: null, connection: null };
  const from = `udp6:[::]:${scene.port} 127.0.0.9:${client.localPort} a_b`;
  deepEqual(first, { ...shared, host: '127.0.0.9', local: '127.0.0.2', client: '127.0.0.9', from });
  deepEqual({ ...second, from: '' }, { ...shared, host: null, local: null, client: '::1', from: '' });
});

test('the answer comes from the address that was asked', BOUND, async (t) => {
  const any = await openNgScene(t, ['udp:*:PORT']);
  const client = await dial(t, any.port);
  for (const host of ['127.0.0.1', '127.0.0.2', '127.0.0.3']) {
    client.send(`${host} ${PING}`, host);
    const { from, text } = await client.receive();
    deepEqual([from.address, text], [host, `${host} ${PONG}`]);
  }
  client.send(`same ${PING}`, '127.0.0.1');
  await client.receive();
  client.send(`same ${PING}`, '127.0.0.2');
  equal((await client.receive()).from.address, '127.0.0.2', 'a repetition too');
});

test('[NG-01] IPv6 alone is served as well', BOUND, async (t) => {
  const scene = await openNgScene(t, ['udp6:[::1]:PORT']);
  const client = await dial(t, scene.port, '::1');
  equal(await heard(client, `1 ${PING}`), `1 ${PONG}`);
});

for (const name of ['udp:127.0.0.1:PORT', 'udp:*:PORT']) {
  test(`${name}: what has no cookie is not answered; everything else is, whatever it is`, BOUND, async (t) => {
    const scene = await openNgScene(t, [name]);
    const client = await dial(t, scene.port);
    for (const text of ['', ' ', 'ping', ` ${PING}`, '\n', `${'x'.repeat(2_000)} ${PING}`]) client.send(text);
    match(await heard(client, '1 hello'), /^1 d6:result5:error/);
    match(await heard(client, '2 '), /^2 d6:result5:error/);
    equal(scene.listeners.counters.unreadable, 6);
    deepEqual(client.drain(), []);
    const all = Buffer.from(Uint8Array.from({ length: 256 }, (_, n) => n)).toString('latin1');
    equal(
      await heard(client, `3 ${bencoded({ x: all })}`),
      `3 ${bencoded({ result: 'ok', heard: { x: all } })}`,
      'each byte comes through',
    );
  });

  test(
    `${name}: the largest datagrams come and go, and an answer that is too long for one is an error that says so`,
    BOUND,
    async (t) => {
      const scene = await openNgScene(t, [name]);
      const client = await dial(t, scene.port);
      const frame = bencoded({ result: 'ok', heard: { x: 'x'.repeat(60_000) } }).length - 60_000;
      const longest = 'x'.repeat(65_507 - 2 - frame);
      equal((await heard(client, `1 ${bencoded({ x: longest })}`)).length, 65_507);
      const ask = (cookie: string, bytes: number, encode = bencoded): Promise<string> =>
        heard(client, `${cookie} ${encode({ command: 'size', bytes })}`);
      const reason = (bytes: number): string => `Reply too long for UDP (${bytes} bytes); ask over TCP, HTTP or WebSocket`;
      const size = bencoded({ result: 'ok', filling: 'x'.repeat(65_507) }).length + 2;
      equal(await ask('2', 65_507), `2 ${bencoded({ result: 'error', 'error-reason': reason(size) })}`);
      match(
        await ask('3', 1_000_000, inJson),
        /^3 \{"result":"error","error-reason":"Reply too long for UDP \(10000\d\d bytes\)/,
      );
      match(await ask('3', 1), /^3 \{"result":"error"/, 'the answer to a repetition is the same');
      equal(scene.listeners.counters.tooLong, 2);
    },
  );
}

test('a client whose address may not ask hears nothing; that is counted, and told once a minute', BOUND, async (t) => {
  const scene = await openNgScene(t, ['udp:*:PORT'], { access: { allow: ['127.0.0.2', '::1'], tokens: [], tls: null } });
  const stranger = await dial(t, scene.port);
  const friend = await dial(t, scene.port, '127.0.0.1', '127.0.0.2');
  for (let n = 0; n < 20; n++) stranger.send(`${n} ${PING}`);
  equal(await heard(friend, `1 ${PING}`), `1 ${PONG}`);
  deepEqual(stranger.drain(), []);
  await eventually(async () => equal(scene.listeners.counters.refused, 20));
  deepEqual(scene.warnings, [
    `NG socket udp:0.0.0.0:${scene.port}: 127.0.0.1 was refused: its address is not among those that may`,
  ]);
  ok(scene.listeners.setAccess({ allow: ['127.0.0.0/8'], tokens: [{ name: 'x', token: 'y' }], tls: null }).ok);
  equal(await heard(stranger, `now ${PING}`), `now ${PONG}`, 'other settings hold at once, and UDP has no tokens');
});

test('an answer that is ready after the end is dropped', BOUND, async (t) => {
  for (const name of ['udp:127.0.0.1:PORT', 'udp:*:PORT']) {
    const scene = await openNgScene(t, [name]);
    const client = await dial(t, scene.port);
    client.send(`1 ${bencoded({ command: 'later' })}`);
    await eventually(async () => equal(scene.waiting(), 1));
    await scene.listeners.close();
    scene.release();
    deepEqual(client.drain(), []);
  }
});
