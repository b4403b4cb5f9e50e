/** Bad input to the admin socket: whatever somebody says, it is answered or refused, and others are served. */
import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatTold, readAnswer, readRequest, readTold } from '../../src/relay/admin/protocol.js';
import { formatStatus, readStatus } from '../../src/relay/admin/status.js';
import { openScene, RawClient, until } from '../rig/adminScene.js';
import { lost, stepOf, told } from '../rig/toldRecords.js';
import { damaged, damages, FUZZ_BOUND, search } from './budget.js';

const MOST_SHOWN = 200;
const GOOD = [
  '{"ask":"status"}',
  '{"ask":"call","call":"known"}',
  '{"ask":"watch","call":null}',
  '{"ask":"watch","call":"known"}',
];

const values = (): fc.Arbitrary<string> =>
  fc.oneof(
    fc.json(),
    fc.string({ unit: 'binary' }),
    fc
      .record({ ask: fc.oneof(fc.constantFrom('call', 'status', 'watch'), fc.jsonValue()), call: fc.jsonValue() })
      .map((value) => JSON.stringify(value)),
    fc.tuple(fc.constantFrom(...GOOD), damages()).map(([text, list]) => Buffer.from(damaged(Buffer.from(text), list)).toString()),
    fc.nat({ max: 60_000 }).map((depth) => '['.repeat(depth)),
  );

test('any line is read as a request or refused in one short line', FUZZ_BOUND, async (t) => {
  await search(t, values(), (line) => {
    const read = readRequest(line);
    if (!read.ok) ok(read.error.length < MOST_SHOWN && !read.error.includes('\n'), read.error);
    else ok(GOOD.some((good) => JSON.parse(good).ask === read.value.ask));
  });
});

test('any line is read as an answer, as something told, and as a status, or not', FUZZ_BOUND, async (t) => {
  const lines = [
    formatTold(told(stepOf('known'))),
    formatTold(lost(3)),
    '{"ok":true,"status":{"shards":[{"shard":0,"load":1}]}}',
  ];
  const broken = fc
    .tuple(fc.constantFrom(...lines), damages())
    .map(([text, list]) => Buffer.from(damaged(Buffer.from(text), list)).toString());
  await search(t, fc.oneof(values(), broken), (line) => {
    const answer = readAnswer(line);
    if (answer.ok) {
      const status = readStatus(answer.value['status']);
      if (status.ok) for (const shown of formatStatus(status.value, 0)) ok(!/\p{Cc}/u.test(shown));
    } else equal(typeof answer.error, 'string');
    const read = readTold(line);
    if (read?.kind === 'lost') equal(typeof read.records, 'number');
    else if (read !== null) equal(typeof read.record.kind, 'string');
  });
});

/** What a client does: says bytes, says lines, waits a turn, and goes politely or not. */
const acts = () =>
  fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.uint8Array({ maxLength: 200 }) },
      { weight: 3, arbitrary: fc.constantFrom(...GOOD).map((line) => Buffer.from(`${line}\n`)) },
      { weight: 2, arbitrary: values().map((line) => Buffer.from(`${line}\n`)) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 200_000 }).map((bytes) => Buffer.alloc(bytes, 'x')) },
      { weight: 2, arbitrary: fc.constant('wait' as const) },
    ),
    { maxLength: 12 },
  );

test(
  'whatever clients say, in whatever pieces, and however they go: the next one is served, and nothing stays behind',
  FUZZ_BOUND,
  async (t) => {
    const { path, happens, watched } = await openScene(t);
    const clients = fc.array(fc.tuple(acts(), fc.constantFrom('end', 'destroy', 'stay' as const)), {
      minLength: 1,
      maxLength: 6,
    });
    await search(t, clients, async (each) => {
      const open = await Promise.all(
        each.map(async ([says, leaves]) => {
          const client = await RawClient.open(t, path);
          for (const act of says) {
            if (act === 'wait') await new Promise(setImmediate);
            else client.say(act);
          }
          if (leaves === 'end') client.socket.end();
          if (leaves === 'destroy') client.socket.destroy();
          return client;
        }),
      );
      happens.next(told(stepOf('known')));
      const polite = await RawClient.open(t, path);
      equal((await polite.ask({ ask: 'status' }))['ok'], true);
      for (const client of [...open, polite]) {
        for (const line of client.lines) JSON.parse(line);
        client.socket.destroy();
      }
      await until(() => watched.length === 0);
    });
  },
);
