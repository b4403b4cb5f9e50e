/** What a network says of the legs that stand in it, and what the event log tells when networks change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fold } from '../../src/relay/events/fold.js';
import { redecide } from '../../src/relay/events/redecide.js';
import { mergeNetworks } from '../../src/relay/networks/merge.js';
import type { NetworkTable } from '../../src/relay/networks/table.js';
import type { NamedNetwork, NetworkPolicy } from '../../src/relay/settings/settings.js';
import { HOST, PureRelay, settingOf } from '../property/pureRelay.js';

const SETTING = settingOf(50, 10_000, 10_000);

function tableOf(networks: readonly { name: string; hosts: readonly string[]; policy?: Partial<NetworkPolicy> }[]): NetworkTable {
  const named = networks.map(
    ({ name, hosts, policy }): NamedNetwork => ({
      ...{ name, addresses: hosts.map((host) => ({ host, advertised: null })), ports: null },
      policy: { latching: null, tos: null, ...policy },
    }),
  );
  const merged = mergeNetworks({ given: null, named, settings: { networks: [], bridge: null, standard: null } });
  assert.ok(merged.ok);
  return merged.value;
}

const relayWith = (networks: NetworkTable, asymmetric = false): PureRelay =>
  new PureRelay(SETTING, 1, { setting: { networks, asymmetric }, grammar: { hasLabel: () => true } });

const legsOf = (relay: PureRelay, call: string) => relay.shard.directory.ofCall(call)[0]!.snapshot.context.legs;

test('a network says whether its sides are asymmetric, unless the command does', () => {
  const networks = tableOf([
    { name: 'plain', hosts: [HOST] },
    { name: 'strict', hosts: ['127.0.0.2'], policy: { latching: 'asymmetric' } },
    { name: 'loose', hosts: ['127.0.0.3'], policy: { latching: 'symmetric' } },
  ]);
  for (const [asymmetric, letters, wanted] of [
    [false, 'l{plain}', false],
    [true, 'l{plain}', true],
    [false, 'l{strict}', true],
    [true, 'l{loose}', false],
    [false, 'sl{strict}', false],
    [true, 'al{loose}', true],
  ] as const) {
    const relay = relayWith(networks, asymmetric);
    relay.send(`U${letters} c 192.0.2.1 4000 f`);
    assert.equal(legsOf(relay, 'c').caller.asymmetric, wanted, `${letters}, ${asymmetric} otherwise`);
  }
});

test('legs get the TOS byte of their network, once, unless another one is asked for', () => {
  const relay = relayWith(
    tableOf([
      { name: 'a', hosts: [HOST] },
      { name: 'b', hosts: ['127.0.0.2', '::2'], policy: { tos: 46 } },
    ]),
  );
  relay.send('Ul{b} c 192.0.2.1 4000 f');
  relay.send('Ll{a} c 192.0.2.2 5000 f t');
  assert.deepEqual([legsOf(relay, 'c').callee.tos, legsOf(relay, 'c').caller.tos], [46, null]);
  relay.send('Ul{b} c 192.0.2.1 4000 f t && S-r tos 8');
  const asked = legsOf(relay, 'c').callee.tos;
  relay.send('Ul{b} c 192.0.2.1 4000 f t');
  assert.equal(legsOf(relay, 'c').callee.tos, asked, 'what was asked for stays');
  relay.send('U6l{b} six 2001:db8::1 4000 f');
  assert.equal(legsOf(relay, 'six').callee.tos, null, 'IPv6 has none');
});

test('addresses of a network take turns by Call-ID, and all streams of a call have the same', () => {
  const relay = relayWith(tableOf([{ name: 'many', hosts: ['127.0.0.1', '127.0.0.2', '127.0.0.3'] }]));
  const used = new Map<string, number>();
  for (let i = 0; i < 30; i++) {
    const hosts = ['1', '2'].map((media) => relay.send(`U call-${i} 192.0.2.1 4000 f;${media}`).split(' ')[1]!);
    assert.equal(hosts[0], hosts[1]);
    used.set(hosts[0]!, (used.get(hosts[0]!) ?? 0) + 1);
    if (i % 3 === 2) for (const media of ['1', '2']) relay.send(`D call-${i} f;${media}`);
  }
  assert.deepEqual([...used.keys()].sort(), ['127.0.0.1', '127.0.0.2', '127.0.0.3']);
  assert.ok(Math.min(...used.values()) >= 4, JSON.stringify([...used]));
});

test('when the default network changes, the log still tells why each leg stands where it does', () => {
  const relay = relayWith(tableOf([{ name: 'old', hosts: [HOST] }]));
  assert.match(relay.send('U first 192.0.2.1 4000 f'), / 127\.0\.0\.1$/);
  relay.useSetting({ networks: tableOf([{ name: 'new', hosts: ['127.0.0.8'] }]) });
  assert.match(relay.send('U second 192.0.2.1 4000 f'), / 127\.0\.0\.8$/);
  assert.match(relay.send('L first 192.0.2.2 5000 f t'), / 127\.0\.0\.1$/, 'a call stays where it is');
  const fold = new Fold();
  // As the header of the segment has it, which was begun before the change.
  const standing = { ttlMs: 10_000, setupTtlMs: 10_000, independentTtl: false, network: { host: HOST, advertised: null } };
  for (const record of relay.records) {
    const before = fold.sessions.get(record.session)?.snapshot.context ?? null;
    assert.equal(redecide(before, record, standing), null, record.command.type);
    fold.take(record);
  }
});
