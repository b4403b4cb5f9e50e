/** Calls through Kamailio that outlive their relay. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { askOnce } from '../rig/control.js';
import { NotifyListener } from '../rig/notifyListener.js';
import { pause } from '../rig/paused.js';
import { leasePorts } from '../rig/ports.js';
import { killRelay, relayBelow, whyNotSupervised } from '../rig/supervised.js';
import { conversation } from './calls.js';
import { type Renewal, RingingCall, StandingCall, talkThrough } from './crash.js';
import { logsAreSound, nothingIsLeft, openExchange } from './exchange.js';
import { NOTICE_LIMIT_MS, silentCall, timedOut } from './silence.js';

const BOUND = { timeout: 60_000 };
const reason = whyNotSupervised();
const SUPERVISED = { ...BOUND, ...(reason === null ? {} : { skip: reason }) };
/** Six seconds of speech: longer than a relay takes to come back. */
const PACKETS = 300;
/** On a machine that has a lot to do; it takes half a second otherwise. */
const LONGEST_GAP_MS = 5_000;

test(
  '[SY-02] kill -9 and the same command line again: both ends hear each other as before, and nobody tells them',
  BOUND,
  async (t) => {
    const exchange = await openExchange(t, { relays: [{}] });
    if (exchange === null) return;
    const { call, talk } = await StandingCall.place(exchange, 'lasting');
    const relay = exchange.relays[0]!;
    let readyMs = 0;
    const gapMs = await talkThrough([talk], PACKETS, async () => {
      ({ readyMs } = await relay.killAndRestart());
    });
    await conversation(...talk);
    await call.hangUp();
    const said = await call.said();
    deepEqual(
      said.map(({ command }) => command.split(' ', 1)[0]),
      ['Uc0', 'Lc0', 'D'],
    );
    equal(said.at(-1)?.answer, '0');
    equal((await call.callee.descriptions()).length + (await call.caller.descriptions()).length, 2, 'an offer and an answer');
    const [, downMs] = /1 session of a relay that died is taken up, (\d+) ms after it was last heard of/.exec(relay.stderr())!;
    t.diagnostic(`${gapMs} ms not heard; ready ${Math.round(readyMs)} ms after the start; the log knows of ${downMs} ms`);
    ok(gapMs > 0 && gapMs <= LONGEST_GAP_MS, `${gapMs} ms`);
    await nothingIsLeft(exchange);
    await logsAreSound(exchange);
  },
);

test(
  '[SY-02 CW-20 CW-14] ten calls under --supervise: talk, set-up, BYE, re-INVITE and hold across a crash',
  SUPERVISED,
  async (t) => {
    const exchange = await openExchange(t, { relays: [{ args: ['--supervise'] }] });
    if (exchange === null) return;
    const place = (key: string, renewals: readonly Renewal[] = []) => StandingCall.place(exchange, key, renewals);
    const talking = await Promise.all(['talk-1', 'talk-2', 'talk-3', 'talk-4'].map((key) => place(key)));
    const moving = await place('moving', ['move']);
    const holding = await place('holding', ['hold', 'resume']);
    const held = await place('held', ['hold', 'resume']);
    const leaving = await place('leaving');
    const ringing = await RingingCall.place(exchange, 'ringing', 'early');
    const late = await RingingCall.place(exchange, 'late', 'late');
    await held.renew();
    const { pid } = exchange.relays[0]!;
    const gapMs = await talkThrough(
      [...talking, moving, holding].map(({ talk }) => talk),
      PACKETS,
      async () => {
        await killRelay(pid);
        await Promise.all([ringing.call.callee.goOn(), late.call.callee.goOn(), leaving.call.hangUp()]);
      },
    );
    const waits = [ringing, late, leaving].map(({ call }) => Math.round(exchange.taps[0]!.longestWaitMs(call.id)));
    t.diagnostic(`${gapMs} ms not heard at most; L, U and D waited ${waits.join(', ')} ms for their answers`);
    ok(gapMs > 0 && gapMs <= LONGEST_GAP_MS, `${gapMs} ms`);
    deepEqual((await leaving.call.said()).at(-1), { command: 'D leaving leaving-F leaving-T', answer: '0' });
    for (const each of [ringing, late]) await conversation(...(await each.talk()));
    await holding.renew();
    for (const each of [moving, holding, held]) {
      await each.renew();
      await conversation(...each.talk);
    }
    const left = [...talking, moving, holding, held, ringing, late];
    await Promise.all(left.map(({ call }) => call.hangUp()));
    for (const { call } of left) equal((await call.said()).at(-1)?.answer, '0', call.id);
    await nothingIsLeft(exchange);
    await logsAreSound(exchange);
  },
);

test('[SY-02] Kamailio asks again while the relay is not there, and the call is set up all the same', SUPERVISED, async (t) => {
  const exchange = await openExchange(t, { relays: [{ args: ['--supervise'] }] });
  if (exchange === null) return;
  const standing = await StandingCall.place(exchange, 'standing');
  const { pid, control } = exchange.relays[0]!;
  const next = await relayBelow(pid, await killRelay(pid));
  // The gap lasts until Kamailio has asked a second time.
  await pause(next);
  const placed = StandingCall.place(exchange, 'new');
  await exchange.taps[0]!.sent('new', 'U', 2);
  process.kill(next, 'SIGCONT');
  const added = await placed;
  await conversation(...added.talk);
  await conversation(...standing.talk);
  t.diagnostic(`U was answered after ${Math.round(exchange.taps[0]!.longestWaitMs('new'))} ms`);
  match(await askOnce(control[0]!, 'I'), /^sessions created: 2\nactive sessions: 2$/m);
  await Promise.all([added.call.hangUp(), standing.call.hangUp()]);
  await nothingIsLeft(exchange);
  await logsAreSound(exchange);
});

test('[KM-19 CW-37] Kamailio hears of the silence of a call that was taken up after a crash, once', BOUND, async (t) => {
  const lease = await leasePorts();
  t.after(() => lease.release());
  const port = await lease.port();
  const socket = `tcp:127.0.0.1:${port}`;
  const listener = await NotifyListener.start({ host: '127.0.0.1', port });
  t.after(() => listener.stop());
  const relay = { args: ['-T', '3', '-W', '30', '-n', socket] };
  const exchange = await openExchange(t, { relays: [relay], timeoutSocket: socket });
  if (exchange === null) return;
  const call = await silentCall(exchange, 'silent', socket);
  await exchange.relays[0]!.killAndRestart();
  match(await askOnce(exchange.relays[0]!.control[0]!, 'I'), /^active sessions: 1$/m, 'it is not over yet');
  const restartedAt = performance.now();
  await listener.received(1, NOTICE_LIMIT_MS);
  t.diagnostic(`${Math.round(performance.now() - restartedAt)} ms after the restart`);
  // What was counted in the last seconds is lost, and it never spoke for longer.
  await timedOut(exchange, call, '');
  await call.hangUp();
  deepEqual(listener.lines, ['silent']);
  await nothingIsLeft(exchange);
  await logsAreSound(exchange);
});
