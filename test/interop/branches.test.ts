import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { askOnce } from '../rig/control.js';
import {
  type Case,
  conversation,
  handled,
  openPeers,
  type Place,
  placeCall,
  plainCall,
  runCases,
  SIDE_BY_SIDE,
} from './calls.js';
import { type Exchange, nothingIsLeft, openExchange, resultsOf } from './exchange.js';
import { audio, expect, receive, respond, send, wait } from './scenario.js';

const CASES: readonly Case[] = [
  [
    '[KM-36 KM-39 KM-37 KM-57 CW-17] 1 and 2: each branch of a call has its session; the end of one leaves the other',
    (exchange) => twoBranches(exchange, '1', '2'),
  ],
  [
    '[KM-36 KM-40 KM-37 CW-17] 3: request and reply name the same branch, and each branch has its session',
    (exchange) => twoBranches(exchange, '3', '3'),
  ],
  ['[KM-39] 2 for a request that comes straight from an end: Kamailio asks nothing, and the ends speak directly', secondOfOne],
  ['[KM-42 KM-22 KM-57] b: the text of the configuration stands behind the Call-ID, in the end too', extraId],
  [
    '[KM-42 KM-38 KM-64 CW-17] b, with the number of the branch: Kamailio forks, either end is heard, and the refusal of one leaves the other',
    forked,
  ],
];

test('Kamailio and a relay with calls that have branches', SIDE_BY_SIDE, async (t) => {
  const exchange = await openExchange(t, { relays: [{}] });
  if (exchange === null) return;
  await runCases(t, exchange, CASES);
  await nothingIsLeft(exchange, [/can't get Via branch/]);
});

const at = ({ port }: { readonly port: number }): string => audio('127.0.0.1', port);

/**
 * The same call comes in twice, as from a proxy in front that forked it. The request that ends a call is a transaction of its own with a
 * branch of its own, so that Kamailio cannot name the session in its D, with the flag or without.
 */
async function twoBranches(exchange: Exchange, offer: string, answer: string): Promise<void> {
  const id = `branched-${offer}`;
  const [caller, callee] = await openPeers(exchange);
  const [callerToo, calleeToo] = await openPeers(exchange);
  const common = { callId: id, fromTag: `${id}-F`, headers: handled(1, offer, answer, { Delete: offer }) };
  const [first, second] = await Promise.all([
    placeCall(exchange, { ...common, key: `${id}-a`, ...plainCall(at(caller), at(callee)) }),
    placeCall(exchange, {
      ...common,
      key: `${id}-b`,
      caller: [send('INVITE', at(callerToo)), expect(183), expect(486), send('ACK')],
      callee: [receive('INVITE'), respond(183, at(calleeToo)), wait, respond(486), receive('ACK')],
    }),
  ]);
  const { toCaller, toCallee } = await first.answered();
  await second.caller.received('SIP/2.0 183');
  const [[tooCaller], [tooCallee]] = await Promise.all([second.caller.places(), second.callee.places()]);
  equal(new Set([toCaller, toCallee, tooCaller, tooCallee].map((place) => place?.port)).size, 4);
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  await conversation({ peer: callerToo, place: tooCaller! }, { peer: calleeToo, place: tooCallee! });
  await second.callee.goOn();
  await second.ended();
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  await first.hangUp();

  const [one, two] = [`${id};z9hG4bK-${id}-a-caller-1`, `${id};z9hG4bK-${id}-b-caller-1`];
  const said = await first.said();
  deepEqual(
    said
      .slice(0, 4)
      .map(({ command }) => command)
      .sort(),
    [
      `Lc0 ${one} 127.0.0.1 ${callee.port} ${id}-F;1 ${id}-a-T;1`,
      `Lc0 ${two} 127.0.0.1 ${calleeToo.port} ${id}-F;1 ${id}-b-T;1`,
      `Uc0 ${one} 127.0.0.1 ${caller.port} ${id}-F;1`,
      `Uc0 ${two} 127.0.0.1 ${callerToo.port} ${id}-F;1`,
    ],
  );
  deepEqual(said.slice(4), [
    { command: `D ${two} ${id}-F`, answer: '0' },
    { command: `D ${id};z9hG4bK-${id}-a-caller-3 ${id}-F ${id}-a-T`, answer: 'E50' },
  ]);
  const control = exchange.relays[0]!.control[0]!;
  equal(await askOnce(control, `D ${id} ${id}-F ${id}-a-T`), 'E50');
  equal(await askOnce(control, `D ${one} ${id}-F ${id}-a-T`), '0');
}

async function secondOfOne(exchange: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const headers = { Relay: '1', Offer: '2' };
  const call = await placeCall(exchange, { key: 'second', headers, ...plainCall(at(caller), at(callee)) });
  const { toCaller, toCallee } = await call.answered();
  deepEqual([toCaller.port, toCallee.port], [callee.port, caller.port]);
  await call.hangUp();
  deepEqual(await call.said(), []);
  deepEqual(resultsOf(exchange, 'second'), ['INVITE -1']);
}

async function extraId(exchange: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const headers = handled(1, 'b', 'b', { Delete: 'b', Extra: 'xid42' });
  const call = await placeCall(exchange, { key: 'extra', headers, ...plainCall(at(caller), at(callee)) });
  const { toCaller, toCallee } = await call.answered();
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  await call.hangUp();
  deepEqual(await call.said(), [
    { command: `Uc0 extra;xid42 127.0.0.1 ${caller.port} extra-F;1`, answer: `${toCallee.port} 127.0.0.1` },
    { command: `Lc0 extra;xid42 127.0.0.1 ${callee.port} extra-F;1 extra-T;1`, answer: `${toCaller.port} 127.0.0.1` },
    { command: 'D extra;xid42 extra-F extra-T', answer: '0' },
  ]);
}

async function forked(exchange: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const [, other] = await openPeers(exchange);
  const call = await placeCall(exchange, {
    key: 'forked',
    headers: handled(1, 'b', 'b', { Delete: 'b' }),
    caller: [
      ...[send('INVITE', at(caller)), expect(183), expect(183), expect(200), send('ACK'), wait],
      ...[send('BYE', null, { Extra: '0' }), expect(200)],
    ],
    callee: [
      ...[receive('INVITE'), respond(183, at(callee)), wait, respond(200, at(callee))],
      ...[receive('ACK'), receive('BYE'), respond(200)],
    ],
    other: [receive('INVITE'), respond(183, at(other)), wait, respond(486), receive('ACK')],
  });
  await call.caller.received('SIP/2.0 183', 2);
  const said = await call.said();
  const port = (command: string): Place => ({
    address: '127.0.0.1',
    port: Number(said.find((one) => one.command.startsWith(command))?.answer.split(' ')[0]),
  });
  const [[toCallee], [toOther]] = await Promise.all([call.callee.places(), call.other!.places()]);
  deepEqual([toCallee, toOther], [port('Uc0 forked;0 '), port('Uc0 forked;1 ')]);
  await conversation({ peer: caller, place: port('Lc0 forked;0 ') }, { peer: callee, place: toCallee! });
  await conversation({ peer: caller, place: port('Lc0 forked;1 ') }, { peer: other, place: toOther! });
  await call.other!.goOn();
  await call.other!.received('ACK');
  await conversation({ peer: caller, place: port('Lc0 forked;0 ') }, { peer: callee, place: toCallee! });
  await call.callee.goOn();
  deepEqual((await call.answered()).toCaller, port('Lc0 forked;0 '));
  await call.hangUp();
  deepEqual(resultsOf(exchange, 'forked').slice(4, 6), ['INVITE/486 1', 'branch-failure 1']);
  deepEqual((await call.said()).slice(4), [
    { command: 'D forked;1 forked-F forked-T-other', answer: '0' },
    { command: `Lc0 forked;0 127.0.0.1 ${callee.port} forked-F;1 forked-T;1`, answer: `${port('Lc0 forked;0 ').port} 127.0.0.1` },
    { command: 'D forked;0 forked-F forked-T', answer: '0' },
  ]);
}
