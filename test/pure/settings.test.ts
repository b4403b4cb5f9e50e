/** The settings file: what it means, and in which words it is told what is wrong with it. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { readYaml } from '../../src/io/settings/yamlTree.js';
import { DEFAULT_SETTINGS } from '../../src/relay/settings/readSettings.js';
import type { Settings } from '../../src/relay/settings/settings.js';
import type { SettingsWorld } from '../../src/relay/settings/world.js';
import { settingsOf } from '../rig/settingsGiven.js';

async function read(text: string, world: Partial<SettingsWorld> = {}): Promise<Settings> {
  const settings = await settingsOf(text, world);
  ok(settings.ok, settings.ok ? '' : settings.error.join('\n'));
  return settings.value;
}

async function problemsOf(text: string, world: Partial<SettingsWorld> = {}): Promise<readonly string[]> {
  const settings = await settingsOf(text, world);
  return settings.ok ? [] : settings.error;
}

const address = (host: string, advertised: string | null = null) => ({ host, advertised });
const NO_POLICY = { latching: null, tos: null };

test('[NG-24] networks have names, addresses of both families, ports and policies', async () => {
  const { networks, bridge, standard } = await read(`
networks:
  office:
    addresses: [10.0.0.1, "2001:DB8::1"]
    ports: 30000-39999
    policy: { latching: asymmetric, tos: 0xb8 }
  internet:
    addresses:
      - address: 10.0.1.1
        advertised: 203.0.113.5
      - { address: '[2001:db8::2]', advertised: relay.example.org }
      - lan.example
      - six.example
  all: { addresses: '*' }
default: internet
bridge: { internal: office, external: internet }
`);
  deepEqual(networks, [
    {
      name: 'office',
      addresses: [address('10.0.0.1'), address('2001:db8::1')],
      ports: { first: 30_000, pairs: 5000 },
      policy: { latching: 'asymmetric', tos: 184 },
    },
    {
      name: 'internet',
      addresses: [
        address('10.0.1.1', '203.0.113.5'),
        address('2001:db8::2', 'relay.example.org'),
        address('10.0.0.9'),
        address('2001:db8::9'),
      ],
      ...{ ports: null, policy: NO_POLICY },
    },
    { name: 'all', addresses: [address('0.0.0.0')], ports: null, policy: NO_POLICY },
  ]);
  deepEqual([bridge, standard], [{ internal: 'office', external: 'internet' }, 'internet']);
});

test('the bounds of a range are those of -m and -M: an odd minimum is rounded up, a maximum needs its RTCP port', async () => {
  const rangeOf = async (ports: string): Promise<unknown> =>
    (await read(`networks: {a: {addresses: 10.0.0.1, ports: ${ports}}}`)).networks[0]?.ports;
  deepEqual(await rangeOf('30001-30005'), { first: 30_002, pairs: 2 });
  deepEqual(await rangeOf('30000 - 30006'), { first: 30_000, pairs: 3 });
});

test('limits, access and events', async () => {
  const { limits, control, events } = await read(`
limits: { calls: 1000, calls-per-second: 50 }
control:
  allow: [127.0.0.1, 192.0.2.0/24, "2001:DB8::/32"]
  tokens: { web: 's3cret.token' }
  tokens-file: tokens.txt
  tls: { certificate: cert.pem, key: key.pem, client-ca: cert.pem }
events:
  secret-file: secret.txt
  ways: ["https://example.org/events", "tcp:127.0.0.1:9000"]
  silence: 2.5
  keep: 120
`);
  deepEqual(limits, { calls: 1000, callsPerSecond: 50 });
  deepEqual(control, {
    allow: ['127.0.0.1', '192.0.2.0/24', '2001:db8::/32'],
    tokens: [
      { name: 'web', token: 's3cret.token' },
      { name: 'proxy', token: 'abc.123' },
      { name: 'spare', token: 'def-456=' },
    ],
    tls: { certificate: '/etc/relay/cert.pem', key: '/etc/relay/key.pem', clientCa: '/etc/relay/cert.pem' },
  });
  const ways = ['https://example.org/events', 'tcp:127.0.0.1:9000'];
  deepEqual(events, { secret: 'not known', ways, silenceMs: 2500, keepMs: 120_000 });
});

test('what is not there has its default, and an empty file is one', async () => {
  for (const text of ['', '# nothing\n', '---\n', 'networks:\nlimits:\ncontrol:\nevents:\n', '{}'])
    deepEqual(await read(text), DEFAULT_SETTINGS, text);
});

test('what is wrong is told in one line with file, line, setting, value and what was expected', async () => {
  const table: readonly (readonly [string, ...string[]])[] = [
    [
      'networks:\n  office:\n    addresses:\n      - 10.0.0.1\n      - 10.0.0.300\n',
      'relay.yaml:5: networks.office.addresses[1] is "10.0.0.300": expected an IPv4 or IPv6 address',
    ],
    [
      'networks:\n  a: {addresses: nowhere.example}\n',
      'relay.yaml:2: networks.a.addresses is "nowhere.example": no such IPv4 address or host name (ENOTFOUND)',
    ],
    [
      'networks: {a: {addresses: [10.99.0.1]}}',
      'relay.yaml:1: networks.a.addresses[0] is "10.99.0.1": the address is not on this host, which has 10.0.0.1 (EADDRNOTAVAIL)',
    ],
    ['networks: {a: {addresses: [{advertised: x.org}]}}', 'relay.yaml:1: networks.a.addresses[0]: expected address'],
    [
      'networks: {a: {addresses: [{address: 10.0.0.1, advertised: 1.2.3}]}}',
      'relay.yaml:1: networks.a.addresses[0].advertised is "1.2.3": expected an address or a host name',
    ],
    ['networks: {a: {addresses: []}}', 'relay.yaml:1: networks.a.addresses: expected an address'],
    ['networks:\n  a:\n    ports: 1-9\n', 'relay.yaml:2: networks.a: expected addresses'],
    ['networks: {a: {addresses: [::1, "::1"]}}', 'relay.yaml:1: networks.a.addresses[1] is "::1": expected each address once'],
    [
      'networks: {"a b": {addresses: 10.0.0.1}}',
      'relay.yaml:1: networks.a b: expected a name of up to 64 letters, digits, _ . and -',
    ],
    ['networks: [a]', 'relay.yaml:1: networks is a list: expected a map of names to networks'],
    [
      'netwroks: {}\nlimits: {call: 1, rate: 2}\n',
      'relay.yaml:1: netwroks: no setting is called so; did you mean networks?',
      'relay.yaml:2: limits.call: no setting is called so; did you mean calls?',
      'relay.yaml:2: limits.rate: no setting is called so; expected one of calls, calls-per-second',
    ],
    [
      'networks: {office: {addresses: 10.0.0.1}}\ndefault: ofice\nbridge: {internal: x}\n',
      'relay.yaml:2: default is "ofice": no network is called so: there are office; did you mean office?',
      'relay.yaml:3: bridge.internal is "x": no network is called so: there are office',
      'relay.yaml:3: bridge: expected external',
    ],
    [
      'networks:\n  a: {addresses: 10.0.0.1, ports: 30000-30009}\n  b: {addresses: 10.0.0.1, ports: 30000-30019}\n',
      'relay.yaml:3: networks.b: expected the same ports as a has, since both stand on 10.0.0.1',
    ],
    ['limits: {calls: -1}', 'relay.yaml:1: limits.calls is -1: expected a whole number from 0 to 10000000'],
    ['events: {silence: soon}', 'relay.yaml:1: events.silence is "soon": expected a number from 1 to 86400'],
    [
      'control: {allow: [10.0.0.0/33]}',
      'relay.yaml:1: control.allow[0] is "10.0.0.0/33": expected an address, or a network such as 192.0.2.0/24',
    ],
    ['control: {allow: []}', 'relay.yaml:1: control.allow: expected an address; left out, all that can reach a listener may'],
    ['control: {tls: {certificate: cert.pem}}', 'relay.yaml:1: control.tls: expected key'],
    [
      'control: {tls: {certificate: tokens.txt, key: none.pem}}',
      'relay.yaml:1: control.tls.certificate is "tokens.txt": expected a file in PEM format',
      'relay.yaml:1: control.tls.key is "none.pem": there is no such file (ENOENT)',
    ],
    [
      'events: {ways: [ftp://x]}',
      'relay.yaml:1: events.ways[0] is "ftp://x": expected connection, http://…, https://…, xmlrpc:http://…, unix:PATH or tcp:HOST:PORT',
    ],
    ['7', 'relay.yaml:1: the file is 7: expected a map of networks, default, bridge, limits, control, events'],
  ];
  for (const [text, ...problems] of table) deepEqual(await problemsOf(text), problems, text);
});

test('ports that are none are refused', async () => {
  const expected = 'expected LOWEST-HIGHEST, two ports from 1 to 65535 such as 30000-39999';
  for (const [ports, shown, why] of [
    ['30000', '30000', expected],
    ['"9-1"', '"9-1"', expected],
    ['0-10', '"0-10"', expected],
    ['1-70000', '"1-70000"', expected],
    ['31-32', '"31-32"', 'expected a range that holds an even port with its odd neighbour'],
  ])
    deepEqual(await problemsOf(`networks: {a: {addresses: 10.0.0.1, ports: ${ports}}}`), [
      `relay.yaml:1: networks.a.ports is ${shown}: ${why}`,
    ]);
});

test('names of the command line may be meant, and are not given twice', async () => {
  const world = { given: ['default', 'lan'] };
  equal((await read('default: lan', world)).standard, 'lan');
  deepEqual(await problemsOf('networks: {lan: {addresses: 10.0.0.1}}', world), [
    'relay.yaml:1: networks.lan: expected another name, since the command line has a network of this one',
  ]);
});

test('tokens and secrets are shown in no message, and not taken from where everybody can read them', async () => {
  deepEqual(await problemsOf('control: {tokens-file: open.txt}\nevents: {secret-file: open.txt}\n'), [
    'relay.yaml:1: control.tokens-file is "open.txt": everybody can read it: expected a file that others cannot read (chmod o-r)',
    'relay.yaml:2: events.secret-file is "open.txt": everybody can read it: expected a file that others cannot read (chmod o-r)',
  ]);
  const here = 'or a settings file that others cannot read (chmod o-r)';
  deepEqual(await problemsOf('control: {tokens: {a: hidden1}}\nevents: {secret: hidden2}\n', { isPrivate: false }), [
    `relay.yaml:1: control.tokens: everybody can read it here: expected tokens-file, ${here}`,
    `relay.yaml:2: events.secret: everybody can read it here: expected secret-file, ${here}`,
  ]);
  const odd = await problemsOf('control: {tokens: {a: "hid den", b: hidden, c: hidden, d: 77}, tokens-file: odd.txt}\n');
  equal(odd.length, 6, odd.join('\n'));
  for (const problem of odd) ok(!/hid|77|s%cret/.test(problem), problem);
  ok(
    odd.some((problem) => problem.includes('/etc/relay/odd.txt:3: expected NAME and a token')),
    odd.join('\n'),
  );
  deepEqual(await problemsOf('events: {secret: a, secret-file: secret.txt}'), [
    'relay.yaml:1: events.secret-file: expected either secret or secret-file',
  ]);
  deepEqual(await problemsOf('events: {secret-file: empty.txt}'), [
    'relay.yaml:1: events.secret-file is "empty.txt": expected a file that is not empty',
  ]);
});

test('YAML: two of one name, tags, more than one document and what is no YAML are told with their line', async () => {
  deepEqual(await problemsOf('limits: {}\nnetworks: {}\nlimits: {}\n'), [
    'relay.yaml:3: "limits" is there already, in line 1: expected it once',
  ]);
  deepEqual(await problemsOf('networks:\n  a: {addresses: 10.0.0.1}\n  a: {addresses: 10.0.0.2}\n'), [
    'relay.yaml:3: "a" is there already, in line 2: expected it once',
  ]);
  for (const [text, line] of [
    ['a: 1\nb: !!js/function "x"\n', 2],
    ['a: 1\n---\nb: 2\n', 2],
    ['a: 1\nb: [1, 2\n', 3],
    ['a: 1\n\tb: 2\n', 2],
    ['a: *nobody\n', 1],
  ] as const) {
    const [problem = 'none', ...more] = await problemsOf(text);
    ok(problem.startsWith(`relay.yaml:${line}: `) && !problem.includes('\n'), `${text}: ${problem} ${more.join()}`);
  }
});

test('an anchor may be used again; a file that grows without bound by it is refused', async () => {
  const { networks } = await read(
    'networks:\n  a: {addresses: 10.0.0.1, ports: &p 30000-30009}\n  b: {addresses: 10.0.0.2, ports: *p}\n',
  );
  deepEqual(networks[1]?.ports, { first: 30_000, pairs: 5 });
  const levels = Array.from(
    { length: 12 },
    (_, i) =>
      `l${i}: &l${i} [${
        i === 0
          ? 'x'
          : Array(10)
              .fill(`*l${i - 1}`)
              .join(', ')
      }]`,
  );
  for (const bomb of [levels.join('\n'), 'a: &a [*a]', '['.repeat(50_000), `${'{a: '.repeat(60)}1${'}'.repeat(60)}`]) {
    const startedAt = performance.now();
    const problems = await problemsOf(bomb);
    ok(problems.length > 0 && problems.length < 50, bomb.slice(0, 40));
    ok(performance.now() - startedAt < 3000);
  }
});

test('each value knows its line and column', () => {
  const tree = readYaml('a:\n  b: 7\n  c: [x, y]\n');
  ok(tree.ok);
  const root = tree.value.value as ReadonlyMap<string, { line: number; column: number; value: unknown }>;
  const a = root.get('a')!;
  const inner = a.value as ReadonlyMap<string, { line: number; column: number; value: unknown }>;
  const list = inner.get('c')!;
  const [, second] = list.value as readonly { line: number; column: number }[];
  deepEqual(
    [a, inner.get('b')!, list, second!].map(({ line, column }) => [line, column]),
    [
      [1, 1],
      [2, 6],
      [3, 3],
      [3, 10],
    ],
  );
});

test('a file that is wrong all over is not told of without end', async () => {
  const many = Array.from({ length: 1000 }, (_, i) => `x${i}: 1`).join('\n');
  const problems = await problemsOf(many);
  equal(problems.length, 41);
  equal(problems.at(-1), 'relay.yaml: and 960 more problems');
});
