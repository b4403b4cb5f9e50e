/** Bad input to what reads the NG protocol off the wire, before any dictionary is decoded. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MAX_NG_COOKIE } from '../../src/protocol/ng/bounds.js';
import { parseAllowList } from '../../src/relay/ng/allowList.js';
import { formatNgAddress, parseNgAddress } from '../../src/relay/ng/ngAddress.js';
import { MAX_MESSAGE_BYTES, NgStreamReader } from '../../src/relay/ng/ngMessage.js';
import { bencoded, inJson } from '../rig/ngScene.js';
import { damaged, damages, FUZZ_BOUND, isQuick, parserSeconds, search } from './budget.js';

type Found = { readonly messages: string[]; readonly end: string };

function readAll(chunks: readonly string[]): Found {
  const reader = new NgStreamReader();
  const messages: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let read = reader.next(); read.kind !== 'more'; read = reader.next()) {
      if (read.kind === 'broken') return { messages, end: `${read.cookie} ${read.reason}` };
      const { cookie, payload } = read.message;
      ok(cookie !== null && cookie !== '' && cookie.length <= MAX_NG_COOKIE && !cookie.includes(' '));
      ok(payload.length <= MAX_MESSAGE_BYTES);
      messages.push(`${cookie} ${payload}`);
    }
  }
  return { messages, end: reader.isMidway ? 'midway' : 'whole' };
}

const cut = (text: string, sizes: readonly number[]): string[] => {
  const chunks: string[] = [];
  for (let at = 0, n = 0; at < text.length; n++) {
    const size = sizes[n % sizes.length]!;
    chunks.push(text.slice(at, at + size));
    at += size;
  }
  return chunks;
};

const cookies = fc.stringMatching(/^[a-z0-9_]{1,35}$/);
const bytes = fc.uint8Array({ maxLength: 60 }).map((list) => Buffer.from(list).toString('latin1'));
const value = fc.oneof(
  bytes,
  fc.maxSafeInteger(),
  fc.array(bytes, { maxLength: 3 }),
  fc.dictionary(bytes, bytes, { maxKeys: 3 }),
);
const payloads = fc
  .tuple(fc.dictionary(bytes, value, { maxKeys: 4 }), fc.boolean())
  .map(([dictionary, isJson]) => (isJson ? inJson : bencoded)(dictionary));
const streams = fc.array(fc.tuple(cookies, payloads), { maxLength: 5 });
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

test(
  '[NG-01] messages that are written one behind the other are read as they were, however they are cut',
  FUZZ_BOUND,
  async (t) => {
    await search(
      t,
      fc.tuple(streams, sizes, fc.constantFrom('', ' ', '\n', '\r\n\t')),
      ([messages, pieces, between]) => {
        const wanted = messages.map(([cookie, payload]) => `${cookie} ${payload}`);
        deepEqual(readAll(cut(wanted.join(between), pieces)), { messages: wanted, end: 'whole' });
      },
      parserSeconds(),
    );
  },
);

test('any bytes are read or given up, at once, and the same however they are cut', FUZZ_BOUND, async (t) => {
  const hostile = fc.oneof(
    fc.tuple(streams, damages()).map(([messages, list]) => {
      const text = messages.map(([cookie, payload]) => `${cookie} ${payload}`).join('');
      return Buffer.from(damaged(Buffer.from(text, 'latin1'), list)).toString('latin1');
    }),
    fc.stringMatching(/^[dlie0-9:{}["\]\\ x-]{0,80}$/),
    bytes,
  );
  await search(
    t,
    fc.tuple(hostile, sizes),
    ([text, pieces]) => {
      deepEqual(readAll(cut(text, pieces)), readAll([text]));
      isQuick(5, () => readAll([text]));
    },
    parserSeconds(),
  );
});

test('what comes byte by byte costs no more than it should, up to a megabyte', FUZZ_BOUND, () => {
  const size = MAX_MESSAGE_BYTES - 100;
  for (const text of [`1 {"a":"${'x'.repeat(size)}"}`, `1 d1:a${size}:${'x'.repeat(size)}e`, `1 d1:a${'l'.repeat(size)}`]) {
    const chunks = [...text];
    isQuick(2_000, () => readAll(chunks));
    isQuick(200, () => readAll([text]));
  }
});

test(
  'any NG socket name is read or refused in one line, and what is read can be written and read again',
  FUZZ_BOUND,
  async (t) => {
    const host = fc.oneof(
      fc.ipV4(),
      fc.ipV6().map((text) => `[${text}]`),
      fc.constantFrom('', '*', '[', ']', ':', '[::1]'),
      fc.string(),
    );
    const name = fc.tuple(
      fc.constantFrom('', 'udp:', 'udp6:', 'tcp:', 'http:', 'wss:'),
      host,
      fc.constantFrom('', ':0', ':1', ':65536', ':x'),
    );
    await search(t, name, (parts) => {
      const text = parts.join('');
      const parsed = parseNgAddress(text);
      if (!parsed.ok) return ok(parsed.error.startsWith(`NG socket ${text}: `));
      deepEqual(parseNgAddress(formatNgAddress(parsed.value)), parsed);
      ok(!/\s/.test(formatNgAddress(parsed.value)));
    });
  },
);

test('any entry of an allow-list is read or refused', FUZZ_BOUND, async (t) => {
  const entry = fc.oneof(
    fc.ipV4Extended(),
    fc.ipV6(),
    fc.tuple(fc.ipV6(), fc.nat(200)).map(([host, bits]) => `${host}/${bits}`),
    fc.string(),
  );
  await search(t, entry, (text) => {
    const list = parseAllowList([text]);
    equal(list.ok || list.error.startsWith(`${text}: expected `), true);
  });
});
