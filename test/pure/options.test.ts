import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flagOf, formatHelp, type GivenOptions, OPTIONS, type OptionKey, readOptions } from '../../src/relay/options.js';
import { portRange } from '../../src/relay/portalloc/portTable.js';

function read(given: GivenOptions) {
  const result = readOptions(given);
  assert.ok(result.ok, result.ok ? '' : result.error);
  return result.value;
}

function problem(given: GivenOptions): string {
  const result = readOptions(given);
  return result.ok ? 'no problem' : result.error;
}

test('without options everything has the default that the help names', () => {
  assert.deepEqual(read({}), {
    ...{ control: [], listen: '*', portMin: 35_000, portMax: 65_000, ttlSeconds: 60, setupTtlSeconds: 60 },
    ...{ logLevel: 'INFO', pidFile: null, foreground: false, rootCheck: true, workers: null, engine: null },
    dataDir: './rtpbridge-data',
  });
  for (const [key, row] of Object.entries(OPTIONS)) {
    if (!('default' in row) || !/^\d+$/.test(row.default)) continue;
    assert.ok(Object.values(read({})).includes(Number(row.default)), `${key}: the default of the help is the one that counts`);
  }
});

test('the default ports are 35000 to 64999, the default time to live 60 s, before the answer as after it', () => {
  const { portMin, portMax, ttlSeconds, setupTtlSeconds } = read({});
  assert.deepEqual(portRange(portMin, portMax), { first: 35_000, pairs: 15_000 });
  assert.deepEqual([ttlSeconds, setupTtlSeconds], [60, 60]);
  assert.equal(read({ ttl: '5' }).setupTtlSeconds, 5);
  assert.equal(read({ ttl: '5', setupTtl: '7' }).setupTtlSeconds, 7);
});

test('what is given is taken', () => {
  const given: GivenOptions = {
    ...{ control: ['udp:*:1', '/tmp/s'], listen: '127.0.0.1', portMin: '20000', portMax: '20009', ttl: '3', setupTtl: '4' },
    ...{ logLevel: 'dbug', pidFile: '/tmp/p', foreground: true, noRootCheck: true, workers: '3', engine: 'EPOLL' },
    dataDir: '/tmp/d',
  };
  assert.deepEqual(read(given), {
    ...{
      control: ['udp:*:1', '/tmp/s'],
      listen: '127.0.0.1',
      portMin: 20_000,
      portMax: 20_009,
      ttlSeconds: 3,
      setupTtlSeconds: 4,
    },
    ...{ logLevel: 'DBUG', pidFile: '/tmp/p', foreground: true, rootCheck: false, workers: 3, engine: 'epoll' },
    dataDir: '/tmp/d',
  });
});

/** The numbers: option, lowest and highest value. */
const NUMBERS = {
  portMin: [1, 65_535],
  portMax: [1, 65_535],
  ttl: [1, 10_000_000],
  setupTtl: [1, 10_000_000],
  workers: [1, 256],
} as const satisfies Partial<Record<OptionKey, readonly [number, number]>>;

for (const [key, [min, max]] of Object.entries(NUMBERS) as [keyof typeof NUMBERS, readonly [number, number]][]) {
  test(`a bad ${flagOf(key)} is named with its value and what was expected`, () => {
    const words = (value: string): string => `${flagOf(key)} ${value}: expected a whole number from ${min} to ${max}`;
    for (const value of ['', 'x', '1.5', '0x10', ' 5', '1e3', String(min - 1), '-1', String(max + 1), '99999999999999999999'])
      assert.equal(problem({ [key]: value }), words(value));
    for (const value of [min, max]) assert.equal(problem({ [key]: String(value) }), 'no problem');
  });
}

test('a bad choice is named with its value and the choices', () => {
  assert.equal(problem({ logLevel: 'loud' }), '-d loud: expected one of DBUG, INFO, WARN, ERR, CRIT');
  assert.equal(problem({ engine: 'magic' }), '--engine magic: expected one of io_uring, epoll, dgram');
});

test('all that is wrong is said at once', () => {
  const said = problem({ ttl: '0', engine: 'magic', portMin: 'low' });
  assert.equal(said.split('; ').length, 3);
  for (const flag of ['-T 0', '--engine magic', '-m low']) assert.ok(said.includes(flag), said);
});

test('the letters are those of rtpproxy, and no two options share a name', () => {
  const rows = Object.values(OPTIONS);
  const shorts = rows.flatMap((row) => ('short' in row ? [row.short] : []));
  assert.deepEqual([...shorts].sort(), ['F', 'M', 'T', 'V', 'W', 'd', 'f', 'l', 'm', 'p', 's', 'v']);
  assert.equal(new Set(rows.map(({ long }) => long)).size, rows.length);
  assert.deepEqual([flagOf('ttl'), flagOf('workers')], ['-T', '--workers']);
});

test('the help names every option with its default; that of rtpproxy none of ours', () => {
  const ours = formatHelp(true);
  const theirs = formatHelp(false);
  for (const row of Object.values(OPTIONS)) {
    assert.ok(ours.includes(`--${row.long}`), row.long);
    assert.ok(ours.includes(row.help));
    if ('default' in row) assert.ok(ours.includes(`(default: ${row.default})`), row.long);
    assert.equal(theirs.includes(row.help), !('ours' in row), row.long);
  }
  assert.ok(!theirs.includes('--'));
});
