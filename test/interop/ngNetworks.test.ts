import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { areFreeForUdp, leasePorts } from '../rig/ports.js';
import { type Case, conversation, openPeers, placeCall, plainCall, runCases, SIDE_BY_SIDE } from './calls.js';
import { logsAreSound, nothingIsLeft, resultsOf } from './exchange.js';
import { manyCalls, SAID_PACKETS } from './manyCalls.js';
import { askedOf, audioOf, inShort, type NgExchange, openNgExchange, relayed, requireModule } from './ngExchange.js';

/** Where the relay stands in each network. */
const NETWORKS = { one: '127.0.0.2', two: '127.0.0.3', three: '127.0.0.4' } as const;
type Network = keyof typeof NETWORKS;
const NAMES = Object.keys(NETWORKS) as Network[];
const NAMED = NAMES.flatMap((name) => ['--network', `${name}=${NETWORKS[name]}`]);
const PAIRS = NAMES.flatMap((from) => NAMES.map((to) => [from, to] as const));
/** sipp's clock may lose or add a few. */
const TOLERANCE_PACKETS = 5;

const SINGLE: readonly Case<NgExchange>[] = [
  ...PAIRS.map(
    ([from, to]): Case<NgExchange> => [
      `[NG-03 NG-24 NG-25] a call from network ${from} to network ${to} stands in both, and they hear each other`,
      (exchange) => bridged(exchange, `${from}-${to}`, from, to),
    ],
  ),
  [
    '[NG-03 NG-25] rtpengine_offer, rtpengine_answer and rtpengine_delete carry a call as rtpengine_manage does',
    (exchange) => bridged(exchange, 'functions', 'one', 'three', 'functions'),
  ],
  ['[NG-24] a network that nobody has is an error that says so, and the call goes on without us', unknownNetwork],
];

const [FOUR, SIX] = ['127.0.0.1', '::1'] as const;

const FAMILIES: readonly Case<NgExchange>[] = [
  [
    '[NG-03 NG-25] from a network of IPv4 to one of IPv6, which have one address each',
    (e) =>
      betweenFamilies(e, {
        key: 'four-six',
        hosts: [FOUR, SIX],
        stands: [FOUR, SIX],
        flags: ['direction=four direction=six', ''],
      }),
  ],
  [
    '[NG-03 NG-25] from a network of IPv6 to one of IPv4, which have one address each',
    (e) =>
      betweenFamilies(e, {
        key: 'six-four',
        hosts: [SIX, FOUR],
        stands: [SIX, FOUR],
        flags: ['direction=six direction=four', ''],
      }),
  ],
  [
    '[NG-03 NG-04 NG-25] address-family=IP6: in a network of both, the callee gets IPv6 and the caller keeps IPv4',
    (e) =>
      betweenFamilies(e, {
        ...{ key: 'to-six', hosts: [FOUR, SIX], stands: ['127.0.0.5', SIX] },
        flags: ['direction=both direction=both address-family=IP6', 'address-family=IP4'],
      }),
  ],
  [
    '[NG-03 NG-04 NG-25] address-family=IP4: in a network of both, the callee gets IPv4 and the caller keeps IPv6',
    (e) =>
      betweenFamilies(e, {
        ...{ key: 'to-four', hosts: [SIX, FOUR], stands: [SIX, '127.0.0.5'] },
        flags: ['direction=both direction=both address-family=IP4', 'address-family=IP6'],
      }),
  ],
];

test('Kamailio, its rtpengine module and a relay in three networks', SIDE_BY_SIDE, async (t) => {
  const exchange = await openNgExchange(t, { relays: [{ args: NAMED }] });
  if (exchange === null) return;
  await runCases(t, exchange, SINGLE);
  await allIsFree(exchange, [/proxy replied with error: (.*nowhere|Unknown call-id)/]);
  await logsAreSound(exchange);
});

test('ten calls at a time between three networks', { concurrency: 3, timeout: 120_000 }, async (t) => {
  const exchange = await openNgExchange(t, { relays: [{ args: NAMED, mediaPorts: 200 }] });
  if (exchange === null) return;
  await runCases(
    t,
    exchange,
    PAIRS.map(([from, to]) => [
      `[NG-03 NG-25] ten calls from network ${from} to network ${to}, each with ports and counters of its own`,
      () => tenBridged(exchange, from, to),
    ]),
  );
  await allIsFree(exchange);
  await logsAreSound(exchange);
});

test('Kamailio, its rtpengine module and a relay between IPv4 and IPv6', SIDE_BY_SIDE, async (t) => {
  const networks = [...['--network', 'four=127.0.0.1', '--network', 'six=::1'], ...['--network', 'both=127.0.0.5,::1']];
  const exchange = await openNgExchange(t, { relays: [{ args: networks }] });
  if (exchange === null) return;
  await runCases(t, exchange, FAMILIES);
  await allIsFree(exchange);
  await logsAreSound(exchange);
});

/** No call lives, and every port of the relay is free for others. */
async function allIsFree(exchange: NgExchange, expectedComplaints: readonly RegExp[] = []): Promise<void> {
  await nothingIsLeft(exchange, expectedComplaints);
  for (const { media } of exchange.relays) ok(await areFreeForUdp(media.min, media.max + 1 - media.min), 'all ports are free');
}

async function bridged(exchange: NgExchange, key: string, from: Network, to: Network, way = 'manage'): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const flags = `direction=${from} direction=${to}`;
  const call = await placeCall(exchange, {
    ...{ key, headers: relayed(flags, flags, { Way: way, ...(way === 'functions' && { Delete: 'fast' }) }) },
    ...plainCall(audioOf(caller), audioOf(callee)),
  });
  const { toCaller, toCallee } = await call.answered();
  deepEqual([toCaller.address, toCallee.address], [NETWORKS[from], NETWORKS[to]]);
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  await call.hangUp();
  deepEqual(inShort(await askedOf(call)), ['offer ok', 'answer ok', 'delete ok']);
  deepEqual(resultsOf(exchange, key), ['INVITE 1', 'INVITE/200 1', 'BYE 1']);
}

async function tenBridged(exchange: NgExchange, from: Network, to: Network): Promise<void> {
  const [key, calls] = [`ten-${from}-${to}`, 10];
  const flags = `direction=${from} direction=${to}`;
  const { toCaller, toCallee } = await manyCalls(exchange, { key, calls, headers: relayed(flags, flags, { Count: key }) });
  deepEqual(new Set(toCaller.map(({ address }) => address)), new Set([NETWORKS[from]]));
  deepEqual(new Set(toCallee.map(({ address }) => address)), new Set([NETWORKS[to]]));
  const counted = [
    ...exchange.kamailio.stderr().matchAll(new RegExp(`COUNTED \\S+ ${key} RTP: \\d+ bytes, (\\d+) packets, (\\d+) errors`, 'g')),
  ];
  equal(counted.length, calls, exchange.kamailio.stderr());
  for (const [, packets, errors] of counted) {
    ok(Math.abs(Number(packets) - 2 * SAID_PACKETS) <= TOLERANCE_PACKETS, `said and echoed: ${packets} packets`);
    equal(errors, '0');
  }
}

async function unknownNetwork(exchange: NgExchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const flags = 'direction=one direction=nowhere';
  const call = await placeCall(exchange, {
    ...{ key: 'unknown', headers: relayed(flags, flags, { Delete: 'fast' }) },
    ...plainCall(audioOf(caller), audioOf(callee)),
  });
  const { toCaller, toCallee } = await call.answered();
  deepEqual([toCaller.port, toCallee.port], [callee.port, caller.port]);
  await call.hangUp();
  const [offer] = await askedOf(call);
  match(String(offer!.reply['error-reason']), /nowhere/);
}

type BetweenFamilies = {
  readonly key: string;
  /** Where caller and callee are, … */
  readonly hosts: readonly [string, string];
  /** … and where the relay stands for each of them. */
  readonly stands: readonly [string, string];
  /** Of the offer and of the answer. */
  readonly flags: readonly [string, string];
};

async function betweenFamilies(exchange: NgExchange, { key, hosts, stands, flags }: BetweenFamilies): Promise<void> {
  const [callerHost, calleeHost] = hosts;
  const [caller, callee] = await openPeers(exchange, hosts);
  const [offer, answer] = flags.map((text) => `${text} replace=origin`.trim());
  const call = await placeCall(exchange, {
    ...{ key, headers: relayed(offer!, answer!), hosts: { caller: callerHost, callee: calleeHost } },
    ...plainCall(audioOf(caller, callerHost), audioOf(callee, calleeHost)),
  });
  const { toCaller, toCallee } = await call.answered();
  deepEqual([toCaller.address, toCallee.address], stands);
  for (const [phone, stand] of [[call.caller, stands[0]] as const, [call.callee, stands[1]] as const]) {
    const [seen = ''] = await phone.descriptions();
    const where = `${stand.includes(':') ? 'IP6' : 'IP4'} ${stand}`;
    deepEqual(seen.match(/IN IP[46] \S+/gm), [`IN ${where}`, `IN ${where}`], 'o= and c=');
  }
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  await call.hangUp();
}

test('[NG-01 NG-03] Kamailio asks a relay by WebSocket', { timeout: 40_000 }, async (t) => {
  if (!requireModule(t, 'lwsc.so', 'kamailio-lwsc-modules')) return;
  const lease = await leasePorts();
  t.after(() => lease.release());
  const place = `ws:127.0.0.1:${await lease.port()}`;
  const exchange = await openNgExchange(t, {
    relays: [{ args: [...NAMED, '--listen-ng', place] }],
    kamailio: { more: ['-A', 'WEBSOCKET=1', '-A', `RELAY_2="2 == ${place.replace(':', '://')}"`] },
  });
  if (exchange === null) return;
  const [caller, callee] = await openPeers(exchange);
  const flags = 'direction=one direction=two';
  const call = await placeCall(exchange, {
    ...{ key: 'web', headers: relayed(flags, flags, { Relay: '2' }) },
    ...plainCall(audioOf(caller), audioOf(callee)),
  });
  const { toCaller, toCallee } = await call.answered();
  deepEqual([toCaller.address, toCallee.address], [NETWORKS.one, NETWORKS.two]);
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  await call.hangUp();
  deepEqual(resultsOf(exchange, 'web'), ['INVITE 1', 'INVITE/200 1', 'BYE 1']);
  deepEqual(await call.said(), [], 'nothing by UDP');
  await allIsFree(exchange);
});
