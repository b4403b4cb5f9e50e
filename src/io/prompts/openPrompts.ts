import type { Prompt } from '../../media/player/prompt.js';
import type { PromptSource } from '../../relay/ports.js';
import { JobPool } from '../jobs/jobPool.js';
import { openPromptStore } from './promptStore.js';

/** Prompts as they are asked for by commands; those that have to be encoded are, by threads that run `workerFile`. */
export function openPrompts(
  workerFile: string,
  warn: (text: string) => void,
): PromptSource & { readonly close: () => Promise<void> } {
  const jobs = new JobPool({ workerFile });
  let isClosed = false;
  // What is given up because the relay ends is nobody's fault.
  const complain = (text: string): void => {
    if (!isClosed) warn(text);
  };
  const store = openPromptStore({ jobs, warn: complain });
  const find = (prompt: string, payloadTypes: readonly number[], found: (prompt: Prompt | null) => void): void => {
    store.find(prompt, payloadTypes).then(found, (error: Error) => {
      complain(`prompt ${prompt} cannot be read: ${error.message}`);
      found(null);
    });
  };
  const close = (): Promise<void> => {
    isClosed = true;
    return jobs.close();
  };
  return { find, close };
}
