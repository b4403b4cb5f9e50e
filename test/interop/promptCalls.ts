/** Calls through Kamailio whose ends hear prompts, and what they hear. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { AudioCodec } from '../../src/protocol/audio/codec.js';
import { plainCodecs } from '../../src/protocol/audio/codecs.js';
import { levelOf } from '../rig/bursts.js';
import { decoded, FRAME_MS, FRAME_TICKS, type HeardRtp, SoundPhone } from '../rig/soundPhone.js';
import { type Call, type CallPlan, handled, type Place, placeCall } from './calls.js';
import type { Exchange } from './exchange.js';
import { expect, receive, respond, send, session, wait } from './scenario.js';

export const CODECS = plainCodecs();
export const PCMU = CODECS.get(0)!;

/** Of a prompt, and of what either end says, hertz. */
export const HZ = 700;
export const CALLER_HZ = 1100;
export const CALLEE_HZ = 1900;
const TOLERANCE_MS = 40;
/** As long as a silence must be to count as one. */
export const QUIET_MS = 250;
const ARRIVAL_LIMIT_MS = 8_000;

export type Plan = {
  readonly key: string;
  readonly codec?: AudioCodec;
  /** What Kamailio does: X-Play, X-Prompt, X-Times, X-When. */
  readonly play: { readonly Play: 'uac' | 'uas'; readonly Prompt: string; readonly Times?: string; readonly When: string };
  /** Who asks for an end of it by an UPDATE, and for whom. */
  readonly stop?: 'uac' | 'uas';
  /** No relay is asked for this call. */
  readonly isPlain?: boolean;
};

export type Scene = {
  readonly exchange: Exchange;
  readonly caller: SoundPhone;
  readonly callee: SoundPhone;
  readonly call: Call;
};

/** A call whose answer waits after its 183. The caller says UPDATE when it is let go on, and then BYE. */
export async function begin(
  t: TestContext,
  exchange: Exchange,
  { key, codec = PCMU, play, stop, isPlain }: Plan,
): Promise<Scene> {
  const [caller, callee] = [await SoundPhone.open(t), await SoundPhone.open(t)];
  const { payloadType, name } = codec;
  const sdp = (port: number): string =>
    session('127.0.0.1', [`m=audio ${port} RTP/AVP ${payloadType}`, `a=rtpmap:${payloadType} ${name}/8000`]);
  const headers = { ...(isPlain ? { Relay: '1' } : handled(1, 'co')), ...play };
  const plan: CallPlan = {
    ...{ key, headers },
    caller: [
      ...[send('INVITE', sdp(caller.port)), expect(183), expect(200), send('ACK'), wait],
      ...[send('UPDATE', null, stop === undefined ? {} : { Relay: '1', Stop: stop }), expect(200), wait],
      ...[send('BYE'), expect(200)],
    ],
    callee: [
      ...[receive('INVITE'), respond(183, sdp(callee.port)), wait, respond(200, sdp(callee.port)), receive('ACK')],
      ...[receive('UPDATE'), respond(200), receive('BYE'), respond(200)],
    ],
  };
  const call = await placeCall(exchange, plan);
  await call.caller.received('SIP/2.0 183');
  return { exchange, caller, callee, call };
}

export const answer = async ({ call }: Scene): Promise<{ readonly toCaller: Place; readonly toCallee: Place }> => {
  await call.callee.goOn();
  return call.answered();
};

/** The caller's UPDATE, and its answer. */
export async function update({ call }: Scene): Promise<void> {
  await call.caller.goOn();
  await call.callee.received('UPDATE');
  // 183, 200 of the INVITE, 200 of the UPDATE.
  await call.caller.received('SIP/2.0 200', 2);
}

export async function hangUp(scene: Scene): Promise<void> {
  await update(scene);
  await scene.call.hangUp();
}

export async function heardSo(phone: SoundPhone, packets: number): Promise<void> {
  for (const until = Date.now() + ARRIVAL_LIMIT_MS; phone.heard.length < packets; await delay(5))
    ok(Date.now() < until, `${phone.heard.length} of ${packets} packets were heard`);
}

/** One stream from one port, of whole packets that follow each other, a marker on the first. */
export function isWellFormed(
  heard: readonly HeardRtp[],
  { port }: Place,
  { payloadType, encoder, sampleRate }: AudioCodec,
): void {
  const first = heard[0]!;
  const bytes = encoder().encode(new Int16Array((sampleRate * FRAME_MS) / 1000)).length;
  for (const [i, packet] of heard.entries()) {
    const { marker, sequence, timestamp } = packet;
    deepEqual([packet.port, packet.ssrc, packet.payloadType, packet.payload.length], [port, first.ssrc, payloadType, bytes]);
    deepEqual({ marker, sequence, timestamp }, numbersAt(first, i, i === 0));
  }
}

const numbersAt = (first: HeardRtp, i: number, marker: boolean) => ({
  marker,
  sequence: (first.sequence + i) & 0xffff,
  timestamp: (first.timestamp + i * FRAME_TICKS) >>> 0,
});

/** So many packets, 20 ms each, and nothing behind them. */
export async function isHeard(phone: SoundPhone, place: Place, lengthMs: number, codec = PCMU): Promise<void> {
  const packets = lengthMs / FRAME_MS;
  await heardSo(phone, packets);
  await delay(QUIET_MS);
  const heard = phone.heard.splice(0);
  equal(heard.length, packets);
  isWellFormed(heard, place, codec);
  const tookMs = pacedMs(heard);
  ok(Math.abs(tookMs - lengthMs) <= TOLERANCE_MS, `${tookMs} ms instead of ${lengthMs} ms`);
  isTone(heard, HZ, codec);
}

/**
 * How long packets take at the pace at which they came, milliseconds. Who listens may be busy for a while, and then gets some at a time: of
 * either half the one counts that is the least late.
 */
function pacedMs(heard: readonly HeardRtp[]): number {
  const late = heard.map(({ atMs }, i) => atMs - heard[0]!.atMs - i * FRAME_MS);
  const half = Math.floor(late.length / 2);
  return heard.length * FRAME_MS + 2 * (Math.min(...late.slice(half)) - Math.min(...late.slice(0, half)));
}

export function isTone(heard: readonly HeardRtp[], hz: number, codec = PCMU): void {
  const sound = decoded(codec, heard);
  const others = [HZ, CALLER_HZ, CALLEE_HZ].filter((other) => other !== hz);
  const [right, ...wrong] = [hz, ...others].map((each) => levelOf(sound, each, codec.sampleRate));
  ok(right! > 6000 && Math.max(...wrong) < 300, `${hz} Hz: ${right}, ${others} Hz: ${wrong}`);
}

export const soundCommands = async (call: Call) => (await call.said()).filter(({ command }) => /^[PS]/.test(command));

export async function speakBoth(
  { caller, callee }: Scene,
  { toCaller, toCallee }: { readonly toCaller: Place; readonly toCallee: Place },
  packets: number,
): Promise<void> {
  const say = (hz: number) => (ms: number) => Math.round(9000 * Math.sin((2 * Math.PI * hz * ms) / 1000));
  const speech = { codec: PCMU, startMs: performance.now() + 20, packets };
  await Promise.all([
    caller.speak(toCaller.port, { ...speech, level: say(CALLER_HZ) }),
    callee.speak(toCallee.port, { ...speech, level: say(CALLEE_HZ) }),
  ]);
  await delay(QUIET_MS);
}
