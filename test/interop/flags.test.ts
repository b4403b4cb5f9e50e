import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { type Case, conversation, handled, hears, openPeers, placeCall, plainCall, runCases, SIDE_BY_SIDE } from './calls.js';
import { type Exchange, nothingIsLeft, openExchange, resultsOf } from './exchange.js';
import { audio, expect, receive, respond, send, session, wait } from './scenario.js';

/** An address at which nobody is. */
const HIDDEN = '192.0.2.10';
const MARK = 'a=nortpproxy:yes';

const CASES: readonly Case[] = [
  ['[KM-67 KM-15 PN-01 CW-28] without r media goes where the SIP came from, whatever the description says', natted],
  ['[KM-50] r: media goes to the address of the description before anybody spoke', trusted],
  ['[KM-41] a: who does not send from where it receives is heard, and keeps hearing where it said', (e) => elsewhere(e, 'a')],
  ['[KM-41 PN-01 PN-22] without a, media follows the packets of the same end', (e) => elsewhere(e, 'r')],
  ['[KM-52 KM-51] without c the address of the session is left alone; o= is changed in any case', (e) => twoAddresses(e, 'r')],
  ['[KM-52 KM-51] c: the address of the session is changed even where the stream has its own', (e) => twoAddresses(e, 'rc')],
  ['[KM-43 CW-19] l: a re-INVITE of a call that we do not know is left as it is', lookupOfUnknown],
  ['[KM-43 CW-14] l: a re-INVITE of a call that we know gets its port again', lookupOfKnown],
  ['[KM-43] l in a new call: Kamailio asks nothing, and the ends speak directly', lookupOfNew],
  ['[KM-16] a description that a relay has marked is not sent to us', (e) => marked(e, 'co')],
  ['[KM-49 KM-16] f: a marked description is ours all the same', (e) => marked(e, 'cof')],
  ['[KM-35] an address in the configuration stands in the description instead of ours', otherAddress],
];

test('Kamailio and a relay with one address, flags of the description', SIDE_BY_SIDE, async (t) => {
  const exchange = await openExchange(t, { relays: [{}] });
  if (exchange === null) return;
  await runCases(t, exchange, CASES);
  await nothingIsLeft(exchange);
});

async function natted(exchange: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const plan = plainCall(audio(HIDDEN, caller.port), audio(HIDDEN, callee.port));
  const call = await placeCall(exchange, { key: 'natted', headers: handled(1, 'co'), ...plan });
  const { toCaller, toCallee } = await call.answered();
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  await call.hangUp();
  deepEqual(await call.said(), [
    { command: `Uc0 natted 127.0.0.1 ${caller.port} natted-F;1`, answer: `${toCallee.port} 127.0.0.1` },
    { command: `Lc0 natted 127.0.0.1 ${callee.port} natted-F;1 natted-T;1`, answer: `${toCaller.port} 127.0.0.1` },
    { command: 'D natted natted-F natted-T', answer: '0' },
  ]);
  deepEqual(resultsOf(exchange, 'natted'), ['INVITE 1', 'INVITE/200 1', 'BYE 1']);
  for (const seen of [...(await call.caller.descriptions()), ...(await call.callee.descriptions())])
    equal(seen.split(MARK).length - 1, 1, `one mark in ${seen}`);
}

async function trusted(exchange: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange, ['127.0.0.5', '127.0.0.6']);
  const plan = plainCall(audio('127.0.0.5', caller.port), audio('127.0.0.6', callee.port));
  const call = await placeCall(exchange, { key: 'r', headers: handled(1, 'r'), ...plan });
  const { toCaller, toCallee } = await call.answered();
  await callee.stream(toCallee.port, 3);
  await hears(caller, toCaller, callee, 3);
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  await call.hangUp();
  deepEqual((await call.commands()).slice(0, 2), [
    `Uc0 r 127.0.0.5 ${caller.port} r-F;1`,
    `Lc0 r 127.0.0.6 ${callee.port} r-F;1 r-T;1`,
  ]);
}

/** The caller sends from another socket than the one it names, and somebody at another address tries as well. */
async function elsewhere(exchange: Exchange, flags: 'a' | 'r'): Promise<void> {
  const [caller, callee] = await openPeers(exchange, ['127.0.0.5', '127.0.0.1']);
  const [sending, stranger] = await openPeers(exchange, ['127.0.0.5', '127.0.0.6']);
  const key = `elsewhere-${flags}`;
  const plan = plainCall(audio('127.0.0.5', caller.port), audio('127.0.0.1', callee.port));
  const call = await placeCall(exchange, { key, headers: handled(1, flags, 'r'), ...plan });
  const { toCaller, toCallee } = await call.answered();
  await sending.stream(toCaller.port, 3);
  await hears(callee, toCallee, sending, 3);
  await callee.stream(toCallee.port, 3);
  const [hearing, deaf] = flags === 'a' ? [caller, sending] : [sending, caller];
  await hears(hearing, toCaller, callee, 3);
  await hears(deaf, toCaller, callee, 0);
  if (flags === 'a') {
    callee.arrived.splice(0);
    await stranger.stream(toCaller.port, 2);
    await sending.stream(toCaller.port, 2);
    await hears(callee, toCallee, sending, 2);
  }
  await call.hangUp();
  equal((await call.commands())[0], `U${flags === 'a' ? 'A' : ''}c0 ${key} 127.0.0.5 ${caller.port} ${key}-F;1`);
}

async function twoAddresses(exchange: Exchange, flags: 'r' | 'rc'): Promise<void> {
  const [caller, callee] = await openPeers(exchange, ['127.0.0.6', '127.0.0.1']);
  const offer = session('127.0.0.5', [`m=audio ${caller.port} RTP/AVP 0`, 'c=IN IP4 127.0.0.6']);
  const plan = plainCall(offer, audio('127.0.0.1', callee.port));
  const call = await placeCall(exchange, { key: `two-${flags}`, headers: handled(1, flags), ...plan });
  const { toCaller, toCallee } = await call.answered();
  const [seen = ''] = await call.callee.descriptions();
  deepEqual(seen.match(/^[oc]=.*$/gm), [
    'o=- 1 1 IN IP4 127.0.0.1',
    `c=IN IP4 ${flags === 'rc' ? '127.0.0.1' : '127.0.0.5'}`,
    'c=IN IP4 127.0.0.1',
  ]);
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  await call.hangUp();
}

/** A call whose caller offers anew, with headers of its own for either offer. */
function renewedCall(offer: string, answer: string, headers: Readonly<Record<string, string>>) {
  return {
    caller: [
      ...[send('INVITE', offer), expect(200), send('ACK'), wait],
      ...[send('INVITE', offer, headers), expect(200), send('ACK'), wait, send('BYE'), expect(200)],
    ],
    callee: [
      ...[receive('INVITE'), respond(200, answer), receive('ACK')],
      ...[receive('INVITE'), respond(200, answer), receive('ACK'), receive('BYE'), respond(200)],
    ],
  };
}

async function lookupOfUnknown(exchange: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const [offer, answer] = [audio('127.0.0.1', caller.port), audio('127.0.0.1', callee.port)];
  const plan = renewedCall(offer, answer, { Relay: '1', Offer: 'l' });
  const call = await placeCall(exchange, { key: 'l-unknown', headers: {}, ...plan });
  await call.callee.received('ACK');
  await call.caller.goOn();
  await call.callee.received('ACK', 2);
  await call.hangUp();
  deepEqual(await call.said(), [{ command: `Lc0 l-unknown 127.0.0.1 ${caller.port} l-unknown-T;1 l-unknown-F;1`, answer: '0' }]);
  deepEqual(resultsOf(exchange, 'l-unknown'), ['INVITE -1']);
  for (const seen of await call.callee.descriptions()) equal(seen.trim(), offer);
}

async function lookupOfKnown(exchange: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const plan = renewedCall(audio('127.0.0.1', caller.port), audio('127.0.0.1', callee.port), { Offer: 'l' });
  const call = await placeCall(exchange, { key: 'l-known', headers: handled(1, 'co'), ...plan });
  const { toCaller, toCallee } = await call.answered();
  await call.caller.goOn();
  await call.callee.received('ACK', 2);
  deepEqual(await call.callee.places(), [toCallee]);
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  await call.hangUp();
  const [, , lookup] = await call.said();
  deepEqual(lookup, {
    command: `Lc0 l-known 127.0.0.1 ${caller.port} l-known-T;1 l-known-F;1`,
    answer: `${toCallee.port} 127.0.0.1`,
  });
}

async function lookupOfNew(exchange: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const plan = plainCall(audio('127.0.0.1', caller.port), audio('127.0.0.1', callee.port));
  const call = await placeCall(exchange, { key: 'l-new', headers: { Relay: '1', Offer: 'l', Answer: 'l' }, ...plan });
  const { toCaller, toCallee } = await call.answered();
  deepEqual([toCaller.port, toCallee.port], [callee.port, caller.port]);
  await call.hangUp();
  deepEqual(await call.said(), []);
  deepEqual(resultsOf(exchange, 'l-new'), ['INVITE -1', 'INVITE/200 -1']);
}

async function marked(exchange: Exchange, flags: 'co' | 'cof'): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const plan = plainCall(audio('127.0.0.1', caller.port, MARK), audio('127.0.0.1', callee.port, MARK));
  const isOurs = flags === 'cof';
  const headers = isOurs ? handled(1, flags) : { Relay: '1', Offer: flags, Answer: flags };
  const call = await placeCall(exchange, { key: `marked-${flags}`, headers, ...plan });
  const { toCaller, toCallee } = await call.answered();
  if (isOurs) await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  else deepEqual([toCaller.port, toCallee.port], [callee.port, caller.port]);
  await call.hangUp();
  equal((await call.said()).length, isOurs ? 3 : 0);
  deepEqual(resultsOf(exchange, call.id), isOurs ? ['INVITE 1', 'INVITE/200 1', 'BYE 1'] : ['INVITE -2', 'INVITE/200 -2']);
}

async function otherAddress(exchange: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const plan = plainCall(audio('127.0.0.1', caller.port), audio('127.0.0.1', callee.port));
  const call = await placeCall(exchange, { key: 'address', headers: handled(1, 'co', 'co', { Address: HIDDEN }), ...plan });
  const { toCaller, toCallee } = await call.answered();
  deepEqual([toCaller.address, toCallee.address], [HIDDEN, HIDDEN]);
  const ours = ({ port }: { port: number }) => ({ address: '127.0.0.1', port });
  await conversation({ peer: caller, place: ours(toCaller) }, { peer: callee, place: ours(toCallee) });
  await call.hangUp();
}
