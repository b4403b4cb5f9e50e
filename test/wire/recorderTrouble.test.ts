/** The recorder when disks, files, media threads or itself fail: what there is stays, and is gone on with. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseWav } from '../../src/protocol/audio/wav.js';
import { adHocRecords, folderOf, MORTAL_WORKER, namesIn, startRecorder, until } from '../rig/recorderScene.js';
import { openOrder, START_MS } from '../rig/recordingFolder.js';

const BOUND = { timeout: 60_000 };
const PLACE = openOrder().place;
const close = (number: number, at = START_MS + 5000) => ({ kind: 'close', number, at }) as const;

test('a folder that cannot be written to is told once, and others are not harmed', BOUND, async (t) => {
  const folder = folderOf(t);
  const gone = join(folder, 'gone');
  const { order, talk, told, notices } = await startRecorder(t, gone);
  order(openOrder());
  talk(1, 0, START_MS, 5);
  order(close(1));
  const [failed] = await told('failed');
  assert.deepEqual(failed, { kind: 'failed', place: PLACE, path: join(gone, 'a84b@host=from1.o.rtp'), reason: 'ENOENT' });
  assert.deepEqual((await told('done'))[0]!.files, []);
  mkdirSync(gone);
  order(openOrder({ number: 2, place: { ...PLACE, id: 2 } }));
  talk(2, 0, START_MS, 5);
  order(close(2));
  await told('done', 2);
  assert.equal(notices.filter(({ kind }) => kind === 'failed').length, 1);
});

/** A disk that is nearly full, or null where none can be had. */
function smallDisk(t: TestContext): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'rtpbridge-disk-'));
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', folder]).status === 0;
  t.after(() => {
    if (isMounted) spawnSync('umount', ['-l', folder]);
    rmdirSync(folder);
  });
  return isMounted ? folder : null;
}

test('a disk that gets full ends the recording with whole records, and others that fit go on', BOUND, async (t) => {
  const folder = smallDisk(t);
  if (folder === null) {
    t.skip('no small disk can be mounted: run as root');
    return;
  }
  const { order, talk, told } = await startRecorder(t, folder);
  order(openOrder({ rtcp: false }));
  order(openOrder({ number: 2, form: 'wav', place: { ...PLACE, id: 2 } }));
  talk(2, 0, START_MS, 10);
  talk(1, 0, START_MS, 2000);
  const [failed] = await told('failed');
  assert.deepEqual([failed!.reason, failed!.place.id], ['ENOSPC', 1]);
  talk(1, 0, START_MS, 100);
  order(close(1));
  const [done] = await told('done');
  const { path, packets, bytes } = done!.files[0]!;
  assert.deepEqual([adHocRecords(path), statSync(path).size], [{ records: packets, left: 0 }, bytes]);
  assert.ok(packets > 300, `${packets} packets`);
  rmSync(path);
  order(close(2, START_MS + 1000));
  assert.equal((await told('done', 2))[1]!.place.id, 2);
});

test('a file that somebody removes is told, the other sides of the recording end with it', BOUND, async (t) => {
  const folder = folderOf(t);
  const { order, talk, told } = await startRecorder(t, folder);
  order(openOrder({ rtcp: false }));
  await told('opened');
  unlinkSync(join(folder, 'a84b@host=from1.o.rtp'));
  talk(1, 0, Date.now(), 5);
  const [failed] = await told('failed');
  assert.deepEqual([failed!.path, failed!.reason], [join(folder, 'a84b@host=from1.o.rtp'), 'it was removed']);
});

test('[KC-09] ad-hoc files are gone on with behind their last whole record', BOUND, async (t) => {
  const folder = folderOf(t);
  const first = await startRecorder(t, folder);
  first.order(openOrder({ rtcp: false }));
  first.talk(1, 0, START_MS, 500);
  await first.thread.stop(true);
  const path = join(folder, 'a84b@host=from1.o.rtp');
  const { files } = (await first.told('opened'))[0]!;
  truncateSync(path, 499 * 202 + 100);
  const second = await startRecorder(t, folder);
  second.order(openOrder({ rtcp: false, files }));
  second.talk(1, 0, START_MS + 20_000, 10);
  second.order(close(1));
  const [done] = await second.told('done');
  assert.deepEqual(adHocRecords(path), { records: 509, left: 0 });
  assert.deepEqual([done!.packets, done!.durationMs, namesIn(folder).length], [509, 20_180, 2]);
});

test('captures and WAV files are gone on with, too', BOUND, async (t) => {
  const folder = folderOf(t);
  const orders = [openOrder({ form: 'pcap', single: true }), openOrder({ form: 'wav', number: 2, place: { ...PLACE, id: 2 } })];
  const first = await startRecorder(t, folder);
  for (const order of orders) first.order(order);
  for (const number of [1, 2]) first.talk(number, 0, START_MS, 100);
  await first.told('opened', 2);
  await first.thread.stop(true);
  const [pcap, part] = [join(folder, 'a84b@host=from1.pcap'), join(folder, 'a84b@host=from1.part.wav')];
  // The recorder has left the WAV file as long as the time that has passed since; a crash leaves less.
  truncateSync(part, 44 + 2000 * 32);
  appendFileSync(pcap, readFileSync(pcap).subarray(24, 24 + 50));
  appendFileSync(part, Buffer.of(1));
  const second = await startRecorder(t, folder);
  for (const order of orders)
    second.order({
      ...order,
      files: namesIn(folder).filter((name) => (name === 'a84b@host=from1.pcap') === (order.form === 'pcap')),
    });
  for (const number of [1, 2]) second.talk(number, 2, START_MS + 3000, 100);
  for (const number of [1, 2]) second.order(close(number));
  const done = await second.told('done', 2);
  assert.deepEqual(namesIn(folder), ['a84b@host=from1.pcap', 'a84b@host=from1.wav']);
  assert.deepEqual([done[0]!.packets, statSync(pcap).size], [200, 24 + 200 * (58 + 172)]);
  const wav = parseWav(readFileSync(join(folder, 'a84b@host=from1.wav')));
  assert.ok(wav.ok && wav.value.data.length === 5000 * 32);
});

test('files that are to be gone on with and are none of ours, or lead elsewhere, are not touched', BOUND, async (t) => {
  const folder = folderOf(t);
  const outside = join(folderOf(t), 'outside');
  writeFileSync(outside, 'theirs');
  symlinkSync(outside, join(folder, 'link.pcap'));
  writeFileSync(join(folder, 'text.pcap'), 'a text that is longer than the header of a capture');
  const { order, talk, told } = await startRecorder(t, folder);
  const files = ['link.pcap', 'text.pcap', '../x.pcap'];
  for (const [i, file] of files.entries()) {
    order(openOrder({ form: 'pcap', single: true, files: [file], number: i, place: { ...PLACE, id: i } }));
    talk(i, 0, START_MS, 5);
  }
  const failed = await told('failed', 2);
  assert.deepEqual(
    failed.map(({ reason }) => reason),
    ['ELOOP', 'it is no capture that was begun here'],
  );
  for (const number of [0, 1, 2]) order(close(number));
  const done = await told('done', 3);
  assert.deepEqual([readFileSync(outside, 'latin1'), readFileSync(join(folder, 'text.pcap')).length], ['theirs', 50]);
  assert.equal(done[2]!.files[0]!.path, join(folder, 'a84b@host=from1.pcap'), 'made anew');
});

test('a media thread that died: its successor goes on under another number', BOUND, async (t) => {
  const folder = folderOf(t);
  const { order, talk, told, thread, memory } = await startRecorder(t, folder);
  order(openOrder({ rtcp: false }));
  order(openOrder({ rtcp: false, number: 2, place: { ...PLACE, session: 2 }, tag: 'other' }));
  talk(1, 0, START_MS, 10);
  thread.add(0, memory);
  // Numbers begin anew, and are those of others now.
  order(openOrder({ rtcp: false, number: 1, place: { ...PLACE, session: 2 }, tag: 'other' }));
  talk(1, 0, START_MS, 5);
  order(openOrder({ rtcp: false, number: 2 }));
  talk(2, 0, START_MS + 500, 10);
  for (const number of [1, 2]) order(close(number));
  const done = await told('done', 2);
  assert.deepEqual(
    done.map(({ place, packets }) => [place.session, packets]),
    [
      [2, 5],
      [1, 20],
    ],
  );
  assert.equal(namesIn(folder).length, 4);
});

test('the thread dies: another takes its place, and goes on with the files when it is told of them', BOUND, async (t) => {
  const folder = folderOf(t);
  const { order, talk, told, failures, warnings, notices } = await startRecorder(t, folder, null, MORTAL_WORKER);
  order(openOrder({ rtcp: false }));
  const [opened] = await told('opened');
  talk(1, 0, Date.now(), 100);
  await until(
    () => statSync(join(folder, opened!.files[0]!)).size === 100 * 202,
    () => 'not all was written',
  );
  writeFileSync(join(folder, 'die'), '');
  await until(
    () => failures.length === 1,
    () => `it was not told: ${warnings}`,
  );
  talk(1, 0, START_MS, 3);
  order(openOrder({ rtcp: false, number: 7, files: opened!.files }));
  talk(7, 0, START_MS + 9000, 10);
  order(close(7));
  const [done] = await told('done');
  assert.equal(done!.packets, 110);
  assert.deepEqual([warnings, failures], [['the recorder has died: it was told to'], ['it was told to']]);
  assert.equal(notices.filter(({ kind }) => kind === 'failed').length, 0);
});

test('a recording that cannot be moved stays where it was made, and it is said where and why', BOUND, async (t) => {
  const folder = folderOf(t);
  const [spool, final] = [join(folder, 'spool'), join(folder, 'final')];
  mkdirSync(spool);
  mkdirSync(final);
  const { order, talk, told } = await startRecorder(t, final, spool);
  order(openOrder({ form: 'wav' }));
  await told('opened');
  talk(1, 0, START_MS, 5);
  rmdirSync(final);
  order(close(1));
  const [failed] = await told('failed');
  const path = join(spool, 'a84b@host=from1.part.wav');
  const reason = `it stays there, and cannot be moved to ${final} (ENOENT)`;
  assert.deepEqual(failed, { kind: 'failed', place: PLACE, path, reason });
  assert.deepEqual(
    (await told('done'))[0]!.files.map((file) => file.path),
    [path],
  );
  assert.ok(parseWav(readFileSync(path)).ok, 'it is a whole one');
});
