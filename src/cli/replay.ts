import { writeFileSync } from 'node:fs';
import { readLogs, tailLog } from '../io/log/segmentReader.js';
import { formatLadder } from '../relay/events/ladder.js';
import type { LogEntry } from '../relay/events/logEntry.js';
import { renderPage } from '../relay/events/page/renderPage.js';
import { collectStory, type Story, within } from '../relay/events/story.js';
import { printableText } from '../relay/events/timeline.js';
import { ReplayView, type ViewOptions } from '../relay/events/view.js';
import { Progress } from './progress.js';
import { nodeNames, parseReplayOptions, REPLAY_HELP, type ReplayOptions } from './replay/options.js';
import { Output } from './replay/output.js';

/** Of a ladder where the terminal does not say how wide it is. */
const LADDER_WIDTH = 120;
/** A page tells whom somebody called: it is nobody's but the operator's. */
const PAGE_MODE = 0o640;

const formatTime = (at: number): string => new Date(at).toISOString();

/**
 * `rtpbridge replay`. Answers the exit code: 1 if a log cannot be read, is damaged, or breaks a rule of the model, or if a command is
 * decided otherwise than it was.
 */
export async function replay(args: readonly string[]): Promise<number> {
  const options = parseReplayOptions(args, Date.now());
  if (!options.ok) return fail(options.error);
  if (options.value === 'help') {
    console.log(REPLAY_HELP);
    return 0;
  }
  try {
    return await run(options.value);
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException;
    return fail(path === undefined ? message : `${path} cannot be read (${code})`);
  }
}

function fail(reason: string): number {
  process.stderr.write(`rtpbridge: ${printableText(reason)}\n`);
  return 1;
}

type Scene = {
  readonly options: ReplayOptions;
  readonly view: ReplayView;
  readonly output: Output;
  readonly progress: Progress;
  /** Nobody wants to read on. */
  readonly end: AbortController;
};

async function run(options: ReplayOptions): Promise<number> {
  const end = new AbortController();
  const progress = new Progress(process.stderr, () => performance.now(), 'records');
  const output = new Output(process.stdout, { beforeWrite: () => progress.hide(), onGone: () => end.abort() });
  process.stderr.on('error', () => end.abort());
  const complain = (line: string): void => {
    progress.hide();
    process.stderr.write(`${line}\n`);
  };
  const isStory = options.ladder || options.html !== null;
  const tell = isStory ? complain : (line: string): void => output.tell(line);
  const view = new ReplayView({ ...wishesOf(options), tell, complain });
  const scene: Scene = { options, view, output, progress, end };
  let isDone = true;
  if (isStory) isDone = tellStory(scene, complain);
  else if (options.follow) await follow(scene);
  else await readThrough(scene);
  progress.hide();
  if (!end.signal.aborted || options.follow) view.end();
  await output.flush();
  if (output.failure !== null) return fail(output.failure);
  return isDone && view.isSound ? 0 : 1;
}

function wishesOf(options: ReplayOptions): Omit<ViewOptions, 'tell' | 'complain'> {
  const { paths, call, fromMs, untilMs, json, ladder, html, check, redecide, sdp } = options;
  const everything = !check && !redecide && !ladder && html === null;
  const nodes = nodeNames(paths).map(printableText);
  return {
    everything,
    asJson: json,
    checks: check,
    redecides: redecide,
    call,
    fromMs,
    untilMs,
    nodes,
    formatTime,
    descriptions: sdp,
  };
}

/** Only what belongs to the call has to be read; what was before the time asked for has to be folded all the same. */
const readingOf = ({ call }: ReplayOptions): { readonly call?: string } => (call === null ? {} : { call });

function* entriesOf({ options, view, progress }: Scene): Generator<LogEntry> {
  const onProgress = (done: number, total: number): void => progress.reach(done, total);
  for (const entry of readLogs(options.paths, { ...readingOf(options), onProgress })) {
    view.take(entry);
    progress.count();
    yield entry;
  }
}

async function readThrough(scene: Scene): Promise<void> {
  const { output, end } = scene;
  for (const _ of entriesOf(scene)) {
    if (output.isFull) await output.flush();
    if (end.signal.aborted) return;
  }
}

async function follow({ options, view, output, end }: Scene): Promise<void> {
  const stop = (): void => end.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    for await (const entry of tailLog(options.paths, { ...readingOf(options), signal: end.signal })) {
      view.take(entry);
      if (output.isFull) await output.flush();
    }
  } catch (error) {
    if (!end.signal.aborted) throw error;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/** One call as a ladder, a page, or both. Answers whether there is such a call. */
function tellStory(scene: Scene, complain: (line: string) => void): boolean {
  const { call, html, ladder, fromMs, untilMs } = scene.options;
  if (call === null) return false;
  const story = within(collectStory(entriesOf(scene), call), fromMs, untilMs);
  if (!story.records.some(({ record }) => 'call' in record)) {
    const isPart = Number.isFinite(fromMs) || Number.isFinite(untilMs);
    complain(`rtpbridge: no call ${printableText(call)} in this log${isPart ? ' at that time' : ''}`);
    return false;
  }
  if (ladder) writeLadder(story, scene.output);
  if (html !== null) writePage(story, html, scene.output);
  return true;
}

function writeLadder(story: Story, output: Output): void {
  const width = process.stdout.columns ?? (Number(process.env['COLUMNS']) || LADDER_WIDTH);
  for (const line of formatLadder(story, { width, formatTime: (at) => formatTime(at).slice(11, -1) })) output.tell(line);
}

function writePage(story: Story, file: string, output: Output): void {
  const page = renderPage(story, `Call ${story.call}`);
  if (file === '-') {
    output.tell(page.trimEnd());
    return;
  }
  try {
    writeFileSync(file, page, { mode: PAGE_MODE });
  } catch (error) {
    throw new Error(`${file} cannot be written (${(error as NodeJS.ErrnoException).code})`);
  }
  output.tell(`The page of the call is in ${file}`);
}

/**
 * Writes the timeline of a log line by line, as `rtpbridge replay` does. Answers 0, or 1 if something was wrong; throws if there is no log at
 * `path`.
 */
export async function replayLog(
  path: string,
  options: { readonly call?: string; readonly write: (line: string) => void },
): Promise<number> {
  const { call, write } = options;
  const view = new ReplayView({
    ...{ everything: true, asJson: false, checks: false, redecides: false, nodes: [], formatTime },
    ...{ call: call ?? null, fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY },
    ...{ tell: write, complain: write },
  });
  for (const entry of readLogs([path], call === undefined ? {} : { call })) view.take(entry);
  view.end();
  return view.isSound ? 0 : 1;
}
