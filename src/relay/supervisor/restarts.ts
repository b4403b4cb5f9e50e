/** How a process of the relay ended. */
export type Ending = {
  /** What it answered; 128 + the number of the signal that ended it, as a shell has it. */
  readonly code: number;
  readonly signal: string | null;
  /** Whether it had come so far as to serve. */
  readonly served: boolean;
  readonly livedMs: number;
};

/** What is to be done about it. `restart`: how many there have been, with this one. */
export type Verdict =
  | { readonly kind: 'end'; readonly code: number }
  | { readonly kind: 'restart'; readonly restart: number }
  | { readonly kind: 'give-up'; readonly complaint: string };

/** A process that ends sooner has not got anywhere. */
export const EARLY_MS = 2_000;
/** So many of those in a row are no accident. */
export const EARLY_DEATHS = 5;

/**
 * Decides whether a relay that has ended is started again: whenever that was not its own will. It is started again at once, as calls wait
 * for it, so that only what keeps dying before it is of use to anybody makes us give up: a service manager knows better when to try again.
 */
export class Restarts {
  #restarts = 0;
  #earlyDeaths = 0;

  /** `told`: the signal by which somebody has told the relay to end; then it stays ended, however it took that. */
  judge(ending: Ending, told: string | null): Verdict {
    const { code, signal, served, livedMs } = ending;
    // A relay that does not listen to signals yet is ended by them all the same, and nothing is cut short.
    if (told !== null) return { kind: 'end', code: signal === told && !served ? 0 : code };
    if (signal === null && code === 0) return { kind: 'end', code };
    // What is wrong with the options or the system it has said itself, and would say again.
    const isRefusal = this.#restarts === 0 && signal === null && !served;
    if (isRefusal) return { kind: 'end', code };
    this.#earlyDeaths = served && livedMs >= EARLY_MS ? 0 : this.#earlyDeaths + 1;
    if (this.#earlyDeaths === EARLY_DEATHS) return { kind: 'give-up', complaint: complaintOf(ending) };
    this.#restarts++;
    return { kind: 'restart', restart: this.#restarts };
  }
}

const complaintOf = (ending: Ending): string =>
  `the relay died ${EARLY_DEATHS} times in a row right after its start; the last time it ${formatEnding(ending)}; giving up`;

/** `was ended by SIGKILL after 0.5 s`. */
export function formatEnding({ code, signal, livedMs }: Ending): string {
  const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
  return `${how} after ${(livedMs / 1000).toFixed(1)} s`;
}
