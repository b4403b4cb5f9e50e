import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { plainCodecs } from '../../src/protocol/audio/codecs.js';
import { buildRtp } from '../../src/protocol/rtp/build.js';
import { unheardOf } from '../../src/relay/tools/describeSide.js';
import { seededRandom } from '../property/random.js';
import { EPOCH_MS, type Recorded, type Talk, talk } from '../rig/recordings.js';
import { channelOf, extracted, levelOf, levelPacket, sideOf, toneIn, whereIs } from './extracted.js';

/** Somebody whose packets can be told apart. */
const levels = (options: Talk = {}): Recorded[] => talk({ payloadOf: levelPacket, packets: 90, ...options });
const onlyA = (packets: readonly Recorded[]): Int16Array => channelOf(extracted(packets, []), 0);
/** Where each of the first 90 packets is heard, in packets of 20 ms; null: not at all. */
const places = (samples: Int16Array, count = 90): (number | null)[] =>
  Array.from({ length: count }, (_, i) => whereIs(samples, i)).map((place) => (place === null ? null : place[0] / 160));
const counting = (count: number, add = 0): number[] => Array.from({ length: count }, (_, i) => i + add);

test('[PN-15] both tones of a call are heard: answering side left, originating side right; in mono both at half their level', () => {
  const [answer, originate] = [talk({ hz: 400, ssrc: 1 }), talk({ hz: 1000, ssrc: 2 })];
  const stereo = extracted(answer, originate);
  deepEqual([stereo.frames, stereo.answer, stereo.originate], [16_000, 16_000, 16_000]);
  for (const [channel, hz, other] of [
    [0, 400, 1000],
    [1, 1000, 400],
  ] as const) {
    ok(Math.abs(toneIn(channelOf(stereo, channel), hz) - 8000) < 100);
    ok(toneIn(channelOf(stereo, channel), other) < 50);
  }
  const mono = extracted(answer, originate, { stereo: false });
  equal(mono.samples.length, 16_000);
  for (const hz of [400, 1000]) ok(Math.abs(toneIn(mono.samples, hz) - 4000) < 50);
});

test('[PN-15] who begins later is heard later, by the times of arrival', () => {
  const mix = extracted(levels({ atMs: EPOCH_MS + 500 }), levels());
  deepEqual(whereIs(channelOf(mix, 0), 0), [4000, 4160]);
  deepEqual(whereIs(channelOf(mix, 1), 0), [0, 160]);
  deepEqual([mix.answer, mix.originate, mix.frames], [14_400, 14_400, 18_400]);
});

test('[PN-15] with 5 % loss, jitter and packets out of order both sides stay together within 20 ms', () => {
  const random = seededRandom(20_231_114);
  const lossy = (): ((i: number) => number | null) => (i) => (i > 0 && random() < 0.05 ? null : 5 + random() * 45);
  const [packets, startMs] = [1500, 730];
  const [answerTravel, originateTravel] = [lossy(), lossy()];
  const mix = extracted(
    levels({ packets, travelMs: answerTravel }),
    levels({
      packets,
      travelMs: originateTravel,
      atMs: EPOCH_MS + startMs,
      ssrc: 9,
      firstSequence: 65_000,
      firstTimestamp: 2 ** 32 - 9000,
    }),
  );
  for (const [channel, lateMs] of [
    [0, 0],
    [1, startMs],
  ] as const) {
    const samples = channelOf(mix, channel);
    let heard = 0;
    for (let i = 0; i < packets; i++) {
      const middle = Math.round(i * 160 + 80 + lateMs * 8);
      // The level of packet i, at its time or at most 20 ms from it. Of a lost packet there is silence.
      const around = samples.subarray(Math.max(0, middle - 160), middle + 160);
      if (around.includes(levelOf(i))) heard++;
    }
    ok(heard > packets * 0.92 && heard < packets * 0.98, `${heard} of ${packets} heard where they belong`);
  }
});

test('[PN-15] lost packets are silence, duplicates are heard once, and packets out of order in their order', () => {
  const lost = onlyA(levels({ travelMs: (i) => (i === 5 || i === 6 ? null : 0) }));
  deepEqual(
    places(lost),
    counting(90).map((i) => (i === 5 || i === 6 ? null : i)),
  );
  equal(lost.length, 90 * 160);
  const twice = levels().flatMap((packet) => [packet, packet]);
  deepEqual(places(onlyA(twice)), counting(90));
  equal(onlyA(twice).length, 90 * 160);
  const swapped = levels({ travelMs: (i) => (i % 7 === 3 ? 130 : 0) });
  deepEqual(places(onlyA(swapped)), counting(90));
});

test('[PN-15] numbers and timestamps wrap without a trace', () => {
  const wrapping = levels({ firstSequence: 65_500, firstTimestamp: 2 ** 32 - 40 * 160 });
  deepEqual(places(onlyA(wrapping)), counting(90));
});

test('[PN-15] a pause that the timestamps tell of is silence, also if it is long', () => {
  const pausing = levels({ travelMs: (i) => (i < 45 ? 0 : 60_000), leap: (i) => (i < 45 ? 0 : 480_000) });
  deepEqual(
    places(onlyA(pausing)),
    counting(90).map((i) => (i < 45 ? i : i + 3000)),
  );
});

test('[PN-15] a pause that no timestamp tells of is silence from the first packet after it', () => {
  const paused = levels({ travelMs: (i) => (i < 45 ? 0 : 5000) });
  deepEqual(
    places(onlyA(paused)),
    counting(90).map((i) => (i < 45 ? i : i + 250)),
  );
  const short = levels({ travelMs: (i) => (i < 45 ? 0 : 180) });
  deepEqual(places(onlyA(short)), counting(90), 'up to 0.2 s are taken for a delay of the network');
});

test('[PN-15] packets that were held up for half a second are heard when they should have been', () => {
  const heldUp = levels({ travelMs: (i) => (i >= 30 && i < 55 ? (55 - i) * 20 : 0) });
  deepEqual(places(onlyA(heldUp)), counting(90));
});

test('[PN-15] the first packet may be late: the ones behind it say where it belongs', () => {
  const late = levels({ travelMs: (i) => (i === 0 ? 90 : 10) });
  const mix = extracted(late, levels({ travelMs: () => 10 }));
  deepEqual(whereIs(channelOf(mix, 0), 0), [0, 160]);
  deepEqual(whereIs(channelOf(mix, 1), 0), [0, 160]);
});

test('[PN-15] a timestamp that jumps is not believed: the sound goes on, or is where its packets came', () => {
  for (const by of [2 ** 31, 2 ** 30, 16_000, -16_000, -(2 ** 31) + 5]) {
    const jumping = levels({ leap: (i) => (i < 45 ? 0 : by) });
    deepEqual(places(onlyA(jumping)), counting(90), `by ${by}`);
    const pausing = levels({ leap: (i) => (i < 45 ? 0 : by), travelMs: (i) => (i < 45 ? 0 : 30_000) });
    deepEqual(
      places(onlyA(pausing)),
      counting(90).map((i) => (i < 45 ? i : i + 1500)),
      `by ${by}, after a pause`,
    );
  }
});

test('[PN-15] after a jump of the timestamp, lost packets are silence again', () => {
  const lossy = levels({ leap: (i) => (i < 30 ? 0 : 2 ** 30), travelMs: (i) => (i === 50 || i === 51 ? null : 0) });
  deepEqual(
    places(onlyA(lossy)),
    counting(90).map((i) => (i === 50 || i === 51 ? null : i)),
  );
});

test('[PN-15] a timestamp that leaps by what a pause has taken before is not believed either', () => {
  const leaping = levels({ travelMs: (i) => (i < 20 ? 0 : 5000), leap: (i) => (i < 60 ? 0 : 4 * 8000) });
  deepEqual(
    places(onlyA(leaping)),
    counting(90).map((i) => (i < 20 ? i : i + 250)),
  );
});

test('[PN-15] a packet that comes after 64 later ones is not heard, rather than in the wrong place', () => {
  deepEqual(
    places(onlyA(levels({ travelMs: (i) => (i === 3 ? 1500 : 0) }))),
    counting(90).map((i) => (i === 3 ? null : i)),
  );
});

test('[PN-15] sequence numbers that begin anew change nothing', () => {
  const packets = [...levels({ packets: 45 }), ...levels().slice(45)];
  const renumbered = levels({ firstSequence: 40_000 }).slice(45);
  deepEqual(places(onlyA([...packets.slice(0, 45), ...renumbered])), counting(90));
});

test('[PN-15] another SSRC takes over where its packets come', () => {
  const first = levels({ packets: 45 });
  const second = levels({ ssrc: 77, firstSequence: 9, firstTimestamp: 77 }).slice(45);
  deepEqual(places(onlyA([...first, ...second])), counting(90));
});

test('[PN-15] two SSRCs at once are averaged, and heard whole where one of them is silent', () => {
  const loud = (ssrc: number, level: number, atMs: number, packets: number): Recorded[] =>
    talk({ ssrc, atMs, packets, payloadOf: () => levelPacket(level) });
  const samples = onlyA([...loud(1, 10, EPOCH_MS, 10), ...loud(2, 30, EPOCH_MS + 100, 10)].sort((a, b) => a.atMs - b.atMs));
  equal(samples.length, 15 * 160);
  deepEqual([samples[0], samples[799]], [levelOf(10), levelOf(10)]);
  deepEqual([samples[800], samples[1599]], [(levelOf(10) + levelOf(30)) / 2, (levelOf(10) + levelOf(30)) / 2]);
  deepEqual([samples[1600], samples[2399]], [levelOf(30), levelOf(30)]);
});

test('[PN-15] without silence (-n) sound follows sound, and both sides begin at once', () => {
  const answer = [...levels({ packets: 45 }), ...levels({ ssrc: 5, atMs: EPOCH_MS + 9000 }).slice(45)];
  const originate = levels({ atMs: EPOCH_MS + 700, travelMs: (i) => (i % 10 === 4 ? null : 0) });
  const mix = extracted(answer, originate, { keepsSilence: false });
  deepEqual(places(channelOf(mix, 0)), counting(90));
  const kept = counting(90).filter((i) => i % 10 !== 4);
  deepEqual(
    places(channelOf(mix, 1)),
    counting(90).map((i) => (kept.includes(i) ? kept.indexOf(i) : null)),
  );
  deepEqual([mix.answer, mix.originate, mix.frames], [14_400, 81 * 160, 14_400]);
});

test('[PN-15] telephone events and comfort noise are silence without complaint, unknown codecs are counted', () => {
  const of = (payloadType: number): Recorded[] => talk({ payloadType, packets: 3 });
  const side = sideOf([...of(101), ...of(100), ...of(13), ...of(97), ...of(18)]);
  deepEqual(side.channels, []);
  deepEqual(unheardOf(side.unheard), [
    '3 packets of payload type 97 skipped: no codec',
    '3 packets of payload type 18 skipped: no codec',
  ]);
  deepEqual(side.statistics.received, 15);
});

test('[PN-15] what is no RTP is passed over, and neither header extensions nor padding are heard', () => {
  const rtcp = Uint8Array.of(0x80, 200, 0, 1, ...new Uint8Array(20));
  const header = { payloadType: 0, marker: false, sequence: 190, timestamp: 5000 + 90 * 160, ssrc: 0x1234, padding: true };
  const extension = { profile: 0xbede, content: new Uint8Array(4) };
  const padded = buildRtp({ ...header, extension, csrc: [1, 2] }, Uint8Array.of(...levelPacket(90), 0, 0, 0, 4));
  const broken = Uint8Array.of(0xbf, 0, ...new Uint8Array(12));
  const strange = [rtcp, broken, new Uint8Array(11), padded].map((payload) => ({ atMs: EPOCH_MS + 1800, payload }));
  const side = sideOf([...levels(), ...strange]);
  deepEqual([side.packets, side.unheard.notRtp, side.channels[0]?.track.samples], [94, 3, 91 * 160]);
});

test('[PN-15] G.722 is heard at 8 kHz and kept at 16 kHz, in the place of its packets, also after another codec', () => {
  const g722 = plainCodecs().get(9)!;
  const encoder = g722.encoder();
  const tone = (i: number): Int16Array =>
    Int16Array.from({ length: 320 }, (_, k) => 8000 * Math.sin((2 * Math.PI * 700 * (i * 320 + k)) / 16_000));
  const wide = talk({ payloadType: 9, payloadOf: (i) => encoder.encode(tone(i)) });
  for (const sampleRate of [8000, 16_000] as const) {
    const { samples } = extracted(wide, [], { sampleRate, stereo: false });
    equal(samples.length, sampleRate * 2);
    ok(Math.abs(toneIn(samples.subarray(sampleRate / 2), 700, sampleRate) - 4000) < 200, `${sampleRate}`);
  }
  const both = [...levels().slice(0, 45), ...wide.map(({ atMs, payload }) => ({ atMs, payload })).slice(45, 90)];
  deepEqual(whereIs(onlyA(both), 44), [44 * 160, 45 * 160]);
  equal(onlyA(both).length, 90 * 160);
  equal(extracted(levels(), [], { sampleRate: 16_000, stereo: false }).samples.length, 90 * 320);
});

test('[PN-15] silence that only a broken clock writes is left out, on both sides alike', () => {
  const aDayLater = levels({ travelMs: (i) => (i < 45 ? 0 : 86_400_000) });
  const mono = extracted(aDayLater, [], { stereo: false });
  deepEqual([Math.round(mono.leftOutS), mono.frames], [23 * 3600, (3600 + 1.8) * 8000], 'an hour of it is kept');
  const [answer, originate] = [0, 40].map((ms) => levels({ packets: 1000, travelMs: (i) => ms + i * 3_600_000 }));
  const mix = extracted(answer!, originate!);
  equal(mix.frames, (1000 * 0.06 + 999) * 8000, 'a second of each, where there are very many');
  const at = (frame: number): number[] => [...mix.samples.subarray(frame * 2, frame * 2 + 2)];
  const lastS = 999 * 1.06;
  deepEqual(
    [at(lastS * 8000), at((lastS + 0.04) * 8000)],
    [
      [levelOf(999), 0],
      [0, levelOf(999)],
    ],
  );
});

test('[PN-15] nothing recorded is no sound', () => {
  deepEqual(extracted([], []), { samples: new Int16Array(0), frames: 0, answer: 0, originate: 0, leftOutS: 0 });
});
