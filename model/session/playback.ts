import type { Millis } from '../kernel/index.js';

/** A prompt that a side hears. What its packets say follows from this and the time, so that a player can go on after a crash. */
export type Playback = {
  /** The file, without what tells its codec; as it was asked for. */
  readonly prompt: string;
  readonly payloadType: number;
  /** How long a packet is to sound, milliseconds. */
  readonly ptimeMs: number;
  /** How often it is heard; negative: for ever. */
  readonly count: number;
  /** Packets that are left out of the first round. Left out: none. */
  readonly skip?: number;
  /** It ends after so long, milliseconds, however often it was heard by then. */
  readonly durationMs?: number;
  /** What the first packet has in its header: 0…2^32-1, 0…65535, 0…2^32-1. */
  readonly voice: { readonly ssrc: number; readonly sequence: number; readonly timestamp: number };
  readonly startedAt: Millis;
};

export type PlaybackEnd =
  /** It was heard as often as it was to be. */
  | 'finished'
  /** Somebody asked for it. */
  | 'stopped'
  /** Another prompt took its place. */
  | 'replaced'
  /** After a crash: the prompt cannot be read any more. */
  | 'failed';
