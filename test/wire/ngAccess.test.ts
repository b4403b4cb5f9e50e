/** Who may give commands by the NG listeners: addresses, tokens, certificates, and what becomes of the others. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type ClientOptions, WebSocket } from 'ws';
import type { EventStream } from '../../src/relay/callEvents/ports.js';
import type { ControlAccess } from '../../src/relay/settings/settings.js';
import { eventually } from '../rig/calls.js';
import { CertificateMaker } from '../rig/certificates.js';
import { UdpControl } from '../rig/control.js';
import { bencoded, fetchNg, NgStreamClient, OPEN_ACCESS, openNgScene, PING, PONG } from '../rig/ngScene.js';

const BOUND = { timeout: 30_000 };
const PLAIN = 'ng-plain.rtpengine.com';
const JSON_PING = '{"command":"ping"}';
const JSON_PONG = '{"result":"pong"}';
const TOKENS: ControlAccess = {
  ...OPEN_ACCESS,
  tokens: [
    { name: 'sip1', token: 'open sésame' },
    { name: 'sip2', token: 'other' },
  ],
};
const SESAME = Buffer.from('open sésame').toString('latin1');

/** What a client of WebSockets hears to a ping, or the status with which it is refused. */
async function pingOver(t: TestContext, url: string, options: ClientOptions = {}, protocols = [PLAIN]): Promise<string | number> {
  const socket = new WebSocket(url, protocols, options);
  t.after(() => socket.terminate());
  return new Promise((resolve, reject) => {
    socket.on('open', () => socket.send(JSON_PING));
    socket.on('message', (data) => resolve(String(data)));
    socket.on('unexpected-response', (_request, answer) => {
      answer.destroy();
      resolve(answer.statusCode ?? 0);
    });
    socket.on('error', reject);
  });
}

const pingPlain = (port: number, headers = {}, more = {}): Promise<{ readonly status: number; readonly text: string }> =>
  fetchNg(
    { port, path: '/ng-plain', method: 'POST', headers: { 'content-type': 'application/json', ...headers }, ...more },
    JSON_PING,
  );

test(
  'HTTP: a token is shown by a header, and gives its owner a name; without one there is 401, but to pings',
  BOUND,
  async (t) => {
    const { port, origins, listeners, warnings } = await openNgScene(t, ['http:127.0.0.1:PORT'], { access: TOKENS });
    for (const authorization of [undefined, 'Bearer', 'Bearer wrong', 'Basic other', 'other']) {
      const { status, headers, text } = await fetchNg({
        port,
        path: '/ng-plain',
        method: 'POST',
        headers: authorization === undefined ? {} : { authorization },
      });
      deepEqual([status, headers['www-authenticate'], text], [401, 'Bearer', 'Not permitted\n']);
    }
    deepEqual([origins.length, listeners.counters.refused, warnings.length], [0, 5, 1]);
    equal((await fetchNg({ port, path: '/ping' })).text, 'pong\n');
    equal((await pingPlain(port, { authorization: 'bearer other' })).text, JSON_PONG);
    deepEqual(
      origins.map(({ identity }) => identity),
      ['sip2'],
    );
  },
);

test('WebSocket: a token is shown by a header, or by a subprotocol, which browsers can', BOUND, async (t) => {
  const { port, origins } = await openNgScene(t, ['ws:127.0.0.1:PORT'], { access: TOKENS });
  const url = `ws://127.0.0.1:${port}`;
  equal(await pingOver(t, url), 401);
  equal(await pingOver(t, url, { headers: { authorization: 'Bearer wrong' } }), 401);
  equal(await pingOver(t, url, { headers: { authorization: 'Bearer other' } }), JSON_PONG);
  const word = `bearer.${Buffer.from('open sésame').toString('base64url')}`;
  equal(await pingOver(t, url, {}, [word, PLAIN]), JSON_PONG);
  equal(await pingOver(t, url, {}, ['bearer.AAAA', PLAIN]), 401);
  deepEqual(
    origins.map(({ identity }) => identity),
    ['sip2', 'sip1'],
  );
});

test('TCP: a token stands in the first request of a connection; without it there is an error, and the end', BOUND, async (t) => {
  const { port, origins, payloads } = await openNgScene(t, ['tcp:127.0.0.1:PORT'], { access: TOKENS, patienceMs: 2_000 });
  for (const request of [PING, '{"command":"ping","token":"wrong"}', '{"command":"ping","token":["other"]}', '{broken}']) {
    const client = await NgStreamClient.open(t, port);
    match(
      await client.ask(`1 ${request}2 {"command":"ping","token":"other"}`),
      /^1 (?:d|\{).*error-reason"?:?(?:13:)?"?Not permitted/,
    );
    await client.over();
    ok(!client.text.includes('2 '), client.text);
  }
  equal(payloads.length, 0);
  const client = await NgStreamClient.open(t, port);
  equal(await client.ask(`1 ${bencoded({ command: 'ping', token: SESAME })}`), `1 ${PONG}`);
  equal(await client.ask(`2 ${PING}`), `2 ${PONG}`, 'the next need none');
  deepEqual(
    origins.map(({ identity }) => identity),
    ['sip1', 'sip1'],
  );
  const silent = await NgStreamClient.open(t, port);
  await silent.over(4_000);
});

test('whose address is not listed is refused by all transports, with IPv4 dressed as IPv6 too', BOUND, async (t) => {
  for (const hosts of ['127.0.0.1', '[::]'] as const) {
    const access = { ...OPEN_ACCESS, allow: ['127.0.0.8/29'] };
    const http = await openNgScene(t, [`http:${hosts}:PORT`], { access });
    const tcp = await openNgScene(t, [hosts === '[::]' ? 'tcp6:[::]:PORT' : 'tcp:127.0.0.1:PORT'], { access });
    const url = `ws://127.0.0.1:${http.port}`;
    deepEqual(await fetchNg({ port: http.port, path: '/ping' }).then(({ status, text }) => [status, text]), [
      403,
      'Not permitted\n',
    ]);
    equal(await pingOver(t, url), 403);
    const stranger = await NgStreamClient.open(t, tcp.port);
    equal(await stranger.ask(`1 ${JSON_PING}`), '1 {"result":"error","error-reason":"Not permitted"}');
    await stranger.over();
    equal((await pingPlain(http.port, {}, { localAddress: '127.0.0.9' })).text, JSON_PONG);
    equal(await pingOver(t, url, { localAddress: '127.0.0.15' }), JSON_PONG);
    const friend = await NgStreamClient.open(t, tcp.port, '127.0.0.1', '127.0.0.9');
    equal(await friend.ask(`1 ${PING}`), `1 ${PONG}`);
    equal(tcp.origins[0]?.client, '127.0.0.9');
  }
});

test('other settings hold for connections that are open, too: who may not any more is closed', BOUND, async (t) => {
  const told: string[] = [];
  const attach = ({ onClose }: EventStream) => {
    onClose(() => told.push('closed'));
    return null;
  };
  const names = ['tcp:127.0.0.1:PORT'];
  const tcp = await openNgScene(t, names, { access: TOKENS });
  const web = await openNgScene(t, ['ws:127.0.0.1:PORT'], { access: TOKENS, eventStreams: { attach } });
  const clients = [await NgStreamClient.open(t, tcp.port), await NgStreamClient.open(t, tcp.port)];
  for (const [i, token] of [SESAME, 'other'].entries()) await clients[i]?.ask(`1 ${bencoded({ command: 'ping', token })}`);
  const sockets = ['other', 'open-2'].map(
    (token) => new WebSocket(`ws://127.0.0.1:${web.port}`, [PLAIN], { headers: { authorization: `Bearer ${token}` } }),
  );
  sockets[1]?.on('error', () => {});
  await once(sockets[0]!, 'open');
  const closed = once(sockets[0]!, 'close');
  const reader = connect(web.port, '127.0.0.1');
  t.after(() => reader.destroy());
  reader.resume().write('GET /events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer other\r\n\r\n');
  await once(reader, 'data');
  const foreign = await fetchNg({ port: web.port, path: '/events?controller=sip1', headers: { authorization: 'Bearer other' } });
  deepEqual([foreign.status, foreign.text], [404, 'events of sip1: sip2 may have its own only\n']);

  const fewer: ControlAccess = { ...OPEN_ACCESS, tokens: [TOKENS.tokens[0]!] };
  for (const { listeners } of [tcp, web]) ok(listeners.setAccess(fewer).ok);
  await clients[1]?.over();
  equal((await closed)[0], 1008);
  await eventually(async () => deepEqual(told, ['closed']));
  equal(await clients[0]?.ask(`2 ${PING}`), `2 ${PONG}`);

  const wrong = tcp.listeners.setAccess({ ...OPEN_ACCESS, allow: ['nowhere'] });
  equal(
    wrong.ok ? '' : wrong.error,
    'control: allow: nowhere: expected an address, or a network such as 192.0.2.0/24 or 2001:db8::/32',
  );
  equal(await clients[0]?.ask(`3 ${PING}`), `3 ${PONG}`, 'the old ones hold on');
});

test(
  '[NG-01] TLS: requests and WebSockets under a certificate, which can be replaced while the listener runs',
  BOUND,
  async (t) => {
    const maker = await CertificateMaker.open(t);
    if (maker === null) return;
    const [first, second] = [maker.make('first'), maker.make('second')];
    const access = { ...OPEN_ACCESS, tls: { certificate: first.certificate, key: first.key, clientCa: null } };
    const scene = await openNgScene(t, ['wss:127.0.0.1:PORT'], { access });
    const { port } = scene;
    equal((await pingPlain(port, {}, { ca: first.texts.cert })).text, JSON_PONG);
    equal(await pingOver(t, `wss://127.0.0.1:${port}`, { ca: first.texts.cert }), JSON_PONG);
    deepEqual(
      scene.origins.map(({ transport }) => transport),
      ['https', 'wss'],
    );
    const plain = connect(port, '127.0.0.1');
    plain
      .on('error', () => {})
      .resume()
      .write('GET /ping HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(plain, 'close');

    ok(scene.listeners.setAccess({ ...access, tls: { ...access.tls, certificate: second.certificate, key: second.key } }).ok);
    equal((await pingPlain(port, {}, { ca: second.texts.cert })).text, JSON_PONG);
    for (const [tls, problem] of [
      [null, `NG socket wss:127.0.0.1:${port}: it takes a certificate and a key: control: tls: in the settings file`],
      [{ ...access.tls, key: second.key }, `control: tls: ${first.certificate} and ${second.key} cannot be used (`],
      [{ ...access.tls, key: '/nowhere' }, 'control: tls: key: /nowhere cannot be read (ENOENT)'],
    ] as const) {
      const replaced = scene.listeners.setAccess({ ...OPEN_ACCESS, tls });
      ok(!replaced.ok && replaced.error.startsWith(problem), replaced.ok ? 'taken' : replaced.error);
    }
    equal((await pingPlain(port, {}, { ca: second.texts.cert })).text, JSON_PONG);
  },
);

test(
  'TLS: a certificate that our authority has signed is as good as a token, and its common name is who it is',
  BOUND,
  async (t) => {
    const maker = await CertificateMaker.open(t);
    if (maker === null) return;
    const [server, ours, theirs] = [maker.make('server'), maker.make('our authority'), maker.make('their authority')];
    const [client, stranger, nameless] = [maker.make('sip9', ours), maker.make('sip9', theirs), maker.make('', ours)];
    const tls = { certificate: server.certificate, key: server.key, clientCa: null };
    const scene = await openNgScene(t, ['https:127.0.0.1:PORT'], { access: { ...OPEN_ACCESS, tls } });
    const { port, listeners, origins } = scene;
    const ca = server.texts.cert;
    const status = async (headers = {}, more = {}): Promise<number> => (await pingPlain(port, headers, { ca, ...more })).status;
    equal(await status(), 200, 'none is asked for');
    origins.splice(0);

    ok(listeners.setAccess({ ...OPEN_ACCESS, tls: { ...tls, clientCa: ours.certificate } }).ok);
    equal(await status(), 401);
    equal(await status({}, stranger.texts), 401);
    equal(await status({}, nameless.texts), 401);
    equal(await status({}, client.texts), 200);
    equal(await pingOver(t, `wss://127.0.0.1:${port}`, { ca, ...client.texts }), JSON_PONG);
    equal(await pingOver(t, `wss://127.0.0.1:${port}`, { ca }), 401);
    ok(listeners.setAccess({ ...TOKENS, tls: { ...tls, clientCa: ours.certificate } }).ok);
    equal(await status(), 401);
    equal(await status({ authorization: 'Bearer other' }), 200);
    equal(await status({}, client.texts), 200);
    deepEqual(
      origins.map(({ identity }) => identity),
      ['sip9', 'sip9', 'sip2', 'sip9'],
    );

    const socket = new WebSocket(`wss://127.0.0.1:${port}`, [PLAIN], { ca, ...client.texts });
    t.after(() => socket.terminate());
    await once(socket, 'open');
    const closed = once(socket, 'close');
    ok(listeners.setAccess({ ...TOKENS, tls: { ...tls, clientCa: theirs.certificate } }).ok);
    await closed;
    equal(await status({}, client.texts), 401, 'another authority');
    equal(await status({}, stranger.texts), 200);
  },
);

test('settings of access that are wrong from the start open nothing', BOUND, async (t) => {
  const wrong = { ...OPEN_ACCESS, allow: ['127.0.0.1/40'] };
  const attempt = openNgScene(t, ['udp:127.0.0.1:PORT'], { access: wrong });
  await attempt.then(
    () => ok(false, 'it opened'),
    (error: Error) => match(error.message, /^control: allow: 127\.0\.0\.1\/40: expected an address/),
  );
});

test('UDP has the list of addresses alone', BOUND, async (t) => {
  const scene = await openNgScene(t, ['udp:127.0.0.1:PORT'], { access: { ...TOKENS, allow: ['127.0.0.0/8'] } });
  const client = await UdpControl.open('127.0.0.1', scene.port);
  t.after(() => client.close());
  equal(await client.ask(PING), PONG);
});
