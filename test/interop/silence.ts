/** Calls that fall silent, so that the relay ends them. */
import { match, ok } from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { replayLog } from '../../src/cli/replay.js';
import { type Call, conversation, handled, openPeers, placeCall } from './calls.js';
import type { Exchange } from './exchange.js';
import { audio, expect, receive, respond, type Step, send, wait } from './scenario.js';

/** How long a notification may take to come. */
export const NOTICE_LIMIT_MS = 8_000;

/** A call that is offered anew once, so that Kamailio names its timeout socket, talks, and then is silent. */
export async function silentCall(
  exchange: Exchange,
  key: string,
  socket: string,
  relay = 1,
  end?: readonly Step[],
): Promise<Call> {
  const call = await placeSilent(exchange, key, relay, true, end);
  const renewed = (await call.said(relay))[2]!;
  match(renewed.command, new RegExp(`^Uc0 ${key} 127\\.0\\.0\\.1 \\d+ ${key}-F;1 ${key}-T;1 ${socket}$`));
  match(renewed.answer, /^\d+ 127\.0\.0\.1$/);
  return call;
}

export async function placeSilent(
  exchange: Exchange,
  key: string,
  relay: number,
  isRenewed: boolean,
  end: readonly Step[] | undefined = undefined,
): Promise<Call> {
  const [caller, callee] = await openPeers(exchange);
  const [offer, answer] = [audio('127.0.0.1', caller.port), audio('127.0.0.1', callee.port)];
  const times = isRenewed ? 2 : 1;
  const call = await placeCall(exchange, {
    key,
    headers: handled(relay, 'co'),
    caller: [
      ...Array.from({ length: times }, () => [send('INVITE', offer), expect(200), send('ACK')]).flat(),
      ...(end ?? [wait, send('BYE'), expect(200)]),
    ],
    callee: [
      ...Array.from({ length: times }, () => [receive('INVITE'), respond(200, answer), receive('ACK')]).flat(),
      ...[receive('BYE'), respond(200)],
    ],
  });
  await call.callee.received('ACK', times);
  const { toCaller, toCallee } = await call.answered();
  await conversation({ peer: caller, place: toCaller }, { peer: callee, place: toCallee });
  return call;
}

/** The event log says that the session ended for want of packets, after it has counted `told`; it is written a moment later. */
export async function timedOut({ relays }: Exchange, call: Call, told = '; caller 5 received, 5 relayed'): Promise<void> {
  for (const until = Date.now() + NOTICE_LIMIT_MS; ; await delay(50)) {
    const lines: string[] = [];
    for (const { dataDir } of relays) await replayLog(dataDir, { call: call.id, write: (line) => lines.push(line) });
    if (lines.some((line) => line.includes(`session closed: timeout${told}`))) return;
    ok(Date.now() < until, lines.join('\n'));
  }
}
