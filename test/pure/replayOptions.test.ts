import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress } from '../../src/cli/progress.js';
import { nodeNames, parseReplayOptions, REPLAY_HELP, type ReplayOptions } from '../../src/cli/replay/options.js';
import { parseTime } from '../../src/cli/replay/times.js';

const NOW = new Date(2026, 10, 21, 9, 30, 0).getTime();

function options(...args: string[]): ReplayOptions {
  const parsed = parseReplayOptions(args, NOW);
  if (!parsed.ok || parsed.value === 'help') assert.fail(JSON.stringify(parsed));
  return parsed.value;
}

function refusal(...args: string[]): string {
  const parsed = parseReplayOptions(args, NOW);
  if (parsed.ok) assert.fail(JSON.stringify(parsed));
  assert.doesNotMatch(parsed.error, /\n/);
  return parsed.error;
}

test('times are read as operators write them', () => {
  const times: readonly (readonly [string, number])[] = [
    ['2026-11-21T09:00:00Z', Date.UTC(2026, 10, 21, 9)],
    ['2026-11-21T09:00:00.250Z', Date.UTC(2026, 10, 21, 9, 0, 0, 250)],
    ['2026-11-21T09:00+02:00', Date.UTC(2026, 10, 21, 7)],
    ['2026-11-21T09:00-0530', Date.UTC(2026, 10, 21, 14, 30)],
    ['2026-11-20T09:00:01', new Date(2026, 10, 20, 9, 0, 1).getTime()],
    ['2026-11-20 09:00', new Date(2026, 10, 20, 9).getTime()],
    ['2026-11-20', new Date(2026, 10, 20).getTime()],
    ['2028-02-29', new Date(2028, 1, 29).getTime()],
    ['08:15', new Date(2026, 10, 21, 8, 15).getTime()],
    ['08:15:30', new Date(2026, 10, 21, 8, 15, 30).getTime()],
    ['-90s', NOW - 90_000],
    ['-15m', NOW - 900_000],
    ['-1.5h', NOW - 5_400_000],
    ['-1d', NOW - 86_400_000],
  ];
  for (const [text, at] of times) assert.deepEqual(parseTime(text, NOW), { ok: true, value: at }, text);
});

test('what is no time is refused with what was expected', () => {
  const wrong = [
    '',
    'yesterday',
    '9',
    '9:00',
    '-15',
    '-15x',
    '15m',
    '2026-11',
    '2026-11-21T',
    '2026-11-21T09:00 Z',
    '25:00',
    '09:60',
  ];
  for (const text of [...wrong, '2026-02-29', '2026-13-01', '2026-11-00', '09:00:60', '2026-11-21T09:00X', '09:00Z']) {
    const time = parseTime(text, NOW);
    assert.equal(time.ok, false, text);
    assert.match(time.ok ? '' : time.error, new RegExp(`^${text}: .*expected a time like 2026-11-21T09:00:00Z .* or -90s`));
  }
});

test('a command line is read: logs, times with a dash of their own, and what is shown', () => {
  const plain = { call: null, fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY, html: null };
  const switches = { follow: false, json: false, ladder: false, redecide: false, check: false, sdp: false };
  assert.deepEqual(options('a', 'b'), { paths: ['a', 'b'], ...plain, ...switches });
  assert.deepEqual(options('a', '--from', '-15m', '--until', '-5m', '--call', 'x', '--html', '-', '--', '--from'), {
    ...{ paths: ['a', '--from'], ...plain, ...switches, call: 'x', html: '-' },
    ...{ fromMs: NOW - 900_000, untilMs: NOW - 300_000 },
  });
  assert.deepEqual(options('a', '--follow', '--json', '--check', '--redecide', '--from=09:00'), {
    ...{ paths: ['a'], ...plain, follow: true, json: true, ladder: false, redecide: true, check: true, sdp: false },
    fromMs: NOW - 1_800_000,
  });
  assert.deepEqual(parseReplayOptions(['--help'], NOW), { ok: true, value: 'help' });
});

test('what makes no sense is refused in one line', () => {
  assert.equal(refusal(), 'expected a LOG; see rtpbridge replay --help');
  assert.equal(refusal('a', '--colour'), "Unknown option '--colour'; see rtpbridge replay --help");
  assert.match(refusal('a', '--from'), /--from.*argument missing; see/);
  assert.equal(refusal('a', '--from', '-5m', '--until', '-15m'), '--from -5m is after --until -15m');
  assert.match(refusal('a', '--until', 'noon'), /^--until noon: expected a time like/);
  assert.equal(refusal('a', '--ladder'), '--ladder needs --call ID: it shows one call');
  assert.equal(refusal('a', '--html', 'x'), '--html needs --call ID: it shows one call');
  assert.equal(refusal('a', '--call', 'x', '--follow', '--html', 'x'), '--follow and --html exclude each other');
  assert.equal(refusal('a', '--follow', '--until', '-1s'), '--follow and --until exclude each other');
  assert.equal(refusal('a', '--call', 'x', '--ladder', '--json'), '--ladder and --json exclude each other');
  assert.match(refusal('a', '--call', 'x', '--ladder', '--html', '-'), /both go to stdout/);
});

test('the help explains every option, with an example', () => {
  for (const option of ['call', 'from', 'until', 'follow', 'json', 'ladder', 'html', 'redecide', 'check'])
    assert.match(REPLAY_HELP, new RegExp(`^  --${option}\\b`, 'm'));
  for (const option of ['call', 'from', 'follow', 'json', 'ladder', 'html', 'redecide', 'check'])
    assert.match(REPLAY_HELP, new RegExp(`^ {18}rtpbridge replay .*--${option}\\b`, 'm'));
});

test('nodes are called what their logs do not have in common', () => {
  assert.deepEqual(nodeNames(['/var/a']), []);
  assert.deepEqual(nodeNames(['/var/north/data', '/var/south/data/']), ['north', 'south']);
  assert.deepEqual(nodeNames(['data', 'north/data']), ['data', 'north/data']);
  assert.deepEqual(nodeNames(['a', 'a']), ['a', 'a']);
  assert.deepEqual(nodeNames(['x/1/y', 'x/2/y', 'x/2/z']), ['1/y', '2/y', '2/z']);
});

test('a bar is drawn on a terminal after a second, says how far and how fast, and goes away', () => {
  for (const isTTY of [true, false]) {
    let nowMs = 5000;
    let screen = '';
    const progress = new Progress({ isTTY, columns: 0, write: (text) => (screen += text) }, () => nowMs, 'records');
    progress.reach(10, 100);
    nowMs += 999;
    progress.reach(20, 100);
    assert.equal(screen, '');
    for (let i = 0; i < 4095; i++) progress.count();
    nowMs += 1001;
    progress.count();
    assert.equal(screen, isTTY ? '\r 20 % [######------------------------] 2048 records/s\x1b[K' : '');
    progress.reach(30, 100);
    nowMs += 100;
    progress.reach(40, 100);
    assert.equal(screen.split('\r').length, isTTY ? 3 : 1);
    progress.hide();
    progress.hide();
    assert.equal(screen.endsWith('records/s\x1b[K\r\x1b[K'), isTTY);
  }
});
