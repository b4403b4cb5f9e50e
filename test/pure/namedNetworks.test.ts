/** Networks by name: how the options and the settings file make one table, and which network a leg gets. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok, refuse, udpPort } from '../../model/kernel/index.js';
import { chooseNetworks } from '../../src/relay/networks/choose.js';
import { chooseNamed, type NetworkWanted } from '../../src/relay/networks/chooseNamed.js';
import { mergeNetworks } from '../../src/relay/networks/merge.js';
import { parseNetworks } from '../../src/relay/networks/parse.js';
import { allPairs, ownRanges } from '../../src/relay/networks/ranges.js';
import { addressOf, type NetworkTable, networkAt, networkCalled } from '../../src/relay/networks/table.js';
import { parseNetworkOption } from '../../src/relay/networks/written.js';
import { portRange } from '../../src/relay/portalloc/portTable.js';
import type { NamedNetwork, Settings } from '../../src/relay/settings/settings.js';

const nobody = async () => refuse('no such host');

type Sources = { readonly listen?: string; readonly network?: readonly string[]; readonly settings?: Partial<Settings> };

/** The table of `-l …`, `--network …` and the networks of a settings file; or why there is none. */
async function merged({ listen = '', network = [], settings = {} }: Sources) {
  const words = listen.split(' ').filter(Boolean);
  const entries = words.flatMap((word, i) =>
    i % 2 === 0 ? [{ family: word === '-l' ? ('IPv4' as const) : ('IPv6' as const), text: words[i + 1]! }] : [],
  );
  const given = entries.length === 0 ? null : await parseNetworks(entries, null, nobody);
  if (given !== null && !given.ok) return given;
  const named: NamedNetwork[] = [];
  for (const text of network) {
    const read = await parseNetworkOption(text, nobody);
    if (!read.ok) return read;
    named.push(read.value);
  }
  const { networks = [], bridge = null, standard = null } = settings;
  return mergeNetworks({ given: given === null ? null : given.value, named, settings: { networks, bridge, standard } });
}

async function tableOf(sources: Sources): Promise<NetworkTable> {
  const table = await merged(sources);
  assert.ok(table.ok, table.ok ? '' : table.error);
  return table.value;
}

/** `office: 10.0.0.1 ::1`. */
const inShort = ({ named }: NetworkTable): string[] =>
  named.map(
    ({ name, addresses }) =>
      `${name}: ${addresses.map(({ host, advertised }) => host + (advertised === null ? '' : `!${advertised}`)).join(' ')}`,
  );

const network = (name: string, hosts: readonly string[], more: Partial<NamedNetwork> = {}): NamedNetwork => ({
  name,
  addresses: hosts.map((host) => ({ host, advertised: null })),
  ...{ ports: null, policy: { latching: null, tos: null } },
  ...more,
});

test('[NG-24] -l alone is the network default, a bridge is internal and external, labels are names, one for both families', async () => {
  const table: readonly (readonly [string, readonly string[], string])[] = [
    ['-l 10.0.0.1', ['default: 10.0.0.1'], 'default'],
    ['-6 ::1', ['default: ::1'], 'default'],
    ['-l lan@10.0.0.1', ['lan: 10.0.0.1'], 'lan'],
    ['-l 10.0.0.1/10.0.1.1', ['internal: 10.0.0.1', 'external: 10.0.1.1'], 'internal'],
    ['-l 10.0.0.1 -6 /::1', ['internal: 10.0.0.1', 'external: ::1'], 'internal'],
    ['-l 10.0.0.1 -l wan@10.0.1.1=203.0.113.5 -6 wan@::5', ['default: 10.0.0.1', 'wan: 10.0.1.1!203.0.113.5 ::5'], 'default'],
    ['-l a@10.0.0.1 -6 b@::1 -6 a@::2', ['a: 10.0.0.1 ::2', 'b: ::1'], 'a'],
  ];
  for (const [listen, named, standard] of table) {
    const read = await tableOf({ listen });
    assert.deepEqual([inShort(read), read.standard], [named, standard], listen);
  }
});

test('[NG-24] --network gives names to addresses of both families, as many as are wanted', async () => {
  const network = ['office=10.0.0.1,[2001:DB8::1]', 'wan=10.0.1.1!203.0.113.5,::2!relay.example.org', 'all=*'];
  const read = await tableOf({ network });
  assert.deepEqual(inShort(read), [
    'office: 10.0.0.1 2001:db8::1',
    'wan: 10.0.1.1!203.0.113.5 ::2!relay.example.org',
    'all: 0.0.0.0',
  ]);
  assert.equal(read.standard, 'office');
  const many = await tableOf({ network: Array.from({ length: 100 }, (_, i) => `n${i}=10.0.1.${i}`) });
  assert.equal(many.named.length, 100);
});

test('--network that is not right is refused with what was expected', async () => {
  for (const [text, expected] of [
    ['office', /^--network office: expected NAME=ADDRESS\[!ADVERTISED\],…$/],
    ['=10.0.0.1', /expected a name of up to 64 letters, digits, _ \. and - before the =$/],
    ['a b=10.0.0.1', /expected a name/],
    ['a=', /^--network a=: expected an address, or \* for all$/],
    ['a=10.0.0.300', /^--network a=10\.0\.0\.300: 10\.0\.0\.300: expected an IPv4 or IPv6 address$/],
    ['a=10.0.0.1!', /expected an address or a host name to advertise behind the !$/],
    ['a=10.0.0.1!x!y', /expected no second ! in 10\.0\.0\.1!x!y$/],
    ['a=10.0.0.1,10.0.0.1', /expected 10\.0\.0\.1 once$/],
    ['a=nobody.example', /nobody\.example: no such host$/],
  ] as const) {
    const read = await parseNetworkOption(text, nobody);
    assert.match(read.ok ? 'read' : read.error, expected, text);
  }
});

test('the settings add networks, and say which are the default and the ends of the bridge', async () => {
  const settings = { networks: [network('dmz', ['10.0.9.1', '::9']), network('lab', ['10.0.8.1'])] };
  const added = await tableOf({ listen: '-l 10.0.0.1', network: ['x=10.0.0.2'], settings });
  assert.deepEqual(inShort(added), ['default: 10.0.0.1', 'x: 10.0.0.2', 'dmz: 10.0.9.1 ::9', 'lab: 10.0.8.1']);
  assert.deepEqual([added.standard, added.bridge, added.networks[0].host], ['default', null, '10.0.0.1']);
  const bridge = { internal: 'lab', external: 'dmz' };
  const bridged = await tableOf({ listen: '-l 10.0.0.1/10.0.1.1', settings: { ...settings, bridge } });
  assert.deepEqual([bridged.bridge?.internal.host, bridged.bridge?.external.host], ['10.0.8.1', '10.0.9.1']);
  assert.equal(bridged.standard, 'internal', 'that of -l stays');
  const alone = await tableOf({ settings: { ...settings, bridge } });
  assert.deepEqual([alone.standard, alone.networks[0].host], ['lab', '10.0.8.1']);
  const told = await tableOf({ listen: '-l 10.0.0.1', settings: { ...settings, standard: 'dmz' } });
  assert.deepEqual([told.standard, told.networks.map(({ host }) => host)], ['dmz', ['10.0.9.1', '::9', '10.0.0.1', '10.0.8.1']]);
});

test('what cannot be merged is refused', async () => {
  const [a, other] = [network('a', ['10.0.0.1']), portRange(30_000, 30_009)];
  const table: readonly (readonly [Sources, string])[] = [
    [{ network: ['a=10.0.0.1', 'a=10.0.0.2'] }, 'network a: expected another name, since there is one already'],
    [{ listen: '-l 10.0.0.1 -l default@10.0.0.2' }, 'network default: expected another name, since there is one already'],
    [{ settings: { networks: [a], standard: 'b' } }, 'default b: no network is called so: there are a'],
    [
      { settings: { networks: [a], bridge: { internal: 'a', external: 'c' } } },
      'external c: no network is called so: there are a',
    ],
    [
      { listen: '-l 10.0.0.1', settings: { networks: [network('b', ['10.0.0.1'], { ports: other })] } },
      'network b: expected the same ports as default has, since both stand on 10.0.0.1',
    ],
    [{}, 'expected a network: -l, --network, or one in the settings file'],
  ];
  for (const [sources, error] of table) assert.deepEqual(await merged(sources), refuse(error));
});

const TABLE = await tableOf({
  listen: '-l 10.0.0.1',
  settings: {
    networks: [
      network('office', ['10.1.0.1', '10.1.0.2', '10.1.0.3', '::1']),
      network('wan', ['10.2.0.1'], {
        addresses: [{ host: '10.2.0.1', advertised: '203.0.113.5' }],
        policy: { latching: 'symmetric', tos: 46 },
      }),
      network('six', ['::6']),
      network('all', ['0.0.0.0', '::']),
    ],
    bridge: { internal: 'office', external: 'wan' },
  },
});
const noRoute = (): null => null;
const ANY: NetworkWanted = { name: null, family: null, towards: null, turn: 0 };

/** `NAME HOST` or the error. */
function choose(wanted: Partial<NetworkWanted>, routeTo: (host: string) => string | null = noRoute): string {
  const found = chooseNamed(TABLE, { ...ANY, ...wanted }, routeTo);
  if (!found.ok) return found.error;
  const { name, network } = found.value;
  return `${name} ${network.host}${network.advertised === null ? '' : `!${network.advertised}`}`;
}

test('[NG-25] a network is found by its name and family; without a name it is the default, or one that has the family', () => {
  assert.deepEqual(
    chooseNamed(TABLE, { ...ANY, name: 'wan' }, noRoute),
    ok({ network: { host: '10.2.0.1', advertised: '203.0.113.5' }, name: 'wan', policy: { latching: 'symmetric', tos: 46 } }),
  );
  assert.equal(choose({}), 'default 10.0.0.1');
  assert.equal(choose({ family: 'IPv4' }), 'default 10.0.0.1');
  assert.equal(choose({ name: 'office', family: 'IPv6' }), 'office ::1');
  assert.equal(choose({ name: 'six' }), 'six ::6');
  assert.equal(choose({ family: 'IPv6' }), 'all ::', 'as 6 alone: the last that has it');
});

test('what cannot be chosen is said with what there is', () => {
  assert.equal(choose({ name: 'nowhere' }), 'no network is called nowhere: there are default, office, wan, six, all');
  assert.equal(choose({ name: 'wan', family: 'IPv6' }), 'network wan has no IPv6 address');
  assert.equal(choose({ name: 'six', family: 'IPv4' }), 'network six has no IPv4 address');
});

test('several addresses of a family take turns', () => {
  const turns = [0, 1, 2, 3, 4].map((turn) => choose({ name: 'office', turn }));
  assert.deepEqual(turns, ['office 10.1.0.1', 'office 10.1.0.2', 'office 10.1.0.3', 'office 10.1.0.1', 'office 10.1.0.2']);
  assert.equal(choose({ name: 'office', family: 'IPv6', turn: 7 }), 'office ::1');
});

test('the way to the other side chooses the network where none is named, and the address within one that is', () => {
  const by = (local: string) => () => local;
  assert.equal(choose({ towards: '10.2.0.9' }, by('10.2.0.1')), 'wan 10.2.0.1!203.0.113.5');
  assert.equal(choose({ towards: '::9' }, by('::6')), 'six ::6');
  assert.equal(choose({ towards: '10.1.0.9', name: 'office' }, by('10.1.0.3')), 'office 10.1.0.3');
  assert.equal(choose({ towards: '10.9.0.9' }, by('10.9.0.1')), 'all 0.0.0.0!10.9.0.1', 'one that stands everywhere says where');
  assert.equal(choose({ towards: '10.9.0.9', family: 'IPv6' }, by('10.9.0.1')), 'all ::', 'the other family is asked for');
  assert.equal(choose({ towards: '10.9.0.9', name: 'wan' }, by('10.9.0.1')), 'wan 10.2.0.1!203.0.113.5');
  assert.equal(choose({ towards: '10.9.0.9' }), 'default 10.0.0.1', 'there is no way');
});

test('[CW-28] l{…}, e, i and 6 of the classic protocol mean the same networks', () => {
  const chosen = (choice: Parameters<typeof chooseNetworks>[1], turn = 0) => {
    const networks = chooseNetworks(TABLE, choice, noRoute, turn);
    return networks.ok ? [networks.value.caller?.host, networks.value.callee?.host] : networks.error;
  };
  assert.deepEqual(chosen({ kind: 'label', label: 'office' }), ['10.1.0.1', '10.1.0.1']);
  assert.deepEqual(chosen({ kind: 'label', label: 'office' }, 5), ['10.1.0.3', '10.1.0.3']);
  assert.deepEqual(chosen({ kind: 'label', label: 'office', ipv6: true }), ['::1', '::1']);
  assert.deepEqual(chosen({ kind: 'label', label: 'wan', ipv6: true }), ['10.2.0.1', '10.2.0.1'], 'it has no other');
  assert.deepEqual(chosen({ kind: 'label', label: 'six' }), ['::6', '::6']);
  assert.deepEqual(chosen({ kind: 'bridge', caller: 'internal', callee: 'external' }), ['10.1.0.1', '10.2.0.1']);
  assert.deepEqual(chosen({ kind: 'bridge', caller: 'internal', callee: 'external', ipv6: true }), ['::1', '10.2.0.1']);
  assert.deepEqual(chosen({ kind: 'ipv6' }), ['::', '::']);
  assert.equal(chosen({ kind: 'label', label: 'nobody' }), 'E31');
});

test('an address belongs to the network that advertises it so', async () => {
  const table = await tableOf({ network: ['lan=10.0.0.1', 'public=10.0.0.1!203.0.113.5'] });
  assert.equal(networkAt(table, { host: '10.0.0.1', advertised: '203.0.113.5' })?.name, 'public');
  assert.equal(networkAt(table, { host: '10.0.0.1', advertised: 'else' })?.name, 'lan');
  assert.equal(networkAt(table, { host: '10.0.0.2', advertised: null }), undefined);
  assert.equal(addressOf(networkCalled(table, 'lan')!, 'IPv6', 3), undefined);
});

test('pairs add up over all ranges: one for each address with ports of its own, one for each family of the others', () => {
  const range = portRange(30_000, 30_019);
  const standard = portRange(35_000, 35_999);
  const own = [network('a', ['10.0.0.1', '::1'], { ports: range }), network('b', ['10.0.0.1'], { ports: range })];
  assert.deepEqual(ownRanges({ named: own }), [
    { host: '10.0.0.1', range: { first: udpPort(30_000), pairs: 10 } },
    { host: '::1', range: { first: udpPort(30_000), pairs: 10 } },
  ]);
  assert.equal(allPairs({ named: own }, standard), 500 + 2 * 10, 'l with an address may be asked for at any time');
  assert.equal(allPairs({ named: [...own, network('c', ['10.0.0.2', '10.0.0.3'])] }, standard), 500 + 20);
  assert.equal(allPairs({ named: [network('c', ['10.0.0.2', '::2'])] }, standard), 1000);
});
