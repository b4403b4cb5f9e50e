/** Packets made longer or shorter on their way: sizes, numbers, times, and the audio in them, through the real relay. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeMulaw, encodeMulaw } from '../../src/protocol/audio/g711.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { rtpMarker, rtpPayloadType, rtpSequence, rtpSsrc, rtpTimestamp } from '../../src/protocol/rtp/header.js';
import { askPort, eventually, Party } from '../rig/calls.js';
import { UdpControl } from '../rig/control.js';
import { type RunningRelay, startRelay } from '../rig/relay.js';
import { instanceCounters } from '../rig/relayScene.js';

const BOUND = { timeout: 30_000 };
const HEADER_BYTES = 12;
const SAMPLES_PER_MS = 8;
const PCMU = 0;
const GSM = 3;
const G729 = 18;
const DYNAMIC = 96;
/** As long as a silence must be to count as one: longer than anything waits for what should follow it. */
const QUIET_MS = 300;

let relay: RunningRelay;
let control: UdpControl;

before(async () => {
  relay = await startRelay();
  control = await UdpControl.to(relay.control[0]!);
});

after(async () => {
  await control.close();
  deepEqual(await relay.stop(), { code: 0, signal: null }, relay.stderr());
});

type Call = {
  readonly name: string;
  readonly caller: Party;
  readonly callee: Party;
  readonly facesCallee: number;
  readonly facesCaller: number;
};

/** `caller` and `callee`: the modifiers of their U and L. */
async function openCall(t: TestContext, name: string, letters: { caller?: string; callee?: string }): Promise<Call> {
  const [caller, callee] = [await Party.open(t), await Party.open(t)];
  const facesCallee = await askPort(control, `U${letters.caller ?? ''} ${name} 127.0.0.1 ${caller.rtp.port} f`);
  const facesCaller = await askPort(control, `L${letters.callee ?? ''} ${name} 127.0.0.1 ${callee.rtp.port} f t`);
  return { name, caller, callee, facesCallee, facesCaller };
}

/** Where a stream begins: not at zero, so that what is kept and what is made anew can be told apart. */
const START = { sequence: 65_533, timestamp: 0xffff_ff00, ssrc: 0x1234_5678 };

type Cut = { readonly payloadType: number; readonly bytes: number; readonly samples: number };

/** Cuts a payload into the packets of a stream; the first one is marked. */
const cut = (audio: Uint8Array, { payloadType, bytes, samples }: Cut): Uint8Array[] =>
  Array.from({ length: Math.ceil(audio.length / bytes) }, (_, n) =>
    buildRtp(
      {
        ...{ payloadType, marker: n === 0, ssrc: START.ssrc },
        sequence: (START.sequence + n) & 0xffff,
        timestamp: (START.timestamp + n * samples) >>> 0,
      },
      audio.subarray(n * bytes, (n + 1) * bytes),
    ),
  );

const pcmu = (ms: number): Cut => ({ payloadType: PCMU, bytes: ms * SAMPLES_PER_MS, samples: ms * SAMPLES_PER_MS });

/** A tone of 400 Hz. */
const tone = (ms: number): Uint8Array =>
  encodeMulaw(
    Int16Array.from({ length: ms * SAMPLES_PER_MS }, (_, n) => Math.round(8000 * Math.sin((2 * Math.PI * 400 * n) / 8000))),
  );

async function send(call: Call, packets: readonly Uint8Array[]): Promise<void> {
  for (const packet of packets) await call.caller.rtp.send(packet, call.facesCaller);
}

/** Everything that has come to the callee when nothing more comes. */
async function heard({ callee }: Call): Promise<Buffer[]> {
  for (let before = -1; before !== callee.rtp.arrived.length; ) {
    before = callee.rtp.arrived.length;
    await delay(QUIET_MS);
  }
  return callee.rtp.arrived.splice(0).map(({ bytes }) => bytes);
}

/** The fields of what came, each as a list. */
const fieldsOf = (packets: readonly Buffer[]) => ({
  sizes: packets.map(({ length }) => length - HEADER_BYTES),
  sequences: packets.map((packet) => rtpSequence(packet, 0)),
  timestamps: packets.map((packet) => rtpTimestamp(packet, 0)),
  markers: packets.map((packet) => rtpMarker(packet, 0)),
  types: [...new Set(packets.map((packet) => rtpPayloadType(packet, 0)))],
  sources: [...new Set(packets.map((packet) => rtpSsrc(packet, 0)))],
});

const payloadOf = (packets: readonly Buffer[]): Buffer => Buffer.concat(packets.map((packet) => packet.subarray(HEADER_BYTES)));

/** The fields that `count` packets of `bytes` bytes and `samples` samples each must have. */
const expectedFields = (count: number, { payloadType, bytes, samples }: Cut) => ({
  sizes: Array.from({ length: count }, () => bytes),
  sequences: Array.from({ length: count }, (_, n) => (START.sequence + n) & 0xffff),
  timestamps: Array.from({ length: count }, (_, n) => (START.timestamp + n * samples) >>> 0),
  markers: Array.from({ length: count }, (_, n) => n === 0),
  types: [payloadType],
  sources: [START.ssrc],
});

test(
  '[PN-04 PN-44 KM-54] z40: what the caller sends in 20 ms leaves in 40 ms, half as many packets with the same audio',
  BOUND,
  async (t) => {
    const names = ['npkts_resizer_in', 'npkts_resizer_out', 'npkts_resizer_discard'] as const;
    const before = await instanceCounters(control, ...names);
    const call = await openCall(t, 'longer', { caller: 'z40' });
    const audio = tone(400);
    await send(call, cut(audio, pcmu(20)));
    const packets = await heard(call);
    deepEqual(fieldsOf(packets), expectedFields(10, pcmu(40)));
    deepEqual(decodeMulaw(payloadOf(packets)), decodeMulaw(audio), 'the same samples');
    equal(await control.ask('Q longer f t npkts_ina'), '20', 'packets received');
    const now = await instanceCounters(control, ...names);
    deepEqual(
      names.map((name) => now[name] - before[name]),
      [20, 10, 0],
      'packets into the resizer, out of it, thrown away by it',
    );
  },
);

test(
  '[PN-04 KM-54] only what that side sends is resized: the other direction and RTCP go through byte for byte',
  BOUND,
  async (t) => {
    const call = await openCall(t, 'one-way', { caller: 'z40' });
    await call.callee.reaches(call.caller, call.facesCallee, call.facesCaller, 10);
    const report = call.caller.nextRtcp();
    await call.caller.rtcp.send(report, call.facesCaller + 1);
    deepEqual((await call.callee.rtcp.take(1))[0]!.bytes, Buffer.from(report));
  },
);

test('[PN-04] the answer resizes what the callee sends', BOUND, async (t) => {
  const call = await openCall(t, 'answered', { callee: 'z40' });
  await call.caller.reaches(call.callee, call.facesCaller, call.facesCallee, 4);
  for (const packet of cut(tone(80), pcmu(20))) await call.callee.rtp.send(packet, call.facesCallee);
  deepEqual(fieldsOf((await call.caller.rtp.take(2)).map(({ bytes }) => bytes)), expectedFields(2, pcmu(40)));
});

test('[PN-04] z20: packets of 60 ms leave as three each', BOUND, async (t) => {
  const call = await openCall(t, 'shorter', { caller: 'z20' });
  const audio = tone(240);
  await send(call, cut(audio, pcmu(60)));
  const packets = await heard(call);
  deepEqual(fieldsOf(packets), expectedFields(12, pcmu(20)));
  deepEqual(decodeMulaw(payloadOf(packets)), decodeMulaw(audio));
});

test('[PN-04] 30 to 20 ms: packets are cut where they must be', BOUND, async (t) => {
  const call = await openCall(t, 'odd', { caller: 'Z20' });
  const audio = tone(180);
  await send(call, cut(audio, pcmu(30)));
  const packets = await heard(call);
  deepEqual(fieldsOf(packets), expectedFields(9, pcmu(20)));
  deepEqual(decodeMulaw(payloadOf(packets)), decodeMulaw(audio));
});

test('[PN-04] the last packet of a spurt does not wait for the next one', BOUND, async (t) => {
  const call = await openCall(t, 'spurt', { caller: 'z40' });
  const audio = tone(100);
  await send(call, cut(audio, pcmu(20)));
  const packets = (await call.callee.rtp.take(3, 1_000)).map(({ bytes }) => bytes);
  deepEqual(fieldsOf(packets).sizes, [320, 320, 160]);
  deepEqual(fieldsOf(packets).sequences, expectedFields(3, pcmu(40)).sequences);
  deepEqual(decodeMulaw(payloadOf(packets)), decodeMulaw(audio));
});

test('[PN-05 KM-56] G.729 from 10 to 100 ms: a tenth of the packets and less than a third of the bytes', BOUND, async (t) => {
  const call = await openCall(t, 'saved', { caller: 'z100' });
  const audio = Uint8Array.from({ length: 400 }, (_, n) => n & 0xff);
  const sent = cut(audio, { payloadType: G729, bytes: 10, samples: 80 });
  await send(call, sent);
  const packets = await heard(call);
  deepEqual(fieldsOf(packets), expectedFields(4, { payloadType: G729, bytes: 100, samples: 800 }));
  deepEqual(payloadOf(packets), Buffer.from(audio));
  const IP_UDP_BYTES = 28;
  const onTheWire = (all: readonly Uint8Array[]): number => all.reduce((sum, { length }) => sum + length + IP_UDP_BYTES, 0);
  ok(onTheWire(packets) * 3 < onTheWire(sent), `${onTheWire(sent)} bytes became ${onTheWire(packets)}`);
});

test('[KM-55] what a codec cannot send becomes the next duration that it can', BOUND, async (t) => {
  const tens = await openCall(t, 'tens', { caller: 'z25' });
  await send(tens, cut(tone(60), pcmu(20)));
  deepEqual(fieldsOf(await heard(tens)).sizes, [240, 240], 'PCMU in tens of milliseconds: 30');
  const frames = await openCall(t, 'frames', { caller: 'z30' });
  const audio = new Uint8Array(33 * 4).fill(0xd0);
  await send(frames, cut(audio, { payloadType: GSM, bytes: 33, samples: 160 }));
  deepEqual(fieldsOf(await heard(frames)), expectedFields(2, { payloadType: GSM, bytes: 66, samples: 320 }), 'GSM of 20 ms: 40');
});

test('[PN-04 KC-04] what has no known duration, and what is no RTP, passes straight through', BOUND, async (t) => {
  const call = await openCall(t, 'unknown', { caller: 'z40' });
  const sent = cut(tone(60), { ...pcmu(20), payloadType: DYNAMIC });
  await send(call, sent);
  deepEqual(
    await heard(call),
    sent.map((packet) => Buffer.from(packet)),
  );
  await call.caller.rtp.send('no RTP at all', call.facesCaller);
  equal((await call.callee.rtp.take(1))[0]!.bytes.toString(), 'no RTP at all');
});

test('[PN-04] what was sent already is not sent again, and is counted', BOUND, async (t) => {
  const call = await openCall(t, 'late', { caller: 'z40' });
  const packets = cut(tone(80), pcmu(20));
  const discarded = async (): Promise<number> => (await instanceCounters(control, 'npkts_resizer_discard')).npkts_resizer_discard;
  const before = await discarded();
  await send(call, packets.slice(0, 2));
  await call.callee.rtp.take(1);
  await send(call, packets.slice(0, 1));
  await eventually(async () => equal((await discarded()) - before, 1, 'the copy of a packet that has left'));
  await send(call, packets.slice(2));
  deepEqual(fieldsOf(await heard(call)).timestamps, [(START.timestamp + 320) >>> 0]);
});

test('[PN-04] a description without z ends it, and another z changes it', BOUND, async (t) => {
  const call = await openCall(t, 'changed', { caller: 'z40' });
  const [first, second, third] = [0, 8, 16].map((n) => cut(tone(480), pcmu(20)).slice(n, n + 8)) as [
    Uint8Array[],
    Uint8Array[],
    Uint8Array[],
  ];
  await send(call, first);
  deepEqual(fieldsOf(await heard(call)).sizes, [320, 320, 320, 320]);
  await askPort(control, `Uz80 changed 127.0.0.1 ${call.caller.rtp.port} f t`);
  await send(call, second);
  deepEqual(fieldsOf(await heard(call)).sizes, [640, 640]);
  await askPort(control, `U changed 127.0.0.1 ${call.caller.rtp.port} f t`);
  await send(call, third);
  deepEqual(
    await heard(call),
    third.map((packet) => Buffer.from(packet)),
    'packets go through as they are',
  );
});

test('[PN-04] at the pace of a phone nothing is cut short, nor delayed by more than the packets are longer', BOUND, async (t) => {
  const call = await openCall(t, 'paced', { caller: 'z40' });
  const audio = tone(1_000);
  const start = performance.now();
  for (const [n, packet] of cut(audio, pcmu(20)).entries()) {
    const ahead = start + n * 20 - performance.now();
    if (ahead > 0) await delay(ahead);
    await call.caller.rtp.send(packet, call.facesCaller);
  }
  const packets = await heard(call);
  deepEqual(decodeMulaw(payloadOf(packets)), decodeMulaw(audio), 'every sample, in order');
  const { sizes, sequences } = fieldsOf(packets);
  // A machine that sleeps for a while may hold a packet back for so long that it is not waited for.
  ok(sizes.filter((size) => size === 320).length >= 22, `nearly all of the 25 packets are of 40 ms: ${sizes}`);
  deepEqual(
    sequences,
    sizes.map((_, n) => (START.sequence + n) & 0xffff),
  );
});
