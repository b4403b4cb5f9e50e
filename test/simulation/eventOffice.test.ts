/** Events of calls to those who are attached, with time that passes when it is told to. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { EventOffice } from '../../src/io/callEvents/eventOffice.js';
import type { OfficeLimits } from '../../src/relay/callEvents/office.js';
import type { EventSettings } from '../../src/relay/settings/settings.js';
import { Clock, eventOf, FakeConnections, FakeStream, ownerOf, SETTINGS } from '../rig/callEvents.js';

const BY_CONNECTION = ownerOf('kam1', ['connection']);

function scene(t: TestContext, limits: Partial<OfficeLimits> = {}, settings: EventSettings = SETTINGS) {
  const clock = new Clock();
  const connections = new FakeConnections();
  const warnings: string[] = [];
  const office = new EventOffice({ settings, connections, clock: clock.read, warn: (text) => warnings.push(text), limits });
  t.after(() => office.close());
  const tell = (count: number, owner = BY_CONNECTION): void => {
    for (let i = 0; i < count; i++) office.take(eventOf(owner));
  };
  const pass = (ms: number): void => {
    clock.now += ms;
    office.tick();
  };
  return { clock, connections, warnings, office, tell, pass };
}

const cookies = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `event-${from + i}`);

test('[NG-17] the event of a call goes to the connection that the call came by, of its own controller only', (t) => {
  const { connections, office, tell } = scene(t);
  connections.open('tcp/1', 'ws/2');
  office.use('kam1', 'tcp/1');
  office.use('kam2', 'ws/2');
  tell(2);
  tell(1, ownerOf('kam2', ['connection']));
  tell(1, ownerOf('kam1', ['http://127.0.0.1:9/']));
  assert.deepEqual(connections.cookies('tcp/1'), cookies(1, 2));
  assert.deepEqual(connections.cookies('ws/2'), cookies(1, 1));
  const { event } = connections.pushed.get('ws/2')![0]!;
  assert.equal(event['notify'], 'call-end');
  assert.deepEqual((event['data'] as Record<string, unknown>)['controller'], 'kam2');
});

test('[NG-17] nothing is lost while a controller is away for a minute: it comes again, and goes on behind the number it has', (t) => {
  const { connections, office, tell, pass } = scene(t);
  connections.open('tcp/1');
  assert.equal(office.attach('kam1', 'tcp/1', null), null);
  tell(3);
  connections.close('tcp/1');
  for (let i = 0; i < 60; i++) {
    tell(1);
    pass(1_000);
  }
  connections.open('tcp/2', 'tcp/3', 'tcp/4');
  office.attach('kam1', 'tcp/2', null);
  assert.deepEqual(connections.cookies('tcp/2'), cookies(4, 63), 'who does not say how far it got: what nobody was told');
  office.attach('kam1', 'tcp/3', 60);
  assert.deepEqual(connections.cookies('tcp/3'), cookies(61, 63));
  office.attach('kam1', 'tcp/4', 5_000);
  assert.deepEqual(connections.cookies('tcp/4'), cookies(1, 63), 'a number of another run');
  tell(1);
  for (const name of ['tcp/2', 'tcp/3', 'tcp/4']) assert.equal(connections.cookies(name).at(-1), 'event-64');
  office.attach('kam1', 'tcp/2', null);
  assert.equal(connections.cookies('tcp/2').length, 61, 'asked again, it is told nothing twice');
  assert.ok(office.detach('kam1', 'tcp/2'));
  assert.ok(!office.detach('kam1', 'tcp/2') && !office.detach('nobody', 'tcp/2'));
  tell(1);
  assert.equal(connections.cookies('tcp/2').length, 61);
});

test('the connection of another call takes the place of one that has ended; what the kernel had not taken is told again', (t) => {
  const { connections, office, tell } = scene(t);
  connections.open('ws/1', 'ws/2');
  office.use('kam1', 'ws/2');
  office.use('kam1', 'ws/1');
  tell(2);
  assert.deepEqual(connections.cookies('ws/1'), cookies(1, 2), 'the last one that a call came by');
  connections.takesNothing = true;
  tell(2);
  assert.deepEqual(connections.cookies('ws/1'), cookies(1, 4));
  connections.takesNothing = false;
  connections.close('ws/1');
  assert.deepEqual(connections.cookies('ws/2'), cookies(3, 4));
  connections.close('ws/2');
  tell(1);
  connections.open('ws/3');
  office.use('kam1', 'ws/3');
  assert.deepEqual(connections.cookies('ws/3'), cookies(5, 5));
});

test('who asks is told instead of the connections of calls, and nothing is told twice when it goes', (t) => {
  const { connections, office, tell } = scene(t);
  connections.open('ws/1', 'tcp/2');
  office.use('kam1', 'ws/1');
  tell(1);
  office.attach('kam1', 'tcp/2', null);
  tell(2);
  assert.deepEqual(connections.cookies('ws/1'), cookies(1, 1));
  assert.deepEqual(connections.cookies('tcp/2'), cookies(2, 3));
  connections.close('tcp/2');
  assert.deepEqual(connections.cookies('ws/1'), cookies(1, 1));
  tell(1);
  assert.deepEqual(connections.cookies('ws/1'), ['event-1', 'event-4']);
});

test('a stream of server-sent events goes on behind Last-Event-ID, and is kept alive by comments', (t) => {
  const { office, tell, pass } = scene(t);
  tell(3);
  const first = new FakeStream('kam1');
  assert.equal(office.attach(first.stream), null);
  assert.deepEqual(first.ids, [1, 2, 3]);
  assert.match(first.text, /^id: 1\nevent: call-end\ndata: \{"version":1,.*"seq":1,.*\}\n\n/);
  first.close();
  tell(2);
  const again = new FakeStream('kam1', 2);
  const other = new FakeStream('kam2');
  office.attach(again.stream);
  office.attach(other.stream);
  assert.deepEqual(again.ids, [3, 4, 5]);
  assert.equal(other.text, '');
  pass(14_999);
  assert.equal(other.text, '');
  pass(1);
  assert.equal(other.text, ':\n\n');
  assert.deepEqual(first.ids, [1, 2, 3], 'who has gone is told nothing more');
});

test('a stream that takes nothing costs a bounded amount, and is told what was lost when it takes again', (t) => {
  const { office, tell, pass } = scene(t, { events: 100 });
  const slow = new FakeStream('kam1', 0);
  office.attach(slow.stream);
  slow.buffered = 1 << 20;
  tell(1_000);
  assert.equal(slow.text, '');
  assert.ok(office.figures.bytes < 200_000);
  slow.buffered = 0;
  pass(0);
  assert.deepEqual(slow.ids, [900, ...Array.from({ length: 100 }, (_, i) => 901 + i)]);
  assert.match(slow.text, /^id: 900\nevent: events-lost\ndata: .*"lost":900,"first-seq":1,"last-seq":900\}/);
});

test('who asks for what is not kept any more is told how much is missing', (t) => {
  const { office, tell, pass } = scene(t);
  tell(5);
  pass(SETTINGS.keepMs - 1);
  tell(1);
  pass(1);
  const late = new FakeStream('kam1', 2);
  office.attach(late.stream);
  assert.deepEqual(late.ids, [5, 6]);
  assert.match(late.text, /"lost":3,"first-seq":3,"last-seq":5/);
});

test('other settings hold from the next event on', (t) => {
  const { office, tell, pass, connections } = scene(t);
  connections.open('tcp/1');
  office.use('kam1', 'tcp/1');
  tell(1, ownerOf('kam1'));
  assert.deepEqual(connections.cookies('tcp/1'), [], 'no way is named');
  office.settings = { ...SETTINGS, ways: ['connection'], keepMs: 1_000 };
  tell(1, ownerOf('kam1'));
  assert.deepEqual(connections.cookies('tcp/1'), cookies(2, 2));
  pass(1_000);
  assert.equal(office.figures.bytes, 0);
});

test('a controller that nobody comes for is forgotten, with a word in the log; one that is too many is told there, too', (t) => {
  const { office, tell, pass, warnings, connections } = scene(t, { controllers: 2 });
  tell(1, ownerOf('a', ['connection']));
  tell(1, ownerOf('b', ['nonsense']));
  tell(2, ownerOf('c'));
  pass(SETTINGS.keepMs);
  assert.deepEqual(warnings, [
    'events to nonsense: not told there: it is no way of events',
    'events: "c" is one controller too many, its events are lost',
    'events to "a": nobody came for 1, they are lost',
  ]);
  connections.open('tcp/1');
  assert.equal(office.attach('c', 'tcp/1', null), null);
  assert.equal(office.figures.controllers, 2);
});

test('so many are told of the events of a controller, and no more', (t) => {
  const { office } = scene(t);
  const answers = Array.from({ length: 65 }, () => office.attach(new FakeStream('kam1').stream));
  assert.equal(answers.filter((answer) => answer === null).length, 64);
  assert.match(answers.at(-1)!, /expected at most 64/);
});

test('the end says what was not delivered, ends streams, and takes nothing more', async (t) => {
  const { office, tell, warnings, connections } = scene(t);
  const stream = new FakeStream('kam2');
  office.attach(stream.stream);
  tell(3);
  await office.close();
  assert.deepEqual(warnings, ['events to "kam1": the relay ends, 3 not delivered']);
  assert.ok(stream.isEnded);
  connections.open('tcp/1');
  tell(1);
  assert.match(office.attach('kam1', 'tcp/1', 0) ?? '', /events/);
  assert.deepEqual(connections.cookies('tcp/1'), []);
});
