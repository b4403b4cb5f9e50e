import { extract } from '../io/recording/extract.js';
import { printableText } from '../relay/events/timeline.js';
import { EXTRACT_USAGE, formatExtractHelp, parseExtractOptions } from '../relay/tools/extractOptions.js';
import { Progress } from './progress.js';

const FAILED = 1;

/** Extracts as the command line says: `extractaudio_debug` does the same, and says more on stderr. Answers the exit code. */
export async function extractAudio(args: readonly string[], program: 'extractaudio' | 'extractaudio_debug'): Promise<number> {
  const progress = new Progress(process.stderr, () => performance.now(), 'packets');
  const line = (stream: NodeJS.WriteStream, text: string): void => {
    progress.hide();
    stream.write(`${text}\n`);
  };
  // Who reads our output may go away early; the file is made all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const complain = (text: string): void => line(process.stderr, `${program}: ${printableText(text)}`);
  const options = parseExtractOptions(args);
  if (!options.ok) {
    complain(options.error);
    line(process.stderr, EXTRACT_USAGE);
    return FAILED;
  }
  if (options.value === 'help') {
    line(process.stdout, formatExtractHelp());
    return 0;
  }
  try {
    return await extract(options.value, {
      tell: (text) => line(process.stdout, text),
      complain,
      summarize: (text) => line(process.stderr, text),
      detail: program === 'extractaudio_debug' ? complain : () => {},
      onRead: (done, total) => progress.reach(done, total),
      onPacket: () => progress.count(),
    });
  } catch (error) {
    complain((error as Error).message);
    return FAILED;
  } finally {
    progress.hide();
  }
}
