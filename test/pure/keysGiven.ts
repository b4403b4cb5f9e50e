import { equal, ok } from 'node:assert/strict';
import type { KeyOrder } from '../../src/media/player/keyPress.js';
import { peerOf } from '../../src/media/streams.js';
import { type Heard, LISTENER, type PlayedScene } from './playersGiven.js';

/** The payload type of keys; sound has 0. */
export const KEY_TYPE = 101;
export const STRANGER = { ssrc: 0xcafe_f00d, sequence: 65_530, timestamp: 0xffff_fff0 };

export const orderOf = (change: Partial<KeyOrder> = {}): KeyOrder => ({
  ...{ code: 5, payloadType: KEY_TYPE, durationMs: 250, volume: 8, pauseMs: 100, stranger: STRANGER },
  ...change,
});

/** As the shard does it: the key first, then the route. Answers why not, or null. */
export function press(scene: PlayedScene, change: Partial<KeyOrder> = {}, row = LISTENER): string | null {
  const pressed = scene.players.press(row, orderOf(change), scene.nowMs);
  scene.route(peerOf(row));
  return pressed.ok ? null : pressed.error;
}

export const isKey = ({ payloadType }: Heard): boolean => payloadType === KEY_TYPE;

/** The payload of a packet of a key (RFC 4733 §2.3). */
export const keyOf = ({ payload }: Heard) => ({
  code: payload[0]!,
  ends: (payload[1]! & 0x80) !== 0,
  volume: payload[1]! & 0x3f,
  duration: (payload[2]! << 8) | payload[3]!,
});

/**
 * One stream to its receiver: one SSRC, no number twice and none left out; the packets of a key have one timestamp, all others come later than
 * what was before them, and none within a key.
 */
export function isOneStream(heard: readonly Heard[], mostTicks = 4000): void {
  for (const [i, next] of heard.entries()) {
    const before = heard[i - 1];
    if (before === undefined) continue;
    equal(next.ssrc, before.ssrc, `${i}: SSRC`);
    equal(next.sequence, (before.sequence + 1) & 0xffff, `${i}: after ${before.sequence}`);
    const ticks = (next.timestamp - before.timestamp) >>> 0;
    const goesOn = isKey(next) && isKey(before) && !next.marker;
    if (goesOn) equal(ticks, 0, `${i}: within a key`);
    else ok(ticks > 0 && ticks <= mostTicks, `${i}: ${ticks} ticks after ${before.timestamp}`);
    if (goesOn) ok(keyOf(next).duration >= keyOf(before).duration && keyOf(next).code === keyOf(before).code);
    else if (isKey(before)) ok(keyOf(before).ends, `${i}: a key that is not over is followed by something else`);
  }
}
