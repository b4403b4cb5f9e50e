import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { JobPool } from '../../src/io/jobs/jobPool.js';
import { makeann } from '../../src/io/prompts/makeann.js';
import { openPromptStore } from '../../src/io/prompts/promptStore.js';
import { buildAu } from '../../src/protocol/audio/au.js';
import { plainCodecs } from '../../src/protocol/audio/codecs.js';
import { writeSamples } from '../../src/protocol/audio/samples.js';
import { encodePrompt } from '../../src/relay/tools/encodePrompt.js';
import { parseMakeann } from '../../src/relay/tools/makeannOptions.js';
import { raw, tone, wavOf } from '../rig/sounds.js';
import { temporaryFolder } from '../rig/startAttempt.js';
import { damaged, damages, FUZZ_BOUND, parserSeconds, search } from './budget.js';

const codecs = plainCodecs();
const samples = tone(900, 8000);
const WHOLE = [
  wavOf(samples, 8000),
  wavOf(samples, 44_100, 2),
  buildAu({ encoding: 'pcm16', sampleRate: 8000, channels: 1, data: writeSamples(samples, 'pcm16', false) }),
  raw(samples),
];
/** Damage to the header, mostly. */
const files = fc
  .record({ whole: fc.constantFrom(...WHOLE), damage: damages(), near: fc.boolean() })
  .map(({ whole, damage, near }) =>
    damaged(
      whole,
      damage.map((each) => (near ? { ...each, at: each.at % 60 } : each)),
    ),
  );
const isOneLine = (text: string): boolean => text.length > 0 && text.length < 500 && !/[\r\n\0]/.test(text);

test('a sound file with any damage is a prompt or one clear sentence', FUZZ_BOUND, (t) =>
  search(t, fc.record({ file: files, payloadType: fc.constantFrom(0, 3, 8, 9) }), ({ file, payloadType }) => {
    const made = encodePrompt(file, codecs.get(payloadType)!);
    if (!made.ok) assert.ok(isOneLine(made.error), made.error);
    else assert.ok(made.value.length <= file.length * 16 + 33, 'no rate and no size makes much of little');
  }),
);

test('any command line of makeann is understood or refused', FUZZ_BOUND, (t) => {
  const words = fc.oneof(fc.string(), fc.constantFrom('-l', '-L', '-v', '--raw', '--', '-Ll', '-l5', '5', '-', 'a', '--help'));
  return search(
    t,
    fc.array(words, { maxLength: 6 }),
    (args) => {
      const wish = parseMakeann(args);
      if (!wish.ok) assert.notEqual(wish.error, '');
      else if (wish.value !== 'help') {
        const { input, template, limit, loop } = wish.value;
        assert.ok(args.includes(input) && args.includes(template));
        assert.ok(limit === null ? !loop : Number.isInteger(limit) && limit > 0);
      }
    },
    parserSeconds(),
  );
});

test('makeann makes all files of any input, or none, and says why', FUZZ_BOUND, async (t) => {
  const folder = await temporaryFolder(t);
  const [input, out] = [join(folder, 'in'), join(folder, 'out')];
  mkdirSync(out);
  const said = new Set<string>();
  const nothing = (): void => {};
  const world = {
    codecs,
    say: (line: string): void => void said.add(line),
    debug: nothing,
    reach: nothing,
  };
  const limits = fc.option(fc.integer({ min: 1, max: 3000 }));
  await search(t, fc.record({ file: files, limit: limits, loop: fc.boolean(), isRaw: fc.boolean() }), async (given) => {
    const { file, limit, isRaw } = given;
    writeFileSync(input, file);
    const options = { input, template: join(out, 'x'), limit, loop: given.loop && limit !== null, vad: false, raw: isRaw };
    const made = await makeann(options, world);
    if (!made.ok) assert.ok(isOneLine(made.error), made.error);
    const there = readdirSync(out).sort();
    assert.ok(there.length === 0 || there.join() === 'x.0,x.3,x.8,x.9', there.join());
  });
  assert.equal(said.size, 1, 'that there is no G.729');
});

test(
  'a store that is asked for any name, with any file behind it, answers or says no, and stays inside itself',
  FUZZ_BOUND,
  async (t) => {
    const folder = await temporaryFolder(t);
    const jobs = new JobPool({ workerFile: fileURLToPath(new URL('../../workers/jobs.js', import.meta.url)) });
    t.after(() => jobs.close());
    const warnings: string[] = [];
    const store = openPromptStore({ jobs, warn: (text) => warnings.push(text), maxBytes: 100_000 });
    const names = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('a', '../a', '/', '.', '..', '/dev/zero', '/dev/stdin', 'a/../a', '~'),
    );
    const types = fc.array(fc.oneof(fc.integer(), fc.constantFrom(0, 3, 8, 9, 18, 97)), { maxLength: 5 });
    await search(t, fc.record({ name: names, types, file: files }), async ({ name, types, file }) => {
      writeFileSync(join(folder, 'a.wav'), file);
      const found = await store.find(join(folder, 'b', name.startsWith('/') ? '..' : '.', name), types);
      const sound = await store.find(join(folder, 'a'), types);
      for (const each of [found, sound]) assert.ok(each === null || types.includes(each.payloadType));
      for (const text of warnings.splice(0)) assert.ok(isOneLine(text), text);
    });
  },
);
