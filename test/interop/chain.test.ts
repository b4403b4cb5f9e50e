import { deepEqual, match, ok } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { askOnce } from '../rig/control.js';
import { conversation, handled, openPeers, placeCall, plainCall, SIDE_BY_SIDE } from './calls.js';
import { type Exchange, nothingIsLeft, openExchange, resultsOf } from './exchange.js';
import { audio } from './scenario.js';

const BOUND = { timeout: 30_000 };
const PACKET_BYTES = 160;
/** How many packets more than computed may cross the link where the machine was slow. */
const TOLERANCE_PACKETS = 3;
const PLAIN = 1;
/** `X-Relay` of the relays with a leg on the link between the two sites. */
const LINKED = 2;
const LINK = ['127.0.0.2', '127.0.0.3'] as const;

/** Two Kamailios, each with relays of its own. Null: they are not installed. */
async function openChain(t: TestContext): Promise<[Exchange, Exchange] | null> {
  const first = await openExchange(t, { relays: [{}, { address: `127.0.0.1/${LINK[0]}` }] });
  const second = first && (await openExchange(t, { relays: [{}, { address: `${LINK[1]}/127.0.0.1` }], isSecond: true }));
  return second === null ? null : [first!, second];
}

const toSecond = (second: Exchange, offer: string, answer?: string) => ({
  Second: `sip:127.0.0.1:${second.sipPort}`,
  'Second-Offer': offer,
  ...(answer === undefined ? {} : { 'Second-Answer': answer }),
});

const CASES: readonly (readonly [string, (first: Exchange, second: Exchange) => Promise<void>])[] = [
  ['[KM-49 KM-16] f: the second proxy has its relay carry the call too, and so has the first for the answer', bothCarry],
  ['[KM-16 KM-49] without f the second proxy leaves a marked description alone', firstCarries],
  ['[PN-06 KM-54 KM-44] between two sites packets are three times as long, on addresses of their own', linked],
];

test('two proxies in a chain', SIDE_BY_SIDE, async (t) => {
  const chain = await openChain(t);
  if (chain === null) return;
  await Promise.all(CASES.map(([title, run]) => t.test(title, BOUND, () => run(...chain))));
  for (const exchange of chain) await nothingIsLeft(exchange);
});

async function bothCarry(first: Exchange, second: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(first);
  const call = await placeCall(first, {
    key: 'both',
    headers: handled(PLAIN, 'co', 'cof', toSecond(second, 'cof', 'co')),
    ...plainCall(audio('127.0.0.1', caller.port), audio('127.0.0.1', callee.port)),
  });
  const { toCaller, toCallee } = await call.answered();
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  await call.hangUp();

  const [offer, answer] = await call.said();
  const [offerThen, answerThen] = await second.taps[0]!.about('both');
  const port = (reply: string) => reply.split(' ')[0];
  deepEqual([toCaller.port, toCallee.port], [Number(port(answer!.answer)), Number(port(offerThen!.answer))]);
  deepEqual(
    [offer!.command, offerThen!.command, answerThen!.command, answer!.command],
    [
      `Uc0 both 127.0.0.1 ${caller.port} both-F;1`,
      `Uc0 both 127.0.0.1 ${port(offer!.answer)} both-F;1`,
      `Lc0 both 127.0.0.1 ${callee.port} both-F;1 both-T;1`,
      `Lc0 both 127.0.0.1 ${port(answerThen!.answer)} both-F;1 both-T;1`,
    ],
  );
}

async function firstCarries(first: Exchange, second: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(first);
  const call = await placeCall(first, {
    key: 'alone',
    headers: handled(PLAIN, 'co', 'co', toSecond(second, 'co')),
    ...plainCall(audio('127.0.0.1', caller.port), audio('127.0.0.1', callee.port)),
  });
  const { toCaller, toCallee } = await call.answered();
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  await call.hangUp();
  deepEqual(resultsOf(second, 'alone')[0], 'INVITE -2');
  deepEqual(await second.taps[0]!.about('alone'), [{ command: 'D alone alone-F alone-T', answer: 'E50' }]);
}

async function linked(first: Exchange, second: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(first);
  const call = await placeCall(first, {
    key: 'linked',
    headers: handled(LINKED, 'iez60', 'ierfz20', toSecond(second, 'ierfz20', 'iez60')),
    ...plainCall(audio('127.0.0.1', caller.port), audio('127.0.0.1', callee.port)),
  });
  const { toCaller, toCallee } = await call.answered();
  const packets = 45;
  await Promise.all([caller.stream(toCaller.port, packets), callee.stream(toCallee.port, packets)]);
  for (const [hearing, place] of [[caller, toCaller] as const, [callee, toCallee] as const]) {
    for (const until = Date.now() + 2_000; hearing.arrived.length < packets && Date.now() < until; ) await delay(10);
    deepEqual(
      hearing.arrived.map(({ address, port, payload }) => [address, port, payload.length, payload[0]]),
      Array.from({ length: packets }, (_, sequence) => ['127.0.0.1', place.port, PACKET_BYTES, sequence]),
    );
  }
  const counts = await Promise.all(
    [first, second].map(({ relays }) => askOnce(relays[LINKED - 1]!.control[0]!, 'Q linked linked-F;1 linked-T;1')),
  );
  const [[fromCaller, overLink], [overLinkToo, fromCallee]] = counts.map((count) => count.split(' ').slice(1, 3).map(Number)) as [
    [number, number],
    [number, number],
  ];
  deepEqual([fromCaller, fromCallee], [packets, packets]);
  for (const count of [overLink, overLinkToo])
    ok(count >= packets / 3 && count <= packets / 3 + TOLERANCE_PACKETS, `${packets} packets crossed the link as ${count}`);
  await call.hangUp();
  match((await call.said(LINKED))[0]!.answer, new RegExp(`^\\d+ ${LINK[0]}$`));
  match((await second.taps[LINKED - 1]!.about('linked'))[1]!.answer, new RegExp(`^\\d+ ${LINK[1]}$`));
}
