import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { areFreeForUdp } from '../rig/ports.js';
import { RtpPeer } from '../rig/rtpPeer.js';
import {
  type Call,
  type Case,
  conversation,
  hears,
  openPeers,
  type Place,
  placeCall,
  plainCall,
  runCases,
  SIDE_BY_SIDE,
} from './calls.js';
import { logsAreSound, nothingIsLeft } from './exchange.js';
import { askedOf, audioOf, inShort, type NgExchange, openNgExchange, relayed } from './ngExchange.js';
import { cancelled, expect, receive, respond, type Step, send, wait } from './scenario.js';

/** How the configuration of Kamailio tells branches apart. */
const WAYS = {
  'one offer for all branches, via-branch=auto': relayed('via-branch=auto replace=origin'),
  'an offer for each branch, via-branch=extra': relayed('replace=origin', undefined, { Way: 'branches' }),
} as const;
type Way = keyof typeof WAYS;

const CASES: readonly Case<NgExchange>[] = (Object.keys(WAYS) as Way[]).flatMap((way, n): Case<NgExchange>[] => [
  [`[NG-07] two ring at once, one sends early media, the other one answers; ${way}`, (e) => parallel(e, `both-${n}`, way)],
  [`[NG-07] one sends early media and refuses, the next one answers; ${way}`, (e) => serial(e, `next-${n}`, way)],
  [`[NG-07] early media of the same branch becomes the call; ${way}`, (e) => alone(e, `same-${n}`, way)],
]);

const SINGLE: readonly Case<NgExchange>[] = [
  ['[NG-07] BYE ends a call of branches, though its own branch, which via-branch=auto names, is another one', byeWithBranch],
  ['[NG-07] CANCEL ends a call that rings, named by via-branch=auto', cancelWithBranch],
];

/** Ten seconds, and what a timer may be late. */
const HELD_MS = 11_000;

/** Ports are many, as in earnest: the branch that has lost goes on sending to one that is free by then, and that nobody else is to get meanwhile. */
const MEDIA_PORTS = 400;

test('Kamailio forks calls whose media a relay carries in the NG protocol', SIDE_BY_SIDE, async (t) => {
  const exchange = await openNgExchange(t, { relays: [{ mediaPorts: MEDIA_PORTS }] });
  if (exchange === null) return;
  await runCases(t, exchange, [...CASES, ...SINGLE]);
  // What via-branch=auto names in a BYE may as well be a branch that ended before: it is held for ten seconds.
  await delay(HELD_MS);
  await nothingIsLeft(exchange);
  for (const { media } of exchange.relays) ok(await areFreeForUdp(media.min, media.max + 1 - media.min), 'all ports are free');
  await logsAreSound(exchange);
});

/** The caller's media, that of who answers, and that of who was heard before. */
type Ends = { readonly caller: RtpPeer; readonly callee: RtpPeer; readonly early: RtpPeer };

async function openEnds(exchange: NgExchange): Promise<Ends> {
  const [caller, callee] = await openPeers(exchange);
  const early = await RtpPeer.open(0x0ea11e);
  exchange.closings.push(() => early.close());
  return { caller, callee, early };
}

const CALLER = (peer: RtpPeer): Step[] => [
  ...[send('INVITE', audioOf(peer)), expect(183), expect(200), send('ACK')],
  ...[wait, send('BYE'), expect(200)],
];

async function parallel(exchange: NgExchange, key: string, way: Way): Promise<void> {
  const ends = await openEnds(exchange);
  const call = await placeCall(exchange, {
    ...{ key, headers: WAYS[way], caller: CALLER(ends.caller) },
    callee: [
      receive('INVITE'),
      respond(180),
      wait,
      respond(200, audioOf(ends.callee)),
      receive('ACK'),
      receive('BYE'),
      respond(200),
    ],
    other: [
      receive('INVITE'),
      respond(183, audioOf(ends.early)),
      receive('CANCEL'),
      respond(200),
      wait,
      cancelled,
      receive('ACK'),
    ],
  });
  const talk = await oneThenTheOther(call, ends);
  // Until now it has not said that it does not ring any more.
  await call.other!.goOn();
  await call.other!.received('ACK');
  await talk();
  await call.hangUp();
  const said = inShort(await askedOf(call));
  deepEqual(
    said.filter((each) => !each.endsWith(' ok')),
    [],
  );
  const offers = said.filter((each) => each === 'offer ok').length;
  equal(offers, way.startsWith('one') ? 1 : 2);
}

async function serial(exchange: NgExchange, key: string, way: Way): Promise<void> {
  const ends = await openEnds(exchange);
  const call = await placeCall(exchange, {
    ...{ key, headers: WAYS[way], caller: CALLER(ends.caller), otherIs: 'First' },
    callee: [
      receive('INVITE'),
      respond(180),
      wait,
      respond(200, audioOf(ends.callee)),
      receive('ACK'),
      receive('BYE'),
      respond(200),
    ],
    other: [receive('INVITE'), respond(183, audioOf(ends.early)), wait, respond(486), receive('ACK')],
  });
  await oneThenTheOther(call, ends, async () => {
    await call.other!.goOn();
    await call.other!.received('ACK');
    await call.callee.received('INVITE');
  });
  await call.hangUp();
}

async function alone(exchange: NgExchange, key: string, way: Way): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const call = await placeCall(exchange, {
    ...{ key, headers: WAYS[way], caller: CALLER(caller) },
    callee: [
      ...[receive('INVITE'), respond(183, audioOf(callee)), wait, respond(200, audioOf(callee))],
      ...[receive('ACK'), receive('BYE'), respond(200)],
    ],
  });
  await call.caller.received('SIP/2.0 183');
  const [early] = await call.caller.places();
  const [toCallee] = await call.callee.places();
  await say(callee, toCallee!);
  await hears(caller, early!, callee, PACKETS);
  await call.callee.goOn();
  const { toCaller } = await call.answered();
  deepEqual(toCaller, early, 'the answer keeps the port of the early media');
  caller.arrived.splice(0);
  await say(callee, toCallee!);
  await hears(caller, toCaller, callee, PACKETS);
  await say(caller, toCaller);
  await hears(callee, toCallee!, caller, PACKETS);
  await call.hangUp();
}

const AUTO = relayed('via-branch=auto replace=origin', undefined, { Delete: 'via-branch=auto' });

async function byeWithBranch(exchange: NgExchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const call = await placeCall(exchange, { key: 'bye', headers: AUTO, ...plainCall(audioOf(caller), audioOf(callee)) });
  await call.answered();
  await call.hangUp();
  const [offer, answer, end] = await askedOf(call);
  equal(offer!.request['via-branch'], answer!.request['via-branch']);
  notEqual(end!.request['via-branch'], offer!.request['via-branch']);
  equal(end!.reply['warning'], undefined);
}

async function cancelWithBranch(exchange: NgExchange): Promise<void> {
  const [caller] = await openPeers(exchange);
  const call = await placeCall(exchange, {
    ...{ key: 'cancel', headers: AUTO },
    caller: [send('INVITE', audioOf(caller)), expect(180), wait, send('CANCEL'), expect(200), expect(487), send('ACK')],
    callee: [receive('INVITE'), respond(180), receive('CANCEL'), respond(200), cancelled, receive('ACK')],
  });
  await call.caller.received('SIP/2.0 180');
  await call.hangUp();
  deepEqual(inShort(await askedOf(call)).slice(0, 2), ['offer ok', 'delete ok']);
  equal((await askedOf(call))[1]!.reply['warning'], undefined);
}

const PACKETS = 5;

const say = (peer: RtpPeer, { address, port }: Place): Promise<void> => peer.stream(port, PACKETS, address);

/**
 * The caller hears who is early, then who answers; what the former still says goes nowhere, and takes the way of nobody. `between`: what happens
 * before the answer. Answers how they go on to talk.
 */
async function oneThenTheOther(
  call: Call,
  { caller, callee, early }: Ends,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<() => Promise<void>> {
  await call.caller.received('SIP/2.0 183');
  const [toCallerEarly] = await call.caller.places();
  const [toEarly] = await call.other!.places();
  await say(early, toEarly!);
  await hears(caller, toCallerEarly!, early, PACKETS);
  await say(caller, toCallerEarly!);
  await hears(early, toEarly!, caller, PACKETS);
  await between();
  await call.callee.goOn();
  const { toCaller, toCallee } = await call.answered();
  for (const peer of [caller, callee, early]) peer.arrived.splice(0);
  await say(callee, toCallee);
  await hears(caller, toCaller, callee, PACKETS);
  await say(early, toEarly!);
  await say(caller, toCaller);
  await hears(callee, toCallee, caller, PACKETS);
  await say(callee, toCallee);
  await delay(LATE_MS);
  equal(caller.arrived.length, 2 * PACKETS, 'the caller hears who has answered');
  ok(
    caller.arrived.every(({ ssrc }) => ssrc === callee.ssrc),
    'and nobody else',
  );
  deepEqual(early.arrived, [], 'and is heard by nobody else');
  return () => conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
}

/** How long what shall not arrive is waited for. */
const LATE_MS = 150;
