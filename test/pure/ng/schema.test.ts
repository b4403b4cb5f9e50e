import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApiDocument } from '../../../src/protocol/ng/openApi.js';
import { referenceTables } from '../../../src/protocol/ng/referenceTables.js';
import { errorReply, loadLimitReply, okReply, pongReply } from '../../../src/protocol/ng/reply.js';
import type { JsonSchema } from '../../../src/protocol/ng/replySchemas.js';
import { NG_COMMANDS } from '../../../src/protocol/ng/request.js';
import { ngJsonSchema } from '../../../src/protocol/ng/schema.js';
import { normalName } from '../../../src/protocol/ng/spelling.js';
import { errorOf, requestOf } from './ngGiven.js';

const KEYWORDS = [
  ...['$ref', 'anyOf', 'const', 'enum', 'type', 'properties', 'required', 'items', 'additionalProperties', 'pattern', 'minimum'],
  ...['description', 'examples', '$schema', '$id', 'title', '$defs', 'discriminator'],
];

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  array: (value) => Array.isArray(value),
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

/** The part of JSON Schema that is used here. A keyword that it does not know is an error. */
function fits(value: unknown, schema: JsonSchema, root: unknown): boolean {
  for (const keyword of Object.keys(schema)) assert.ok(KEYWORDS.includes(keyword), keyword);
  const at = schema as Readonly<Record<string, never>>;
  const keys = Object(value) as Readonly<Record<string, unknown>>;
  if ('$ref' in schema) return fits(value, resolved(String(schema['$ref']), root), root);
  if ('anyOf' in schema && !(schema['anyOf'] as JsonSchema[]).some((each) => fits(value, each, root))) return false;
  if ('const' in schema && value !== schema['const']) return false;
  if ('enum' in schema && !(schema['enum'] as unknown[]).includes(value)) return false;
  if ('type' in schema && ![schema['type']].flat().some((type) => TYPES[String(type)]!(value))) return false;
  if ('pattern' in schema && typeof value === 'string' && !new RegExp(String(schema['pattern'])).test(value)) return false;
  if (Array.isArray(value)) return at['items'] === undefined || value.every((each) => fits(each, at['items']!, root));
  if (typeof value !== 'object') return true;
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  if (!((schema['required'] ?? []) as string[]).every((key) => key in keys)) return false;
  return Object.entries(keys).every(([key, each]) =>
    fits(each, properties[key] ?? (at['additionalProperties'] as JsonSchema | undefined) ?? {}, root),
  );
}

function resolved(reference: string, root: unknown): JsonSchema {
  assert.ok(reference.startsWith('#/'), reference);
  const target = reference
    .slice(2)
    .split('/')
    .reduce((at, name) => (Object(at) as Record<string, unknown>)[name], root);
  assert.ok(typeof target === 'object' && target !== null, reference);
  return target as JsonSchema;
}

const SCHEMA = ngJsonSchema();
const part = (name: string): JsonSchema => ({ $ref: `#/$defs/${name}` });
const fitsPart = (value: unknown, name: string): boolean => fits(value, part(name), SCHEMA);

const REQUESTS: readonly Record<string, unknown>[] = [
  { command: 'ping' },
  {
    ...{
      command: 'offer',
      'call-id': 'c1',
      'from-tag': 'a',
      sdp: 'v=0\r\n',
      flags: ['trust-address', 'made-up'],
      replace: ['origin'],
    },
    ...{
      direction: ['priv', 'pub'],
      ICE: 'remove',
      supports: ['load limit'],
      'made-up': { a: 1 },
      'received-from': ['IP4', '127.0.0.1'],
    },
    ...{ codec: { strip: ['PCMU'] }, ptime: '20', TOS: 184, 'record-call': true, 'transport-protocol': 'RTP/AVP' },
  },
  { command: 'answer', 'call-id': 'c1', 'from-tag': 'a', 'to-tag': 'b', sdp: 'v=0\r\n', flags: 'trust-address,symmetric' },
  { command: 'delete', 'call-id': 'nope', 'from-tag': 'a', flags: ['fatal'], 'delete-delay': '0' },
  { command: 'play DTMF', 'call-id': 'c', code: '#', volume: 8 },
  { command: 'stop recording', 'call-id': 'c', pause: 'yes' },
  { command: 'list', limit: 10 },
  { command: 'subscribe answer', 'call-id': 'c', 'to-tag': 't', sdp: 'v=0\r\n' },
  { command: 'events', controller: 'sip1', after: 17, notify: ['connection'] },
];

test('[NG-01 NG-02] what is a request fits the schema, and is read', () => {
  for (const request of REQUESTS) {
    assert.ok(fitsPart(request, 'request'), JSON.stringify(request));
    assert.ok(fitsPart(request, `${String(request['command']).replaceAll(' ', '-')}-request`));
    assert.ok(fits(request, SCHEMA, SCHEMA));
    requestOf(JSON.stringify(request));
  }
});

test('what is refused does not fit', () => {
  for (const request of [
    ...[
      {},
      { command: 'frob' },
      { command: 'offer', 'call-id': 'c', 'from-tag': 'f' },
      { command: 'delete' },
      { command: 'play DTMF', 'call-id': 'c' },
    ],
    ...[
      { command: 'answer', 'call-id': 'c', 'from-tag': 'a', sdp: 'v=0' },
      { command: 'unsubscribe', 'call-id': 'c' },
    ],
  ]) {
    assert.equal(fitsPart(request, 'request'), false, JSON.stringify(request));
    errorOf(JSON.stringify(request));
  }
  assert.equal(fitsPart({ command: 'list', limit: 'many' }, 'list-request'), false);
});

test('replies fit the schema of their command', () => {
  const counts = { packets: 1, bytes: 160, errors: 0 };
  const mos = { MOS: 43, 'packet loss': 0, jitter: 2, 'round-trip time': 1200, samples: 3, 'reported at': 17 };
  const call = {
    ...{ created: 1, created_us: 2, created_ts: 1, 'last signal': 1, totals: { RTP: counts, RTCP: counts } },
    SSRC: { '305419896': { bytes: 160, packets: 1, 'average MOS': mos } },
    tags: {
      a: {
        tag: 'a',
        label: 'x',
        created: 1,
        medias: [{ index: 1, type: 'audio', streams: [{ 'local port': 4000, stats: counts }] }],
      },
    },
  };
  assert.ok(fitsPart(pongReply, 'ping-reply'));
  assert.equal(fitsPart(okReply(), 'ping-reply'), false);
  assert.ok(fitsPart(okReply({ sdp: 'v=0' }), 'offer-reply'));
  for (const command of ['query', 'delete']) assert.ok(fitsPart(okReply(call), `${command}-reply`));
  assert.equal(fitsPart(okReply({ ...call, created: 'yesterday' }), 'query-reply'), false);
  assert.ok(fitsPart(okReply({ calls: ['c'] }), 'list-reply'));
  assert.equal(fitsPart(okReply({ calls: 'c' }), 'list-reply'), false);
  for (const command of NG_COMMANDS) {
    const name = `${command.replaceAll(' ', '-')}-reply`;
    for (const reply of [errorReply('x'), loadLimitReply('x')])
      assert.ok(fitsPart(reply, name) && fitsPart(reply, 'reply'), name);
    assert.equal(fitsPart({ result: 'maybe' }, name), false);
  }
});

/** Every reference in a document. */
function referencesOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => (key === '$ref' ? [String(each)] : referencesOf(each)));
}

test('every reference leads somewhere, in the schema and in the OpenAPI document', () => {
  const document = openApiDocument('1.2.3');
  for (const root of [SCHEMA, document]) {
    assert.ok(referencesOf(root).length > 50);
    for (const reference of referencesOf(root)) resolved(reference, root);
    assert.deepEqual(JSON.parse(JSON.stringify(root)), root);
  }
  assert.equal((document['info'] as JsonSchema)['version'], '1.2.3');
  assert.deepEqual(Object.keys(document['paths'] as object), ['/ng-plain', '/ng', '/events', '/ping']);
  for (const request of REQUESTS) assert.ok(fits(request, { $ref: '#/components/schemas/request' }, document));
  const { mapping } = (JSON.parse(JSON.stringify(document)) as { paths: Record<string, never> }).paths['/ng-plain']!['post']![
    'requestBody'
  ]!['content']!['application/json']!['schema']!['discriminator'] as { mapping: Record<string, string> };
  for (const target of Object.values(mapping)) resolved(target, document);
});

test('no key and no flag stands in the tables twice, and each has its line', () => {
  const { keys, flags, commands } = referenceTables();
  for (const rows of [keys, flags]) {
    const names = rows.flatMap(({ name, also }) => [name, ...also]).map(normalName);
    assert.deepEqual(
      names.filter((name, i) => names.indexOf(name) !== i),
      [],
    );
    for (const { name, meaning, commands: taking } of rows)
      assert.ok(name !== '' && meaning !== '' && taking !== '' && !meaning.endsWith('.'), name);
  }
  assert.deepEqual(
    commands.map(({ name }) => name),
    [...NG_COMMANDS],
  );
  assert.deepEqual([...new Set([...keys, ...flags].map(({ effect }) => effect))].sort(), ['done', 'not done']);
  assert.equal(keys.find(({ name }) => name === 'T.38')?.effect, 'not done');
  assert.equal(keys.find(({ name }) => name === 'command')?.commands, 'all');
});
