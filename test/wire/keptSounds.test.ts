/** Sounds that came with requests, as files: `blob` of `play media`. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { KeptSounds, type KeptSoundsOptions } from '../../src/io/prompts/keptSounds.js';
import { temporaryFolder } from '../rig/startAttempt.js';

const hashOf = (sound: string): string => createHash('sha256').update(Buffer.from(sound, 'latin1')).digest('hex');

async function soundsOf(t: TestContext, more: Partial<KeptSoundsOptions> = {}) {
  const folder = join(await temporaryFolder(t), 'prompts');
  const warnings: string[] = [];
  const open = (): KeptSounds => new KeptSounds({ folder, warn: (text) => warnings.push(text), ...more });
  const keep = (sounds: KeptSounds, sound: string) => new Promise<string | null>((kept) => sounds.keep(sound, kept));
  return { folder, warnings, open, keep };
}

test('a sound is kept byte for byte under its hash, in a folder of its own; the same again is the same file', async (t) => {
  const { folder, warnings, open, keep } = await soundsOf(t);
  const sounds = open();
  const sound = 'RIFF\x00\xff\x80 sound';
  equal(await keep(sounds, sound), join(folder, hashOf(sound)));
  equal(readFileSync(join(folder, hashOf(sound))).toString('latin1'), sound);
  equal(statSync(folder).mode & 0o777, 0o700);
  const { mtimeMs } = statSync(join(folder, hashOf(sound)));
  equal(await keep(sounds, sound), join(folder, hashOf(sound)));
  equal(statSync(join(folder, hashOf(sound))).mtimeMs, mtimeMs, 'it is not written again');
  deepEqual(readdirSync(folder), [hashOf(sound)]);
  deepEqual(warnings, []);
});

test('many at once are each kept once', async (t) => {
  const { folder, open, keep } = await soundsOf(t);
  const sounds = open();
  const names = await Promise.all(Array.from({ length: 30 }, (_, i) => keep(sounds, `sound ${i % 3}`)));
  equal(new Set(names).size, 3);
  equal(readdirSync(folder).length, 3);
});

test('no more than so many, and so many bytes: those that were asked for longest ago go, also those of an earlier run', async (t) => {
  const { folder, open, keep } = await soundsOf(t, { maxSounds: 3, maxBytes: 100 });
  const sounds = open();
  for (const sound of ['a', 'b', 'c']) await keep(sounds, sound);
  await keep(sounds, 'a');
  await keep(sounds, 'd');
  deepEqual(readdirSync(folder).sort(), ['a', 'c', 'd'].map(hashOf).sort());
  await keep(sounds, 'x'.repeat(99));
  deepEqual(readdirSync(folder).sort(), [hashOf('d'), hashOf('x'.repeat(99))].sort());
  utimesSync(join(folder, hashOf('d')), 1, 1);
  writeFileSync(join(folder, 'hold.wav'), 'not ours');
  writeFileSync(join(folder, `${hashOf('e')}.new`), 'half');
  const next = open();
  await keep(next, 'yy');
  deepEqual(readdirSync(folder).sort(), [hashOf('yy'), 'hold.wav'].sort());
});

test('what is empty, too long or cannot be written is refused, and told', async (t) => {
  const { folder, warnings, open, keep } = await soundsOf(t, { maxBytes: 10 });
  const sounds = open();
  equal(await keep(sounds, ''), null);
  equal(await keep(sounds, 'x'.repeat(11)), null);
  deepEqual(warnings.splice(0), [
    'a sound of 0 bytes cannot be kept: 1 to 10 expected',
    'a sound of 11 bytes cannot be kept: 1 to 10 expected',
  ]);
  equal(existsSync(folder), false);
  writeFileSync(folder, 'in the way');
  equal(await keep(sounds, 'x'), null);
  match(warnings[0] ?? '', /^a sound of 1 bytes cannot be kept: EEXIST/);
});

test('a file that was removed or cut is written again', async (t) => {
  const { folder, open, keep } = await soundsOf(t);
  const sounds = open();
  await keep(sounds, 'sound');
  writeFileSync(join(folder, hashOf('sound')), 'so');
  await keep(sounds, 'sound');
  equal(readFileSync(join(folder, hashOf('sound')), 'latin1'), 'sound');
  await sounds.settled();
});
