import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GivenOptions, readCommandLine } from '../../src/relay/commandLine.js';
import { type OptionRow, PROGRAM_NAMES, type ProgramName } from '../../src/relay/optionRow.js';
import { type RelayOptions, readOptions, withAbsolutePaths } from '../../src/relay/options.js';
import { OPTIONS, type OptionKey } from '../../src/relay/optionTable.js';
import { defaultOf, flagOf, formatHelp, optionsOf } from '../../src/relay/optionText.js';
import { LOG_FACILITIES } from '../../src/relay/optionValues.js';
import { portRange } from '../../src/relay/portalloc/portTable.js';

const FOLDER = '/start/here';

function given(args: readonly string[], program: ProgramName): GivenOptions {
  const result = readCommandLine(args, program);
  assert.ok(result.ok, result.ok ? '' : result.error);
  return result.value;
}

function read(args: readonly string[] = [], program: ProgramName = 'rtpbridge'): RelayOptions {
  const result = readOptions(given(args, program), program, FOLDER);
  assert.ok(result.ok, result.ok ? '' : result.error);
  return result.value;
}

function problem(args: readonly string[], program: ProgramName = 'rtpbridge'): string {
  const result = readOptions(given(args, program), program, FOLDER);
  return result.ok ? 'no problem' : result.error;
}

/** What holds for every program while nothing is said. */
const UNSAID = {
  ...{ startFolder: FOLDER, networks: [{ family: 'IPv4', text: '*' }], advertise: null, portMin: 35_000, portMax: 65_000 },
  ...{ sequentialPorts: false, resolve: true, tos: 184, doubling: false, bridgeSymmetric: false, forceAsymmetric: false },
  ...{ ttlSeconds: 60, setupTtlSeconds: 60, independentTtl: false, overload: null, notify: [], recordDir: null, spoolDir: null },
  ...{
    recordAll: false,
    recordForm: 'ad-hoc',
    recordBufferMegabytes: 16,
    recordRtcp: true,
    dso: [],
    configFile: null,
    user: null,
    rootCheck: true,
  },
  ...{ socketMode: null, chdir: true, redirect: true, openFiles: null, nice: null, scheduler: null, logFacility: 'LOG_DAEMON' },
  ...{ listenNg: [], settingsFile: null, namedNetworks: [], deleteGraceSeconds: 0 },
  ...{ workers: null, engine: null, profileDir: null, admin: 'data-dir', recover: true, supervise: false },
  eventLog: {
    ...{ durability: 'os', fsyncIntervalMs: 5, segmentBytes: 16 << 20, segmentAgeMs: 3_600_000 },
    ...{ keepAgeMs: 604_800_000, keepBytes: 4096 * (1 << 20), minFreeBytes: 256 << 20 },
  },
};

test('[KC-14] without options everything has its default; rtpproxy has others of its own', () => {
  assert.deepEqual(read(), {
    ...UNSAID,
    ...{ program: 'rtpbridge', foreground: true, logLevel: 'INFO', pidFile: null, dataDir: './rtpbridge-data' },
    control: ['udp:127.0.0.1:22222', 'unix:rtpbridge-data/control.sock'],
  });
  const theirs = {
    ...UNSAID,
    ...{ foreground: false, pidFile: '/var/run/rtpproxy.pid', dataDir: '/var/lib/rtpbridge' },
    control: ['unix:/var/run/rtpproxy.sock'],
  };
  assert.deepEqual(read([], 'rtpproxy'), { ...theirs, program: 'rtpproxy', logLevel: 'ERR' });
  assert.deepEqual(read([], 'rtpproxy_debug'), { ...theirs, program: 'rtpproxy_debug', logLevel: 'DBUG' });
});

test('[KC-14] the default ports are 35000 to 64999', () => {
  const { portMin, portMax } = read();
  assert.deepEqual(portRange(portMin, portMax), { first: 35_000, pairs: 15_000 });
});

test('the defaults that the help names are those that count', () => {
  for (const program of PROGRAM_NAMES) {
    const options = read([], program);
    const values: unknown[] = [...Object.values(options), ...Object.values(options.eventLog)];
    for (const [key, row] of optionsOf(program)) {
      const shown = defaultOf({ ...row, unit: undefined } as unknown as OptionRow, program) ?? '';
      const units = row.section === 'eventLog' ? { s: 1000, ms: 1, MB: 1 << 20 } : { s: 1, ms: 1, MB: 1 };
      const unit = 'unit' in row ? units[row.unit] : 1;
      if (/^\d+$/.test(shown)) assert.ok(values.includes(Number(shown) * unit), `${program} ${key}: ${shown}`);
    }
    for (const key of ['logLevel', 'pidFile'] as const) {
      const shown = defaultOf(OPTIONS[key], program);
      assert.equal(read([], program)[key] ?? 'none', shown);
    }
  }
});

test('[KC-15 KC-16 PN-30] ports, time to live and all the others are set on the command line', () => {
  const args = [
    ...['-s', 'udp:*:1', '-s', '/tmp/s', '-l', '127.0.0.1', '-6', '::1', '-l', 'in@10.0.0.1=192.0.2.1', '-A', '192.0.2.9'],
    ...[
      '-m',
      '20000',
      '-M',
      '20009',
      '-T3',
      '-W',
      '4',
      '-t',
      '0x2E',
      '-n',
      'unix:/n',
      '-n',
      'tcp:h:1',
      '-r',
      '/r',
      '-S',
      '/spool',
    ],
    ...['-2abiPRfFD', '--no_resolve', '--no_redirect', '--bridge_symmetric', '--force_asymmetric', '--nice', '-5', '-c', 'RR'],
    ...['--dso', 'a', '--dso', '/b.so', '--config', '/c', '-u', 'me:us', '-w', '0600', '-L', '5000', '-p', '/p'],
    ...['-d', 'dbug:local3', '--overload_prot=0.8'],
  ];
  const options: Partial<RelayOptions> = {
    ...{ control: ['udp:*:1', '/tmp/s'], advertise: '192.0.2.9', portMin: 20_000, portMax: 20_009, ttlSeconds: 3 },
    networks: [
      { family: 'IPv4', text: '127.0.0.1' },
      { family: 'IPv6', text: '::1' },
      { family: 'IPv4', text: 'in@10.0.0.1=192.0.2.1' },
    ],
    ...{ setupTtlSeconds: 4, tos: 46, notify: ['unix:/n', 'tcp:h:1'], recordDir: '/r', spoolDir: '/spool', doubling: true },
    ...{ recordAll: true, sequentialPorts: true, independentTtl: true, recordForm: 'pcap', recordRtcp: false, foreground: true },
    ...{ rootCheck: false, chdir: false, resolve: false, redirect: false, bridgeSymmetric: true, forceAsymmetric: true },
    ...{ nice: -5, scheduler: 'rr', dso: ['a', '/b.so'], configFile: '/c', user: 'me:us', socketMode: 0o600, openFiles: 5000 },
    ...{ pidFile: '/p', logLevel: 'DBUG', logFacility: 'LOG_LOCAL3', overload: { high: 0.8, low: 0.75 } },
  };
  const dataDir = '/var/lib/rtpbridge';
  assert.deepEqual(read(args, 'rtpproxy'), { ...UNSAID, program: 'rtpproxy', dataDir, ...options });
  const ours = [
    '--workers',
    '3',
    '--engine',
    'EPOLL',
    '--data-dir',
    '/d',
    '--profile',
    '/prof',
    '--fresh',
    '--supervise',
    '--admin',
    '/a',
  ];
  const more = {
    workers: 3,
    engine: 'epoll',
    dataDir: '/d',
    profileDir: '/prof',
    recover: false,
    supervise: true,
    admin: 'unix:/a',
  };
  assert.deepEqual(read([...args, ...ours]), { ...UNSAID, program: 'rtpbridge', ...options, ...more });
});

test('the time to live before the answer is that after it unless it is given', () => {
  assert.equal(read(['-T', '5']).setupTtlSeconds, 5);
  assert.equal(read(['-T', '5', '-W', '7']).setupTtlSeconds, 7);
});

/** The numbers: option, lowest and highest value. */
const NUMBERS = {
  portMin: [1, 65_535],
  portMax: [1, 65_535],
  ttl: [1, 10_000_000],
  setupTtl: [1, 10_000_000],
  workers: [1, 256],
  recordBuffer: [1, 1024],
  openFiles: [1, 1_073_741_824],
  nice: [-20, 20],
} as const satisfies Partial<Record<OptionKey, readonly [number, number]>>;

for (const [key, [min, max]] of Object.entries(NUMBERS) as [keyof typeof NUMBERS, readonly [number, number]][]) {
  test(`a bad ${flagOf(key)} is named with its value and what was expected`, () => {
    const words = (value: string): string => `${flagOf(key)} ${value}: expected a whole number from ${min} to ${max}`;
    for (const value of ['', 'x', '1.5', '0x10', ' 5', '1e3', String(min - 1), String(max + 1), '99999999999999999999'])
      assert.equal(problem([flagOf(key), value]), words(value));
    for (const value of [min, max]) assert.equal(problem([flagOf(key), String(value)]), 'no problem');
  });
}

test('a bad choice is named with its value and the choices', () => {
  assert.equal(
    problem(['-d', 'loud']),
    '-d loud: expected one of DBUG, INFO, WARN, ERR, CRIT, and behind a colon a facility if any',
  );
  assert.match(problem(['-d', 'ERR:beer']), /^-d ERR:beer: expected a facility, one of LOG_KERN, .*LOG_LOCAL7$/);
  assert.match(problem(['-d', 'ERR:']), /^-d ERR:: expected a facility/);
  assert.equal(problem(['--engine', 'magic']), '--engine magic: expected one of io_uring, epoll, dgram');
  assert.equal(problem(['-c', 'idle']), '-c idle: expected one of fifo, rr');
  assert.equal(problem(['--record-format', 'mp3']), '--record-format mp3: expected one of ad-hoc, pcap, wav');
});

test('recordings are ad-hoc, pcap with -P, and in any case what --record-format says', () => {
  const formOf = (...args: readonly string[]) => read(['-r', '/r', ...args]).recordForm;
  assert.deepEqual([formOf(), formOf('-P')], ['ad-hoc', 'pcap']);
  for (const form of ['ad-hoc', 'pcap', 'wav']) {
    assert.equal(formOf('--record-format', form), form);
    assert.equal(formOf('--record-format', form, '-P'), form);
  }
});

test('log level and facility are read in any case, the facility with and without LOG_', () => {
  for (const text of ['warn:LOG_LOCAL0', 'WARN:local0', 'Warn:log_local0']) {
    const { logLevel, logFacility } = read(['-d', text], 'rtpproxy');
    assert.deepEqual([logLevel, logFacility], ['WARN', 'LOG_LOCAL0']);
  }
  assert.equal(LOG_FACILITIES.LOG_DAEMON, 3);
  assert.equal(LOG_FACILITIES.LOG_LOCAL7, 23);
});

test('a TOS is decimal, hexadecimal, or -1 as the manual of rtpproxy promises', () => {
  for (const [text, tos] of [
    ['0', 0],
    ['255', 255],
    ['184', 184],
    ['0xB8', 184],
    ['0xff', 255],
    ['-1', -1],
  ] as const)
    assert.equal(read(['-t', text]).tos, tos);
  for (const text of ['256', '0x100', '-2', '', '0x', 'b8', '1e2', '0b1'])
    assert.equal(problem(['-t', text]), `-t ${text}: expected a whole number from 0 to 255, decimal or 0x…, or -1`);
});

test('a socket mode is octal with a leading zero and decimal without; it is for the account that -u names', () => {
  for (const [text, mode] of [
    ['0666', 0o666],
    ['438', 0o666],
    ['07777', 0o7777],
    ['4095', 0o7777],
  ] as const)
    assert.equal(read(['-u', 'somebody', '-w', text]).socketMode, mode);
  for (const text of ['4096', '010000', '0888', '-1', '', '0o666', '6 6'])
    assert.match(problem(['-w', text]), /^-w .*: expected a mode up to 07777/);
  assert.equal(read(['-w', '0666']).socketMode, null, 'nobody to open it for');
  assert.equal(read(['-u', 'somebody']).socketMode, null);
  assert.equal(read(['-u', 'somebody:group']).socketMode, 0o755);
  assert.equal(read(['-u', ':group']).socketMode, 0o755);
  assert.equal(read(['-u', ':group', '-w', '0600']).socketMode, 0o600);
  assert.equal(read(['-u', ':group', '-w', '0']).socketMode, 0o755, 'zero is as good as nothing');
});

test('a user without a name is refused', () => {
  for (const text of ['', ':', 'user:', 'a:b:c'])
    assert.equal(problem(['-u', text]), `-u ${text}: expected USER, USER:GROUP or :GROUP`);
});

test('overload protection takes a load, a percentage, or two of them', () => {
  const overload = (arg: string) => read([arg], 'rtpproxy').overload;
  assert.deepEqual(overload('--overload_prot'), { high: 0.9, low: 0.85 });
  for (const text of ['0.5', '50%', '.5']) assert.deepEqual(overload(`--overload_prot=${text}`), { high: 0.5, low: 0.45 });
  assert.deepEqual(overload('--overload_prot=1-0.25'), { high: 1, low: 0.25 });
  assert.deepEqual(overload('--overload_prot=85%-70%'), { high: 0.85, low: 0.7 });
  assert.deepEqual(overload('--overload_prot=0.02'), { high: 0.02, low: 0.018 });
  assert.deepEqual(read(['--overload-prot=0.5', '--overload-prot']).overload, { high: 0.9, low: 0.85 }, 'the last one counts');
  for (const text of ['', '0', '1.1', '101%', '0.5-0.5', '0.5-0.6', 'x', '1-', '-1', '1-0.5-0'])
    assert.match(problem([`--overload_prot=${text}`], 'rtpproxy'), /^--overload_prot .*: expected a load above 0/);
});

test('what does not go together is refused: a spool without a place to move to, stdio in the background', () => {
  assert.equal(problem(['-S', '/s']), '-S /s: expected -r too');
  assert.equal(problem(['-s', 'stdio:'], 'rtpproxy'), '-s stdio:: expected -f too');
  assert.equal(problem(['-s', 'stdioc:'], 'rtpproxy'), '-s stdioc:: expected -f too');
  assert.equal(problem(['-f', '-s', 'stdio:'], 'rtpproxy'), 'no problem');
  assert.equal(problem(['-s', 'stdio:']), 'no problem');
});

test('all that is wrong is said at once', () => {
  const said = problem(['-T', '0', '--engine', 'magic', '-m', 'low']);
  assert.equal(said.split('; ').length, 3);
  for (const flag of ['-T 0', '--engine magic', '-m low']) assert.ok(said.includes(flag), said);
});

test('before the process leaves its folder every relative path is made absolute, and nothing else is touched', () => {
  const relative = [
    ...['-s', 'unix:a', '-s', 'cunix:b:c', '-s', 'd', '-s', '/e', '-s', 'udp:127.0.0.1:1', '-n', 'unix:n'],
    ...['-p', 'p', '-r', 'r', '-S', './s', '--config', '../c', '--dso', './m.so', '--dso', 'acct_csv'],
  ];
  const options = withAbsolutePaths(read(relative, 'rtpproxy'));
  assert.deepEqual(options, {
    ...read(relative, 'rtpproxy'),
    control: [`unix:${FOLDER}/a`, `cunix:${FOLDER}/b:c`, `${FOLDER}/d`, '/e', 'udp:127.0.0.1:1'],
    ...{ pidFile: `${FOLDER}/p`, recordDir: `${FOLDER}/r`, spoolDir: `${FOLDER}/./s`, configFile: `${FOLDER}/../c` },
    dso: [`${FOLDER}/./m.so`, 'acct_csv'],
  });
  assert.equal(withAbsolutePaths(read(['--profile', 'x'], 'rtpproxy_debug')).profileDir, `${FOLDER}/x`);
});

test('the letters are the thirty of rtpproxy, its eight long names are there, and no two options share a name', () => {
  const rows: readonly OptionRow[] = Object.values(OPTIONS);
  const letters = rows.flatMap(({ short }) => short ?? []);
  assert.deepEqual([...letters].sort().join(''), '26ACDFLMPRSTVWabcdfilmnprstuvw');
  assert.equal(new Set(rows.map(({ long }) => long)).size, rows.length);
  const long = optionsOf('rtpproxy').flatMap(([key]) =>
    flagOf(key, 'rtpproxy').startsWith('--') ? [flagOf(key, 'rtpproxy')] : [],
  );
  const theirs = ['bridge_symmetric', 'config', 'dso', 'force_asymmetric', 'nice', 'no_redirect', 'no_resolve', 'overload_prot'];
  assert.deepEqual(
    [...long].sort(),
    theirs.map((name) => `--${name}`),
  );
  assert.deepEqual([flagOf('ttl'), flagOf('workers'), flagOf('noResolve')], ['-T', '--workers', '--no-resolve']);
});

test('the help names every option with its default; that of rtpproxy none of ours', () => {
  const ours = formatHelp('rtpbridge');
  for (const row of Object.values(OPTIONS) as OptionRow[]) {
    assert.ok(ours.includes(`--${row.long}`), row.long);
    assert.ok(ours.includes(row.help));
    if (row.default !== undefined) assert.ok(ours.includes(`(default: ${defaultOf(row, 'rtpbridge')})`), row.long);
  }
  const theirs = formatHelp('rtpproxy');
  for (const key of ['workers', 'engine', 'dataDir', 'profile', 'help'] as const)
    assert.ok(!theirs.includes(OPTIONS[key].help), key);
  assert.ok(theirs.includes('(default: ERR)') && formatHelp('rtpproxy_debug').includes('(default: DBUG)'));
  assert.ok(formatHelp('rtpproxy_debug').includes('--profile DIR'));
});
