import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { packr, SEGMENT_MAGIC, SEGMENT_VERSION, segmentName } from '../../src/io/log/segment.js';
import { FRAME_HEADER_BYTES, writeFrame } from '../../src/protocol/events/frame.js';
import type { LogRecord } from '../../src/relay/events/record.js';
import { COMPLETE, closed, legOpened, opened, T0 } from '../pure/modelGiven.js';
import { LogWriter, after as later } from '../pure/replayGiven.js';
import { startChild } from '../rig/child.js';

const RTPBRIDGE = fileURLToPath(new URL('../../src/cli/rtpbridge.js', import.meta.url));
const LIMIT_MS = 10_000;
const folder = mkdtempSync(join(tmpdir(), 'rtpbridge-replay-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function framed(value: unknown): Uint8Array {
  const body = Uint8Array.from(packr.pack(value));
  const frame = new Uint8Array(FRAME_HEADER_BYTES + body.length);
  writeFrame(frame, 0, body);
  return frame;
}

/** Writes a data directory with one segment; answers the directory and the segment. */
function writeLog(name: string, records: readonly LogRecord[], run = 1): { readonly dir: string; readonly segment: string } {
  const dir = join(folder, name);
  mkdirSync(join(dir, 'log'), { recursive: true });
  const segment = join(dir, 'log', segmentName(0, run));
  const header = { shard: 0, run, startedAt: T0, version: SEGMENT_VERSION };
  writeFileSync(segment, Buffer.concat([Buffer.from(SEGMENT_MAGIC, 'latin1'), framed(header), ...records.map(framed)]));
  return { dir, segment };
}

function replay(...args: string[]): { readonly code: number | null; readonly out: string[]; readonly err: string } {
  const options = { encoding: 'utf8', timeout: LIMIT_MS, killSignal: 'SIGKILL' } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [RTPBRIDGE, 'replay', ...args], options);
  return { code: status, out: stdout.split('\n').slice(0, -1), err: stderr };
}

const oneCall = (log = new LogWriter()): LogRecord[] => [
  log.events(COMPLETE),
  log.events([closed('deleted')], { at: later(1000) }),
];

/** More than a pipe takes before somebody reads. */
function manyCalls(): LogRecord[] {
  const log = new LogWriter();
  return Array.from({ length: 2000 }, (_, i) => log.events([opened()], { session: i + 1, call: `call-${i}` }));
}

test('a log is told as a timeline, a whole one with exit code 0, a damaged one or a wrong one with 1 and lines in place', () => {
  const { dir, segment } = writeLog('plain', oneCall());
  for (const path of [dir, join(dir, 'log'), segment]) {
    const { code, out, err } = replay(path);
    assert.deepEqual({ code, lines: out.length, err }, { code: 0, lines: 4, err: '' });
    assert.match(out[0]!, /^2023-11-14T22:13:20\.000Z {2}0\/1 {2}call@a {2}session opened for tag alice;/);
  }
  appendFileSync(segment, framed(new LogWriter().events([legOpened('caller', 20_010)])).subarray(0, 20));
  const torn = replay(dir);
  assert.equal(torn.code, 1);
  assert.ok(torn.out.some((line) => line.startsWith(`! ${segment} `)));
  assert.equal(torn.err, '');

  const wrong = replay(writeLog('wrong', [new LogWriter().events([legOpened('caller', 20_010)])]).dir);
  assert.deepEqual([wrong.code, wrong.out.at(-1)], [1, '! call@a: the chart ignored LegOpened in new']);
});

test('as JSON what is wrong stands among the records and on stderr', () => {
  const log = new LogWriter();
  const { code, out, err } = replay(writeLog('json', [log.events([opened()]), log.events([opened()])]).dir, '--json');
  const objects = out.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual([code, objects.length], [1, 3]);
  assert.deepEqual([objects[0]!['kind'], objects[0]!['seq'], objects[0]!['log'], objects[0]!['run']], ['step', 1, 0, 1]);
  assert.match(String(objects[2]!['problem']), /the chart ignored SessionOpened in waiting/);
  assert.equal(err, '! call@a: the chart ignored SessionOpened in waiting\n');
});

test('several nodes are told together, in the order of time', () => {
  const [north, south] = [new LogWriter(), new LogWriter()];
  const paths = [
    writeLog('north', [north.events([opened()]), north.events([closed('deleted')], { at: later(2000) })]).dir,
    writeLog('south', [south.events([opened()], { at: later(1000) }), south.events([closed('deleted')], { at: later(3000) })])
      .dir,
  ];
  const { code, out } = replay(...paths);
  assert.equal(code, 0);
  assert.deepEqual(
    out.map((line) => line.split('  ')[1]),
    ['north:0/1', 'south:0/1', 'north:0/1', 'south:0/1'],
  );
});

test('--check and --redecide say in one line that all is well, and answer 1 where it is not', () => {
  const { dir } = writeLog('checked', oneCall());
  assert.deepEqual(replay(dir, '--check'), { code: 0, out: ['4 events, 1 session, 0 rules broken'], err: '' });
  const { code, out } = replay(dir, '--redecide');
  // The commands of these steps are not what made their events.
  assert.deepEqual([code, out.at(-1)], [1, '2 commands, 2 differ']);
});

test('what cannot be read, and a wrong command line, are told in one line with exit code 1', () => {
  for (const [args, told] of [
    [[join(folder, 'nowhere')], /^rtpbridge: .*nowhere.*\n$/],
    [['x', '--colour'], /^rtpbridge: Unknown option '--colour'; .*--help\n$/],
    [['x', '--from', 'noon'], /^rtpbridge: --from noon: expected a time like .*\n$/],
    [[], /^rtpbridge: expected a LOG; .*\n$/],
  ] as const) {
    const { code, out, err } = replay(...args);
    assert.deepEqual([code, out], [1, []], err);
    assert.match(err, told);
  }
});

test('a reader who goes away early, as head does, ends it quietly', { timeout: LIMIT_MS }, async () => {
  const { dir } = writeLog('long', manyCalls());
  const child = spawn(process.execPath, [RTPBRIDGE, 'replay', dir], { stdio: ['ignore', 'pipe', 'pipe'] });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const [code] = (await once(child, 'close')) as [number | null];
  assert.deepEqual({ code, err }, { code: 0, err: '' });
});

test('output that cannot be written is told, with exit code 1', {
  skip: existsSync('/dev/full') ? false : 'there is no /dev/full',
}, () => {
  const { dir } = writeLog('full', oneCall());
  const command = `"$0" "$1" replay "$2" > /dev/full`;
  const { status, stderr } = spawnSync('sh', ['-c', command, process.execPath, RTPBRIDGE, dir], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [1, 'rtpbridge: the output cannot be written (ENOSPC)\n']);
});

test('a log that grows is followed until Ctrl-C, which is exit code 0', { timeout: LIMIT_MS * 2 }, async (t) => {
  const log = new LogWriter();
  const { dir, segment } = writeLog('growing', [log.events([opened()])]);
  const child = await startChild(process.execPath, [RTPBRIDGE, 'replay', dir, '--follow', '--check', '--json']);
  t.after(() => child.stop());
  const plain = await startChild(process.execPath, [RTPBRIDGE, 'replay', dir, '--follow']);
  t.after(() => plain.stop());
  await plain.output(/session opened/, LIMIT_MS);
  const half = framed(log.events([closed('deleted')], { at: later(5) }));
  appendFileSync(segment, half.subarray(0, 30));
  appendFileSync(segment, half.subarray(30));
  await plain.output(/session closed: deleted/, LIMIT_MS);
  appendFileSync(segment, framed(log.events([closed('deleted')], { at: later(6) })));
  await child.output(/"problem"/, LIMIT_MS);
  await plain.output(/^! call@a: the chart ignored SessionClosed in new$/m, LIMIT_MS);
  assert.ok(plain.running() && child.running());
  for (const each of [plain, child]) process.kill(each.pid, 'SIGINT');
  assert.deepEqual(await child.exited, { code: 1, signal: null });
  assert.match(child.stderr(), /3 events, 1 session, 1 rule broken/);
  assert.deepEqual(await plain.exited, { code: 1, signal: null });

  const sound = await startChild(process.execPath, [RTPBRIDGE, 'replay', writeLog('sound', oneCall()).dir, '--follow']);
  t.after(() => sound.stop());
  await sound.output(/session closed/, LIMIT_MS);
  process.kill(sound.pid, 'SIGINT');
  assert.deepEqual(await sound.exited, { code: 0, signal: null });
  assert.equal(sound.stderr(), '');
});

test('a page goes to a file that only the operator reads, or to stdout; a ladder to stdout; for a call that is there', () => {
  const { dir } = writeLog('story', oneCall());
  const file = join(folder, 'call.html');
  const written = replay(dir, '--call', 'call@a', '--html', file, '--ladder');
  assert.deepEqual([written.code, written.out.at(-1), written.err], [0, `The page of the call is in ${file}`, '']);
  assert.equal(statSync(file).mode & 0o777 & ~0o640, 0);
  assert.match(readFileSync(file, 'utf8'), /^<!doctype html>/i);
  assert.match(replay(dir, '--call', 'call@a', '--html', '-').out.join('\n'), /^<!doctype html>/i);
  assert.ok(written.out.length > 1, 'the ladder is there, too');

  const none = replay(dir, '--call', 'nobody', '--ladder');
  assert.deepEqual([none.code, none.out, none.err], [1, [], 'rtpbridge: no call nobody in this log\n']);
  const nowhere = replay(dir, '--call', 'call@a', '--html', join(folder, 'no', 'file'));
  assert.deepEqual([nowhere.code, nowhere.err], [1, `rtpbridge: ${join(folder, 'no', 'file')} cannot be written (ENOENT)\n`]);
});
