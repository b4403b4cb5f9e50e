import { setPriority } from 'node:os';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { AudioCodecs } from '../../protocol/audio/codec.js';
import { kindOfRecording, readRecording } from '../../protocol/recording/readRecording.js';
import { formatProblem, type RecordingProblem } from '../../protocol/recording/recordingBytes.js';
import { RTP_FIXED_HEADER_BYTES } from '../../protocol/rtp/header.js';
import { SrtpReceiver } from '../../protocol/srtp/receiver.js';
import { describeSide, unheardOf } from '../../relay/tools/describeSide.js';
import type { ExtractOptions, Recorded } from '../../relay/tools/extractOptions.js';
import { type Mix, mixDown } from '../../relay/tools/mixdown.js';
import { RecordedSide } from '../../relay/tools/recordedSide.js';
import { formatStatistics } from '../../relay/tools/sequenceStatistics.js';
import { installedCodecs } from '../audio/audioCodecs.js';
import { writeSoundFile } from '../audio/sndfile.js';
import { nodeCrypto } from '../crypto/nodeCrypto.js';
import { discardOnSignals, OutputFile } from '../outputFile.js';
import { deleteFile, isSameFile, linkTo, sizeOf } from './givenFiles.js';
import { openRecordedFile, type RecordedFile } from './recordedFile.js';

/** What the program that extracts is to those who run it. */
export type ExtractWorld = {
  /** A line of stdout. */
  readonly tell: (line: string) => void;
  /** What is wrong, or left out: a line of stderr. */
  readonly complain: (line: string) => void;
  /** What was done, in the form that scripts know: a line of stderr. */
  readonly summarize: (line: string) => void;
  /** Only for those who look for a fault: a line of stderr. */
  readonly detail: (line: string) => void;
  /** So many bytes of so many have been read; another packet. */
  readonly onRead: (done: number, total: number) => void;
  readonly onPacket: () => void;
};

/** Exit codes, as scripts know them. */
const DONE = 0;
const NOTHING_TO_READ = 1;
const NO_OUTPUT = 2;

const LOWEST_PRIORITY = 19;
const STDOUT = '/dev/stdout';

/** What became of a file: how much of it could be read. */
type Loaded = { readonly path: string; readonly side: RecordedSide; readonly problem: RecordingProblem | null };

/** Carries out what the command line of `extractaudio` says; answers the exit code. Nothing is thrown but what is a fault of ours. */
export async function extract(options: ExtractOptions, given: ExtractWorld): Promise<number> {
  // Where the sound itself goes to the standard output, lines of text have no place there.
  const isOnStdout = options.output !== null && isSameFile(options.output, STDOUT);
  const world = isOnStdout ? { ...given, tell: given.summarize } : given;
  if (options.idle) beIdle(world);
  const files = [options.answer, options.originate].filter((file) => file !== null);
  if (options.scan) return scan(files, world);
  const { output } = options;
  const input = files.find(({ path }) => output !== null && isSameFile(path, output));
  if (output === null || input !== undefined) {
    world.complain(`${output}: the output is the recording itself; expected another file`);
    return NOTHING_TO_READ;
  }
  const codecs = await installedCodecs();
  const loaded = new Map<Recorded, Loaded>();
  const reading = readingOf(files);
  for (const file of files) {
    const read = load(file, { options, codecs, world, reading });
    if (read.ok) loaded.set(file, read.value);
    const problem = read.ok ? read.value.problem : null;
    if (!read.ok) world.complain(`cannot load ${file.path}: ${read.error}`);
    else if (problem !== null) world.complain(`${file.path}: ${formatProblem(problem)}; what is before it was taken`);
    if (options.strict && (!read.ok || problem !== null)) return NOTHING_TO_READ;
  }
  if (loaded.size === 0) return NOTHING_TO_READ;
  const tracksOf = (file: Recorded | null) =>
    file === null ? [] : (loaded.get(file)?.side.channels ?? []).map(({ track }) => track);
  const mixed = mixDown(tracksOf(options.answer), tracksOf(options.originate), options);
  if (!mixed.ok) {
    world.complain(`${output}: ${mixed.error}`);
    return NO_OUTPUT;
  }
  if (mixed.value.frames === 0) world.complain(`${output} is not made: nothing is to be heard in the recording`);
  else if (!(await writeOutput(mixed.value, output, options, world))) return NO_OUTPUT;
  if (options.deleteInputs) deleteInputs([...loaded.values()], mixed.value.frames > 0, world);
  return DONE;
}

type Loading = {
  readonly options: ExtractOptions;
  readonly codecs: AudioCodecs;
  readonly world: ExtractWorld;
  readonly reading: Reading;
};

/** How far the reading of all files is, bytes. */
type Reading = { done: number; readonly total: number };

/** Reads a file and prints its statistics. Refuses what holds nothing that could be read. */
function load({ path, srtp }: Recorded, { options, codecs, world, reading }: Loading): Result<Loaded, string> {
  const opened = open(path, reading, world);
  if (!opened.ok) return opened;
  const file = opened.value;
  const kind = kindOfRecording(file);
  world.detail(`${path}: ${kind}, ${file.size} bytes`);
  const isProtected = srtp !== null && kind === 'pcap';
  if (srtp !== null && !isProtected) world.complain(`${path}: an ad-hoc recording is not protected; its key is not used`);
  const side = new RecordedSide({ ...options, codecs, srtp: isProtected ? new SrtpReceiver(nodeCrypto, srtp) : null });
  try {
    const problem = takeAll(file, side, world);
    if (problem !== null && side.packets === 0) return refuse(formatProblem(problem));
    for (const line of formatStatistics(side.statistics)) world.tell(line);
    for (const line of unheardOf(side.unheard)) world.complain(`${path}: ${line}`);
    for (const line of describeSide(side)) world.detail(`${path}: ${line}`);
    return ok({ path, side, problem });
  } catch (error) {
    return refuse(codeOf(error));
  } finally {
    file.close();
  }
}

const readingOf = (files: readonly Recorded[]): Reading => ({
  done: 0,
  total: files.reduce((sum, { path }) => sum + sizeOf(path), 0),
});

function open(path: string, reading: Reading, world: ExtractWorld): Result<RecordedFile, string> {
  return openRecordedFile(path, (bytes) => {
    reading.done += bytes;
    world.onRead(reading.done, reading.total);
  });
}

/** Answers why the file could not be read to its end; null: it could. */
function takeAll(file: RecordedFile, side: RecordedSide, world: ExtractWorld): RecordingProblem | null {
  for (const packet of readRecording(file)) {
    if (!packet.ok) {
      side.end();
      return packet.error;
    }
    side.take(packet.value);
    world.onPacket();
  }
  side.end();
  return null;
}

/** A line for each file: how many packets it holds that are long enough for RTP; -1 if it is not there, or not sound to its end. */
function scan(files: readonly Recorded[], world: ExtractWorld): number {
  const reading = readingOf(files);
  for (const { path } of files) {
    const opened = open(path, reading, world);
    const counted = opened.ok ? countPackets(opened.value, world) : opened;
    if (opened.ok) opened.value.close();
    if (!counted.ok) world.complain(`${path}: ${counted.error}`);
    world.tell(`${path}: ${counted.ok ? counted.value : -1}`);
  }
  return DONE;
}

function countPackets(file: RecordedFile, world: ExtractWorld): Result<number, string> {
  let count = 0;
  try {
    for (const packet of readRecording(file)) {
      if (!packet.ok) return refuse(formatProblem(packet.error));
      if (packet.value.payload.length >= RTP_FIXED_HEADER_BYTES) count++;
      world.onPacket();
    }
    return ok(count);
  } catch (error) {
    return refuse(codeOf(error));
  }
}

async function writeOutput(mix: Mix, output: string, options: ExtractOptions, world: ExtractWorld): Promise<boolean> {
  const { links } = options;
  const written = await writeWhole(mix, output, options);
  if (!written.ok) {
    world.complain(written.error);
    return false;
  }
  if (mix.leftOutS > 0) world.complain(`${Math.round(mix.leftOutS)} s of silence were left out`);
  world.summarize(`samples decoded: O: ${mix.originate}, A: ${mix.answer}, written: ${mix.frames}`);
  for (const link of links) {
    const problem = linkTo(output, link);
    if (problem !== null) world.complain(`${link}: not made another name of ${output} (${problem})`);
  }
  return true;
}

/** Refuses with one line; then there is no such file, or the one that there was before. */
async function writeWhole(mix: Mix, output: string, options: ExtractOptions): Promise<Result<void, string>> {
  const { fileFormat, dataFormat, sampleRate, stereo } = options;
  const opened = await OutputFile.open(output);
  if (!opened.ok) return opened;
  const file = opened.value;
  const stopListening = discardOnSignals(() => file.discard());
  const format = { fileFormat, dataFormat, sampleRate, channels: stereo ? 2 : 1 };
  const written = await writeSoundFile(file.growsAt, format, mix.samples);
  if (!written.ok) file.discard();
  const whole = written.ok ? await file.commit() : refuse(written.error.replaceAll(file.growsAt, output));
  stopListening();
  return whole;
}

/** What could not be read, or not be heard at all, stays: it is the only copy. */
function deleteInputs(loaded: readonly Loaded[], isWritten: boolean, world: ExtractWorld): void {
  for (const { path, side, problem } of loaded) {
    const { unknown, unauthentic, crowded } = side.unheard;
    const isLost = !isWritten && (unknown.size > 0 || unauthentic + crowded > 0);
    const why = problem !== null ? 'it could not be read to its end' : isLost ? 'none of it could be heard' : deleteFile(path);
    if (why !== null) world.complain(`${path} is not deleted: ${why}`);
  }
}

function beIdle(world: ExtractWorld): void {
  try {
    setPriority(LOWEST_PRIORITY);
  } catch (error) {
    world.complain(`-i: the priority cannot be set (${codeOf(error)})`);
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? (error as Error).message;
