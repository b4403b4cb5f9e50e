import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { mergeNetworks } from '../../src/relay/networks/merge.js';
import { portRange } from '../../src/relay/portalloc/portTable.js';
import { describeChanges, describeNetwork, type InForce } from '../../src/relay/settings/changes.js';
import { nearestName } from '../../src/relay/settings/nearest.js';
import { settingsOf } from '../rig/settingsGiven.js';

async function inForce(text: string): Promise<InForce> {
  const settings = await settingsOf(text);
  ok(settings.ok, settings.ok ? '' : settings.error.join('\n'));
  const networks = mergeNetworks({ given: null, named: [], settings: settings.value });
  ok(networks.ok);
  return { settings: settings.value, networks: networks.value };
}

const FIRST = `
networks:
  office: { addresses: [10.0.0.1, "::1"], ports: 30000-39999 }
  wan: { addresses: [{address: 10.0.1.1, advertised: 203.0.113.5}] }
bridge: { internal: office, external: wan }
limits: { calls: 100 }
control: { allow: [127.0.0.1], tokens: { proxy: abc, old: def } }
events: { secret: one, silence: 5 }
`;
const SECOND = `
networks:
  office: { addresses: [10.0.0.1], ports: 30000-39999, policy: { latching: symmetric, tos: 46 } }
  lab: { addresses: 10.0.2.1 }
default: lab
limits: { calls: 100, calls-per-second: 5 }
control: { tokens: { proxy: xyz, new: def }, tls: { certificate: cert.pem, key: key.pem } }
events: { secret: two, keep: 60, ways: [connection] }
`;

test('what is different is told a line each, and of secrets only that they are others', async () => {
  const changes = describeChanges(await inForce(FIRST), await inForce(SECOND));
  deepEqual(changes, [
    'networks.office.addresses: 10.0.0.1, ::1 -> 10.0.0.1',
    'networks.office.policy: none -> symmetric, TOS 46',
    'networks.lab: new, 10.0.2.1, ports of the relay',
    'networks.wan: gone; calls that stand on it go on',
    'default: office -> lab',
    'bridge.internal: office -> none',
    'bridge.external: wan -> none',
    'limits.calls-per-second: none -> 5',
    'control.allow: 127.0.0.1 -> none',
    'control.tokens.proxy: another one',
    'control.tokens.new: new',
    'control.tokens.old: gone',
    'control.tls.certificate: none -> /etc/relay/cert.pem',
    'control.tls.key: none -> /etc/relay/key.pem',
    'events.secret: another one',
    'events.ways: none -> connection',
    'events.silence: 5 s -> none',
    'events.keep: 600 s -> 60 s',
  ]);
  deepEqual(describeChanges(await inForce(FIRST), await inForce(FIRST)), []);
});

test('[NG-24] networks are listed with their addresses and ports', async () => {
  const { networks } = await inForce(FIRST);
  deepEqual(
    networks.named.map((network) => describeNetwork(network, portRange(35_000, 36_000))),
    ['office: 10.0.0.1, ::1; ports 30000 to 39999', 'wan: 10.0.1.1 advertised as 203.0.113.5; ports 35000 to 35999'],
  );
});

test('a name that was misspelt is told from one that was not meant', () => {
  const known = ['addresses', 'ports', 'policy'];
  for (const [written, meant] of [
    ['adresses', 'addresses'],
    ['address', 'addresses'],
    ['prots', 'ports'],
    ['Ports', 'ports'],
    ['polcy', 'policy'],
    ['p', null],
    ['port-range', null],
    ['', null],
    ['x'.repeat(100_000), null],
  ] as const)
    equal(nearestName(written, known), meant, written.slice(0, 20));
});
