import { ENGINE_NAMES, type EngineName } from '../../media/engine.js';
import { loadRouteTo } from '../route.js';
import { importEngine } from '../udp/chooseEngine.js';
import { loadWake } from './wake.js';

/** By which a thread takes NG requests itself. Rejects where there are no Linux system calls. */
export const importThreadUdp = () => import('../ng/threadUdp.js');

/** What a worker is made with. */
export type WorkerSetting = { readonly engine: EngineName | null };

/**
 * Loads what a media thread is going to need, so that one that waits for another to die can take its place at once. Null where the worker was
 * made for something else.
 */
export async function warmUp(setting: WorkerSetting | null): Promise<void> {
  if (setting === null) return;
  const engine = setting.engine ?? ENGINE_NAMES[0]!;
  // What cannot be loaded is said where it is needed.
  await Promise.allSettled([importEngine(engine), loadRouteTo(), loadWake(), importThreadUdp()]);
}
