import { TapeWriter } from '../../media/recording/tape.js';
import { TapeBell } from '../../media/recording/tapeBell.js';
import type { RecorderPort } from '../../relay/session/recorders.js';

/** What a media thread shares with the recorder. */
export type TapeMemory = { readonly tape: SharedArrayBuffer; readonly bell: SharedArrayBuffer };

/** How soon it is tried again to pass on what the tape had no room for, milliseconds. */
const RETRY_MS = 5;
/** So often at the end of the thread: the recorder may have died. */
const CLOSING_TRIES = 200;

/** The way of a media thread to the recorder. */
export type TapePort = {
  readonly port: RecorderPort | null;
  /** Passes on what waits. Answers when to be called again. */
  readonly turn: (nowMs: number) => number;
  /** The thread ends: passes on what still waits, for which it is waited a little. */
  readonly close: () => void;
};

/** Null: nothing is recorded. */
export function openTapePort(memory: TapeMemory | null): TapePort {
  if (memory === null) return { port: null, turn: () => Number.POSITIVE_INFINITY, close: () => {} };
  const writer = new TapeWriter(memory.tape, new TapeBell(memory.bell));
  return {
    port: {
      packet: (recording, stream, atMs, words, source, bytes, start, length) =>
        writer.packet(recording, stream, atMs, words, source, bytes, start, length),
      order: (order) => writer.order(JSON.stringify(order)),
    },
    close: () => {
      const sleep = new Int32Array(new SharedArrayBuffer(4));
      for (let i = 0; i < CLOSING_TRIES && writer.flush(); i++) Atomics.wait(sleep, 0, 0, RETRY_MS);
    },
    turn: (nowMs) => (writer.flush() ? nowMs + RETRY_MS : Number.POSITIVE_INFINITY),
  };
}
