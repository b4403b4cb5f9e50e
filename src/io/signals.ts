import { constants } from 'node:os';
import { SIGNAL_NAMES, SIGNALS, type SignalName } from '../relay/signalTable.js';

const FIRST_EXIT_CODE = 128;
/** What comes of our own attempts to go on beyond a limit, again and again; nobody who loses patience sends it. */
const OWN_DOING: readonly SignalName[] = ['SIGXFSZ', 'SIGXCPU'];

export type SignalActions = {
  /** The first signal that ends the relay; a second one ends the process at once, with 128 + its number. */
  readonly stop: () => void;
  /** Take no new sessions, and end with the last one. May be called more than once. */
  readonly drain: () => void;
};

/**
 * Listens to the signals of the table. `except`: signals that are left to others. Node starts its debugger on SIGUSR1 only while nobody
 * listens to it, and its sampling profiler takes SIGPROF for itself while it runs.
 */
export function onSignals({ stop, drain }: SignalActions, except: readonly SignalName[] = []): void {
  let isStopping = false;
  const stopOn = (signal: SignalName): void => {
    if (isStopping && OWN_DOING.includes(signal)) return;
    if (isStopping) return void endAtOnce(FIRST_EXIT_CODE + constants.signals[signal]);
    isStopping = true;
    stop();
  };
  for (const signal of SIGNAL_NAMES) {
    if (except.includes(signal)) continue;
    const action = SIGNALS[signal];
    process.on(signal, () => {
      if (action === 'stop') stopOn(signal);
      else if (action === 'drain' && !isStopping) drain();
    });
  }
}

/** Without the system call, which not every machine has for us, Node ends the process as it can. */
async function endAtOnce(code: number): Promise<void> {
  process.exitCode = code; // It may have come to its end meanwhile.
  const sys = await import('./sys/exit.js').catch(() => null);
  if (sys === null) process.exit(code);
  sys.endProcess(code);
}
