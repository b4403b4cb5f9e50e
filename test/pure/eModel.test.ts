import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { equipmentImpairment, estimateMos, mosOf, oneWayDelayMs, ratingOf } from '../../src/protocol/qos/eModel.js';
import { impairmentOf } from '../../src/protocol/qos/impairments.js';

const near = (is: number, wanted: number, by: number): void => ok(Math.abs(is - wanted) <= by, `${is}, wanted ${wanted} ± ${by}`);
const G711 = { ie: 0, bpl: 25.1 };

test('opinions of ratings are those of G.109 and G.107', () => {
  for (const [rating, mos] of [
    ...[
      [93.2, 4.41],
      [90, 4.34],
      [80, 4.03],
      [70, 3.6],
      [60, 3.1],
      [50, 2.58],
    ],
    ...[
      [0, 1],
      [-7, 1],
      [3, 1],
      [6.5, 1],
      [100, 4.5],
      [120, 4.5],
    ],
  ] as const) {
    near(mosOf(rating), mos, 0.0061);
  }
});

test('loss takes from a rating what G.113 Appendix I says of codecs', () => {
  const rows = {
    G729A: [11, 15, 19, 23, 26, null, null, null, 36],
    G723: [15, 19, 24, 27, 32],
  };
  for (const [codec, row] of Object.entries(rows)) {
    for (const [loss, wanted] of row.entries())
      if (wanted !== null) near(equipmentImpairment(impairmentOf(codec)!, loss), wanted, 1.2);
  }
  equal(equipmentImpairment(G711, 0), 0);
  near(equipmentImpairment(G711, 100), 95 / 1.251, 0.001);
  equal(equipmentImpairment(G711, 250), equipmentImpairment(G711, 100));
  equal(equipmentImpairment(G711, -1), 0);
});

/** All of G.107 (2011) with its default values, evaluated apart from the program. */
const DELAYS: readonly (readonly [delayMs: number, rating: number])[] = [
  ...([
    [0, 93.206],
    [50, 91.756],
    [100, 90.664],
    [150, 89.539],
    [200, 85.805],
    [300, 72.666],
    [400, 62.247],
  ] as const),
  ...([
    [600, 49.484],
    [1000, 39.077],
    [2000, 32.546],
  ] as const),
];

test('delay takes from a rating what the whole model says', () => {
  for (const [delay, rating] of DELAYS) near(ratingOf(G711, delay, 0), rating, 0.01);
  equal(ratingOf(G711, -5, 0), ratingOf(G711, 0, 0));
  // Ratings of losses and delays add up.
  near(ratingOf({ ie: 11, bpl: 19 }, 200, 2), 85.805 - 19, 0.01);
});

test('a delay is half of the round trip, a packet, and what a jitter buffer holds', () => {
  equal(oneWayDelayMs({ roundTripMs: 100, jitterMs: 5 }), 80);
  equal(oneWayDelayMs({ roundTripMs: null, jitterMs: 0 }), 20);
});

test('a path without fault is as good as a line can be, and every fault makes it worse', () => {
  const good = { codec: 'PCMA', roundTripMs: 20, jitterMs: 1, lossPercent: 0 };
  near(estimateMos(good)!, 4.39, 0.01);
  for (const worse of [
    ...[{ roundTripMs: 500 }, { jitterMs: 80 }, { lossPercent: 1 }, { codec: 'GSM' }, { codec: 'g729' }, { codec: 'AMR' }],
  ]) {
    ok(estimateMos({ ...good, ...worse })! < estimateMos(good)! - 0.05, JSON.stringify(worse));
  }
  equal(estimateMos({ ...good, roundTripMs: null })! > estimateMos(good)!, true, 'what is not known counts as none');
  equal(estimateMos({ ...good, lossPercent: 100, roundTripMs: 5000 }), 1);
});

test('of what is no speech, or not known, there is no opinion', () => {
  const path = { roundTripMs: 0, jitterMs: 0, lossPercent: 0 };
  for (const codec of ['telephone-event', 'CN', 'H264', 'VP8', '', 'x-new']) equal(estimateMos({ ...path, codec }), null, codec);
  for (const codec of ['PCMU', 'pcma', 'G722', 'opus', 'OPUS', 'iLBC', 'G729', 'G723', 'GSM']) {
    const mos = estimateMos({ ...path, codec })!;
    ok(mos > 3 && mos <= 4.5, `${codec} ${mos}`);
  }
});
