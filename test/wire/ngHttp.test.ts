/** The NG protocol over HTTP: pages, what is refused and how, clients that are slow, and server-sent events. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { EventStream } from '../../src/relay/callEvents/ports.js';
import { eventually } from '../rig/calls.js';
import { bencoded, fetchNg, inJson, openNgScene, PING, PONG, post } from '../rig/ngScene.js';

const BOUND = { timeout: 30_000 };
const NG = 'application/x-rtpengine-ng';
const PLAIN = 'application/x-rtpengine-ng-plain';
const JSON_TYPE = 'application/json';

/** What a server says to bytes of our own until it closes. */
async function say(t: TestContext, port: number, text: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  t.after(() => socket.destroy());
  socket.setEncoding('latin1').on('error', () => {});
  let heard = '';
  socket.on('data', (chunk) => {
    heard += chunk;
  });
  socket.write(text, 'latin1');
  await once(socket, 'end', { signal: AbortSignal.timeout(8_000) }).catch(() => {
    throw new Error(`it was not closed: ${heard}`);
  });
  return heard;
}

for (const name of ['http:127.0.0.1:PORT', 'ws:*:PORT']) {
  test(`[NG-01] ${name}: requests with cookie and without, in both encodings`, BOUND, async (t) => {
    const { port, origins } = await openNgScene(t, [name]);
    const shown = async (path: string, type: string, body: string): Promise<unknown[]> => {
      const { status, headers, text } = await post(port, path, type, body);
      return [status, headers['content-type'], text];
    };
    deepEqual(await shown('/ng', NG, `1 ${PING}`), [200, NG, `1 ${PONG}`]);
    deepEqual(await shown('/ng', NG, '2 {"command":"ping"}'), [200, NG, '2 {"result":"pong"}']);
    deepEqual(await shown('/ng-plain', PLAIN, PING), [200, PLAIN, PONG]);
    deepEqual(await shown('/ng-plain', `${JSON_TYPE}; charset=utf-8`, '{"command":"ping"}'), [
      200,
      JSON_TYPE,
      '{"result":"pong"}',
    ]);
    deepEqual(await shown('/ng-plain', PLAIN, '{"command":"ping"}'), [200, PLAIN, '{"result":"pong"}']);
    const umlaut = inJson({ command: 'x', sdp: 'ü' });
    deepEqual(await shown('/ng-plain', JSON_TYPE, umlaut), [
      200,
      JSON_TYPE,
      inJson({ result: 'ok', heard: { command: 'x', sdp: 'ü' } }),
    ]);
    deepEqual([origins[0]?.transport, origins[0]?.client, origins[0]?.connection], ['http', '127.0.0.1', null]);
    const { status, headers, text } = await fetchNg({ port, path: '/ping' });
    deepEqual([status, text, headers['access-control-allow-origin']], [200, 'pong\n', undefined]);
    equal((await fetchNg({ port, path: '/ping', method: 'HEAD' })).text, '');
  });
}

test('[NG-01] a connection is kept, and a repetition on it is known', BOUND, async (t) => {
  const scene = await openNgScene(t, ['http:127.0.0.1:PORT']);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  for (let n = 0; n < 3; n++) equal((await post(scene.port, '/ng', NG, `1 ${PING}`, { agent })).text, `1 ${PONG}`);
  deepEqual([scene.payloads.length, scene.duplicates()], [1, 2]);
  await post(scene.port, '/ng', NG, `1 ${PING}`);
  equal(scene.payloads.length, 2, 'another connection');
});

test('what cannot be served is refused in one clear line', BOUND, async (t) => {
  const scene = await openNgScene(t, ['http:127.0.0.1:PORT']);
  const { port } = scene;
  const shown = async (method: string, path: string, headers = {}, body = ''): Promise<[number, string]> => {
    const { status, text } = await fetchNg({ port, method, path, headers }, body);
    return [status, text];
  };
  for (const path of ['/', '/NG', '/ng/', '/events', '/openapi.json', '/%00'])
    deepEqual(await shown('GET', path), [404, 'there is no such page\n']);
  deepEqual(await shown('GET', '/ng'), [405, 'expected POST\n']);
  deepEqual(await shown('OPTIONS', '/ng-plain'), [405, 'expected POST\n']);
  deepEqual(await shown('POST', '/ping'), [405, 'expected GET\n']);
  equal((await fetchNg({ port, method: 'DELETE', path: '/ping' })).headers.allow, 'GET');
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  deepEqual(await shown('POST', '/ng', form, PING), [415, `expected the content type ${NG}\n`]);
  deepEqual(await shown('POST', '/ng-plain', form, PING), [415, `expected the content type ${PLAIN} or ${JSON_TYPE}\n`]);
  deepEqual(await shown('POST', '/ng', { 'content-type': NG }, 'nonsense'), [400, 'expected a cookie, a blank and a request\n']);
  equal(scene.payloads.length, 0);
  equal((await shown('POST', '/ng-plain', {}, PING))[0], 200, 'no content type at all will do');
});

test('a body has at most a megabyte, and is not read further', BOUND, async (t) => {
  const { port, payloads } = await openNgScene(t, ['http:127.0.0.1:PORT']);
  const longest = bencoded({ x: 'x'.repeat((1 << 20) - 13) });
  equal(longest.length, 1 << 20);
  equal((await post(port, '/ng-plain', PLAIN, longest)).status, 200);
  payloads.splice(0);
  deepEqual(await post(port, '/ng-plain', PLAIN, `${longest}x`).then(({ status, text }) => [status, text]), [
    413,
    'expected at most 1048576 bytes\n',
  ]);
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  const chunked = `POST /ng-plain HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n${chunk.repeat(17)}0\r\n\r\n`;
  match(await say(t, port, chunked), /^HTTP\/1\.1 413 /);
  equal(payloads.length, 0);
});

test('clients that send their requests too slowly, or nonsense, are let go', BOUND, async (t) => {
  const { port } = await openNgScene(t, ['http:127.0.0.1:PORT'], { patienceMs: 800 });
  match(await say(t, port, 'GET /ping HTTP/1.1\r\nhost'), /^HTTP\/1\.1 408 /);
  match(await say(t, port, 'POST /ng HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc'), /^HTTP\/1\.1 408 /);
  match(await say(t, port, `1 ${PING}\r\n\r\n`), /^HTTP\/1\.1 400 /);
  match(await say(t, port, `GET /ping HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /);
});

test('who offers to go on with HTTP/2 is served with what it speaks now', BOUND, async (t) => {
  const { port } = await openNgScene(t, ['http:127.0.0.1:PORT']);
  const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';
  const text = `POST /ng HTTP/1.1\r\nHost: x\r\n${offer}Content-Type: ${NG}\r\nContent-Length: ${PING.length + 2}\r\n\r\n1 ${PING}`;
  match(
    await say(t, port, `${text}GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
    /^HTTP\/1\.1 200 [\s\S]*1 d6:result4:ponge[\s\S]*\r\n\r\npong\n$/,
  );
});

test('web pages of others are refused, and nothing invites them', BOUND, async (t) => {
  const scene = await openNgScene(t, ['http:127.0.0.1:PORT'], { origins: ['https://console.example.net'] });
  const { port } = scene;
  const statusFor = async (headers: Record<string, string>): Promise<number> => {
    const answer = await post(port, '/ng-plain', JSON_TYPE, '{"command":"ping"}', { headers });
    deepEqual(
      Object.keys(answer.headers).filter((name) => name.startsWith('access-control')),
      [],
    );
    return answer.status;
  };
  equal(await statusFor({ origin: 'http://evil.example' }), 403);
  equal(await statusFor({ origin: 'null' }), 403);
  equal(await statusFor({ origin: `http://evil.example:${port}`, host: `evil.example:${port}` }), 403, 'a name that leads to us');
  equal(scene.payloads.length, 0);
  equal(await statusFor({ origin: `http://127.0.0.1:${port}` }), 200);
  equal(await statusFor({ origin: 'https://console.example.net' }), 200);
  equal(scene.listeners.counters.refused, 3);
});

test('documents are served where there are any', BOUND, async (t) => {
  const documents = { openApi: '{"openapi":"3.1.0","info":"é"}', schema: '{"$id":"x"}' };
  const { port } = await openNgScene(t, ['http:127.0.0.1:PORT'], { documents });
  const { headers, text } = await fetchNg({ port, path: '/openapi.json?x' });
  deepEqual([headers['content-type'], Buffer.from(text, 'latin1').toString()], [JSON_TYPE, documents.openApi]);
  equal((await fetchNg({ port, path: '/schema.json' })).text, documents.schema);
});

test('a client that leaves before it is answered does no harm, nor does one that is there at the end', BOUND, async (t) => {
  const scene = await openNgScene(t, ['http:127.0.0.1:PORT']);
  const left = connect(scene.port, '127.0.0.1');
  const body = `1 ${inJson({ command: 'later' })}`;
  const head = (path: string): string => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`;
  left.write(head('/ng') + body);
  await eventually(async () => equal(scene.waiting(), 1));
  left.destroy();
  scene.release();
  const stays = connect(scene.port, '127.0.0.1');
  stays.write(head('/ng') + body);
  await eventually(async () => equal(scene.waiting(), 1));
  const closed = once(stays, 'close');
  await scene.listeners.close();
  scene.release();
  await closed;
});

/** The first stream that is attached, and what becomes of it. */
function streamOffice() {
  const attached: EventStream[] = [];
  const told: string[] = [];
  const attach = (stream: EventStream) => {
    if (stream.controller === 'forbidden') return 'forbidden is not yours';
    attached.push(stream);
    stream.onClose(() => told.push('closed'));
    return null;
  };
  return { attached, told, streams: { attach } };
}

test('[NG-17] events are read as a stream, from the one behind the last that the client has', BOUND, async (t) => {
  const { attached, told, streams } = streamOffice();
  const { port } = await openNgScene(t, ['http:127.0.0.1:PORT'], { eventStreams: streams });
  deepEqual(await fetchNg({ port, path: '/events?controller=forbidden' }).then(({ status, text }) => [status, text]), [
    404,
    'forbidden is not yours\n',
  ]);
  equal((await fetchNg({ port, path: '/events' })).status, 404);
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  let heard = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    heard += chunk;
  });
  socket.write('GET /events?controller=sip%201 HTTP/1.1\r\nhost: x\r\nLast-Event-ID: 17\r\n\r\n');
  await eventually(async () =>
    match(heard, /^HTTP\/1\.1 200 OK\r\n(?:.*\r\n)*content-type: text\/event-stream; charset=utf-8\r\n/),
  );
  const [stream] = attached;
  deepEqual([stream?.controller, stream?.after], ['sip 1', 17]);
  equal(stream?.write('id: 18\nevent: dtmf\ndata: {"digit":5}\n\n'), true);
  await eventually(async () => ok(heard.includes('id: 18\nevent: dtmf\ndata: {"digit":5}\n\n'), heard));
  equal(stream?.buffered(), 0);
  stream?.write('data: Zoë\n\n');
  await eventually(async () => ok(heard.includes(Buffer.from('data: Zoë\n\n').toString('latin1')), heard));
  socket.destroy();
  await eventually(async () => deepEqual(told, ['closed']));
  equal(stream?.write('late'), false);
  stream?.end();
});

test(
  'a client of events that does not read is told of by what waits for it, and cut off when it is too much',
  BOUND,
  async (t) => {
    const { attached, told, streams } = streamOffice();
    const { port } = await openNgScene(t, ['http:127.0.0.1:PORT'], { eventStreams: streams });
    const socket = connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    socket.on('error', () => {}).pause();
    socket.write('GET /events?controller=a HTTP/1.1\r\nhost: x\r\n\r\n');
    await eventually(async () => equal(attached.length, 1));
    const [stream] = attached;
    const event = `data: ${'x'.repeat(50_000)}\n\n`;
    let written = 0;
    while (stream !== undefined && stream.buffered() === 0 && written < 1_000) {
      equal(stream.write(event), true);
      written++;
    }
    ok(written < 1_000);
    for (let n = 0; n < 500; n++) stream?.write(event);
    await eventually(async () =>
      deepEqual(
        told.filter((what) => what === 'closed'),
        ['closed'],
      ),
    );
  },
);
