import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Result, refuse } from '../../model/kernel/index.js';
import { JobPool } from '../../src/io/jobs/jobPool.js';
import type { Jobs } from '../../src/io/jobs/jobs.js';
import { openPrompts } from '../../src/io/prompts/openPrompts.js';
import { openPromptStore, type PromptStore } from '../../src/io/prompts/promptStore.js';
import { encodeAlaw, encodeMulaw } from '../../src/protocol/audio/g711.js';
import { tone, wavOf } from '../rig/sounds.js';
import { temporaryFolder } from '../rig/startAttempt.js';

const LIMIT = { timeout: 30_000 };
/** After this a file that was written is not taken for one that is still being written. */
const SETTLED_MS = 80;
const WORKER_FILE = fileURLToPath(new URL('../../workers/jobs.js', import.meta.url));

type Scene = { readonly folder: string; readonly store: PromptStore; readonly warnings: string[]; readonly jobs: string[] };

async function sceneOf(t: TestContext, maxBytes?: number): Promise<Scene> {
  const pool = new JobPool({ workerFile: WORKER_FILE });
  t.after(() => pool.close());
  const folder = await temporaryFolder(t);
  const warnings: string[] = [];
  const ran: string[] = [];
  const jobs: Jobs = {
    run: (kind, order) => {
      ran.push(`${kind} ${order.payloadType}`);
      return pool.run(kind, order);
    },
  };
  const options = { jobs, warn: (text: string): void => void warnings.push(text) };
  return { folder, store: openPromptStore(maxBytes === undefined ? options : { ...options, maxBytes }), warnings, jobs: ran };
}

async function put(folder: string, name: string, bytes: Uint8Array | string): Promise<void> {
  writeFileSync(join(folder, name), bytes);
  await delay(SETTLED_MS);
}

test('[KM-72] a prompt is found by an absolute path and by one relative to the working directory', LIMIT, async (t) => {
  const { folder, store, warnings } = await sceneOf(t);
  await put(folder, 'hello.8', 'frames of PCMA');
  for (const prompt of [join(folder, 'hello'), relative(process.cwd(), join(folder, 'hello'))]) {
    const found = await store.find(prompt, [0, 8]);
    assert.equal(found?.payloadType, 8);
    assert.equal(Buffer.from(found.frames).toString(), 'frames of PCMA');
    assert.ok(found.frames.buffer instanceof SharedArrayBuffer);
  }
  assert.deepEqual(warnings, []);
});

test('[KM-72] the first payload type that has a file wins, a name is bytes, and what is not there is null', LIMIT, async (t) => {
  const { folder, store, warnings, jobs } = await sceneOf(t);
  for (const name of ['a.0', 'a.18', 'a.97']) await put(folder, name, name);
  const at = (name: string): string => join(folder, name);
  assert.equal((await store.find(at('a'), [18, 0]))?.payloadType, 18);
  assert.equal((await store.find(at('a'), [3, 0, 18]))?.payloadType, 0);
  assert.equal((await store.find(at('a'), [97]))?.payloadType, 97, 'frames that nobody knows are found, too');
  assert.equal((await store.load(at('a'), 0))?.payloadType, 0);
  assert.equal(await store.load(at('a'), 8), null);
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x67, 0xfc, 0x2e, 0x30])]), 'umlaut');
  assert.equal(Buffer.from((await store.find(at('g\xfc'), [0]))?.frames ?? []).toString(), 'umlaut');
  for (const prompt of ['', at('a\0'), at('\u0142'), at('b'), at('a.0'), `${at('a')}/`, at('x'.repeat(5000))]) {
    assert.equal(await store.find(prompt, [0, 8]), null, JSON.stringify(prompt));
  }
  assert.equal(await store.find(at('a'), []), null);
  assert.deepEqual([warnings, jobs], [[], ['encodePrompt 0', 'encodePrompt 8']], 'a.0 itself was looked at as a sound');
});

test('a prompt is read once: for several who ask at the same time, and for those who come later', LIMIT, async (t) => {
  const { folder, store } = await sceneOf(t);
  await put(folder, 'a.0', new Uint8Array(3_000_000));
  const prompt = join(folder, 'a');
  const found = await Promise.all(Array.from({ length: 20 }, () => store.find(prompt, [8, 0])));
  assert.equal(new Set(found).size, 1);
  assert.equal(await store.find(prompt, [0]), found[0]);
  symlinkSync('a.0', join(folder, 'other.0'));
  assert.equal(await store.find(join(folder, 'other'), [0]), found[0], 'the same file by another name');
});

test('a prompt that is changed, replaced or removed is not played as it was', LIMIT, async (t) => {
  const { folder, store } = await sceneOf(t);
  const prompt = join(folder, 'a');
  const textOf = async (): Promise<string | null> => {
    const found = await store.find(prompt, [0]);
    return found === null ? null : Buffer.from(found.frames).toString();
  };
  writeFileSync(`${prompt}.0`, 'first!');
  utimesSync(`${prompt}.0`, 1e9, 1e9);
  await delay(SETTLED_MS);
  assert.equal(await textOf(), 'first!');
  // Of the same length, and with the same time: only when it was changed can tell.
  writeFileSync(`${prompt}.0`, 'second');
  utimesSync(`${prompt}.0`, 1e9, 1e9);
  assert.equal(await textOf(), 'second');
  for (let i = 0; i < 50; i++) {
    writeFileSync(`${prompt}.0`, `nr ${100 + i}`);
    assert.equal(await textOf(), `nr ${100 + i}`, 'also if it happens faster than the clock of files ticks');
  }
  await put(folder, 'new', 'third!');
  renameSync(join(folder, 'new'), `${prompt}.0`);
  assert.equal(await textOf(), 'third!');
  renameSync(`${prompt}.0`, join(folder, 'gone'));
  assert.equal(await textOf(), null);
});

test('prompts that were not asked for lately make room for others, by bytes', LIMIT, async (t) => {
  const { folder, store } = await sceneOf(t, 100_000);
  for (const name of ['a.0', 'b.0', 'c.0']) await put(folder, name, new Uint8Array(40_000));
  await put(folder, 'large.0', new Uint8Array(100_000));
  const find = (name: string) => store.find(join(folder, name), [0]);
  const [a, b] = [await find('a'), await find('b')];
  assert.ok((await find('a')) === a, 'a was asked for last');
  assert.notEqual(await find('large'), null);
  assert.ok((await find('a')) === a && (await find('b')) === b, 'what is too large altogether does not drive them out');
  await find('a');
  await find('c');
  assert.ok((await find('a')) === a, 'a stayed');
  assert.ok((await find('b')) !== b, 'b had to go');
});

test('pipes, devices, folders and files too large or forbidden are not read, and told once', LIMIT, async (t) => {
  const { folder, store, warnings } = await sceneOf(t);
  assert.equal(spawnSync('mkfifo', [join(folder, 'pipe.0')]).status, 0);
  symlinkSync('/dev/zero', join(folder, 'device.0'));
  symlinkSync('self.0', join(folder, 'self.0'));
  mkdirSync(join(folder, 'folder.0'));
  await put(folder, 'large.0', '');
  truncateSync(join(folder, 'large.0'), (256 << 20) + 1);
  for (const name of ['pipe', 'device', 'folder', 'large']) {
    for (let i = 0; i < 2; i++) assert.equal(await store.find(join(folder, name), [0]), null, name);
  }
  assert.equal(await store.find(join(folder, 'self'), [0]), null);
  const told = (name: string, what: string): string => `prompt ${join(folder, name)}.0: ${what}`;
  assert.deepEqual(warnings, [
    ...['pipe', 'device', 'folder'].map((name) => told(name, 'no regular file')),
    told('large', '268435457 bytes: at most 268435456 expected'),
  ]);
  if (process.getuid?.() === 0) return;
  await put(folder, 'secret.0', 'x');
  chmodSync(join(folder, 'secret.0'), 0);
  assert.equal(await store.find(join(folder, 'secret'), [0]), null);
  assert.equal(warnings.at(-1), told('secret', 'cannot be read (EACCES)'));
});

test('[PN-13] a WAV file stands in for prompts that were not made: encoded once for each payload type', LIMIT, async (t) => {
  const { folder, store, jobs, warnings } = await sceneOf(t);
  const sound = tone(8000, 8000);
  await put(folder, 'a.wav', wavOf(sound, 8000));
  const prompt = join(folder, 'a');
  const found = await Promise.all(Array.from({ length: 10 }, () => store.find(prompt, [97, 8, 0])));
  assert.equal(new Set(found).size, 1);
  assert.equal(found[0]?.payloadType, 8, 'nothing encodes 97');
  assert.deepEqual(Uint8Array.from(found[0].frames), encodeAlaw(sound));
  assert.deepEqual(Uint8Array.from((await store.load(prompt, 0))?.frames ?? []), encodeMulaw(sound));
  assert.ok((await store.find(prompt, [8])) === found[0]);
  assert.deepEqual(jobs.toSorted(), ['encodePrompt 0', 'encodePrompt 8', 'encodePrompt 97']);
  assert.equal((await store.find(join(folder, 'a.wav'), [9]))?.frames.length, 8000, 'by its whole name, and as G.722');
  assert.deepEqual(warnings, []);
  const other = tone(8000, 8000, 700);
  await put(folder, 'a.wav', wavOf(other, 8000));
  assert.deepEqual(Uint8Array.from((await store.find(prompt, [8]))?.frames ?? []), encodeAlaw(other), 'changed');
  await put(folder, 'a.0', 'made');
  assert.equal(Buffer.from((await store.find(prompt, [8, 0]))?.frames ?? []).toString(), 'made', 'what was made goes first');
});

test('a broken sound file is told once, and looked at once', LIMIT, async (t) => {
  const { folder, store, jobs, warnings } = await sceneOf(t);
  await put(folder, 'a.wav', wavOf(tone(100, 8000), 8000).subarray(0, 30));
  for (let i = 0; i < 3; i++) assert.equal(await store.find(join(folder, 'a'), [0]), null);
  assert.deepEqual(jobs, ['encodePrompt 0']);
  assert.deepEqual(warnings, [
    `prompt ${join(folder, 'a.wav')}: WAV chunk "fmt " says 16 bytes: at most 10 expected, the file ends there`,
  ]);
});

test('a job that fails is told, and tried again by whoever asks again', LIMIT, async (t) => {
  const folder = await temporaryFolder(t);
  await put(folder, 'a.wav', wavOf(tone(100, 8000), 8000));
  const warnings: string[] = [];
  let runs = 0;
  const run = async (): Promise<Result<never, string>> => {
    runs++;
    return refuse('no luck');
  };
  const jobs: Jobs = { run };
  const store = openPromptStore({ jobs, warn: (text) => warnings.push(text) });
  for (let i = 0; i < 2; i++) assert.equal(await store.find(join(folder, 'a'), [0]), null);
  assert.deepEqual([runs, warnings], [2, [`prompt ${join(folder, 'a.wav')}: no luck`]]);
});

test('prompts that are still being encoded when the relay ends are no reason to complain', LIMIT, async (t) => {
  const folder = await temporaryFolder(t);
  const warnings: string[] = [];
  const prompts = openPrompts(WORKER_FILE, (text) => void warnings.push(text));
  t.after(() => prompts.close());
  writeFileSync(join(folder, 'long.wav'), wavOf(new Int16Array(40_000_000), 8000));
  const found = new Promise<unknown>((resolve) => {
    prompts.find(join(folder, 'long'), [9], resolve);
  });
  await delay(SETTLED_MS);
  await prompts.close();
  assert.equal(await found, null, 'whoever waits is answered all the same');
  assert.deepEqual(warnings, []);
});
