import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { type Case, conversation, handled, hears, openPeers, placeCall, plainCall, runCases, SIDE_BY_SIDE } from './calls.js';
import { type Exchange, nothingIsLeft, openExchange, resultsOf } from './exchange.js';
import { audio, expect, receive, respond, send, session, wait } from './scenario.js';

const INTERNAL = '127.0.0.1';
const EXTERNAL = '127.0.0.2';
/** `X-Relay` of the one between two IPv4 networks, and of the one between IPv4 and IPv6. */
const TWO_IPV4 = 1;
const DUAL = 2;

/** What each pair of letters says: where the caller's leg stands, then the callee's. */
const PAIRS = { ie: [INTERNAL, EXTERNAL], ei: [EXTERNAL, INTERNAL], ii: [INTERNAL, INTERNAL], ee: [EXTERNAL, EXTERNAL] } as const;

const CASES: readonly Case[] = [
  ...Object.entries(PAIRS).map(
    ([pair, [caller, callee]]): Case => [
      `[KM-44 KM-45 KM-30] ${pair}: the caller speaks to ${caller}, the callee to ${callee}, in one set of relays of two`,
      (exchange) => bridged(exchange, pair, caller, callee),
    ],
  ),
  [
    '[CW-26 KM-44] a lone e says where the caller speaks to; the callee speaks to the first address',
    (e) => bridged(e, 'e', EXTERNAL, INTERNAL),
  ],
  ['[KM-46] between networks the address of the description stays, wherever packets come from', (e) => moved(e, 'ier')],
  ['[KM-53 KM-46] w: between networks the source is followed all the same', (e) => moved(e, 'iewr')],
  ['[KM-47 KC-05 CW-28] x: a caller on IPv4 and a callee on IPv6 hear each other', (e) => betweenFamilies(e, '127.0.0.1', '::1')],
  ['[KM-47 KC-05 CW-28] x: a caller on IPv6 and a callee on IPv4 hear each other', (e) => betweenFamilies(e, '::1', '127.0.0.1')],
  ['[CW-22] three streams on IPv6: Kamailio writes 6, 66 and 666, and each stream is carried', threeOnIpv6],
  ['[CW-20 KM-47] hold by :: keeps the ports of a call between IPv6 and IPv4, and the call goes on where it was', heldOnIpv6],
  ['[KM-48] x with one stream of either family to choose from: the call stands on the first', alternatives],
  [
    '[CW-25] an IPv6 description without r behind SIP on IPv4: Kamailio sends the wrong address, and the call goes on without us',
    mixedUp,
  ],
];

test('Kamailio and relays between two networks', SIDE_BY_SIDE, async (t) => {
  const exchange = await openExchange(t, {
    relays: [{ address: `${INTERNAL}/${EXTERNAL}` }, { address: '127.0.0.1', args: ['-6', '/::1'] }],
  });
  if (exchange === null) return;
  await runCases(t, exchange, CASES);
  await nothingIsLeft(exchange, [/incorrect port 0 in reply from rtp proxy/]);
});

async function bridged(exchange: Exchange, pair: string, callerSide: string, calleeSide: string): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const plan = plainCall(audio('127.0.0.1', caller.port), audio('127.0.0.1', callee.port));
  const call = await placeCall(exchange, { key: `pair-${pair}`, headers: handled(TWO_IPV4, pair), ...plan });
  const { toCaller, toCallee } = await call.answered();
  deepEqual([toCaller.address, toCallee.address], [callerSide, calleeSide]);
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  await call.hangUp();
  const letters = pair.toUpperCase();
  deepEqual((await call.said(TWO_IPV4)).slice(0, 2), [
    { command: `U${letters}c0 ${call.id} 127.0.0.1 ${caller.port} ${call.id}-F;1`, answer: `${toCallee.port} ${calleeSide}` },
    {
      command: `L${letters}c0 ${call.id} 127.0.0.1 ${callee.port} ${call.id}-F;1 ${call.id}-T;1`,
      answer: `${toCaller.port} ${callerSide}`,
    },
  ]);
  deepEqual(await call.said(DUAL), []);
}

/** The caller sends from a port that it did not name, and is heard in any case. */
async function moved(exchange: Exchange, flags: 'ier' | 'iewr'): Promise<void> {
  const [caller, callee] = await openPeers(exchange, ['127.0.0.5', '127.0.0.1']);
  const [sending] = await openPeers(exchange, ['127.0.0.5', '127.0.0.1']);
  const key = `moved-${flags}`;
  const plan = plainCall(audio('127.0.0.5', caller.port), audio('127.0.0.1', callee.port));
  const call = await placeCall(exchange, { key, headers: handled(TWO_IPV4, flags), ...plan });
  const { toCaller, toCallee } = await call.answered();
  await sending.stream(toCaller.port, 3, toCaller.address);
  await hears(callee, toCallee, sending, 3);
  await callee.stream(toCallee.port, 3, toCallee.address);
  const [hearing, deaf] = flags === 'iewr' ? [sending, caller] : [caller, sending];
  await hears(hearing, toCaller, callee, 3);
  await hears(deaf, toCaller, callee, 0);
  await call.hangUp();
  equal((await call.commands())[0], `UIE${flags === 'iewr' ? 'S' : ''}c0 ${key} 127.0.0.5 ${caller.port} ${key}-F;1`);
}

async function betweenFamilies(exchange: Exchange, callerHost: string, calleeHost: string): Promise<void> {
  const [caller, callee] = await openPeers(exchange, [callerHost, calleeHost]);
  const key = callerHost === '::1' ? 'six-four' : 'four-six';
  const hosts = { caller: callerHost, callee: calleeHost };
  const plan = plainCall(audio(callerHost, caller.port), audio(calleeHost, callee.port));
  const call = await placeCall(exchange, { key, headers: handled(DUAL, 'x'), hosts, ...plan });
  const { toCaller, toCallee } = await call.answered();
  deepEqual([toCaller.address, toCallee.address], [callerHost, calleeHost]);
  for (const phone of [call.caller, call.callee]) {
    const [seen = ''] = await phone.descriptions();
    const family = phone === call.caller ? callerHost : calleeHost;
    deepEqual(seen.match(/^[oc]=.*IP[46] \S+/gm), [`o=- 1 1 IN ${ipOf(family)} ${family}`, `c=IN ${ipOf(family)} ${family}`]);
  }
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  await call.hangUp();
  const [offer, answer] = callerHost === '::1' ? ['UEI6', 'LIE'] : ['UIE', 'LEI6'];
  deepEqual((await call.said(DUAL)).slice(0, 2), [
    { command: `${offer}c0 ${key} ${callerHost} ${caller.port} ${key}-F;1`, answer: replyOf(toCallee) },
    { command: `${answer}c0 ${key} ${calleeHost} ${callee.port} ${key}-F;1 ${key}-T;1`, answer: replyOf(toCaller) },
  ]);
}

const ipOf = (host: string): string => (host.includes(':') ? 'IP6' : 'IP4');
const replyOf = ({ address, port }: { address: string; port: number }) =>
  `${port} ${address}${address.includes(':') ? ' 6' : ''}`;

async function threeOnIpv6(exchange: Exchange): Promise<void> {
  const peers = await Promise.all([1, 2, 3].map(() => openPeers(exchange, ['::1', '127.0.0.1'])));
  const lines = (side: 0 | 1) => peers.map((pair) => `m=audio ${pair[side].port} RTP/AVP 0`);
  const plan = plainCall(session('::1', lines(0)), session('127.0.0.1', lines(1)));
  const hosts = { caller: '::1', callee: '127.0.0.1' };
  const call = await placeCall(exchange, { key: 'sixes', headers: handled(DUAL, 'x'), hosts, ...plan });
  await call.callee.received('ACK');
  const [toCaller, toCallee] = await Promise.all([call.caller.places(), call.callee.places()]);
  for (const [i, [caller, callee]] of peers.entries())
    await conversation({ peer: caller, place: toCaller[i]! }, { peer: callee, place: toCallee[i]! });
  await call.hangUp();
  deepEqual(
    (await call.commands(DUAL)).slice(0, 3),
    peers.map(([caller], i) => `UEI${'6'.repeat(i + 1)}c0 sixes ::1 ${caller.port} sixes-F;${i + 1}`),
  );
}

async function heldOnIpv6(exchange: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange, ['::1', '127.0.0.1']);
  const offers = [audio('::1', caller.port), audio('::', caller.port), audio('::1', caller.port)];
  const answered = [receive('INVITE'), respond(200, audio('127.0.0.1', callee.port)), receive('ACK')];
  const call = await placeCall(exchange, {
    key: 'held',
    headers: handled(DUAL, 'xr'),
    hosts: { caller: '::1', callee: '127.0.0.1' },
    caller: [...offers.flatMap((sdp) => [send('INVITE', sdp), expect(200), send('ACK'), wait]), send('BYE'), expect(200)],
    callee: [...answered, ...answered, ...answered, receive('BYE'), respond(200)],
  });
  const { toCaller, toCallee } = await call.answered();
  for (const n of [2, 3]) {
    await call.caller.goOn();
    await call.callee.received('ACK', n);
  }
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  await call.hangUp();
  deepEqual(
    (await call.said(DUAL)).filter(({ command }) => command.startsWith('U')),
    ['::1', '::', '::1'].map((host, i) => ({
      command: `UEI6c0 held ${host} ${caller.port} held-F;1${i === 0 ? '' : ' held-T;1'}`,
      answer: replyOf(toCallee),
    })),
  );
}

/** RFC 4091. The callee takes the first of the two and declines the other. */
async function alternatives(exchange: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange);
  const line = (port: number, mid: number) => [`m=audio ${port} RTP/AVP 0`, `a=mid:${mid}`];
  const offer = session('127.0.0.1', [
    'a=group:ANAT 1 2',
    ...line(caller.port, 1),
    ...['m=audio 40000 RTP/AVP 0', 'c=IN IP6 ::1', 'a=mid:2'],
  ]);
  const answer = session('127.0.0.1', ['a=group:ANAT 1', ...line(callee.port, 1), ...line(0, 2)]);
  const call = await placeCall(exchange, { key: 'anat', headers: handled(TWO_IPV4, 'xr'), ...plainCall(offer, answer) });
  const { toCaller, toCallee } = await call.answered();
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  await call.hangUp();
  deepEqual(resultsOf(exchange, 'anat'), ['INVITE 1', 'INVITE/200 1', 'BYE 1']);
  equal((await call.commands(TWO_IPV4))[1], 'UIE6c0 anat ::1 40000 anat-F;2');
  equal((await call.callee.places()).length, 2);
}

async function mixedUp(exchange: Exchange): Promise<void> {
  const [caller, callee] = await openPeers(exchange, ['::1', '::1']);
  const plan = plainCall(audio('::1', caller.port), audio('::1', callee.port));
  const call = await placeCall(exchange, { key: 'mixed', headers: handled(DUAL, 'co'), ...plan });
  const { toCaller, toCallee } = await call.answered();
  deepEqual([toCaller.port, toCallee.port], [callee.port, caller.port]);
  await call.hangUp();
  deepEqual((await call.said(DUAL)).slice(0, 2), [
    { command: `U6c0 mixed 127.0.0.1 ${caller.port} mixed-F;1`, answer: 'E37' },
    { command: `L6c0 mixed 127.0.0.1 ${callee.port} mixed-F;1 mixed-T;1`, answer: 'E37' },
  ]);
  deepEqual(resultsOf(exchange, 'mixed').slice(0, 2), ['INVITE -1', 'INVITE/200 -1']);
}
