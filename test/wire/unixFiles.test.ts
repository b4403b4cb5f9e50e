/** The files of unix control sockets: who may use them, who owns them, and when they go. */
import { equal, match, ok, rejects } from 'node:assert/strict';
import { existsSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { LineClient, unixCommand } from '../rig/control.js';
import { openAlone, PLAIN_FILES } from '../rig/controlAlone.js';
import { temporaryFolder } from '../rig/startAttempt.js';

const BOUND = { timeout: 10_000 };
const USER = 12_345;
const GROUP = 23_456;

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('[SY-07 PN-17] the file is for user and group, or as it is told', BOUND, async (t) => {
  const folder = await temporaryFolder(t);
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  for (const mode of [null, 0o600, 0o666, 0o777]) {
    for (const kind of ['unix', 'cunix']) {
      const path = join(folder, `${kind}-${mode}.sock`);
      await openAlone(t, [`${kind}:${path}`], { unixFiles: { ...PLAIN_FILES, mode } });
      equal(modeOf(path), mode ?? 0o660);
    }
  }
});

test('the file is given to the user and the group that are told', BOUND, async (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root can give files away');
  const folder = await temporaryFolder(t);
  const [both, group] = [join(folder, 'both'), join(folder, 'group')];
  await openAlone(t, [both], { unixFiles: { mode: 0o620, uid: USER, gid: GROUP } });
  await openAlone(t, [group], { unixFiles: { mode: null, uid: null, gid: GROUP } });
  equal(`${statSync(both).uid} ${statSync(both).gid} ${modeOf(both).toString(8)}`, `${USER} ${GROUP} 620`);
  equal(`${statSync(group).uid} ${statSync(group).gid}`, `${process.getuid()} ${GROUP}`);
});

test('the file goes with the socket, also when the process has moved to another folder', BOUND, async (t) => {
  const folder = await temporaryFolder(t);
  const before = process.cwd();
  t.after(() => process.chdir(before));
  process.chdir(folder);
  const alone = await openAlone(t, ['unix:here.sock']);
  ok(existsSync(join(folder, 'here.sock')));
  process.chdir('/');
  equal(await unixCommand(join(folder, 'here.sock'), 'V'), 'heard V\n');
  await alone.listener.close();
  ok(!existsSync(join(folder, 'here.sock')));
});

test('a file that has come in its place is left alone', BOUND, async (t) => {
  const path = join(await temporaryFolder(t), 'taken.sock');
  const first = await openAlone(t, [`cunix:${path}`]);
  const connected = await LineClient.open(`cunix:${path}`);
  t.after(() => connected.close());
  // Another relay of the old kind takes a path without asking.
  rmSync(path);
  const second = await openAlone(t, [`cunix:${path}`]);
  equal(await connected.ask('V'), 'heard V', 'who was connected stays so');
  await first.listener.close();
  equal(await unixCommandByLine(path), 'heard V');
  await second.listener.close();
  ok(!existsSync(path));

  const third = await openAlone(t, [`unix:${path}`]);
  renameSync(path, `${path}.away`);
  writeFileSync(path, 'not a socket');
  await third.listener.close();
  ok(existsSync(path) && existsSync(`${path}.away`));
});

async function unixCommandByLine(path: string): Promise<string> {
  const client = await LineClient.open(`cunix:${path}`);
  return client.ask('V').finally(() => client.close());
}

test('a file that nobody answers at is taken over, one that somebody does is not, nor what is no socket', BOUND, async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'stale.sock');
  const dead = createServer();
  await new Promise<void>((resolve) => dead.listen(`${path}.dead`, resolve));
  renameSync(`${path}.dead`, path); // So that it does not go with its server.
  await new Promise((resolve) => dead.close(resolve));
  ok(statSync(path).isSocket());
  await openAlone(t, [`unix:${path}`]);
  equal(await unixCommand(path, 'V'), 'heard V\n');
  await rejects(openAlone(t, [`unix:${path}`]), /^Error: control socket unix:.*stale\.sock: it is in use: .* \(EADDRINUSE\)$/);
  equal(await unixCommand(path, 'V'), 'heard V\n', 'and it is still there');

  writeFileSync(join(folder, 'file'), '');
  await rejects(openAlone(t, [join(folder, 'file')]), /something that is no socket is in its place \(EEXIST\)$/);
  await rejects(openAlone(t, [join(folder, 'none', 'a')]), /its folder does not exist \(ENOENT\)$/);
  symlinkSync(join(folder, 'none'), join(folder, 'link'));
  await rejects(openAlone(t, [join(folder, 'link')]), /something that is no socket is in its place \(EEXIST\)$/);
});

test('a path of 107 bytes is taken, in letters of any alphabet', BOUND, async (t) => {
  const folder = await temporaryFolder(t);
  const room = 107 - Buffer.byteLength(`${folder}/`);
  const path = join(folder, `${'x'.repeat(room % 2)}${'ß'.repeat(Math.floor(room / 2))}`);
  equal(Buffer.byteLength(path), 107);
  const alone = await openAlone(t, [path]);
  match(await unixCommand(path, 'VF 20050322'), /^heard VF/);
  await alone.listener.close();
  ok(!existsSync(path));
});
