import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAKEANN_HELP, MAKEANN_USAGE, parseMakeann } from '../../src/relay/tools/makeannOptions.js';

const PLAIN = { input: 'in', template: 'in', limit: null, loop: false, vad: false, raw: false };

test('[PN-13] options of makeann stand in any order, clustered or glued on as getopt takes them', () => {
  const rows: readonly (readonly [string, object])[] = [
    ['in', {}],
    ['in out', { template: 'out' }],
    ['-l 80 in', { limit: 80 }],
    ['-l80 -L in', { limit: 80, loop: true }],
    ['-Lvl 80 in', { limit: 80, loop: true, vad: true }],
    ['in -l 2147483647 -L', { limit: 2 ** 31 - 1, loop: true }],
    ['in out -v --raw', { template: 'out', vad: true, raw: true }],
    ['--raw -- in -l', { template: '-l', raw: true }],
    ['- out', { input: '-', template: 'out' }],
  ];
  for (const [line, expected] of rows) {
    assert.deepEqual(parseMakeann(line.split(' ')), { ok: true, value: { ...PLAIN, ...expected } }, line);
  }
  assert.deepEqual(parseMakeann(['x', '--help', '--what']), { ok: true, value: 'help' });
  assert.ok(MAKEANN_HELP.startsWith(`${MAKEANN_USAGE}\n`));
});

test('[PN-13] wrong options of makeann are refused in a line that names the value and what was expected', () => {
  const rows: readonly (readonly [readonly string[], string])[] = [
    [[], 'expected the input file'],
    [['a', 'b', 'c'], 'c: expected an input file and a template, and nothing behind them'],
    [[''], 'expected the input file'],
    [['a', ''], 'expected a template that is not empty'],
    [['-L', 'a'], '-L: expected a limit (-l) as well, it would never end'],
    [['a', '-l'], '-l: expected a number of samples behind it'],
    [['a', '-x'], '-x: no such option'],
    [['a', '-Lq'], '-q: no such option'],
    [['a', '--loop'], '--loop: no such option'],
    ...['0', '-1', '1.5', '80x', '', ' 8', '0x10', '2147483648', '1e3'].map(
      (limit) => [['-l', limit, 'a'], `-l ${limit}: expected a number of samples, 1 to 2147483647`] as const,
    ),
  ];
  for (const [args, error] of rows) assert.deepEqual(parseMakeann(args), { ok: false, error });
});
