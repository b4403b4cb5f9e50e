import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ok, type Result, refuse } from '../model/kernel/index.js';
import { openControl } from './io/control/openControl.js';
import { makeRoomForSockets } from './io/fileLimit.js';
import { resolveListenAddress } from './io/localAddress.js';
import { closeLogger, openLogger } from './io/logging.js';
import { removePidFile, writePidFile } from './io/pidFile.js';
import { type EngineChoice, MediaThreads } from './io/threads/mediaThreads.js';
import { type ControlAddress, parseControlAddress } from './relay/controlAddress.js';
import type { RelayOptions } from './relay/options.js';
import { type PortRange, portRange } from './relay/portalloc/portTable.js';
import { Dispatch } from './relay/supervisor/dispatch.js';

const WORKER_FILE = fileURLToPath(new URL('../workers/media.js', import.meta.url));

/** A relay that serves. */
export type Relay = {
  readonly control: readonly ControlAddress[];
  readonly host: string;
  readonly range: PortRange;
  readonly workers: number;
  readonly choice: EngineChoice;
  readonly logFolder: string;
  /** Something to say about the system, if there is. */
  readonly advice: string | null;
  /** Ends every session, closes everything, leaves no file behind but the event log. */
  readonly stop: () => Promise<void>;
};

/**
 * Puts a relay together and starts it: media threads first, then the control sockets, so that the first command finds everything ready.
 * What is wrong is said in one line, and nothing is left open then. `onFatal`: the relay cannot go on.
 */
export async function startRelay(options: RelayOptions, onFatal: (reason: string) => void): Promise<Result<Relay, string>> {
  const checked = await checkOptions(options);
  if (!checked.ok) return checked;
  const { control, host, range } = checked.value;
  const room = await makeRoomForSockets(range);
  if (!room.ok) return room;
  const logger = openLogger(options.logLevel);
  const logFolder = join(resolve(options.dataDir), 'log');
  const closing: (() => Promise<void>)[] = [() => closeLogger(logger)];
  const stop = async (): Promise<void> => {
    for (const close of closing.splice(0).reverse()) await close();
  };
  try {
    const { threads, choice } = await MediaThreads.start({
      workerFile: WORKER_FILE,
      workers: options.workers,
      range,
      host,
      ttlMs: options.ttlSeconds * 1000,
      setupTtlMs: options.setupTtlSeconds * 1000,
      engine: options.engine,
      logFolder,
      onWarning: (text) => logger.warn(text),
      onFatal,
    });
    closing.push(() => threads.stop());
    const dispatch = new Dispatch(threads.links);
    const listener = await openControl(control, (command, answer) => dispatch.handle(command, answer));
    closing.push(() => listener.close());
    const { pidFile } = options;
    if (pidFile !== null) {
      writePidFile(pidFile);
      closing.push(async () => removePidFile(pidFile));
    }
    return ok({ control, host, range, workers: threads.links.length, choice, logFolder, advice: room.value, stop });
  } catch (error) {
    await stop();
    return refuse((error as Error).message);
  }
}

type Checked = { readonly control: readonly ControlAddress[]; readonly host: string; readonly range: PortRange };

async function checkOptions(options: RelayOptions): Promise<Result<Checked, string>> {
  const control: ControlAddress[] = [];
  for (const text of options.control) {
    const parsed = parseControlAddress(text);
    if (!parsed.ok) return parsed;
    control.push(parsed.value);
  }
  const range = portRange(options.portMin, options.portMax);
  if (range.pairs < 1) {
    return refuse(`-m ${options.portMin} -M ${options.portMax}: the range holds no even port with its odd neighbour`);
  }
  const host = await resolveListenAddress(options.listen);
  return host.ok ? ok({ control, host: host.value, range }) : host;
}
