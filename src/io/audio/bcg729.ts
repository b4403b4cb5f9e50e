import { ok, type Result } from '../../../model/kernel/index.js';
import type { AudioCodec, AudioDecoder, AudioEncoder } from '../../protocol/audio/codec.js';
import { type Library, loadLibrary } from './library.js';

/** G.729: a frame of 10 octets is 10 ms. */
const FRAME_BYTES = 10;
const FRAME_SAMPLES = 80;
/** Annex B: at the end of a payload, how the silence sounds (RFC 3551 §4.5.6). */
const SID_BYTES = 2;

/** A context of the library: an address. */
type Context = bigint;

/** The functions of bcg729/decoder.h and encoder.h. Flags are 0 or 1; sound is 80 samples. */
type Bcg729 = {
  readonly openDecoder: () => Context | null;
  readonly decode: (
    context: Context,
    bits: Uint8Array,
    bytes: number,
    isErased: number,
    isSid: number,
    isRfc3389: number,
    sound: Int16Array,
  ) => void;
  readonly closeDecoder: (context: Context) => void;
  readonly openEncoder: (withVad: number) => Context | null;
  readonly encode: (context: Context, sound: Int16Array, bits: Uint8Array, bytes: Uint8Array) => void;
  readonly closeEncoder: (context: Context) => void;
};

let loaded: Result<AudioCodec, string> | null = null;

/**
 * G.729 (Annex A, decoding Annex B too) by libbcg729, which is loaded when this is first asked. The error names the Debian package to install.
 * Contexts of the library are freed some time after their decoder or encoder was dropped.
 */
export async function loadG729(): Promise<Result<AudioCodec, string>> {
  loaded ??= load();
  return loaded;
}

function load(): Result<AudioCodec, string> {
  const library = loadLibrary('libbcg729.so.0', 'libbcg729-0');
  if (!library.ok) return library;
  const functions = declareAll(library.value);
  const decoders = new FinalizationRegistry(functions.closeDecoder);
  const encoders = new FinalizationRegistry(functions.closeEncoder);
  return ok({
    name: 'G729',
    payloadType: 18,
    sampleRate: 8000,
    decoder: () => makeDecoder(functions, keep(decoders, functions.openDecoder())),
    encoder: () => makeEncoder(functions, keep(encoders, functions.openEncoder(0))),
  });
}

function declareAll({ declare }: Library): Bcg729 {
  return {
    openDecoder: declare('void *initBcg729DecoderChannel()'),
    decode: declare(
      'void bcg729Decoder(void *context, const uint8_t *bits, uint8_t bytes, uint8_t erased, uint8_t sid, uint8_t rfc3389, int16_t *sound)',
    ),
    closeDecoder: declare('void closeBcg729DecoderChannel(void *context)'),
    openEncoder: declare('void *initBcg729EncoderChannel(uint8_t vad)'),
    encode: declare('void bcg729Encoder(void *context, const int16_t *sound, uint8_t *bits, uint8_t *bytes)'),
    closeEncoder: declare('void closeBcg729EncoderChannel(void *context)'),
  };
}

/** What stands for a context here: it lives as long as a function that can still use the context. */
type Kept = { readonly context: Context };

function keep(registry: FinalizationRegistry<Context>, context: Context | null): Kept {
  // Only where memory has run out, which ends a program everywhere else as well.
  if (context === null) throw new Error('libbcg729 has no memory for another stream');
  const kept = { context };
  registry.register(kept, context);
  return kept;
}

function makeDecoder({ decode }: Bcg729, kept: Kept): AudioDecoder {
  return {
    decode: (payload) => {
      const frames = Math.floor(payload.length / FRAME_BYTES);
      const hasSid = payload.length - frames * FRAME_BYTES === SID_BYTES;
      const sound = new Int16Array((frames + (hasSid ? 1 : 0)) * FRAME_SAMPLES);
      // The library gets copies of its own: it is not known to stop at the end of what it is given.
      const bits = new Uint8Array(FRAME_BYTES);
      const frame = new Int16Array(FRAME_SAMPLES);
      for (let at = 0, n = 0; n * FRAME_SAMPLES < sound.length; at += FRAME_BYTES, n++) {
        const isSid = n === frames;
        bits.fill(0).set(payload.subarray(at, at + (isSid ? SID_BYTES : FRAME_BYTES)));
        decode(kept.context, bits, isSid ? SID_BYTES : FRAME_BYTES, 0, isSid ? 1 : 0, 0, frame);
        sound.set(frame, n * FRAME_SAMPLES);
      }
      return sound;
    },
  };
}

function makeEncoder({ encode }: Bcg729, kept: Kept): AudioEncoder {
  return {
    encode: (samples) => {
      const frames = Math.ceil(samples.length / FRAME_SAMPLES);
      const payload = new Uint8Array(frames * FRAME_BYTES);
      const sound = new Int16Array(FRAME_SAMPLES);
      const bits = new Uint8Array(FRAME_BYTES);
      const bytes = new Uint8Array(1); // Always 10: without VAD every frame is speech.
      for (let n = 0; n < frames; n++) {
        sound.fill(0).set(samples.subarray(n * FRAME_SAMPLES, (n + 1) * FRAME_SAMPLES));
        encode(kept.context, sound, bits, bytes);
        payload.set(bits, n * FRAME_BYTES);
      }
      return payload;
    },
  };
}
