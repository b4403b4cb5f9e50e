import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../rig/calls.js';
import { askOnce } from '../rig/control.js';
import { askNg } from '../rig/ngAsk.js';
import type { RtpPeer } from '../rig/rtpPeer.js';
import { type Call, type Case, handled, openPeers, placeCall, runCases, SIDE_BY_SIDE } from './calls.js';
import { type Exchange, logsAreSound, nothingIsLeft, openExchange } from './exchange.js';
import { askedOf, audioOf, inShort, type NgExchange, openNgExchange, relayed } from './ngExchange.js';
import { expect, type Headers, receive, respond, type Step, send, session, wait } from './scenario.js';
import { Talk } from './talk.js';

const BEFORE_MS = 300;
/** A `delete` that comes later than two seconds after the refusal is that of a BYE. */
const SOON_MS = 2_300;
/** In doubt a session is held for ten seconds. */
const LATER_MS = 10_800;
const GRACE_S = 2;

/** How the configuration of Kamailio tells the relay of a reply that says no. */
const WAYS = {
  'in the reply and the failure route': relayed('replace=origin', 'replace=origin', { Every: 'yes' }),
  'in the failure route': relayed('replace=origin'),
} as const;
type Where = keyof typeof WAYS;

const CASES: readonly Case<NgExchange>[] = (Object.keys(WAYS) as Where[]).flatMap((where, n): Case<NgExchange>[] => [
  [
    `[NG-05 NG-06] 488 to a re-INVITE of the caller, rtpengine_manage() ${where}: the audio goes on unbroken, and BYE ends the call`,
    (e) => refused(e, where, { key: `caller-${n}`, by: 'caller', method: 'INVITE', talkMs: SOON_MS }),
  ],
  [
    `[NG-05 NG-06] 488 to a re-INVITE of the callee, rtpengine_manage() ${where}: the audio goes on unbroken, also when there is no doubt any more`,
    (e) => refused(e, where, { key: `callee-${n}`, by: 'callee', method: 'INVITE', talkMs: LATER_MS }),
  ],
  [
    `[NG-05 NG-06] 488 to an UPDATE, rtpengine_manage() ${where}: the audio goes on unbroken`,
    (e) => refused(e, where, { key: `update-${n}`, by: 'caller', method: 'UPDATE', talkMs: SOON_MS }),
  ],
  [
    `[NG-05 NG-06] 488 to video that a re-INVITE adds, rtpengine_manage() ${where}: the audio goes on unbroken, the video is gone`,
    (e) => refused(e, where, { key: `video-${n}`, by: 'caller', method: 'INVITE', talkMs: LATER_MS, more: [VIDEO] }),
  ],
]);
const VIDEO = 'm=video 9998 RTP/AVP 31';

test('Kamailio tells a relay of refused changes in the NG protocol', { ...SIDE_BY_SIDE, concurrency: 8 }, async (t) => {
  const exchange = await openNgExchange(t, { relays: [{}] });
  if (exchange === null) return;
  await runCases(t, exchange, CASES);
  // The offer of an UPDATE, which its failure route has repeated, leaves the relay in doubt of the BYE.
  await eventually(() => nothingIsLeft(exchange), LATER_MS);
  await logsAreSound(exchange);
});

test('[NG-05 NG-06] 488 to other codecs with the rtpproxy module: its D is held with --delete-grace, and the audio goes on unbroken', {
  timeout: 40_000,
}, async (t) => {
  const exchange = await openExchange(t, { relays: [{ args: ['--delete-grace', String(GRACE_S)] }] });
  if (exchange === null) return;
  // The classic protocol knows no offer that is not taken: only a change that leaves the caller where it is can be taken back.
  const plan = { key: 'classic', by: 'caller', method: 'INVITE', talkMs: GRACE_S * 1_000 + 800, moves: false } as const;
  const call = await refusedTalk(exchange, handled(1, 'co'), plan, async () => {});
  const letters = (await call.commands()).map((command) => command.slice(0, 1));
  deepEqual(letters, ['U', 'L', 'U', 'D', 'D']);
  await eventually(() => nothingIsLeft(exchange), GRACE_S * 1_000 + 2_000);
  await logsAreSound(exchange);
});

type Refused = {
  readonly key: string;
  /** Who wants the change. */
  readonly by: 'caller' | 'callee';
  readonly method: 'INVITE' | 'UPDATE';
  /** Further lines of what it offers. */
  readonly more?: readonly string[];
  /** How long they talk after it was refused. */
  readonly talkMs: number;
  /** Whether it wants the media elsewhere; so it does when left out. */
  readonly moves?: boolean;
};

async function refused(exchange: NgExchange, where: Where, plan: Refused): Promise<void> {
  const { key, method } = plan;
  const call = await refusedTalk(exchange, WAYS[where], plan, async (call, ports) =>
    deepEqual(await portsInUse(exchange, call), ports, 'the ports of the call are those of before, and no others'),
  );
  const said = inShort(await askedOf(call));
  deepEqual([said.slice(0, 3), said.at(-1)], [['offer ok', 'answer ok', 'offer ok'], 'delete ok']);
  // In the failure route of an UPDATE the module does not say that it was refused, but offers the same again.
  const toldFirst = where === 'in the failure route' ? [] : ['delete ok'];
  deepEqual(said.slice(3, -1), [...toldFirst, method === 'INVITE' ? 'delete ok' : 'offer ok'], 'what is said of the refusal');
  if (method === 'INVITE')
    match(await askOnce(exchange.relays[0]!.control[0]!, `Q ${key} ${key}-F;1 ${key}-T;1`), /^E/, 'the BYE has ended the call');
}

/** A call in which both talk all the time, a change is offered and refused, and the caller hangs up. `look`: before it does. */
async function refusedTalk(
  exchange: Exchange,
  headers: Headers,
  { key, by, method, talkMs, more = [], moves = true }: Refused,
  look: (call: Call, ports: readonly number[]) => Promise<void>,
): Promise<Call> {
  const [caller, callee] = await openPeers(exchange);
  const [elsewhere] = await openPeers(exchange);
  const offer = session('127.0.0.1', [`m=audio ${(moves ? elsewhere : caller).port} RTP/AVP 8 0`, ...more]);
  const acknowledged = method === 'INVITE';
  const change: Step[] = [wait, send(method, offer), expect(488), ...(acknowledged ? [send('ACK')] : [])];
  const refusal: Step[] = [receive(method), respond(488), ...(acknowledged ? [receive('ACK')] : [])];
  const [ofCaller, ofCallee] = by === 'caller' ? [change, refusal] : [refusal, change];
  const call = await placeCall(exchange, {
    ...{ key, headers },
    caller: [send('INVITE', audioOf(caller)), expect(200), send('ACK'), ...ofCaller, wait, send('BYE'), expect(200)],
    callee: [...answering(callee), ...ofCallee, receive('BYE'), respond(200)],
  });
  const { toCaller, toCallee } = await call.answered();
  const talk = new Talk({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  exchange.closings.push(() => talk.stop());
  await delay(BEFORE_MS);
  await call[by].goOn();
  await call[by].received('SIP/2.0 488');
  await delay(talkMs);
  await look(call, [toCallee.port, toCaller.port].sort());
  await talk.wasUnbroken();
  equal(elsewhere.arrived.length, 0, 'nothing went where the refused offer wanted it');
  await call.hangUp();
  return call;
}

/** The RTP ports that the call has, in order. */
async function portsInUse({ ngPorts }: NgExchange, { id }: Call): Promise<number[]> {
  const { tags } = await askNg(ngPorts[0]!, { command: 'query', 'call-id': id });
  const ports = [...JSON.stringify(tags).matchAll(/"local port":(\d+)/g)].map(([, port]) => Number(port));
  return ports.filter((port) => port % 2 === 0).sort();
}

const answering = (peer: RtpPeer): Step[] => [receive('INVITE'), respond(180), respond(200, audioOf(peer)), receive('ACK')];
