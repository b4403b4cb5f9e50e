import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { type FarNetwork, openFarNetworks } from '../rig/namespaces.js';
import { requirePeer } from '../rig/peers.js';
import { areFreeForUdp } from '../rig/ports.js';
import { type Case, runCases } from './calls.js';
import { logsAreSound, nothingIsLeft } from './exchange.js';
import { manyCalls, SAID_PACKETS } from './manyCalls.js';
import { type NgExchange, openNgExchange, relayed } from './ngExchange.js';
import { INSTALL } from './scene.js';

const NAMES = ['one', 'two', 'three'] as const;
/** sipp's clock may lose or add a few. */
const TOLERANCE_PACKETS = 5;

test('Kamailio and a relay with a leg in each of three networks that do not reach each other', {
  concurrency: 3,
  timeout: 90_000,
}, async (t) => {
  if (!requirePeer(t, ['kamailio', 'sipp'], INSTALL)) return;
  const networks = openFarNetworks(t, NAMES.length);
  if (networks === null) return;
  const named = NAMES.flatMap((name, n) => ['--network', `${name}=${networks[n]!.near}`]);
  const hosts = networks.map(({ near }) => near);
  const exchange = await openNgExchange(t, {
    relays: [{ args: named }],
    kamailio: { hosts, more: ['-A', 'MANY_HOMES=1'] },
  });
  if (exchange === null) return;
  const cases = NAMES.flatMap((from, n) =>
    NAMES.map(
      (to, m): Case<NgExchange> => [
        `[NG-03 NG-24 NG-25] a call from namespace ${from} to namespace ${to}: what is said there is echoed here`,
        (e) => bridged(e, [from, networks[n]!], [to, networks[m]!]),
      ],
    ),
  );
  await runCases(t, exchange, cases);
  await nothingIsLeft(exchange);
  for (const { media } of exchange.relays) ok(await areFreeForUdp(media.min, media.max + 1 - media.min), 'all ports are free');
  await logsAreSound(exchange);
});

type Named = readonly [name: string, network: FarNetwork];

async function bridged(exchange: NgExchange, [from, near]: Named, [to, far]: Named): Promise<void> {
  const key = `${from}-${to}`;
  const flags = `direction=${from} direction=${to} replace=origin`;
  const { toCaller, toCallee } = await manyCalls(exchange, {
    ...{ key, calls: 1, headers: relayed(flags, flags, { Count: key }) },
    ends: { caller: whereabouts(near), callee: whereabouts(far) },
  });
  deepEqual(
    [toCaller, toCallee].map((places) => places.map(({ address }) => address)),
    [[near.near], [far.near]],
  );
  const counted = new RegExp(`COUNTED \\S+ ${key} RTP: \\d+ bytes, (\\d+) packets, (\\d+) errors`);
  const [, packets, errors] = counted.exec(exchange.kamailio.stderr()) ?? [];
  ok(Math.abs(Number(packets) - 2 * SAID_PACKETS) <= TOLERANCE_PACKETS, `said and echoed: ${packets} packets`);
  equal(errors, '0');
}

const whereabouts = ({ near, far, enter }: FarNetwork) => ({ host: far, proxy: near, enter });
