import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok, refuse } from '../../model/kernel/index.js';
import type { NetworkChoice } from '../../src/protocol/rtpproxy/command.js';
import { chooseNetworks } from '../../src/relay/networks/choose.js';
import { defaultAsymmetric, type Network, type NetworkTable } from '../../src/relay/networks/table.js';
import { tableOf } from '../property/shardWorld.js';

const network = (host: string, advertised: string | null = null, label: string | null = null): Network => ({
  host,
  advertised,
  label,
});

const [INTERNAL, EXTERNAL] = [network('10.0.0.1', '192.0.2.1'), network('10.0.1.1')];
const [SIX, OTHER_SIX] = [network('::6', null, 'six'), network('::7', '2001:db8::7', 'seven')];
const PLAIN = tableOf({ networks: [INTERNAL], bridge: null });
const BRIDGED = tableOf({
  networks: [INTERNAL, EXTERNAL, SIX, OTHER_SIX],
  bridge: { internal: INTERNAL, external: EXTERNAL },
});
const IPV6_FIRST = tableOf({ networks: [SIX, OTHER_SIX, EXTERNAL], bridge: null });

const noRoute = (): null => null;
const choose = (table: NetworkTable, choice: NetworkChoice) => chooseNetworks(table, choice, noRoute);
const both = (chosen: Network) => ok({ caller: chosen, callee: chosen });
const NONE = ok({ caller: null, callee: null });

test('where nothing is asked, both legs stay where they are', () => {
  for (const table of [PLAIN, BRIDGED, IPV6_FIRST]) assert.deepEqual(choose(table, { kind: 'default' }), NONE);
});

test('[KM-44 KM-45 CW-26] of e and i the first letter is for the caller, the second for the callee', () => {
  const bridge = (caller: 'internal' | 'external', callee: 'internal' | 'external' | null) =>
    choose(BRIDGED, { kind: 'bridge', caller, callee });
  assert.deepEqual(bridge('internal', 'external'), ok({ caller: INTERNAL, callee: EXTERNAL }));
  assert.deepEqual(bridge('external', 'internal'), ok({ caller: EXTERNAL, callee: INTERNAL }));
  assert.deepEqual(bridge('external', 'external'), both(EXTERNAL));
  assert.deepEqual(bridge('internal', 'internal'), both(INTERNAL));
  assert.deepEqual(bridge('external', null), ok({ caller: EXTERNAL, callee: null }));
  assert.deepEqual(bridge('internal', null), ok({ caller: INTERNAL, callee: null }));
});

test('[CW-26] E11 and E12 where there is no bridge', () => {
  assert.deepEqual(choose(PLAIN, { kind: 'bridge', caller: 'external', callee: 'internal' }), refuse('E11'));
  assert.deepEqual(choose(PLAIN, { kind: 'bridge', caller: 'internal', callee: null }), refuse('E12'));
});

test('[PN-49] an address that is configured comes with what it advertises, another one by itself', () => {
  assert.deepEqual(choose(PLAIN, { kind: 'address', host: '10.0.0.1' }), both(INTERNAL));
  assert.deepEqual(choose(BRIDGED, { kind: 'address', host: '::7' }), both(OTHER_SIX));
  assert.deepEqual(choose(PLAIN, { kind: 'address', host: '127.0.0.1' }), both(network('127.0.0.1')));
});

test('a label names its network, and E31 answers one that no network has', () => {
  assert.deepEqual(choose(BRIDGED, { kind: 'label', label: 'seven' }), both(OTHER_SIX));
  for (const label of ['nobody', '', 'Seven']) assert.deepEqual(choose(BRIDGED, { kind: 'label', label }), refuse('E31'), label);
});

test('[PN-49] r asks the kernel for the way, and E32 answers if there is none', () => {
  const asked: string[] = [];
  const routeTo = (host: string): string => {
    asked.push(host);
    return host === '203.0.113.1' ? '10.0.1.1' : '127.0.0.1';
  };
  assert.deepEqual(chooseNetworks(BRIDGED, { kind: 'towards', host: '203.0.113.1' }, routeTo), both(EXTERNAL));
  assert.deepEqual(chooseNetworks(BRIDGED, { kind: 'towards', host: '127.0.0.9' }, routeTo), both(network('127.0.0.1')));
  assert.deepEqual(asked, ['203.0.113.1', '127.0.0.9']);
  assert.deepEqual(choose(BRIDGED, { kind: 'towards', host: '203.0.113.1' }), refuse('E32'));
});

test('[KC-05] 6 alone takes the default network if it is IPv6, else the last that is; E36 if none is', () => {
  assert.deepEqual(choose(BRIDGED, { kind: 'ipv6' }), both(OTHER_SIX));
  assert.deepEqual(choose(IPV6_FIRST, { kind: 'ipv6' }), NONE);
  assert.deepEqual(choose(PLAIN, { kind: 'ipv6' }), refuse('E36'));
});

test('[KM-46] a side is asymmetric by default where it is forced, and in a bridge that is not made symmetric', () => {
  const table = [
    [PLAIN, false, false, false],
    [PLAIN, false, true, false],
    [PLAIN, true, false, true],
    [PLAIN, true, true, true],
    [BRIDGED, false, false, true],
    [BRIDGED, false, true, false],
    [BRIDGED, true, true, true],
  ] as const;
  for (const [networks, forceAsymmetric, bridgeSymmetric, wanted] of table)
    assert.equal(defaultAsymmetric({ forceAsymmetric, bridgeSymmetric }, networks), wanted);
});
