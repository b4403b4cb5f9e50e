import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Family, ok, type Result, refuse } from '../../model/kernel/index.js';
import { type GivenNetworks, type NetworkEntry, parseNetworks } from '../../src/relay/networks/parse.js';
import type { Network } from '../../src/relay/networks/table.js';

const NAMES: Readonly<Record<string, string>> = {
  'IPv4 lan.example': '10.0.0.9',
  'IPv6 six.example': '2001:DB8:0::9',
  'IPv4 odd.example': 'odd',
};

async function resolve(name: string, family: Family): Promise<Result<string, string>> {
  const address = NAMES[`${family} ${name}`];
  return address === undefined ? refuse(`${name} is not known`) : ok(address);
}

/** `-l A -6 B` as entries. */
function entriesOf(text: string): readonly NetworkEntry[] {
  const words = text.split(' ').filter(Boolean);
  return words.flatMap((word, i) => (i % 2 === 0 ? [{ family: word === '-l' ? 'IPv4' : 'IPv6', text: words[i + 1] ?? '' }] : []));
}

async function tableOf(text: string, advertise: string | null = null): Promise<GivenNetworks> {
  const parsed = await parseNetworks(entriesOf(text), advertise, resolve);
  assert.ok(parsed.ok, `${text}: ${parsed.ok ? '' : parsed.error}`);
  return parsed.value;
}

const network = (host: string, advertised: string | null = null, label: string | null = null): Network => ({
  host,
  advertised,
  label,
});

test('[PN-29] one network: an address, a name, or all addresses of the family', async () => {
  const table: readonly (readonly [string, Network])[] = [
    ['', network('0.0.0.0')],
    ['-l *', network('0.0.0.0')],
    ['-6 *', network('::')],
    ['-l 0.0.0.0', network('0.0.0.0')],
    ['-l 192.0.2.1', network('192.0.2.1')],
    ['-6 2001:DB8::0:1', network('2001:db8::1')],
    ['-6 [::1]', network('::1')],
    ['-l lan.example', network('10.0.0.9')],
    ['-6 six.example', network('2001:db8::9')],
    ['-l 10.0.0.1=203.0.113.5', network('10.0.0.1', '203.0.113.5')],
    ['-l lan@*=relay.example.org', network('0.0.0.0', 'relay.example.org', 'lan')],
    ['-6 ::1=[2001:db8::5]', network('::1', '2001:db8::5')],
  ];
  for (const [text, wanted] of table) assert.deepEqual(await tableOf(text), { networks: [wanted], bridge: null }, text);
});

test('[KC-05] several networks stand in their order, the first is the default; the others are found by their labels', async () => {
  const { networks, bridge } = await tableOf('-l 10.0.0.1 -6 six@::1=2001:db8::5 -l wan@10.0.1.1=203.0.113.5 -l alias@10.0.0.1');
  assert.deepEqual(networks, [
    network('10.0.0.1'),
    network('::1', '2001:db8::5', 'six'),
    network('10.0.1.1', '203.0.113.5', 'wan'),
    network('10.0.0.1', null, 'alias'),
  ]);
  assert.equal(bridge, null);
});

test('[KM-44 KM-47] a bridge stands between the two addresses of one value, or of one each for IPv4 and IPv6', async () => {
  const table = [
    ['-l 10.0.0.1/10.0.1.1', '10.0.0.1', '10.0.1.1'],
    ['-6 ::1/::2', '::1', '::2'],
    ['-l 10.0.0.1 -6 /::1', '10.0.0.1', '::1'],
    ['-6 /::1 -l 10.0.0.1', '10.0.0.1', '::1'],
    ['-l 10.0.0.1/ -6 /::1', '10.0.0.1', '::1'],
    ['-6 ::1 -l /10.0.0.1', '::1', '10.0.0.1'],
    ['-l */lan.example', '0.0.0.0', '10.0.0.9'],
  ] as const;
  for (const [text, internal, external] of table) {
    const { networks, bridge } = await tableOf(text);
    assert.deepEqual(networks, [network(internal), network(external)], text);
    assert.deepEqual(bridge, { internal: network(internal), external: network(external) }, text);
  }
  const more = await tableOf('-6 x@::9 -l 10.0.0.1/10.0.1.1 -l y@10.0.2.1');
  assert.deepEqual(
    more.networks.map(({ host }) => host),
    ['10.0.0.1', '10.0.1.1', '::9', '10.0.2.1'],
  );
});

test('-A is advertised for the default network, or for both ends of a bridge', async () => {
  assert.deepEqual((await tableOf('', '203.0.113.5')).networks, [network('0.0.0.0', '203.0.113.5')]);
  assert.deepEqual((await tableOf('-l 10.0.0.1 -l x@10.0.0.2', 'relay.example.org')).networks, [
    network('10.0.0.1', 'relay.example.org'),
    network('10.0.0.2', null, 'x'),
  ]);
  const { networks, bridge } = await tableOf('-l 10.0.0.1/10.0.1.1 -l x@10.0.2.1=203.0.113.9', '203.0.113.5/[2001:db8::5]');
  const ends = [network('10.0.0.1', '203.0.113.5'), network('10.0.1.1', '2001:db8::5')] as const;
  assert.deepEqual(networks, [...ends, network('10.0.2.1', '203.0.113.9', 'x')]);
  assert.deepEqual(bridge, { internal: ends[0], external: ends[1] });
});

test('sixteen networks are the most', async () => {
  const many = (count: number): string => Array.from({ length: count }, (_, i) => `-l n${i}@10.0.0.${i}`).join(' ');
  assert.equal((await tableOf(many(16))).networks.length, 16);
  const refused = await parseNetworks(entriesOf(many(17)), null, resolve);
  assert.deepEqual(refused, refuse('-l and -6: expected at most 16 addresses, not 17'));
  assert.ok(!(await parseNetworks(entriesOf(`-l 1.1.1.1/1.1.1.2 ${many(15)}`), null, resolve)).ok);
});

test('what cannot be a network is refused in words that name the option, the value and what was expected', async () => {
  const table: readonly (readonly [string, string | null, RegExp])[] = [
    ['-l 192.0.2.256', null, /^-l 192\.0\.2\.256: expected an IPv4 address$/],
    ['-l ::1', null, /^-l ::1: expected an IPv4 address$/],
    ['-6 192.0.2.1', null, /^-6 192\.0\.2\.1: expected an IPv6 address$/],
    ['-l nowhere.example', null, /^-l nowhere\.example: nowhere\.example is not known$/],
    ['-l odd.example', null, /^-l odd\.example: expected an IPv4 address, not odd$/],
    ['-l =1.2.3.4', null, /^-l =1\.2\.3\.4: expected an address, or \* for all$/],
    ['-l lan@', null, /expected an address, or \* for all$/],
    ['-l @10.0.0.1', null, /expected a label without \{ \} @ = \/ and blanks before the @$/],
    ['-l a}b@10.0.0.1', null, /expected a label/],
    ['-l 10.0.0.1=', null, /expected an address or a host name to advertise behind the =$/],
    ['-l 10.0.0.1=203.0.113.500', null, /expected an address or a host name to advertise/],
    ['-l 10.0.0.1=a_b', null, /expected an address or a host name to advertise/],
    ['-l 10.0.0.1 -l 10.0.0.2', null, /^-l 10\.0\.0\.2: expected LABEL@10\.0\.0\.2, since it is not the default network$/],
    ['-l 10.0.0.1 -6 ::1', null, /^-6 ::1: expected LABEL@::1, since/],
    ['-l a@10.0.0.1 -6 a@::1 -6 a@::2', null, /^-6 a@::2: expected another label, since a is taken$/],
    ['-l a@10.0.0.1 -l a@10.0.0.2', null, /^-l a@10\.0\.0\.2: expected another label, since a is taken$/],
    ['-l 10.0.0.1/10.0.0.2 -l 10.0.0.3', null, /^-l 10\.0\.0\.3: expected LABEL@/],
    [
      '-l 10.0.0.1 -l 10.0.0.2/10.0.0.3',
      null,
      /^-l 10\.0\.0\.2\/10\.0\.0\.3: expected one address, since only the first of a family/,
    ],
    ['-l 10.0.0.1/10.0.0.2/10.0.0.3', null, /: expected INTERNAL\/EXTERNAL$/],
    ['-l /', null, /^-l \/: expected INTERNAL\/EXTERNAL$/],
    ['-l 10.0.0.1/', null, /^-l 10\.0\.0\.1\/: expected an external address for the bridge too$/],
    ['-6 /::1', null, /^-6 \/::1: expected an internal address for the bridge too$/],
    ['-l 10.0.0.1/10.0.0.2 -6 /::1', null, /^-6 \/::1: expected no second external address$/],
    ['-l 10.0.0.1/10.0.0.2 -6 ::1/', null, /^-6 ::1\/: expected no second internal address$/],
    ['-l x@10.0.0.1/10.0.0.2', null, /expected addresses without label and =, which a bridge cannot have$/],
    ['-l 10.0.0.1=1.1.1.1 -6 /::1', null, /^-l 10\.0\.0\.1=1\.1\.1\.1: expected an address without label and =/],
    ['-l 10.0.0.1', '1.1.1.1/2.2.2.2', /^-A 1\.1\.1\.1\/2\.2\.2\.2: expected one address, since there is no bridge$/],
    ['-l 10.0.0.1/10.0.0.2', '1.1.1.1', /^-A 1\.1\.1\.1: expected two addresses, INTERNAL\/EXTERNAL$/],
    ['-l 10.0.0.1/10.0.0.2', '1.1.1.1/', /^-A 1\.1\.1\.1\/: expected two addresses or host names$/],
    ['-l 10.0.0.1', '1.1.1', /^-A 1\.1\.1: expected an address or a host name$/],
    ['-l 10.0.0.1=1.1.1.1', '2.2.2.2', /^-A 2\.2\.2\.2: expected no second address to advertise for -l 10\.0\.0\.1=1\.1\.1\.1$/],
  ];
  for (const [text, advertise, words] of table) {
    const parsed = await parseNetworks(entriesOf(text), advertise, resolve);
    assert.ok(!parsed.ok, text);
    assert.match(parsed.error, words);
  }
  assert.deepEqual(
    await parseNetworks([{ family: 'IPv4', text: '' }], null, resolve),
    refuse('-l : expected an address, or * for all'),
  );
});

test('only names are looked up', async () => {
  const asked: string[] = [];
  const entries = entriesOf('-l 10.0.0.1 -l a@lan.example -6 b@[::1] -6 c@*');
  const parsed = await parseNetworks(entries, 'relay.example.org', (name, family) => {
    asked.push(`${family} ${name}`);
    return resolve(name, family);
  });
  assert.ok(parsed.ok);
  assert.deepEqual(asked, ['IPv4 lan.example']);
});
