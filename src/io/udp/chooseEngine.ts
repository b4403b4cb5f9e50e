import { ENGINE_NAMES, type EngineName, type PacketEngine } from '../../media/engine.js';
import type { EngineOptions } from './options.js';

export type ChosenEngine = {
  readonly engine: PacketEngine;
  /** The ones that were tried before, each with the reason why it would not do. */
  readonly refused: readonly string[];
};

/**
 * Opens the packet engine: the forced one, or the first that works, in the order of what a packet costs. Imported late, because the
 * first two cannot even be loaded where there are no Linux system calls. Throws with all reasons if none works.
 */
export async function chooseEngine(forced: EngineName | null, rows: number, options: EngineOptions): Promise<ChosenEngine> {
  const refused: string[] = [];
  for (const name of forced === null ? ENGINE_NAMES : [forced]) {
    try {
      return { engine: await openEngine(name, rows, options), refused };
    } catch (error) {
      refused.push(`${name}: ${(error as Error).message}`);
    }
  }
  throw new Error(`no packet engine works here (${refused.join('; ')})`);
}

async function openEngine(name: EngineName, rows: number, options: EngineOptions): Promise<PacketEngine> {
  return new (await importEngine(name))(rows, options);
}

/** The class of an engine. Rejects where it cannot be loaded. */
export async function importEngine(name: EngineName): Promise<new (rows: number, options: EngineOptions) => PacketEngine> {
  switch (name) {
    case 'io_uring':
      return (await import('./uring.js')).UringEngine;
    case 'epoll':
      return (await import('./epoll.js')).EpollEngine;
    case 'dgram':
      return (await import('./dgram.js')).DgramEngine;
  }
}
