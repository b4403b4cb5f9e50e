/** DTMF in RTP (RFC 4733) is heard on its way and told to the notification socket of the call. */
import { deepEqual, equal } from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { askPort, Party } from '../rig/calls.js';
import { NotificationListener } from '../rig/notificationListener.js';
import { openRelay, type RelayScene } from '../rig/relayScene.js';

const BOUND = { timeout: 30_000 };
const EVENTS = '0123456789*#ABCD ';
const TELEPHONE_EVENT = 101;
const VOLUME = 10;
const LINE_LIMIT_MS = 3_000;
/** As long as a silence must be to count as one. */
const QUIET_MS = 250;

/** A relay that hears DTMF, and what it tells to. */
type Scene = RelayScene & { readonly listener: NotificationListener; readonly socket: string };

async function openScene(t: TestContext): Promise<Scene> {
  const listener = await NotificationListener.open(t, { port: 0, host: '127.0.0.1' });
  const socket = `tcp:127.0.0.1:${listener.port}`;
  return { ...(await openRelay(t, { args: ['--dso', 'catch_dtmf', '-n', socket] })), listener, socket };
}

type Call = { readonly caller: Party; readonly callee: Party; readonly facesCallee: number; readonly facesCaller: number };

/** `caller` and `callee`: what is put behind their U and L. */
async function openCall(
  { t, control, socket }: Scene,
  name: string,
  behind: { caller?: string; callee?: string },
): Promise<Call> {
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const facesCallee = await askPort(control, `Uc0,101 ${name} 127.0.0.1 ${caller.rtp.port} f ${socket} I${behind.caller ?? ''}`);
  const facesCaller = await askPort(control, `Lc0,101 ${name} 127.0.0.1 ${callee.rtp.port} f t${behind.callee ?? ''}`);
  return { caller, callee, facesCallee, facesCaller };
}

/** What the packets of one key have in common. */
type Key = { readonly digit: string; readonly timestamp: number; readonly ssrc?: number; readonly payloadType?: number };

let sequence = 1;

/** A packet of a key: how long it has been pressed, in timestamp units, and whether it is over. */
function keyPacket(
  { digit, timestamp, ssrc = 77, payloadType = TELEPHONE_EVENT }: Key,
  duration: number,
  isOver = false,
): Uint8Array {
  const payload = Uint8Array.of(EVENTS.indexOf(digit), (isOver ? 0x80 : 0) | VOLUME, duration >> 8, duration & 0xff);
  return buildRtp({ payloadType, marker: duration === 160, sequence: sequence++, timestamp, ssrc }, payload);
}

/** A key as a phone sends it: three packets while it is pressed, and the last one three times. */
const press = (key: Key): Uint8Array[] => [
  ...[160, 320, 480].map((duration) => keyPacket(key, duration)),
  ...[640, 640, 640].map((duration) => keyPacket(key, duration, true)),
];

async function callerSends({ caller, facesCaller }: Call, packets: readonly Uint8Array[]): Promise<void> {
  for (const packet of packets) await caller.rtp.send(packet, facesCaller);
}

test('[CW-38 SY-01] a key of the caller is told once, and its packets are relayed', BOUND, async (t) => {
  const scene = await openScene(t);
  const call = await openCall(scene, 'told', { caller: ' && M3:1 Dd12.34 101' });
  const packets = press({ digit: '5', timestamp: 1000 });
  await callerSends(call, packets);
  deepEqual(await scene.listener.awaitLines(1, LINE_LIMIT_MS), ['Dd12.34 5 10 640 0']);
  deepEqual(
    (await call.callee.rtp.take(packets.length)).map(({ bytes }) => bytes),
    packets.map((packet) => Buffer.from(packet)),
  );
  await delay(QUIET_MS);
  equal(scene.listener.lines.length, 1, 'the copies of the last packet are no further keys');
});

test('[CW-38] each of the seventeen events has its letter, over one connection and in order', BOUND, async (t) => {
  const scene = await openScene(t);
  const call = await openCall(scene, 'all', { caller: ' && M3:1 D 101' });
  for (const [n, digit] of [...EVENTS].entries()) await callerSends(call, press({ digit, timestamp: 1000 * (n + 1) }));
  const lines = await scene.listener.awaitLines(EVENTS.length, LINE_LIMIT_MS);
  deepEqual(
    lines,
    [...EVENTS].map((digit) => `D ${digit} 10 640 0`),
  );
  equal(scene.listener.connections.length, 1);
});

test('[CW-38] the same key pressed twice is told twice', BOUND, async (t) => {
  const scene = await openScene(t);
  const call = await openCall(scene, 'twice', { caller: ' && M3:1 D 101' });
  await callerSends(call, [...press({ digit: '1', timestamp: 1000 }), ...press({ digit: '1', timestamp: 5000 })]);
  deepEqual(await scene.listener.awaitLines(2, LINE_LIMIT_MS), ['D 1 10 640 0', 'D 1 10 640 0']);
});

test('[CW-38] behind the answer it is the callee who is heard, and the side is told as 1', BOUND, async (t) => {
  const scene = await openScene(t);
  const call = await openCall(scene, 'callee', { callee: ' && M3:1 Dc 101' });
  await callerSends(call, press({ digit: '1', timestamp: 1000 }));
  for (const packet of press({ digit: '2', timestamp: 1000 })) await call.callee.rtp.send(packet, call.facesCallee);
  deepEqual(await scene.listener.awaitLines(1, LINE_LIMIT_MS), ['Dc 2 10 640 1']);
  await delay(QUIET_MS);
  equal(scene.listener.lines.length, 1, 'the caller is not heard');
});

test('[CW-38] both sides at once, each with its tag', BOUND, async (t) => {
  const scene = await openScene(t);
  const call = await openCall(scene, 'both', { caller: ' && M3:1 Da 101', callee: ' && M3:1 Db 101' });
  await callerSends(call, press({ digit: '1', timestamp: 1000 }));
  await scene.listener.awaitLines(1, LINE_LIMIT_MS);
  for (const packet of press({ digit: '2', timestamp: 1000 })) await call.callee.rtp.send(packet, call.facesCallee);
  deepEqual(await scene.listener.awaitLines(2, LINE_LIMIT_MS), ['Da 1 10 640 0', 'Db 2 10 640 1']);
});

test('[CW-38] another payload type than the one that was named is not heard; 101 need not be named', BOUND, async (t) => {
  const scene = await openScene(t);
  const named = await openCall(scene, 'named', { caller: ' && M3:1 Dn 96' });
  await callerSends(named, press({ digit: '1', timestamp: 1000 }));
  await callerSends(named, press({ digit: '2', timestamp: 2000, payloadType: 96 }));
  deepEqual(await scene.listener.awaitLines(1, LINE_LIMIT_MS), ['Dn 2 10 640 0']);
  const unnamed = await openCall(scene, 'unnamed', { caller: ' && M3:1 Du' });
  await callerSends(unnamed, press({ digit: '3', timestamp: 1000 }));
  deepEqual((await scene.listener.awaitLines(2, LINE_LIMIT_MS)).slice(1), ['Du 3 10 640 0']);
});

test('[CW-38 KC-18] asked again, the first tag stays and the payload type changes', BOUND, async (t) => {
  const scene = await openScene(t);
  const call = await openCall(scene, 'again', { caller: ' && M3:1 Dfirst 101' });
  await askPort(scene.control, `U again 127.0.0.1 ${call.caller.rtp.port} f t ${scene.socket} I && M3:1 Dsecond 96`);
  await callerSends(call, press({ digit: '1', timestamp: 1000 }));
  await callerSends(call, press({ digit: '2', timestamp: 2000, payloadType: 96 }));
  deepEqual(await scene.listener.awaitLines(1, LINE_LIMIT_MS), ['Dfirst 2 10 640 0']);
});

test('[CW-38 KC-18] with h the keys are told and not relayed, and what is no key is', BOUND, async (t) => {
  const scene = await openScene(t);
  const call = await openCall(scene, 'hidden', { caller: ' && M3:1 Dh 101 h' });
  await call.caller.reaches(call.callee, call.facesCaller, call.facesCallee, 2);
  await callerSends(call, press({ digit: '#', timestamp: 1000, ssrc: call.caller.ssrc }));
  deepEqual(await scene.listener.awaitLines(1, LINE_LIMIT_MS), ['Dh # 10 640 0']);
  await delay(QUIET_MS);
  equal(call.callee.rtp.arrived.length, 0, 'no packet of the key has come through');
  await call.caller.reaches(call.callee, call.facesCaller, call.facesCallee, 2);
});

test('[CW-38] the tag is URL-encoded and told decoded', BOUND, async (t) => {
  const scene = await openScene(t);
  const call = await openCall(scene, 'encoded', { caller: ' && M3:1 Dc1%2D3779%40127.0.0.1 101' });
  await callerSends(call, press({ digit: '0', timestamp: 1000 }));
  deepEqual(await scene.listener.awaitLines(1, LINE_LIMIT_MS), ['Dc1-3779@127.0.0.1 0 10 640 0']);
});

test(
  '[CW-38] lost packets cost nothing but the length: the first or the last of a key is enough beside one other',
  BOUND,
  async (t) => {
    const scene = await openScene(t);
    const call = await openCall(scene, 'lossy', { caller: ' && M3:1 D 101' });
    const [first, second] = [
      { digit: '1', timestamp: 1000 },
      { digit: '2', timestamp: 2000 },
    ] as const;
    await callerSends(call, [keyPacket(first, 160), keyPacket(first, 800, true)]);
    await callerSends(call, [keyPacket(second, 640, true), keyPacket(second, 640, true)]);
    deepEqual(await scene.listener.awaitLines(2, LINE_LIMIT_MS), ['D 1 10 800 0', 'D 2 10 640 0']);
  },
);
