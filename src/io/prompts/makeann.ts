import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { AudioCodec, AudioCodecs } from '../../protocol/audio/codec.js';
import { g722Narrowband } from '../../protocol/audio/codecs.js';
import { AnnouncementEncoder, announce, announcementCodecs } from '../../relay/tools/announcement.js';
import type { MakeannOptions } from '../../relay/tools/makeannOptions.js';
import { frameBytesOf } from '../../relay/tools/soundLayout.js';
import { discardOnSignals, OutputFile } from '../outputFile.js';
import { SpeechFile, unreadable } from './speechFile.js';

const G729_PAYLOAD_TYPE = 18;
const SAMPLES_PER_MS = 8;

export type MakeannWorld = {
  /** The codecs of this machine. */
  readonly codecs: AudioCodecs;
  /** A line for the operator. */
  readonly say: (line: string) => void;
  /** A line for whoever wants to know everything. */
  readonly debug: (line: string) => void;
  /** So many seconds are made of so many; 0: nobody knows of how many. */
  readonly reach: (doneS: number, totalS: number) => void;
};

type Output = { readonly codec: AudioCodec; readonly encoder: AnnouncementEncoder; readonly file: OutputFile };

/** Makes the prompts of one recording. The error is one line; then no file was made or replaced. */
export async function makeann(options: MakeannOptions, world: MakeannWorld): Promise<Result<void, string>> {
  const opened = await SpeechFile.open(options.input, options.raw);
  if (!opened.ok) return opened;
  const input = opened.value;
  const { layout } = input;
  world.debug(
    `${options.input}: ${layout.container}, ${layout.encoding}, ${layout.sampleRate} Hz, channels: ${layout.channels}, samples from byte ${layout.dataAt}`,
  );
  const codecs = announcementCodecs(world.codecs, g722Narrowband, input.hasWide);
  if (!codecs.some(({ payloadType }) => payloadType === G729_PAYLOAD_TYPE)) {
    world.say(`${options.template}.${G729_PAYLOAD_TYPE} is not made: G.729 needs the Debian package libbcg729-0`);
  }
  const outputs: Output[] = [];
  const stopListening = discardOnSignals(() => discard(outputs));
  const made = await makeAll(options, input, codecs, outputs, world);
  if (!made.ok) discard(outputs);
  stopListening();
  await input.close();
  return made;
}

async function makeAll(
  options: MakeannOptions,
  input: SpeechFile,
  codecs: readonly AudioCodec[],
  outputs: Output[],
  world: MakeannWorld,
): Promise<Result<void, string>> {
  for (const codec of codecs) {
    const file = await OutputFile.open(`${options.template}.${codec.payloadType}`);
    if (!file.ok) return file;
    outputs.push({ codec, encoder: new AnnouncementEncoder(codec), file: file.value });
  }
  const encoded = await encodeAll(options, input, outputs, world);
  if (!encoded.ok) return encoded;
  for (const { file } of outputs) {
    const committed = await file.commit();
    if (!committed.ok) return committed;
  }
  for (const { codec, file } of outputs)
    world.debug(`${file.path}: ${codec.name} at ${codec.sampleRate} Hz, ${file.bytes} bytes`);
  return encoded;
}

async function encodeAll(
  { input: path, limit, loop }: MakeannOptions,
  input: SpeechFile,
  outputs: readonly Output[],
  { reach, say, debug }: MakeannWorld,
): Promise<Result<void, string>> {
  const totalS = expectedS(input, limit, loop);
  let samples = 0;
  try {
    for await (const speech of announce(input, limit, loop)) {
      for (const { encoder, file } of outputs) {
        const written = await file.write(encoder.encode(speech));
        if (!written.ok) return written;
      }
      samples += speech.narrow.length;
      reach(samples / SAMPLES_PER_MS / 1000, totalS);
    }
  } catch (error) {
    return refuse(unreadable(path, error));
  }
  if (samples === 0) say(`${path} holds no samples: the prompts are empty`);
  debug(`${samples} samples at 8000 Hz, ${Math.round(samples / SAMPLES_PER_MS)} ms`);
  return ok(undefined);
}

function expectedS({ dataBytes, layout }: SpeechFile, limit: number | null, loop: boolean): number {
  const inputS = loop ? Number.POSITIVE_INFINITY : dataBytes / frameBytesOf(layout) / layout.sampleRate;
  const wholeS = Math.min(inputS, limit === null ? Number.POSITIVE_INFINITY : limit / SAMPLES_PER_MS / 1000);
  return Number.isFinite(wholeS) ? wholeS : 0;
}

function discard(outputs: readonly Output[]): void {
  for (const { file } of outputs) file.discard();
}
