/** Events of calls by webhook, classic notify socket and XML-RPC. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { EventOffice } from '../../src/io/callEvents/eventOffice.js';
import type { EventSettings } from '../../src/relay/settings/settings.js';
import { eventOf, FakeConnections, ownerOf, SETTINGS, START_MS } from '../rig/callEvents.js';
import { HookServer } from '../rig/hookServer.js';
import { until } from '../rig/notifyListener.js';
import { listen, startProxy } from '../rig/notifyScene.js';
import { leasePorts } from '../rig/ports.js';

const BOUND = { timeout: 30_000 };
/** An outage of 300 ms is to these what one of a minute is to those of a relay. */
const PAUSES_MS = [5, 10, 20, 40];

function openOffice(t: TestContext, settings: Partial<EventSettings> = {}) {
  const warnings: string[] = [];
  const clock = { now: START_MS };
  const office = new EventOffice({
    ...{ settings: { ...SETTINGS, ...settings }, connections: new FakeConnections(), clock: () => clock.now },
    ...{ warn: (text) => warnings.push(text), pausesMs: PAUSES_MS },
  });
  t.after(() => office.close());
  return { office, warnings, clock };
}

const seqs = (hook: HookServer): unknown[] => hook.events.map((event) => event['seq']);
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

test(
  '[NG-17 NG-29] a webhook is posted every event of its controllers, in order, over one connection, signed',
  BOUND,
  async (t) => {
    const hook = await HookServer.start(t);
    const { office } = openOffice(t, { secret: 'geheim' });
    const [kam1, kam2] = [ownerOf('kam 1', [hook.url]), ownerOf('kam2', [hook.url])];
    for (const owner of [kam1, kam2, kam1]) office.take(eventOf(owner, 'call-end', { callId: 'm\xc3\xbcller' }));
    await until('three requests', () => hook.requests.length === 3);
    deepEqual(
      hook.events.map((event) => [event['controller'], event['seq'], event['call-id']]),
      [
        ['kam 1', 1, 'müller'],
        ['kam2', 1, 'müller'],
        ['kam 1', 2, 'müller'],
      ],
    );
    const [{ headers, body }] = hook.requests as [HookServer['requests'][0]];
    equal(headers['content-type'], 'application/json');
    equal(headers['x-rtpbridge-event'], 'call-end');
    equal(headers['x-rtpbridge-event-id'], `kam%201/${START_MS}/1`);
    const t0 = Math.floor(START_MS / 1000);
    const hmac = createHmac('sha256', 'geheim').update(`${t0}.`).update(Buffer.from(body, 'utf8')).digest('hex');
    equal(headers['x-rtpbridge-signature'], `t=${t0},v1=${hmac}`);
    equal(hook.connections, 1);
    office.settings = SETTINGS;
    office.take(eventOf(kam1));
    await until('a fourth request', () => hook.requests.length === 4);
    equal(hook.requests[3]!.headers['x-rtpbridge-signature'], undefined, 'no secret, no signature');
  },
);

test('[NG-17] a webhook that is down loses nothing, and the order stays; others do not wait for it', BOUND, async (t) => {
  const [down, up] = [await HookServer.start(t), await HookServer.start(t)];
  const { office, warnings, clock } = openOffice(t);
  const owner = ownerOf('kam1', [down.url, up.url]);
  office.take(eventOf(owner));
  await until('the first', () => down.requests.length === 1 && up.requests.length === 1);
  await down.stop();
  for (let i = 0; i < 100; i++) office.take(eventOf(owner));
  await until('the other has all', () => up.requests.length === 101);
  await delay(300);
  clock.now += 60_000;
  await down.start();
  await until('all', () => down.requests.length >= 101);
  deepEqual(seqs(down), upTo(101));
  deepEqual(seqs(up), upTo(101));
  match(warnings[0]!, /^events to http:\/\/127\.0\.0\.1:\d+\/events: ECONNRE\w+; it is tried again$/);
  match(warnings[1]!, /taken again after 60 s$/);
  equal(warnings.length, 2);
});

test(
  'a webhook that fails, breaks off or asks to come again is asked again with the same id; one that refuses is not',
  BOUND,
  async (t) => {
    const hook = await HookServer.start(t);
    const { office, warnings } = openOffice(t);
    const answers = [500, 'break', 429, 408, 302, 200, 404, 201] as const;
    hook.answer = (turn) => answers[turn - 1]!;
    for (let i = 0; i < 3; i++) office.take(eventOf(ownerOf('kam1', [`${hook.url}?token=secret`])));
    await until('eight requests', () => hook.requests.length === 8);
    deepEqual(seqs(hook), [1, 1, 1, 1, 1, 1, 2, 3]);
    equal(new Set(hook.requests.slice(0, 6).map(({ headers }) => headers['x-rtpbridge-event-id'])).size, 1);
    await until('a warning', () => warnings.length === 2);
    match(warnings[0]!, /; it is tried again$/);
    ok(!warnings.join().includes('secret'));
  },
);

test('a webhook that refuses is told in the log, and not more often than every ten seconds', BOUND, async (t) => {
  const hook = await HookServer.start(t);
  const { office, warnings, clock } = openOffice(t);
  hook.answer = () => 403;
  const owner = ownerOf('kam1', [hook.url]);
  for (let i = 0; i < 5; i++) office.take(eventOf(owner));
  await until('five requests', () => hook.requests.length === 5);
  await until('one warning', () => warnings.length === 1);
  match(warnings[0]!, /: call-end 1 of kam1 refused: HTTP status 403$/);
  clock.now += 10_000;
  office.take(eventOf(owner));
  await until('another', () => warnings.length === 2);
  match(warnings[1]!, /call-end 6 of kam1 refused: HTTP status 403 \(and 4 more like it before\)$/);
});

test('a webhook that is away for longer than events are kept is told how many are lost', BOUND, async (t) => {
  const hook = await HookServer.start(t);
  const { office, clock } = openOffice(t);
  await hook.stop();
  const owner = ownerOf('kam1', [hook.url]);
  office.take(eventOf(ownerOf('kam1')));
  for (let i = 0; i < 4; i++) office.take(eventOf(owner));
  await delay(50);
  clock.now += SETTINGS.keepMs;
  office.tick();
  office.take(eventOf(owner));
  equal(office.figures.bytes < 5_000, true);
  await hook.start();
  await until('two requests', () => hook.requests.length === 2);
  const [lost, next] = hook.events;
  deepEqual([lost!['event'], lost!['lost'], lost!['first-seq'], lost!['last-seq'], lost!['seq']], ['events-lost', 4, 2, 5, 5]);
  equal(next!['seq'], 6);
});

test('[CW-36] a classic socket gets the lines that it knows, also after it was away', BOUND, async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'rtpbridge-events-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, 'b2b.sock');
  const { office } = openOffice(t);
  const owner = ownerOf('sippy', [`unix:${path}`], 'T7');
  const listener = await listen(t, { path });
  const digit = { details: { side: 'to', digit: '5', 'duration-ms': 100, volume: 7 } };
  for (const name of ['media-start', 'dtmf', 'media-timeout', 'call-end'] as const) office.take(eventOf(owner, name, digit));
  await listener.received(2);
  deepEqual(listener.lines, ['T7 5 7 800 1', 'T7']);
  await listener.stop();
  await rm(path, { force: true });
  for (let i = 0; i < 10; i++) office.take(eventOf(ownerOf('sippy', [`unix:${path}`], `T${i}`), 'media-timeout'));
  await delay(300);
  await listener.start();
  await listener.received(12);
  deepEqual(
    listener.lines.slice(2),
    upTo(10).map((n) => `T${n - 1}`),
  );
});

test('[KM-19 NG-28] over XML-RPC a proxy is asked to end the dialogue of a call that timed out', BOUND, async (t) => {
  const proxy = await startProxy(t, (turn) => [turn === 1 ? 503 : 200, '<methodResponse/>']);
  const { office } = openOffice(t);
  const owner = ownerOf('kam1', [`xmlrpc:${proxy.target.url}`]);
  for (const name of ['dtmf', 'media-timeout', 'call-end'] as const) office.take(eventOf(owner, name, { callId: 'c@h' }));
  await until('two requests', () => proxy.requests.length === 2);
  const strings = [...proxy.requests[1]!.body.matchAll(/<string>(.*?)<\/string>/gs)].map(([, text]) => text);
  deepEqual(strings, ['c@h', 'f', 't']);
  match(proxy.requests[1]!.body, /dlg\.terminate_dlg/);
});

test('the end of the relay waits a second at most for receivers that do not answer, and says what is left', BOUND, async (t) => {
  const hook = await HookServer.start(t);
  const lease = await leasePorts();
  t.after(() => lease.release());
  const { office, warnings } = openOffice(t);
  hook.answer = () => 'nothing';
  const dead = `tcp:127.0.0.1:${await lease.port()}`;
  for (let i = 0; i < 3; i++) office.take(eventOf(ownerOf('kam1', [hook.url, dead]), 'media-timeout'));
  await until('a request', () => hook.requests.length === 1);
  const before = performance.now();
  await office.close();
  ok(performance.now() - before < 1_500, `${performance.now() - before} ms`);
  const left = warnings.filter((text) => text.includes('the relay ends')).sort();
  deepEqual(left, [
    `events to ${hook.url}: the relay ends, 3 not delivered`,
    `events to ${dead}: the relay ends, 3 not delivered`,
  ]);
  await office.close();
});

test(
  'a connection that is slow gets the rest before the end; one that takes nothing holds it up for a second at most',
  BOUND,
  async (t) => {
    for (const recovers of [true, false]) {
      const connections = new FakeConnections();
      const office = new EventOffice({ settings: SETTINGS, connections, clock: () => START_MS, warn: () => {} });
      connections.open('tcp/1');
      t.after(() => office.close());
      equal(office.attach('kam1', 'tcp/1', null), null);
      connections.takesNothing = true;
      const big = eventOf(ownerOf('kam1'), 'call-end', { fromTag: 'x'.repeat(100_000) });
      for (let i = 0; i < 10; i++) office.take(big);
      const early = connections.cookies('tcp/1').length;
      ok(early < 10, `${early} were sent to one that takes nothing`);
      const before = performance.now();
      const closed = office.close();
      if (recovers) {
        await delay(50);
        connections.takesNothing = false;
        connections.waiting.clear();
      }
      await closed;
      ok(performance.now() - before < 1_500, `${performance.now() - before} ms`);
      equal(connections.cookies('tcp/1').length, recovers ? 10 : early);
    }
  },
);

test('what can be delivered is, before the end', BOUND, async (t) => {
  const hook = await HookServer.start(t);
  const { office, warnings } = openOffice(t);
  for (let i = 0; i < 20; i++) office.take(eventOf(ownerOf('kam1', [hook.url])));
  await office.close();
  deepEqual(seqs(hook), upTo(20));
  deepEqual(warnings, []);
});
