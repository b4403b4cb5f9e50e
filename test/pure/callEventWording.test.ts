/** How events of calls are published, and where they may go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { CALL_EVENTS, type CallEvent, type CallEventName } from '../../src/relay/callEvents/callEvent.js';
import { CALL_EVENT_SCHEMA, type JsonSchema } from '../../src/relay/callEvents/schema.js';
import { bytesOfText, textOfBytes } from '../../src/relay/callEvents/text.js';
import {
  checkWays,
  classicLine,
  hearingProblem,
  isToldBy,
  ownerFor,
  parseWay,
  readController,
  shownWay,
} from '../../src/relay/callEvents/ways.js';
import { jsonOf, publish, publishLoss, pushOf, streamTextOf } from '../../src/relay/callEvents/wording.js';
import type { NgOrigin } from '../../src/relay/ng/ngOrigin.js';
import { parsePermitted } from '../../src/relay/notify/targets.js';
import { eventOf, ownerOf, START_MS } from '../rig/callEvents.js';

const NUMBERING = { controller: 'kam1', seq: 7, run: START_MS };
const OWNER = ownerOf('kam1');

/** What only some events have, one for each. */
const DETAILS: Readonly<Record<CallEventName, Partial<CallEvent>>> = {
  'media-start': { media: 1, tag: 'f', label: 'A', details: { side: 'from' } },
  silence: { media: 1, tag: 't', details: { side: 'to' } },
  'media-timeout': { reason: 'timeout', details: { 'duration-ms': 61_000 } },
  dtmf: { media: 1, details: { side: 'to', digit: '#', 'duration-ms': 200, volume: 10, untold: 4 } },
  'recording-finished': {
    media: 1,
    details: { recording: 1, files: ['/rec/a.wav'], packets: 3, 'duration-ms': 20, 'started-at': START_MS },
  },
  'play-finished': { media: 2, reason: 'stopped', details: { side: 'from', prompt: 'x', 'duration-ms': 5.6 } },
  'call-end': { reason: 'deleted', details: { 'duration-ms': 3 } },
};

type Read = {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly minimum?: number;
};

/** What is wrong with a value, as far as the schema says. Knows what the schema uses, and no more. */
function problems(schema: JsonSchema, value: unknown, at = ''): string[] {
  const { type, properties, required, items, oneOf, minimum } = schema as Read;
  const wrong = (what: string): string[] => [`${at || 'it'}: ${what}`];
  if (oneOf !== undefined) {
    const each = oneOf.map((one) => problems(one, value, at));
    const fits = each.filter((found) => found.length === 0).length;
    return fits === 1 ? [] : wrong(`fits ${fits} of them: ${each.flat().join(', ')}`);
  }
  if ('const' in schema && value !== schema['const']) return wrong(`is not ${String(schema['const'])}`);
  if ('enum' in schema && !(schema['enum'] as unknown[]).includes(value)) return wrong('is none of them');
  if (type === 'string' && typeof value !== 'string') return wrong('no string');
  if (type === 'integer' && !(Number.isInteger(value) && Number(value) >= (minimum ?? Number.NEGATIVE_INFINITY)))
    return wrong('no such integer');
  if (type === 'array') return (value as unknown[]).flatMap((each, i) => problems(items ?? {}, each, `${at}[${i}]`));
  if (type !== 'object') return [];
  const known = properties ?? {};
  const given = value as Record<string, unknown>;
  return [
    ...(required ?? []).filter((key) => !(key in given)).map((key) => `${at}.${key} is missing`),
    ...Object.keys(given).flatMap((key) => (known[key] ? problems(known[key], given[key], `${at}.${key}`) : [`${at}.${key}?`])),
  ];
}

const published = (name: CallEventName, more: Partial<CallEvent> = {}): NgDictionary =>
  publish(eventOf(OWNER, name, { ...DETAILS[name], ...more }).event, NUMBERING);

test('the JSON of every event is what the schema says, and has no key that it does not name', () => {
  for (const name of CALL_EVENTS) {
    assert.deepEqual(problems(CALL_EVENT_SCHEMA, JSON.parse(jsonOf(published(name)))), [], name);
    assert.notDeepEqual(problems(CALL_EVENT_SCHEMA, { ...published(name), seq: 0 }), [], 'a schema that can refuse');
  }
  const loss = publishLoss({ count: 3, firstSeq: 1, lastSeq: 7, at: START_MS }, NUMBERING);
  assert.deepEqual(problems(CALL_EVENT_SCHEMA, JSON.parse(jsonOf(loss))), []);
});

test('[NG-29] an event in full, as JSON, as a push over NG and as a server-sent event', () => {
  const event = published('media-timeout', { toTag: null, branch: 'b1' });
  const nothing = { packets: 0, bytes: 0, relayed: 0, dropped: 0 };
  assert.deepEqual(event, {
    ...{ version: 1, controller: 'kam1', run: START_MS, seq: 7, event: 'media-timeout', at: START_MS },
    ...{ 'call-id': 'c', 'from-tag': 'f', 'via-branch': 'b1', reason: 'timeout', 'duration-ms': 61_000 },
    counters: { from: nothing, to: nothing },
  });
  assert.deepEqual(pushOf(event), { notify: 'media-timeout', data: event });
  assert.equal(streamTextOf(7, 'dtmf', '{}'), 'id: 7\nevent: dtmf\ndata: {}\n\n');
});

test('bytes that are UTF-8 become that text, others Latin-1; nothing breaks the line', () => {
  const given = published('silence', { callId: 'm\xc3\xbcller\n"\\', fromTag: '\xff\xfe', tag: '50%\xc3\xa9' });
  const json = jsonOf(given);
  assert.ok(!json.includes('\n'));
  const read = JSON.parse(json);
  assert.deepEqual([read['call-id'], read['from-tag'], read.tag], ['müller\n"\\', 'ÿþ', '50%é']);
});

test('text survives as bytes, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const bytes = bytesOfText(text);
      assert.equal(bytes, Buffer.from(text, 'utf8').toString('latin1'));
      assert.equal(textOfBytes(bytes), Buffer.from(text, 'utf8').toString('utf8'));
    }),
  );
  assert.equal(bytesOfText('\ud800x'), '\xef\xbf\xbdx');
});

const ORIGIN: NgOrigin = {
  ...{ host: '192.0.2.5', local: '192.0.2.1', transport: 'tcp', client: '192.0.2.5', identity: null, connection: 'tcp/1' },
};
const PERMITTED = (() => {
  const parsed = parsePermitted(['/run/b2b.sock', 'tcp:%%CC_SELF%%:5060', 'xmlrpc:http://10.0.0.1:80/RPC2']);
  assert.ok(parsed.ok);
  return parsed.value;
})();
const WAYS = [
  'https://hooks.example/rtp',
  'http://10.0.0.2:8080/',
  'http://10.0.0.3',
  'unix:/run/events.sock',
  'xmlrpc:http://10.0.0.4/RPC',
];
const check = (...ways: string[]) => checkWays(ways, { ways: WAYS }, PERMITTED, ORIGIN);

test('a client may name its connection, what -n permits, and the ways of the settings or URLs below them', () => {
  const allowed = [
    ...['connection', 'https://hooks.example/rtp', 'https://hooks.example/rtp/kam1?x=1', 'https://hooks.example/rtp?y'],
    ...['http://10.0.0.2:8080/a/b', 'http://10.0.0.3/a', 'http://10.0.0.3?a', 'unix:/run/events.sock'],
  ];
  for (const way of allowed) assert.deepEqual(check(way), { ok: true, value: [way] });
  assert.deepEqual(check('/run/b2b.sock', 'unix:/run/b2b.sock', 'xmlrpc:http://10.0.0.1:80/RPC2'), {
    ok: true,
    value: ['unix:/run/b2b.sock', 'xmlrpc:http://10.0.0.1:80/RPC2'],
  });
  assert.deepEqual(check('tcp:%%CC_SELF%%:5060'), { ok: true, value: ['tcp:192.0.2.5:5060'] });
});

test('anything else is refused, however it is disguised, and the answer names the setting', () => {
  const strange = [
    ...['xmlrpc:http://10.0.0.4/RPC/../x', 'xmlrpc:http://10.0.0.4/RPC2', 'xmlrpc:http://10.0.0.4@evil/RPC'],
    ...['https://hooks.example/rtp2', 'https://hooks.example/', 'http://hooks.example/rtp', 'https://hooks.example.evil/rtp'],
    ...['https://hooks.example/rtp/../admin', 'https://hooks.example/rtp/%2e%2E/admin', 'https://hooks.example/rtp/..%2fadmin'],
    ...['https://hooks.example/rtp/\\..\\admin', 'https://hooks.example/rtp/ x', 'https://hooks.example/rtp/#x'],
    ...['http://10.0.0.3@evil/', 'http://10.0.0.3:99/', 'http://10.0.0.30/', 'http://169.254.169.254/', 'unix:/run/other.sock'],
    ...[
      'unix:/run/events.sock/x',
      'tcp:127.0.0.1:25',
      'xmlrpc:http://10.0.0.1:80/RPC2/x',
      'file:///etc/passwd',
      '',
      'connection2',
    ],
  ];
  for (const way of strange) {
    const checked = check(way);
    assert.ok(!checked.ok, way);
    assert.match(checked.error, /^notify ".*": (?:not permitted; events\.ways of the settings|expected connection, http)/s);
  }
  const udp = checkWays(['connection'], { ways: WAYS }, PERMITTED, { ...ORIGIN, connection: null });
  assert.ok(!udp.ok && udp.error.includes('TCP or WebSocket'));
  assert.ok(!check(...Array.from({ length: 9 }, () => 'connection')).ok);
  assert.ok(!check(`https://hooks.example/rtp/${'x'.repeat(3_000)}`).ok);
});

test('who names no controller is one itself: by its token, or by its address', () => {
  const wishes = { controller: null, notify: ['connection'], notifyTag: 'T1' };
  assert.deepEqual(ownerFor(wishes, ORIGIN, { ways: [] }, []), {
    ok: true,
    value: { controller: '192.0.2.5', ways: ['connection'], tag: 'T1' },
  });
  const named = ownerFor({ ...wishes, notify: [], notifyTag: null }, { ...ORIGIN, identity: 'edge' }, { ways: [] }, []);
  assert.deepEqual(named, { ok: true, value: { controller: 'edge', ways: [] } });
  for (const name of ['', 'x'.repeat(129), 'a\nb']) assert.ok(!readController(name).ok, name);
  assert.ok(!ownerFor({ ...wishes, controller: 'a\0' }, ORIGIN, { ways: [] }, []).ok);
});

test('[NG-17] a call may be opened for another controller, but its events do not come by the connection of who has shown another name', () => {
  const wishes = { controller: 'kam2', notify: ['connection'], notifyTag: null };
  const as = (identity: string | null, notify = wishes.notify) =>
    ownerFor({ ...wishes, notify }, { ...ORIGIN, identity }, { ways: [] }, []);
  for (const identity of [null, 'kam2']) assert.ok(as(identity).ok);
  assert.deepEqual(as('kam1'), { ok: false, error: 'notify connection: events of kam2: kam1 may have its own only' });
  assert.deepEqual(as('kam1', []), { ok: true, value: { controller: 'kam2', ways: [] } });
  assert.equal(hearingProblem('kam2', 'kam1'), 'events of kam2: kam1 may have its own only');
  for (const identity of [null, 'kam2']) assert.equal(hearingProblem('kam2', identity), null);
});

test('classic sockets are told of timeouts and digits, in rtpproxy words; XML-RPC of timeouts', () => {
  const [socket, xmlrpc, hook] = ['tcp:[::1]:99', 'xmlrpc:http://10.0.0.1/', 'http://10.0.0.1/'].map((way) => parseWay(way)!);
  const toldBy = (way: typeof socket) => CALL_EVENTS.filter((name) => isToldBy(way!, eventOf(OWNER, name).event));
  assert.deepEqual(toldBy(socket), ['media-timeout', 'dtmf']);
  assert.deepEqual(toldBy(xmlrpc), ['media-timeout']);
  assert.deepEqual(toldBy(hook), CALL_EVENTS);
  const { event } = eventOf(OWNER, 'dtmf', DETAILS.dtmf);
  assert.equal(classicLine(event, 'T1'), 'T1 # 10 1600 1');
  assert.equal(classicLine({ ...event, event: 'media-timeout' }, 'T1'), 'T1');
  assert.equal(classicLine({ ...event, event: 'media-timeout', callId: 'c\nforged\0' }, undefined), 'c_forged_');
});

test('a way stands in the log without what is secret', () => {
  assert.equal(shownWay('https://user:pass@hooks.example/rtp?token=x'), 'https://hooks.example/rtp?…');
});
