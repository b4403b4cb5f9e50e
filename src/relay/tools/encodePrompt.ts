import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { AudioCodec } from '../../protocol/audio/codec.js';
import { readLayout } from './soundLayout.js';
import { SpeechDecoder } from './speechDecoder.js';

/** The largest prompt that is read or made, bytes: nine hours of G.711. */
export const MAX_PROMPT_BYTES = 256 << 20;
/** Of the file that are decoded at a time. */
const PIECE_BYTES = 1 << 20;

/**
 * Makes a prompt of a WAV or AU file of any rate and number of channels: all channels mixed, at the rate of the codec, encoded; the last frame
 * is filled up with silence. The error is one sentence without the file's name.
 */
export function encodePrompt(file: Uint8Array, codec: AudioCodec, maxBytes = MAX_PROMPT_BYTES): Result<Uint8Array, string> {
  const layout = readLayout(file, true);
  if (!layout.ok) return layout;
  const { dataAt, dataBytes } = layout.value;
  const isWide = codec.sampleRate === 16000;
  const decoder = new SpeechDecoder(layout.value, isWide);
  const encoder = codec.encoder();
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (let at = dataAt, end = dataAt + dataBytes, isEnd = false; !isEnd; at += PIECE_BYTES) {
    isEnd = at >= end;
    const { narrow, wide } = isEnd ? decoder.end() : decoder.take(file.subarray(at, Math.min(at + PIECE_BYTES, end)));
    // Whole seconds, but for the last stretch: no frame is filled up in between.
    const part = encoder.encode(isWide ? wide! : narrow);
    bytes += part.length;
    if (bytes > maxBytes) return refuse(`${codec.name} of more than ${maxBytes} bytes: at most that much expected`);
    parts.push(part);
  }
  // In shared memory, so that all threads can play it.
  const frames = new Uint8Array(new SharedArrayBuffer(bytes));
  let at = 0;
  for (const part of parts) {
    frames.set(part, at);
    at += part.length;
  }
  return ok(frames);
}
