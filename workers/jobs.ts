import { installedCodecs } from '../src/io/audio/audioCodecs.js';
import type { Job, JobTable } from '../src/io/jobs/jobs.js';
import { encodePrompt } from '../src/io/prompts/encodePromptJob.js';

const JOBS: JobTable = { encodePrompt };

// Before the pool takes the thread for one that is ready: to end a thread while it loads a library ends the process.
await installedCodecs();

/** One job from start to end. */
export default function work({ kind, order }: Job): ReturnType<JobTable[Job['kind']]> {
  return JOBS[kind](order);
}
