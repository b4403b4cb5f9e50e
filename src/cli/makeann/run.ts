import { writeSync } from 'node:fs';
import { installedCodecs } from '../../io/audio/audioCodecs.js';
import { makeann } from '../../io/prompts/makeann.js';
import { printableText } from '../../relay/events/timeline.js';
import { MAKEANN_HELP, MAKEANN_USAGE, parseMakeann } from '../../relay/tools/makeannOptions.js';
import { EncodingProgress } from './progress.js';

export type MakeannProgram = 'makeann' | 'makeann_debug';

const STDERR = 2;

/** `makeann` and, telling more on stderr, `makeann_debug`. Answers the exit code. */
export async function runMakeann(args: readonly string[], program: MakeannProgram): Promise<number> {
  const startedAtMs = performance.now();
  const progress = new EncodingProgress(process.stderr, () => performance.now());
  const say = (line: string): void => {
    progress.hide();
    complain(`${program}: ${printableText(line)}`);
  };
  const wish = parseMakeann(args);
  if (!wish.ok) {
    say(wish.error);
    complain(MAKEANN_USAGE);
    return 1;
  }
  if (wish.value === 'help') {
    console.log(MAKEANN_HELP);
    return 0;
  }
  if (wish.value.vad) say('-v: G.729 is made without silence suppression all the same');
  const debug = program === 'makeann_debug' ? say : (): void => {};
  const made = await makeann(wish.value, {
    ...{ codecs: await installedCodecs(), say, debug },
    reach: (doneS, totalS) => progress.reach(doneS, totalS),
  });
  progress.hide();
  if (!made.ok) {
    say(made.error);
    return 1;
  }
  debug(`done in ${Math.round(performance.now() - startedAtMs)} ms`);
  return 0;
}

/** Written at once; a reader that has gone is no reason not to go on. */
function complain(text: string): void {
  try {
    writeSync(STDERR, `${text}\n`);
  } catch {
    // Nobody can be told.
  }
}
