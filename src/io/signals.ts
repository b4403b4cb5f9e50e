const FIRST_EXIT_CODE = 128;
const NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;

/** Calls `stop` on the first SIGINT or SIGTERM; a second one ends the process at once, with 128 + its number. */
export function onStopSignal(stop: () => void): void {
  let isStopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (isStopping) process.exit(FIRST_EXIT_CODE + NUMBERS[signal]);
      isStopping = true;
      stop();
    });
  }
}
