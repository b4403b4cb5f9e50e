import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ngJsonSchema } from '../../src/protocol/ng/schema.js';
import { CALL_EVENT_SCHEMA } from '../../src/relay/callEvents/schema.js';
import { ngDocument } from '../../src/relay/ng/ngDocuments.js';

const PROGRAM = fileURLToPath(new URL('../../src/cli/rtpbridge.js', import.meta.url));
const rtpbridge = (...args: readonly string[]) =>
  spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8', timeout: 10_000, killSignal: 'SIGKILL' });
const parsed = (text: string): Record<string, never> => JSON.parse(text) as Record<string, never>;

test('[NG-02] the OpenAPI document has the schema of events, and names it where they are sent', () => {
  const document = parsed(ngDocument('openapi', '1.2.3'));
  const { $schema: _, ...events } = parsed(JSON.stringify(CALL_EVENT_SCHEMA));
  assert.deepEqual(document['components']!['schemas']!['event'], events);
  const reference = { $ref: '#/components/schemas/event' };
  const { schema } = document['paths']!['/events']!['get']!['responses']!['200']!['content']!['text/event-stream']!;
  assert.deepEqual(schema['contentSchema'], reference);
  assert.deepEqual(document['webhooks']!['event']!['post']!['requestBody']!['content']!['application/json'], {
    schema: reference,
  });
});

test('rtpbridge schema prints each document, and refuses what it does not know', () => {
  assert.deepEqual(parsed(rtpbridge('schema').stdout), ngJsonSchema());
  assert.equal(parsed(rtpbridge('schema', '--openapi').stdout)['openapi'], '3.1.0');
  assert.deepEqual(parsed(rtpbridge('schema', '--events').stdout), parsed(ngDocument('events', '')));
  for (const args of [['--openapi', '--events'], ['--what'], ['it']]) {
    const { status, stderr } = rtpbridge('schema', ...args);
    assert.equal(status, 1);
    assert.match(stderr, /^rtpbridge: .*\n$/);
  }
});
