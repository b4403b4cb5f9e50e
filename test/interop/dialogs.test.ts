import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import type { RtpPeer } from '../rig/rtpPeer.js';
import {
  type Call,
  type Case,
  conversation,
  handled,
  openPeers,
  type Place,
  placeCall,
  placesOf,
  plainCall,
  runCases,
  SIDE_BY_SIDE,
} from './calls.js';
import { type Exchange, nothingIsLeft, openExchange, resultsOf, statisticsOf } from './exchange.js';
import { audio, cancelled, expect, receive, respond, type Step, send, session, wait } from './scenario.js';

const CASES: readonly Case[] = [
  ['[KM-60 KM-66 KM-59 CW-14] early media: a 183 with a description has both ends hear each other before the answer', earlyMedia],
  ['[CW-14 KM-59] an UPDATE before the answer moves the caller', updateBeforeAnswer],
  ['[CW-14 CW-18 KM-59] re-INVITEs from either side move that side and keep every port; the callee hangs up', movingEnds],
  ['[KM-61 KM-66 KM-31 KM-32 CW-14] a late offer is a U, and its answer in the ACK an L', lateOffer],
  ['[CW-20] hold by 0.0.0.0 keeps the ports, and the call goes on where it was', (e) => holding(e, 'zeros')],
  ['[CW-20] hold by sendonly keeps the ports, and the call goes on where it was', (e) => holding(e, 'sendonly')],
  [
    '[CW-16 KM-33 PN-42] three streams, the second turned off: each has its session, and one D ends them',
    (e) => threeStreams(e, 'destroy', ''),
  ],
  ['[KM-58 CW-18] t: a D without the tag of the callee ends every stream', (e) => threeStreams(e, 'destroy', 't')],
  ['[KM-34] unforce_rtp_proxy ends every stream', (e) => threeStreams(e, 'unforce', '')],
  ['[KM-62] CANCEL ends the session', givenUp],
  ['[KM-65] a refused re-INVITE that the configuration takes for the end of the call takes its media away', refusedRenewal],
  ['[KM-80 KM-81 KM-82 PN-46 CW-31] $rtpstat has the counters until the session is deleted', counted],
];

test('Kamailio and a relay through the turns of a call', SIDE_BY_SIDE, async (t) => {
  const exchange = await openExchange(t, { relays: [{}] });
  if (exchange === null) return;
  await runCases(t, exchange, CASES);
  await nothingIsLeft(exchange);
});

const HEADERS = handled(1, 'co');

/** The media address that a test says its ends have. */
const at = (peer: RtpPeer, ...lines: readonly string[]): string => audio('127.0.0.1', peer.port, ...lines);

type Ends = { readonly caller: RtpPeer; readonly callee: RtpPeer };
type Places = { readonly toCaller: Place; readonly toCallee: Place };

const talk = ({ caller, callee }: Ends, { toCaller, toCallee }: Places): Promise<void> =>
  conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });

/** Where both ends were told last to send their first stream. */
async function places({ caller, callee }: Call): Promise<Places> {
  const [[toCaller], [toCallee]] = await Promise.all([caller.places(), callee.places()]);
  return { toCaller: toCaller!, toCallee: toCallee! };
}

async function earlyMedia(exchange: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const call = await placeCall(exchange, {
    key: 'early',
    headers: HEADERS,
    caller: [send('INVITE', at(caller)), expect(183), expect(200), send('ACK'), wait, send('BYE'), expect(200)],
    callee: [
      ...[receive('INVITE'), respond(183, at(callee)), wait, respond(200, at(callee))],
      ...[receive('ACK'), receive('BYE'), respond(200)],
    ],
  });
  await call.caller.received('SIP/2.0 183');
  const early = await places(call);
  await talk({ caller, callee }, early);
  await call.callee.goOn();
  deepEqual(await call.answered(), early);
  await talk({ caller, callee }, early);
  await call.hangUp();
  const lookup = `Lc0 early 127.0.0.1 ${callee.port} early-F;1 early-T;1`;
  deepEqual((await call.commands()).slice(1, 3), [lookup, lookup]);
  deepEqual(resultsOf(exchange, 'early'), ['INVITE 1', 'INVITE/183 1', 'INVITE/200 1', 'BYE 1']);
}

async function updateBeforeAnswer(exchange: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const [moved] = await openPeers(exchange);
  const call = await placeCall(exchange, {
    key: 'update',
    headers: HEADERS,
    caller: [
      ...[send('INVITE', at(caller)), expect(183), wait, send('UPDATE', at(moved)), expect(200)],
      ...[expect(200), send('ACK', null, {}), wait, send('BYE'), expect(200)],
    ],
    callee: [
      ...[receive('INVITE'), respond(183, at(callee)), receive('UPDATE'), respond(200, at(callee)), wait],
      ...[respond(200), receive('ACK'), receive('BYE'), respond(200)],
    ],
  });
  await call.caller.received('SIP/2.0 183');
  const early = await places(call);
  await call.caller.goOn();
  await call.caller.received('SIP/2.0 200');
  deepEqual(await places(call), early);
  await talk({ caller: moved, callee }, early);
  await call.callee.goOn();
  await call.callee.received('ACK');
  await call.hangUp();
  deepEqual((await call.commands()).slice(2, 4), [
    `Uc0 update 127.0.0.1 ${moved.port} update-F;1 update-T;1`,
    `Lc0 update 127.0.0.1 ${callee.port} update-F;1 update-T;1`,
  ]);
}

async function movingEnds(exchange: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const [callerThen, calleeThen] = await openPeers(exchange);
  const call = await placeCall(exchange, {
    key: 'moving',
    headers: HEADERS,
    caller: [
      ...[send('INVITE', at(caller)), expect(200), send('ACK'), wait],
      ...[send('INVITE', at(callerThen)), expect(200), send('ACK')],
      ...[receive('INVITE'), respond(200, at(callerThen)), receive('ACK'), receive('BYE'), respond(200)],
    ],
    callee: [
      ...[receive('INVITE'), respond(200, at(callee)), receive('ACK')],
      ...[receive('INVITE'), respond(200, at(callee)), receive('ACK'), wait],
      ...[send('INVITE', at(calleeThen)), expect(200), send('ACK'), wait, send('BYE'), expect(200)],
    ],
  });
  const first = await call.answered();
  await talk({ caller, callee }, first);
  await call.caller.goOn();
  await call.callee.received('ACK', 2);
  deepEqual(await places(call), first);
  await talk({ caller: callerThen, callee }, first);
  await call.callee.goOn();
  await call.caller.received('ACK');
  deepEqual(await places(call), first);
  await talk({ caller: callerThen, callee: calleeThen }, first);
  await call.callee.goOn();
  await call.ended();
  deepEqual((await call.commands()).slice(2), [
    `Uc0 moving 127.0.0.1 ${callerThen.port} moving-F;1 moving-T;1`,
    `Lc0 moving 127.0.0.1 ${callee.port} moving-F;1 moving-T;1`,
    `Uc0 moving 127.0.0.1 ${calleeThen.port} moving-T;1 moving-F;1`,
    `Lc0 moving 127.0.0.1 ${callerThen.port} moving-T;1 moving-F;1`,
    'D moving moving-T moving-F',
  ]);
}

async function lateOffer(exchange: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const call = await placeCall(exchange, {
    key: 'late',
    headers: HEADERS,
    caller: [send('INVITE'), expect(200), send('ACK', at(caller)), wait, send('BYE'), expect(200)],
    callee: [receive('INVITE'), respond(200, at(callee)), receive('ACK'), receive('BYE'), respond(200)],
  });
  const told = await call.answered();
  await talk({ caller, callee }, told);
  await call.hangUp();
  deepEqual(await call.said(), [
    { command: `Uc0 late 127.0.0.1 ${callee.port} late-T;1 late-F;1`, answer: `${told.toCaller.port} 127.0.0.1` },
    { command: `Lc0 late 127.0.0.1 ${caller.port} late-T;1 late-F;1`, answer: `${told.toCallee.port} 127.0.0.1` },
    { command: 'D late late-F late-T', answer: '0' },
  ]);
}

async function holding(exchange: Exchange, how: 'zeros' | 'sendonly'): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const key = `hold-${how}`;
  const held = how === 'zeros' ? audio('0.0.0.0', caller.port) : at(caller, 'a=sendonly');
  const renewed: Step[] = [receive('INVITE'), respond(200, at(callee)), receive('ACK')];
  const call = await placeCall(exchange, {
    key,
    headers: handled(1, 'r'),
    caller: [
      ...[at(caller), held, at(caller)].flatMap((sdp) => [send('INVITE', sdp), expect(200), send('ACK'), wait]),
      ...[send('BYE'), expect(200)],
    ],
    callee: [...renewed, ...renewed, ...renewed, receive('BYE'), respond(200)],
  });
  const first = await call.answered();
  await talk({ caller, callee }, first);
  await call.caller.goOn();
  await call.callee.received('ACK', 2);
  const [, seen = ''] = await call.callee.descriptions();
  deepEqual(placesOf(seen), [{ ...first.toCallee, address: how === 'zeros' ? '0.0.0.0' : '127.0.0.1' }]);
  equal(/^a=sendonly$/m.test(seen), how === 'sendonly');
  await call.caller.goOn();
  await call.callee.received('ACK', 3);
  deepEqual(await places(call), first);
  await talk({ caller, callee }, first);
  await call.hangUp();
  const offers = (await call.said()).filter(({ command }) => command.startsWith('U'));
  const hosts = ['127.0.0.1', how === 'zeros' ? '0.0.0.0' : '127.0.0.1', '127.0.0.1'];
  deepEqual(
    offers,
    hosts.map((host, i) => ({
      command: `Uc0 ${key} ${host} ${caller.port} ${key}-F;1${i === 0 ? '' : ` ${key}-T;1`}`,
      answer: `${first.toCallee.port} 127.0.0.1`,
    })),
  );
}

async function threeStreams(exchange: Exchange, end: string, flags: string): Promise<void> {
  const [[caller, callee], [callerToo, calleeToo]] = [await openPeers(exchange), await openPeers(exchange)];
  const three = (...ports: number[]) =>
    session(
      '127.0.0.1',
      ports.map((port) => `m=audio ${port} RTP/AVP 0`),
    );
  const key = `three-${end}${flags}`;
  const headers = handled(1, 'co', 'co', { Delete: flags || 'co', End: end });
  const plan = plainCall(three(caller.port, 0, callerToo.port), three(callee.port, 0, calleeToo.port));
  const call = await placeCall(exchange, { key, headers, ...plan });
  await call.callee.received('ACK');
  const [toCaller, toCallee] = await Promise.all([call.caller.places(), call.callee.places()]);
  deepEqual([toCaller[1]!.port, toCallee[1]!.port], [0, 0]);
  await talk({ caller, callee }, { toCaller: toCaller[0]!, toCallee: toCallee[0]! });
  await talk({ caller: callerToo, callee: calleeToo }, { toCaller: toCaller[2]!, toCallee: toCallee[2]! });
  await call.hangUp();
  const said = await call.said();
  deepEqual(
    said.map(({ command }) => command),
    [
      ...[caller.port, 0, callerToo.port].map((port, i) => `Uc0 ${key} 127.0.0.1 ${port} ${key}-F;${i + 1}`),
      ...[callee.port, 0, calleeToo.port].map((port, i) => `Lc0 ${key} 127.0.0.1 ${port} ${key}-F;${i + 1} ${key}-T;${i + 1}`),
      `D ${key} ${key}-F${flags === 't' ? '' : ` ${key}-T`}`,
    ],
  );
  const ports = said.slice(0, -1).map(({ answer }) => Number(/^(\d+) 127\.0\.0\.1$/.exec(answer)?.[1]));
  equal(new Set(ports).size, 6, `six ports: ${ports}`);
  deepEqual(said.at(-1)!.answer, '0');
}

async function givenUp(exchange: Exchange): Promise<void> {
  const [caller] = await openPeers(exchange);
  const call = await placeCall(exchange, {
    key: 'given-up',
    headers: HEADERS,
    caller: [send('INVITE', at(caller)), expect(180), wait, send('CANCEL'), expect(200), expect(487), send('ACK')],
    callee: [receive('INVITE'), respond(180), receive('CANCEL'), respond(200), cancelled, receive('ACK')],
  });
  await call.caller.received('SIP/2.0 180');
  await call.hangUp();
  const [offer, ...rest] = await call.said();
  match(offer!.answer, /^\d+ 127\.0\.0\.1$/);
  deepEqual(rest[0], { command: 'D given-up given-up-F', answer: '0' });
}

async function refusedRenewal(exchange: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const call = await placeCall(exchange, {
    key: 'refused',
    headers: HEADERS,
    caller: [
      ...[send('INVITE', at(caller)), expect(200), send('ACK'), wait],
      ...[send('INVITE', at(caller)), expect(488), send('ACK'), wait, send('BYE'), expect(200)],
    ],
    callee: [
      ...[receive('INVITE'), respond(200, at(callee)), receive('ACK')],
      ...[receive('INVITE'), respond(488), receive('ACK'), receive('BYE'), respond(200)],
    ],
  });
  const told = await call.answered();
  await talk({ caller, callee }, told);
  await call.caller.goOn();
  await call.callee.received('ACK', 2);
  caller.arrived.splice(0);
  await callee.stream(told.toCallee.port, 3);
  deepEqual(caller.arrived, []);
  await call.hangUp();
  deepEqual((await call.said()).slice(3), [
    { command: 'D refused refused-F refused-T', answer: '0' },
    { command: 'D refused refused-F refused-T', answer: 'E50' },
  ]);
}

async function counted(exchange: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const call = await placeCall(exchange, {
    key: 'counted',
    headers: handled(1, 'co', 'co', { Count: 'yes' }),
    ...plainCall(at(caller), at(callee)),
  });
  const { toCaller, toCallee } = await call.answered();
  await caller.stream(toCaller.port, 7);
  await callee.stream(toCallee.port, 3);
  await call.hangUp();
  match(statisticsOf(exchange, 'COUNTED', 'counted') ?? '', /^(?:60|5\d) 7 3 10 0$/);
  equal(statisticsOf(exchange, 'LEFT', 'counted'), 'E50');
  equal((await call.said())[2]!.command, 'Q counted counted-F;1 counted-T');
}
