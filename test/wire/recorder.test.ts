/** The recorder in its thread, with real files: what is in them, how they are called, where they go. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { udpPort } from '../../model/kernel/index.js';
import { parseWav } from '../../src/protocol/audio/wav.js';
import { requirePeer } from '../rig/peers.js';
import { adHocRecords, folderOf, namesIn, startRecorder, until } from '../rig/recorderScene.js';
import { openOrder, START_MS, tapePacket } from '../rig/recordingFolder.js';

const BOUND = { timeout: 60_000 };
const PLACE = openOrder().place;
const close = (number: number, at = START_MS + 5000) => ({ kind: 'close', number, at }) as const;

test('[KC-09 SY-17] four files, empty ones too, with every packet of their stream', BOUND, async (t) => {
  const folder = folderOf(t);
  const { order, talk, told } = await startRecorder(t, folder);
  order(openOrder());
  const names = ['.o.rtp', '.o.rtcp', '.a.rtp', '.a.rtcp'].map((suffix) => `a84b@host=from1${suffix}`);
  assert.deepEqual((await told('opened'))[0]!.files, names);
  assert.deepEqual(namesIn(folder), [...names].sort());
  talk(1, 0, START_MS + 100, 250);
  talk(1, 2, START_MS + 200, 100);
  talk(1, 3, START_MS + 300, 1);
  order(close(1));
  const [done] = await told('done');
  assert.deepEqual(
    done!.files,
    [250, 0, 100, 1].map((packets, i) => ({ path: join(folder, names[i]!), packets, bytes: packets * 202 })),
  );
  assert.deepEqual([done!.packets, done!.durationMs, done!.startedAt], [351, 249 * 20, START_MS]);
  for (const { path, packets } of done!.files) assert.deepEqual(adHocRecords(path), { records: packets, left: 0 });
  assert.equal(statSync(join(folder, names[0]!)).mode & 0o777, 0o666 & ~process.umask());
});

test('what was recorded is in the file a second later', BOUND, async (t) => {
  const folder = folderOf(t);
  const { order, talk, told } = await startRecorder(t, folder);
  order(openOrder());
  await told('opened');
  talk(1, 0, Date.now(), 3);
  const began = performance.now();
  await until(
    () => statSync(join(folder, 'a84b@host=from1.o.rtp')).size === 3 * 202,
    () => 'nothing was written',
  );
  assert.ok(performance.now() - began < 3000);
});

test('sides that are not recorded any more, and packets of recordings that nobody knows, are not in files', BOUND, async (t) => {
  const folder = folderOf(t);
  const { order, talk, told } = await startRecorder(t, folder);
  order(openOrder({ rtcp: false }));
  talk(1, 0, START_MS, 10);
  order({ kind: 'narrow', number: 1, sides: ['callee'] });
  talk(1, 0, START_MS + 1000, 10);
  talk(1, 1, START_MS + 1000, 10);
  talk(1, 2, START_MS + 1000, 10);
  talk(9, 2, START_MS + 1000, 10);
  order(close(1));
  assert.deepEqual(
    (await told('done'))[0]!.files.map(({ packets }) => packets),
    [10, 10],
  );
});

test('names that are taken, by files, links or other media of the call, are not touched', BOUND, async (t) => {
  const folder = folderOf(t);
  const outside = join(folderOf(t), 'outside');
  writeFileSync(join(folder, 'a84b@host=from1.a.rtcp'), 'mine');
  symlinkSync(outside, join(folder, 'a84b@host=from1-2.o.rtp'));
  const { order, talk, told } = await startRecorder(t, folder);
  order(openOrder());
  order(openOrder({ number: 2, tag: 'from1;2', place: { ...PLACE, session: 2 } }));
  order(openOrder({ number: 3, name: '../../escape', sides: ['caller'], place: { ...PLACE, id: 2 } }));
  talk(3, 0, START_MS, 1);
  const opened = await told('opened', 3);
  assert.deepEqual(
    opened.map(({ files }) => files[0]),
    ['a84b@host=from1-3.o.rtp', 'a84b@host=from1-4.o.rtp', '_.__._escape.rtp'],
  );
  for (const number of [1, 2, 3]) order(close(number));
  await told('done', 3);
  assert.equal(readFileSync(join(folder, 'a84b@host=from1.a.rtcp'), 'latin1'), 'mine');
  assert.equal(existsSync(outside), false);
});

test('names are bytes: what is not UTF-8 comes out as it went in', BOUND, async (t) => {
  const folder = folderOf(t);
  const { order, told } = await startRecorder(t, folder);
  order(openOrder({ name: 'caf\xe9', sides: ['caller'], rtcp: false }));
  await told('opened');
  assert.deepEqual(namesIn(folder), ['caf\xe9.rtp']);
});

for (const form of ['ad-hoc', 'pcap', 'wav'] as const) {
  test(`recordings (${form}) that are made in one folder go to another when they are complete`, BOUND, async (t) => {
    const [folder, spool] = [folderOf(t), folderOf(t)];
    const { order, talk, told } = await startRecorder(t, folder, spool);
    order(openOrder({ form, single: form === 'pcap', rtcp: false }));
    const [opened] = await told('opened');
    talk(1, 0, START_MS, 50);
    assert.deepEqual([namesIn(spool), namesIn(folder)], [[...opened!.files].sort(), []]);
    writeFileSync(join(folder, opened!.files[0]!.replace('.part', '')), 'somebody was faster');
    order(close(1));
    const [done] = await told('done');
    assert.deepEqual([namesIn(spool), namesIn(folder).length], [[], opened!.files.length + 1]);
    for (const { path, bytes } of done!.files) assert.deepEqual([statSync(path).size, path.includes('-2')], [bytes, true]);
  });
}

test('to another file system recordings are copied, and holes stay holes', BOUND, async (t) => {
  if (!existsSync('/dev/shm') || statSync('/dev/shm').dev === statSync(folderOf(t)).dev) {
    t.skip('there is no second file system at /dev/shm');
    return;
  }
  const folder = folderOf(t);
  const spool = join('/dev/shm', `rtpbridge-spool-${process.pid}`);
  mkdirSync(spool);
  t.after(() => execFileSync('rm', ['-rf', spool]));
  const { order, talk, told } = await startRecorder(t, folder, spool);
  order(openOrder({ form: 'wav' }));
  talk(1, 0, START_MS + 60_000, 50);
  order(close(1, START_MS + 120_000));
  const [done] = await told('done');
  const { path, bytes } = done!.files[0]!;
  assert.deepEqual([namesIn(spool), namesIn(folder)], [[], ['a84b@host=from1.wav']]);
  assert.deepEqual([bytes, statSync(path).size], [44 + 120_000 * 32, 44 + 120_000 * 32]);
  assert.ok(statSync(path).blocks * 512 < 3_000_000, 'silence takes room');
});

test('[SY-17] a WAV file is a whole one while the call runs, and complete in the end', BOUND, async (t) => {
  const folder = folderOf(t);
  const { order, talk, told } = await startRecorder(t, folder);
  const startedAt = Date.now() - 10_000;
  order(openOrder({ form: 'wav', startedAt }));
  assert.deepEqual((await told('opened'))[0]!.files, ['a84b@host=from1.part.wav']);
  talk(1, 0, startedAt, 400);
  talk(1, 2, startedAt + 1000, 350);
  const part = join(folder, 'a84b@host=from1.part.wav');
  assert.equal(parseWav(readFileSync(part)).ok, true);
  await until(
    () => statSync(part).size > 44 + 8000 * 32,
    () => `${statSync(part).size} bytes`,
  );
  const parsed = parseWav(readFileSync(part).subarray(0, 44 + new DataView(readFileSync(part).buffer).getUint32(40, true)));
  assert.ok(parsed.ok && parsed.value.channels === 2 && parsed.value.sampleRate === 8000);
  order(close(1, startedAt + 12_000));
  const [done] = await told('done');
  assert.deepEqual(namesIn(folder), ['a84b@host=from1.wav']);
  const whole = parseWav(readFileSync(done!.files[0]!.path));
  assert.ok(whole.ok && whole.value.data.length === 12_000 * 32);
  assert.deepEqual([done!.packets, done!.files[0]!.bytes], [750, 44 + 12_000 * 32]);
});

test('[SY-17] tcpdump reads captures of both families, and finds all checksums right', BOUND, async (t) => {
  if (!requirePeer(t, ['tcpdump'], 'apt-get install tcpdump')) return;
  const folder = folderOf(t);
  const { order, talk, told, writer } = await startRecorder(t, folder);
  const locals = [
    { host: '0.0.0.0', port: udpPort(35_000) },
    { host: '0.0.0.0', port: udpPort(35_001) },
    { host: '2001:db8::5', port: udpPort(36_000) },
    null,
  ];
  order(openOrder({ form: 'pcap', single: true, locals }));
  talk(1, 0, START_MS, 20);
  const words = Uint32Array.of(10 | (0xa00f << 16), 0, 0xb80d0120, 0, 0, 0x01000000, 0, 0);
  writer.packet(1, 2, START_MS + 500, words, 0, new Uint8Array(33).fill(0x80), 0, 33);
  const loopback = Uint32Array.of(2 | (0xa00f << 16), 0x0100007f, 0, 0, 0, 0, 0, 0);
  writer.packet(1, 1, START_MS + 600, loopback, 0, new Uint8Array(8).fill(0x80), 0, 8);
  order(close(1));
  const { path } = (await told('done'))[0]!.files[0]!;
  const lines = execFileSync('tcpdump', ['-nvvr', path], { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] });
  assert.equal(lines.match(/udp sum ok/g)?.length, 22);
  assert.doesNotMatch(lines, /bad|trunc|missing/);
  assert.match(lines, /192\.0\.2\.1\.4000 > \d+\.\d+\.\d+\.\d+\.35000/);
  assert.match(lines, /127\.0\.0\.1\.4000 > 127\.0\.0\.1\.35001/, 'by the address that the kernel would answer from');
  assert.match(lines, /2001:db8::1\.4000 > 2001:db8::5\.36000/);
});

test(
  'when the thread stops, all that was on the tapes is in files that are complete, or left to be gone on with',
  BOUND,
  async (t) => {
    for (const leave of [false, true]) {
      const [folder, spool] = [folderOf(t), folderOf(t)];
      const { order, thread, writer, notices } = await startRecorder(t, folder, spool);
      order(openOrder({ rtcp: false }));
      for (let i = 0; i < 1000; i++) tapePacket(writer, 1, 0, START_MS + i, new Uint8Array(172));
      await thread.stop(leave);
      const [there, elsewhere] = leave ? [spool, folder] : [folder, spool];
      assert.deepEqual(namesIn(elsewhere), []);
      assert.deepEqual(adHocRecords(join(there, 'a84b@host=from1.o.rtp')), { records: 1000, left: 0 });
      assert.equal(notices.at(-1)!.kind, leave ? 'opened' : 'done');
    }
  },
);
