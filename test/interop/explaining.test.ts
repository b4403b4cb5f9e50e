/** What `rtpbridge explain` says of calls through Kamailio whose relay was killed in their middle, while it runs, and when it is gone. */
import { deepEqual, match } from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { runToEnd } from '../rig/startAttempt.js';
import { type Call, handled, openPeers, placeCall, plainCall } from './calls.js';
import { StandingCall } from './crash.js';
import { type Exchange, logsAreSound, nothingIsLeft, openExchange } from './exchange.js';
import { audio, cancelled, expect, receive, respond, send, wait } from './scenario.js';

const BOUND = { timeout: 90_000 };
/**
 * Longer than the silence of which nothing is concluded, five seconds; and after a restart, which takes two seconds on a busy machine, long enough
 * for a relay to look at a call twice (it does so every two seconds): then it asks the network about who is silent.
 */
const SPEECH_PACKETS = 500;
const CRASH_AFTER_MS = 1_500;
/** An address of a private network, which does not lead to anybody here. */
const PRIVATE = '10.77.77.7';

const RECOVERED = /The relay died, and took the call up again at \S+: for at most [\d.]+ m?s nothing was relayed\./;
const DIED = /^ {4}\S+ {2}taken up again \d+ ms after the relay was last heard of$/m;

type Plan = {
  readonly key: string;
  /** Of the offer and of the answer; with r the relay is told what SDP says, otherwise where the SIP came from. */
  readonly flags: readonly [string, string];
  /** What the ends say of themselves in SDP, where that is not true. */
  readonly callerHost?: string;
  readonly calleeHost?: string;
  readonly isCalleePortFree?: boolean;
  /** Whence the callee speaks; silent when left out. The caller speaks in any case. */
  readonly calleeSpeaks?: 'as signalled' | 'elsewhere';
  /** What is to be said first. */
  readonly cause: RegExp;
  /** What else. */
  readonly more?: RegExp;
};

const PLANS: readonly Plan[] = [
  { key: 'sound', flags: ['co', 'co'], calleeSpeaks: 'as signalled', cause: RECOVERED },
  {
    ...{ key: 'behind-nat', flags: ['r', 'r'], callerHost: PRIVATE, calleeSpeaks: 'as signalled', cause: RECOVERED },
    more: /by the way: The SDP address of the caller, 10\.77\.77\.7, is private .* which was learned: fine\.$/m,
  },
  {
    ...{ key: 'one-way', flags: ['co', 'co'] },
    cause: /The callee has sent nothing since the call was answered \([\d.]+ s\): no packet came from anywhere\./,
    more: /evidence: its signalled address is 127\.0\.0\.1:\d+; the caller was heard until (?:now|the end)$/m,
  },
  {
    ...{ key: 'private', flags: ['r', 'r'], calleeHost: PRIVATE },
    cause:
      /The callee has sent nothing .*; its SDP address 10\.77\.77\.7 is private \(RFC 1918\) and no packet came from anywhere\./,
    more: /went to 10\.77\.77\.7:\d+, where most likely nobody is$/m,
  },
  {
    ...{ key: 'nobody', flags: ['co', 'co'], isCalleePortFree: true },
    cause: /Nobody receives at 127\.0\.0\.1:\d+, where the callee is sent to: its host says so by ICMP/,
  },
  {
    ...{ key: 'elsewhere', flags: ['r', 'ra'], calleeSpeaks: 'elsewhere' },
    cause:
      /The callee is declared asymmetric, so only packets from 127\.0\.0\.1 are taken, but packets come from 127\.0\.0\.9:\d+/,
  },
];

/** A call that waits for its caller to hang up, or to give up, and what is to be said of it. */
type Told = { readonly call: Call; readonly cause: RegExp; readonly more: RegExp };

test(
  'the cause of missing audio is found across a crash: by the relay that runs, and in the log when it is gone',
  BOUND,
  async (t) => {
    const exchange = await openExchange(t, { relays: [{}] });
    if (exchange === null) return;
    const relay = exchange.relays[0]!;
    const told: Told[] = [await heldCall(exchange), await unansweredCall(exchange)];
    const speeches: (() => Promise<void>)[] = [];
    for (const plan of PLANS) {
      const { speak, ...of } = await plannedCall(exchange, plan);
      told.push(of);
      speeches.push(...speak);
    }
    const speaking = speeches.map((speak) => speak());
    await delay(CRASH_AFTER_MS);
    await relay.killAndRestart();
    await Promise.all(speaking);
    await areExplained(told, ['--data-dir', relay.dataDir], /; still there at [\d:.]+$/m);
    await Promise.all(told.map(({ call }) => call.hangUp()));
    await nothingIsLeft(exchange);
    await logsAreSound(exchange, 'SIGKILL');
    await areExplained(told, [relay.dataDir], /; ended \S+ after [\d.]+ s: the proxy deleted it \(D\)$/m);
  },
);

async function areExplained(told: readonly Told[], where: readonly string[], ending: RegExp): Promise<void> {
  for (const { call, cause, more } of told) {
    const { code, stdout, stderr } = await runToEnd(['explain', '--call', call.id, ...where]);
    deepEqual({ code, stderr }, { code: 0, stderr: '' }, call.id);
    match(/^ {2}most likely: (.*)$/m.exec(stdout)?.[1] ?? stdout, cause);
    for (const text of [more, ending, RECOVERED, DIED]) match(stdout, text);
  }
}

async function plannedCall(exchange: Exchange, plan: Plan): Promise<Told & { readonly speak: (() => Promise<void>)[] }> {
  const [caller, callee] = await openPeers(exchange);
  const [elsewhere] = await openPeers(exchange, ['127.0.0.9', '127.0.0.9']);
  const port = plan.isCalleePortFree ? await exchange.ports.port() : callee.port;
  const call = await placeCall(exchange, {
    key: plan.key,
    headers: handled(1, ...plan.flags),
    ...plainCall(audio(plan.callerHost ?? '127.0.0.1', caller.port), audio(plan.calleeHost ?? '127.0.0.1', port)),
  });
  const { toCaller, toCallee } = await call.answered();
  const speak = [() => caller.stream(toCaller.port, SPEECH_PACKETS)];
  const speaker = plan.calleeSpeaks === 'elsewhere' ? elsewhere : callee;
  if (plan.calleeSpeaks !== undefined) speak.push(() => speaker.stream(toCallee.port, SPEECH_PACKETS));
  return { call, cause: plan.cause, more: plan.more ?? /^ {2}what happened$/m, speak };
}

/** The caller has put it on hold, and nobody speaks any more. */
async function heldCall(exchange: Exchange): Promise<Told> {
  const held = await StandingCall.place(exchange, 'held', ['hold']);
  await held.renew();
  const cause = /The caller has put the call on hold: that nothing is heard is what was asked for\./;
  return { call: held.call, cause, more: /the address of the caller is all zeros since/ };
}

/** It rings until the caller gives up. */
async function unansweredCall(exchange: Exchange): Promise<Told> {
  const [caller] = await openPeers(exchange);
  const call = await placeCall(exchange, {
    key: 'unanswered',
    headers: handled(1, 'co'),
    caller: [
      ...[send('INVITE', audio('127.0.0.1', caller.port)), expect(180), wait],
      ...[send('CANCEL'), expect(200), expect(487), send('ACK')],
    ],
    callee: [receive('INVITE'), respond(180), receive('CANCEL'), respond(200), cancelled, receive('ACK')],
  });
  await call.caller.received('SIP/2.0 180');
  return { call, cause: /The call was never answered as far as the relay knows/, more: /, never answered; / };
}
