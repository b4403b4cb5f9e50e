/** `rtpbridge watch` and `rtpbridge status`, against an admin socket without a relay behind it. */
import { deepEqual, equal, match } from 'node:assert/strict';
import { dirname } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type AdminScene, openScene, statusOf, until } from '../rig/adminScene.js';
import type { Child } from '../rig/child.js';
import { asNobody, launch, runToEnd, whyNotAsNobody } from '../rig/startAttempt.js';
import { lost, stepOf, told, vitalsOf } from '../rig/toldRecords.js';

const BOUND = { timeout: 30_000 };
const SEEN_WITHIN_MS = 10_000;

async function startWatch(t: TestContext, scene: AdminScene, args: readonly string[]): Promise<Child> {
  const child = await launch(['watch', ...args]);
  t.after(() => child.stop());
  await until(() => scene.watched.length === 1);
  return child;
}

test('watch prints what happens while it happens, and what it missed; Ctrl-C ends it with 0', BOUND, async (t) => {
  const scene = await openScene(t);
  const child = await startWatch(t, scene, ['--data-dir', dirname(scene.path)]);
  deepEqual(scene.watched, [null]);
  scene.happens.next(told(stepOf('call-1', { shard: 2, session: 7 })));
  await child.output(/2023-11-14T22:13:20\.001Z {2}2\/7 {2}call-1 {2}strong reference taken\n/, SEEN_WITHIN_MS);
  scene.happens.next(lost(17, 2));
  await child.output(/! 17 records of media thread 2 came too fast to be shown\n/, SEEN_WITHIN_MS);
  process.kill(child.pid, 'SIGINT');
  deepEqual(await child.exited, { code: 0, signal: null });
  equal(child.stderr(), '');
  await until(() => scene.watched.length === 0);
});

test('watch of one call, as JSON', BOUND, async (t) => {
  const scene = await openScene(t);
  const child = await startWatch(t, scene, ['--call', 'a@b', '--json', '--admin', `unix:${scene.path}`]);
  deepEqual(scene.watched, ['a@b']);
  const all = [told(stepOf('a@b')), lost(3), told(vitalsOf({ seq: 9 }))];
  for (const each of all) scene.happens.next(each);
  await child.output(/vitals.*\n/, SEEN_WITHIN_MS);
  const lines = child.stdout().trim().split('\n');
  deepEqual(
    lines.map((line) => JSON.parse(line)),
    [{ record: stepOf('a@b') }, { lost: 3, shard: 0 }, { record: vitalsOf({ seq: 9 }) }],
  );
  process.kill(child.pid, 'SIGTERM');
  equal((await child.exited).code, 0);
});

test('watch ends with 1 and one line when the relay ends, and with 0 when nobody reads what it prints', BOUND, async (t) => {
  const scene = await openScene(t);
  const child = await startWatch(t, scene, ['--admin', scene.path]);
  await scene.listener.close();
  equal((await child.exited).code, 1);
  equal(child.stderr(), `rtpbridge: ${scene.path}: the relay has closed the connection\n`);

  const again = await openScene(t);
  const reader = ['sh', '-c', '{ "$@"; echo "code $?" >&2; } | head -n 1', 'sh'];
  const piped = await launch(['watch', '--admin', again.path], { under: reader });
  t.after(() => piped.stop());
  await until(() => again.watched.length === 1);
  for (let i = 0; !/code/.test(piped.stderr()) && i < 500; i++) {
    again.happens.next(told(stepOf('call-1')));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  equal((await piped.exited).code, 0);
  equal(piped.stderr(), 'code 0\n');
  match(piped.stdout(), /^[^\n]*call-1[^\n]*\n$/);
});

test('status prints a short table, or everything as JSON', BOUND, async (t) => {
  const { path } = await openScene(t);
  const table = await runToEnd(['status', '--data-dir', dirname(path)]);
  equal(table.code, 0);
  match(table.stdout, /^rtpbridge 9\.8\.7, process 4711, up \d+ d \d+ h\n/);
  match(table.stdout, /\nthread {2}sessions {2}load .*\n {5}0 {9}3 {2}25 % .*\n {5}1 {9}4 {2}25 % .*\n$/);
  const json = await runToEnd(['status', '--json', '--admin', path]);
  equal(json.code, 0);
  deepEqual(JSON.parse(json.stdout), statusOf(2));
});

test('whoever cannot ask is told why in one line, with exit code 1', BOUND, async (t) => {
  const scene = await openScene(t);
  for (const [args, complaint] of [
    [['watch', '--data-dir', '/nowhere'], /^rtpbridge: \/nowhere\/admin\.sock: there is no such socket: .*\(ENOENT\)\n$/],
    [['status', '--data-dir', '/nowhere'], /^rtpbridge: \/nowhere\/admin\.sock: there is no such socket: .*\(ENOENT\)\n$/],
    [['status', '--admin', 'unix:'], /^rtpbridge: --admin unix:: expected unix:PATH\n$/],
    [['watch', '--admin', 'a', '--data-dir', 'b'], /^rtpbridge: --admin and --data-dir: expected one of them\n$/],
    [['watch', '--what'], /^rtpbridge: .*--what.*\n$/],
    [['status', 'more'], /^rtpbridge: .*more.*\n$/],
  ] as const) {
    const { code, stdout, stderr } = await runToEnd(args);
    match(stderr, complaint);
    deepEqual([code, stdout], [1, '']);
  }
  for (const command of ['watch', 'status']) {
    const { code, stdout } = await runToEnd([command, '--help']);
    equal(code, 0);
    match(stdout, new RegExp(`^usage: rtpbridge ${command} `));
  }
  const why = await whyNotAsNobody();
  if (why !== null || process.getuid?.() !== 0) return t.diagnostic(why ?? 'only root can become somebody else');
  const { stderr } = await runToEnd(['status', '--admin', scene.path], { under: asNobody(), cwd: '/' });
  match(stderr, /this user may not ask the relay \(EACCES\)/);
});
