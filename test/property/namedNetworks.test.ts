/** Any two of any networks are bridged: each leg stands on its own, with a port of its range. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Family, familyOf, udpPort } from '../../model/kernel/index.js';
import { SIDES } from '../../model/session/side.js';
import { chooseNamed } from '../../src/relay/networks/chooseNamed.js';
import { mergeNetworks } from '../../src/relay/networks/merge.js';
import { ownRanges } from '../../src/relay/networks/ranges.js';
import type { NetworkTable } from '../../src/relay/networks/table.js';
import { lastPort, type PortRange, portTableBytes } from '../../src/relay/portalloc/portTable.js';
import type { OwnPorts } from '../../src/relay/portalloc/portTables.js';
import type { NamedNetwork } from '../../src/relay/settings/settings.js';
import { PureRelay, settingOf } from './pureRelay.js';
import { runs } from './runs.js';

const SETTING = settingOf(200, 10_000, 10_000);
const STANDARD: PortRange = { first: udpPort(SETTING.first), pairs: SETTING.pairs };

type Made = { readonly v4: number; readonly v6: number; readonly pairs: number | null; readonly tos: number | null };

const made: fc.Arbitrary<Made> = fc
  .record({
    v4: fc.nat(3),
    v6: fc.nat(2),
    pairs: fc.option(fc.integer({ min: 20, max: 60 })),
    tos: fc.option(fc.nat(255)),
  })
  .filter(({ v4, v6 }) => v4 + v6 > 0);

function tableOf(all: readonly Made[]): NetworkTable {
  const networks = all.map(({ v4, v6, pairs, tos }, n): NamedNetwork => {
    const hosts = [
      ...Array.from({ length: v4 }, (_, i) => `10.${n}.0.${i + 1}`),
      ...Array.from({ length: v6 }, (_, i) => `2001:db8:${n + 1}::${i + 1}`),
    ];
    return {
      name: `n${n}`,
      addresses: hosts.map((host, i) => ({ host, advertised: i % 2 === 0 ? null : `x${n}-${i}.example` })),
      ports: pairs === null ? null : { first: udpPort(30_000 + n * 200), pairs },
      policy: { latching: null, tos },
    };
  });
  const merged = mergeNetworks({ given: null, named: networks, settings: { networks: [], bridge: null, standard: null } });
  assert.ok(merged.ok);
  return merged.value;
}

const portsOf = (table: NetworkTable): OwnPorts[] =>
  ownRanges(table).map((own) => ({ ...own, memory: new ArrayBuffer(portTableBytes(own.range)) }));

/** The leg stands in the network, on an address of the family, with a port of its range. */
function standsIn(
  table: NetworkTable,
  name: string,
  family: Family,
  local: { readonly host: string; readonly port: number },
): void {
  const network = table.named.find((each) => each.name === name)!;
  assert.ok(
    network.addresses.some(({ host }) => host === local.host),
    `${local.host} is of ${name}`,
  );
  assert.equal(familyOf(local.host), family);
  const range = network.ports ?? STANDARD;
  assert.ok(
    local.port >= range.first && local.port < lastPort(range) && local.port % 2 === 0,
    `${local.port} is a port of ${name}`,
  );
}

test('[NG-25] from any network to any other, of either family: ports are bound on both, each in its range', () => {
  const property = fc.property(fc.array(made, { minLength: 3, maxLength: 6 }), fc.nat(9), (all, seed) => {
    const table = tableOf(all);
    const relay = new PureRelay(SETTING, seed + 1, { setting: { networks: table } });
    relay.useSetting({ networks: table }, portsOf(table));
    let calls = 0;
    for (const x of table.named) {
      for (const y of table.named) {
        const of = (network: NamedNetwork) => {
          const family = familyOf(network.addresses[(calls + 1) % network.addresses.length]!.host);
          const found = chooseNamed(table, { name: network.name, family, towards: null, turn: calls }, () => null);
          assert.ok(found.ok);
          return { ...found.value, family };
        };
        const [caller, callee] = [of(x), of(y)];
        const call = `call-${calls++}`;
        const session = relay.shard.draft(call, 'f')!;
        const signal = {
          ...({
            type: 'Signal',
            address: null,
            held: false,
            asymmetric: false,
            codecs: [],
            resizeMs: null,
            newPort: false,
          } as const),
          ...({ notify: null, ttlMs: { caller: null, callee: null }, reference: 'strong' } as const),
          networks: { kind: 'each', caller: caller.network, callee: callee.network } as const,
        };
        assert.ok(relay.shard.command(session, { ...signal, side: 'caller', opening: { call: session.call, tag: 'f' } }).ok);
        assert.ok(relay.shard.command(session, { ...signal, side: 'callee', opening: null }).ok);
        const { legs } = session.snapshot.context;
        standsIn(table, x.name, caller.family, legs.caller.local!);
        standsIn(table, y.name, callee.family, legs.callee.local!);
        assert.deepEqual(
          SIDES.map((side) => legs[side].network),
          [caller.network, callee.network],
          'and says what is advertised',
        );
      }
    }
    assert.equal(relay.heldPairs(), calls * 2);
    for (const session of [...relay.shard.directory.all()]) relay.shard.command(session, { type: 'Close', reason: 'purged' });
    assert.equal(relay.heldPairs(), 0);
  });
  fc.assert(property, { numRuns: runs(40) });
});

test('[NG-24] when networks change, calls keep their ports, every pair is held once, and all are free at the end', () => {
  const property = fc.property(
    fc.array(fc.array(made, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 5 }),
    fc.array(fc.nat(3), { minLength: 4, maxLength: 20 }),
    (tables, calls) => {
      const relay = new PureRelay(SETTING, 1, { grammar: { hasLabel: () => true } });
      const open = new Map<string, string>();
      for (const [n, all] of tables.entries()) {
        const table = tableOf(all);
        const own = portsOf(table);
        relay.useSetting({ networks: table }, own);
        for (const [i, at] of calls.entries()) {
          const call = `${n}-${i}`;
          const answer = relay.send(`Ul{n${at}} ${call} 192.0.2.1 4000 f`);
          if (at >= all.length) assert.ok(/^E/.test(answer), `${answer} for a network that is not there`);
          else open.set(call, answer);
          if (i % 3 === 0 && open.delete(`${n - 1}-${i}`)) assert.equal(relay.send(`D ${n - 1}-${i} f`), '0');
        }
        const local = [...relay.shard.directory.all()].flatMap((session) =>
          SIDES.flatMap((side) => session.snapshot.context.legs[side].local ?? []),
        );
        assert.equal(new Set(local.map(({ host, port }) => `${host} ${port}`)).size, open.size, 'each pair once');
        // A repeated command is told the port it was told before, wherever its network is now.
        for (const [call, answer] of open)
          assert.equal(Number.parseInt(relay.send(`U ${call} 192.0.2.1 4000 f`), 10), Number.parseInt(answer, 10));
      }
      for (const call of open.keys()) assert.equal(relay.send(`D ${call} f`), '0');
      assert.equal(relay.heldPairs(), 0);
    },
  );
  fc.assert(property, { numRuns: runs(40) });
});
