import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { installedCodecs } from '../../src/io/audio/audioCodecs.js';
import { JobPool } from '../../src/io/jobs/jobPool.js';
import { makeann } from '../../src/io/prompts/makeann.js';
import { openPromptStore } from '../../src/io/prompts/promptStore.js';
import { buildAu } from '../../src/protocol/audio/au.js';
import { g722Narrowband, plainCodecs } from '../../src/protocol/audio/codecs.js';
import { packetShape } from '../../src/protocol/audio/frames.js';
import { encodeAlaw, encodeMulaw } from '../../src/protocol/audio/g711.js';
import { writeSamples } from '../../src/protocol/audio/samples.js';
import { startChild } from '../rig/child.js';
import { raw, tone, wavOf } from '../rig/sounds.js';

const LIMIT_MS = 20_000;
const MAKEANN = fileURLToPath(new URL('../../src/cli/makeann.js', import.meta.url));
const MAKEANN_DEBUG = fileURLToPath(new URL('../../src/cli/makeannDebug.js', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'rtpbridge-makeann-'));
after(() => rmSync(root, { recursive: true, force: true }));

const codecs = plainCodecs();
const hasG729 = (await installedCodecs()).has(18);
const USAGE = 'usage: makeann [-l limit [-L]] [-v] [--raw] infile [outfile_template]\n';

/** A folder of its own, with an input. */
function folderWith(t: TestContext, name: string, bytes: Uint8Array): string {
  const folder = mkdtempSync(join(root, 'x-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, name), bytes);
  return folder;
}

function run(folder: string, args: readonly string[], program = MAKEANN) {
  const options = { cwd: folder, encoding: 'utf8', timeout: LIMIT_MS, killSignal: 'SIGKILL' } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], options);
  // What is said about G.729 where it is not installed is shown by a test of its own.
  return { code: status, out: stdout, err: hasG729 ? stderr : stderr.replace(/^.*libbcg729-0\n/m, '') };
}

const read = (folder: string, name: string): Uint8Array => Uint8Array.from(readFileSync(join(folder, name)));
const filled = (samples: Int16Array, unit: number): Int16Array => {
  const whole = new Int16Array(Math.ceil(samples.length / unit) * unit);
  whole.set(samples);
  return whole;
};

test('[PN-13] of raw samples come files for PCMU, GSM, PCMA and G.722, the last frame of which is filled up', (t) => {
  const samples = tone(1700, 8000);
  const folder = folderWith(t, 'in.raw', raw(samples));
  assert.deepEqual(run(folder, ['in.raw', 'out']), { code: 0, out: '', err: '' });
  assert.deepEqual(read(folder, 'out.0'), encodeMulaw(samples));
  assert.deepEqual(read(folder, 'out.8'), encodeAlaw(samples));
  assert.deepEqual(read(folder, 'out.3'), codecs.get(3)!.encoder().encode(filled(samples, 160)));
  assert.deepEqual(read(folder, 'out.9'), g722Narrowband.encoder().encode(filled(samples, 160)));
  const expected = [0, 3, 8, 9, ...(hasG729 ? [18] : [])].map((payloadType) => `out.${payloadType}`);
  assert.deepEqual(readdirSync(folder).sort(), ['in.raw', ...expected].sort());
  if (hasG729) assert.equal(read(folder, 'out.18').length, 11 * 20);
  assert.equal(statSync(join(folder, 'out.0')).mode & 0o777, 0o666 & ~process.umask());
});

test('[PN-13] without a template the files stand beside the input; half a sample at the end is left out', (t) => {
  const folder = folderWith(t, 'in', Buffer.concat([raw(tone(200, 8000)), Buffer.from([1])]));
  assert.equal(run(folder, ['in']).code, 0);
  assert.deepEqual(read(folder, 'in.0'), encodeMulaw(tone(200, 8000)));
  writeFileSync(join(folder, 'empty'), '');
  assert.deepEqual(run(folder, ['empty']), { code: 0, out: '', err: 'makeann: empty holds no samples: the prompts are empty\n' });
  assert.deepEqual([read(folder, 'empty.0').length, read(folder, 'empty.3').length], [0, 0]);
});

test('[PN-13] -l ends after so many samples, -L begins the input again, -v is told of', (t) => {
  const samples = tone(500, 8000, 123);
  const folder = folderWith(t, 'in', raw(samples));
  assert.equal(run(folder, ['-l', '300', 'in']).code, 0);
  assert.deepEqual(read(folder, 'in.0'), encodeMulaw(samples.slice(0, 300)));
  assert.equal(run(folder, ['-l900', 'in']).code, 0);
  assert.equal(read(folder, 'in.0').length, 500);
  assert.equal(run(folder, ['-Ll', '1250', 'in', 'loop']).code, 0);
  const looped = Int16Array.from({ length: 1250 }, (_, i) => samples[i % 500]!);
  assert.deepEqual(read(folder, 'loop.0'), encodeMulaw(looped));
  assert.deepEqual(read(folder, 'loop.3'), codecs.get(3)!.encoder().encode(filled(looped, 160)));
  const { code, err } = run(folder, ['-v', 'in']);
  assert.deepEqual([code, err], [0, 'makeann: -v: G.729 is made without silence suppression all the same\n']);
});

test('[PN-13] WAV and AU of other rates, stereo too, are taken as they are; G.722 gets the upper half of 16 kHz and more', (t) => {
  const both = Int16Array.from({ length: 96_000 }, (_, i) => Math.round(6000 * Math.sin(i >> 1)));
  const folder = folderWith(t, 'stereo.wav', wavOf(both, 48_000, 2));
  const mono = tone(3000, 8000);
  const au = { encoding: 'pcm16', sampleRate: 8000, channels: 1, data: writeSamples(mono, 'pcm16', false) } as const;
  writeFileSync(join(folder, 'mono.au'), buildAu(au));
  writeFileSync(join(folder, 'wide.wav'), wavOf(tone(16_000, 16_000, 6000), 16_000));
  for (const name of ['stereo.wav', 'mono.au', 'wide.wav']) {
    assert.deepEqual(run(folder, [name]), { code: 0, out: '', err: '' }, name);
  }
  const lengths = [0, 3, 8, 9].map((payloadType) => read(folder, `stereo.wav.${payloadType}`).length);
  assert.deepEqual(lengths, [8000, 1650, 8000, 8000]);
  assert.deepEqual(read(folder, 'mono.au.0'), encodeMulaw(mono));
  assert.deepEqual(read(folder, 'mono.au.9'), g722Narrowband.encoder().encode(filled(mono, 160)));
  assert.deepEqual(
    read(folder, 'wide.wav.9'),
    codecs
      .get(9)!
      .encoder()
      .encode(tone(16_000, 16_000, 6000)),
  );
  const middle = read(folder, 'wide.wav.0').subarray(100, -100);
  assert.ok(
    middle.every((code) => (code | 0x80) >= 0xf8),
    '6 kHz is not to be heard at 8 kHz',
  );
});

test('[PN-13] --raw takes a file as it is, and what only looks like WAV is told with a hint', (t) => {
  const samples = new Int16Array(400);
  samples.set([0x4952, 0x4646, 0, 0, 0x4157, 0x4556]);
  const folder = folderWith(t, 'in', raw(samples));
  const { code, err } = run(folder, ['in']);
  assert.deepEqual([code, readdirSync(folder)], [1, ['in']]);
  assert.match(err, /^makeann: in: WAV .*; if it holds raw samples, say --raw\n$/);
  assert.equal(run(folder, ['--raw', 'in']).code, 0);
  assert.deepEqual(read(folder, 'in.0'), encodeMulaw(samples));
});

test('[PN-13] what is plainly another kind of file is not taken for raw samples, which would be noise', (t) => {
  const begins = { FLAC: 'fLaC', Ogg: 'OggS', MP3: 'ID3\x04', AIFF: 'FORM', 'big-endian WAV': 'RIFX', RF64: 'RF64', CAF: 'caff' };
  const folder = folderWith(t, 'mp4', Uint8Array.from(Buffer.from('\0\0\0\x20ftypM4A '.padEnd(400, 'x'))));
  for (const [kind, magic] of [...Object.entries(begins), ['MP4', '']] as const) {
    const name = kind === 'MP4' ? 'mp4' : 'in';
    if (name === 'in') writeFileSync(join(folder, name), magic.padEnd(400, 'x'));
    const told = `makeann: ${name}: ${kind}: a WAV or AU file expected; if it holds raw samples, say --raw\n`;
    assert.deepEqual(run(folder, [name, 'out']), { code: 1, out: '', err: told });
  }
  assert.deepEqual(readdirSync(folder).sort(), ['in', 'mp4']);
  assert.equal(run(folder, ['--raw', 'in', 'out']).code, 0);
});

test('[PN-13] wrong options print the usage and exit with 1, --help prints more and exits with 0', (t) => {
  const folder = folderWith(t, 'in', raw(tone(10, 8000)));
  for (const [args, told] of [
    [[], 'expected the input file'],
    [['-L', 'in'], '-L: expected a limit (-l) as well, it would never end'],
    [['-l', '0', 'in'], '-l 0: expected a number of samples, 1 to 2147483647'],
    [['-l\x1b[2J\n', 'in'], '-l \\x1b[2J\\x0a: expected a number of samples, 1 to 2147483647'],
    [['-q', 'in'], '-q: no such option'],
  ] as const) {
    assert.deepEqual(run(folder, args), { code: 1, out: '', err: `makeann: ${told}\n${USAGE}` });
  }
  const help = run(folder, ['--help']);
  assert.deepEqual([help.code, help.err], [0, '']);
  assert.ok(help.out.startsWith(USAGE) && help.out.includes('libbcg729-0'));
  assert.deepEqual(readdirSync(folder), ['in']);
});

test('[PN-13] input that cannot be read and output that cannot be written exit with 1, and leave no file behind', (t) => {
  const folder = folderWith(t, 'in', raw(tone(1000, 8000)));
  mkdirSync(join(folder, 'folder'));
  mkdirSync(join(folder, 'taken.8'));
  for (const [args, told] of [
    [['nowhere'], 'nowhere cannot be read (ENOENT)'],
    [['folder'], 'folder cannot be read (EISDIR)'],
    [['in', 'nowhere/out'], 'nowhere/out.0 cannot be written (ENOENT)'],
    [['in', 'in/out'], 'in/out.0 cannot be written (ENOTDIR)'],
    [['in', 'taken'], 'taken.8 cannot be written (EISDIR)'],
  ] as const) {
    assert.deepEqual(run(folder, args), { code: 1, out: '', err: `makeann: ${told}\n` });
    assert.deepEqual(readdirSync(folder).sort(), ['folder', 'in', 'taken.8']);
  }
});

test('a file that was there stays until the new one is complete, keeps its mode, and stays where a link leads', (t) => {
  const folder = folderWith(t, 'in', raw(tone(1000, 8000)));
  mkdirSync(join(folder, 'elsewhere'));
  writeFileSync(join(folder, 'elsewhere', 'real'), 'old');
  chmodSync(join(folder, 'elsewhere', 'real'), 0o640);
  symlinkSync('elsewhere/real', join(folder, 'out.0'));
  symlinkSync('elsewhere/new', join(folder, 'out.8'));
  assert.equal(run(folder, ['in', 'out']).code, 0);
  assert.ok(lstatSync(join(folder, 'out.0')).isSymbolicLink());
  assert.equal(statSync(join(folder, 'elsewhere', 'real')).mode & 0o777, 0o640);
  assert.deepEqual(read(folder, 'elsewhere/real'), encodeMulaw(tone(1000, 8000)));
  assert.deepEqual(read(folder, 'elsewhere/new'), encodeAlaw(tone(1000, 8000)));
  assert.deepEqual(readdirSync(join(folder, 'elsewhere')).sort(), ['new', 'real']);

  const cut = wavOf(tone(1000, 8000), 8000).subarray(0, 40);
  writeFileSync(join(folder, 'broken.wav'), cut);
  assert.equal(run(folder, ['broken.wav', 'out']).code, 1);
  assert.deepEqual(read(folder, 'out.0'), encodeMulaw(tone(1000, 8000)), 'it failed, and the old one is there');
  // The input is one of the outputs.
  writeFileSync(join(folder, 'self.0'), raw(tone(1000, 8000)));
  assert.equal(run(folder, ['self.0', 'self']).code, 0);
  assert.deepEqual(read(folder, 'self.0'), encodeMulaw(tone(1000, 8000)));
});

test('devices and pipes that stand where a file would go are written to, and a pipe is read', { timeout: LIMIT_MS }, (t) => {
  const folder = folderWith(t, 'in', raw(tone(1000, 8000)));
  symlinkSync('/dev/null', join(folder, 'out.0'));
  assert.equal(run(folder, ['in', 'out']).code, 0);
  assert.ok(statSync(join(folder, 'out.0')).isCharacterDevice());
  const script = 'mkfifo piped.3 && { cat piped.3 > got & cat in | "$0" "$1" /dev/stdin piped; code=$?; wait; exit $code; }';
  const piped = spawnSync('sh', ['-c', script, process.execPath, MAKEANN], { cwd: folder, encoding: 'utf8', timeout: LIMIT_MS });
  assert.equal(piped.status, 0, piped.stderr);
  assert.deepEqual(
    read(folder, 'got'),
    codecs
      .get(3)!
      .encoder()
      .encode(filled(tone(1000, 8000), 160)),
  );
  assert.deepEqual(read(folder, 'piped.0'), encodeMulaw(tone(1000, 8000)));
  const wavPipe = 'cat sound.wav | "$0" "$1" /dev/stdin fromWav';
  writeFileSync(join(folder, 'sound.wav'), wavOf(tone(1000, 8000), 8000));
  assert.equal(spawnSync('sh', ['-c', wavPipe, process.execPath, MAKEANN], { cwd: folder, timeout: LIMIT_MS }).status, 0);
  assert.deepEqual(read(folder, 'fromWav.8'), encodeAlaw(tone(1000, 8000)));
});

test('a disk that is full is told, with exit code 1', {
  skip: existsSync('/dev/full') ? false : 'there is no /dev/full',
}, (t) => {
  const folder = folderWith(t, 'in', raw(tone(1000, 8000)));
  symlinkSync('/dev/full', join(folder, 'out.8'));
  assert.deepEqual(run(folder, ['in', 'out']), { code: 1, out: '', err: 'makeann: out.8 cannot be written (ENOSPC)\n' });
  assert.deepEqual(readdirSync(folder).sort(), ['in', 'out.8']);
});

test('[PN-14] makeann_debug makes the same bytes and tells on stderr what it does', (t) => {
  const folder = folderWith(t, 'in.wav', wavOf(tone(16_000, 16_000), 16_000));
  const { code, out, err } = run(folder, ['in.wav', 'debug'], MAKEANN_DEBUG);
  assert.deepEqual([code, out], [0, '']);
  assert.match(err, /^makeann_debug: in\.wav: wav, pcm16, 16000 Hz, channels: 1, samples from byte 44$/m);
  assert.match(err, /^makeann_debug: debug\.9: G722 at 16000 Hz, 8000 bytes$/m);
  assert.match(err, /^makeann_debug: done in \d+ ms$/m);
  assert.ok(err.split('\n').every((line) => line === '' || line.startsWith('makeann_debug: ')));
  assert.deepEqual(run(folder, ['in.wav', 'plain']), { code: 0, out: '', err: '' });
  for (const payloadType of [0, 3, 8, 9, ...(hasG729 ? [18] : [])]) {
    assert.deepEqual(read(folder, `debug.${payloadType}`), read(folder, `plain.${payloadType}`));
  }
});

test('[PN-13] without libbcg729 the other files are made, and one line names the Debian package', async (t) => {
  const folder = folderWith(t, 'in', raw(tone(1000, 8000)));
  const options = { input: join(folder, 'in'), template: join(folder, 'out'), limit: null, loop: false, vad: false, raw: false };
  const said: string[] = [];
  const nothing = (): void => {};
  const made = await makeann(options, {
    ...{ codecs, say: (line: string): void => void said.push(line) },
    ...{ debug: nothing, reach: nothing },
  });
  assert.ok(made.ok);
  assert.deepEqual(said, [`${join(folder, 'out')}.18 is not made: G.729 needs the Debian package libbcg729-0`]);
  assert.deepEqual(readdirSync(folder).sort(), ['in', 'out.0', 'out.3', 'out.8', 'out.9']);
});

test('[PN-13] what makeann has made the relay finds, in whole packets of 20 ms', async (t) => {
  const folder = folderWith(t, 'in', raw(tone(16_000, 8000)));
  assert.equal(run(folder, ['in', 'hello']).code, 0);
  const pool = new JobPool({ workerFile: 'nobody' });
  t.after(() => pool.close());
  const store = openPromptStore({ jobs: pool, warn: (text) => assert.fail(text) });
  for (const payloadType of [0, 3, 8, 9, ...(hasG729 ? [18] : [])]) {
    const found = await store.find(join(folder, 'hello'), [payloadType]);
    assert.equal(found?.frames.length, 100 * packetShape(payloadType, 20)!.bytes, `payload type ${payloadType}`);
  }
});

test('an interrupted run leaves nothing behind and ends by the signal, also while it waits for a pipe', {
  timeout: LIMIT_MS,
}, async (t) => {
  const folder = folderWith(t, 'in', raw(tone(8000, 8000)));
  assert.equal(spawnSync('mkfifo', [join(folder, 'pipe')]).status, 0);
  const hold = openSync(join(folder, 'pipe'), 'r+');
  t.after(() => closeSync(hold));
  for (const [signal, ...args] of [
    ['SIGINT', '-L', '-l', '2147483647', 'in', 'out'],
    ['SIGHUP', '-L', '-l', '2147483647', 'in', 'out'],
    ['SIGTERM', 'pipe', 'out'],
  ] as const) {
    const child = await startChild(process.execPath, [MAKEANN, ...args], { cwd: folder });
    t.after(() => child.stop());
    const isUnderWay = (): boolean => readdirSync(folder).length > (args[0] === 'pipe' ? 2 : 6);
    for (let i = 0; i < 200 && !isUnderWay(); i++) await delay(20);
    await delay(args[0] === 'pipe' ? 300 : 0);
    process.kill(child.pid, signal);
    assert.deepEqual(await child.exited, { code: null, signal }, child.stderr());
    assert.deepEqual(readdirSync(folder).sort(), ['in', 'pipe']);
  }
});
