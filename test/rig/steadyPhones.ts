/** Phones in a thread of their own that send without end, and know when what they hear was sent. */
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { Worker } from 'node:worker_threads';

export type PhonesRequest =
  | { readonly kind: 'open'; readonly count: number }
  | { readonly kind: 'stream'; readonly ports: readonly number[]; readonly intervalMs: number }
  | { readonly kind: 'stop'; readonly quietMs: number };

/** What a phone has sent and heard. Times in milliseconds since the Unix epoch. */
export type Heard = {
  readonly sent: number;
  readonly heard: readonly (readonly [number: number, sentMs: number, heardMs: number])[];
};

/** As long as a packet may be under way when everybody stops. */
const QUIET_MS = 100;

export class SteadyPhones {
  /** Where each phone receives. Two that follow each other are caller and callee of one call. */
  readonly ports: readonly number[];
  readonly #worker: Worker;

  private constructor(worker: Worker, ports: readonly number[]) {
    this.#worker = worker;
    this.ports = ports;
  }

  /** Gone with the test. */
  static async open(t: TestContext, count: number): Promise<SteadyPhones> {
    const worker = new Worker(new URL('./steadyPhonesThread.js', import.meta.url));
    t.after(() => worker.terminate());
    worker.postMessage({ kind: 'open', count } satisfies PhonesRequest);
    const [ports] = (await once(worker, 'message')) as [number[]];
    return new SteadyPhones(worker, ports);
  }

  /** From now on each phone sends to the port in its place, one packet of 20 ms PCMU an interval. */
  stream(ports: readonly number[], intervalMs: number): void {
    this.#worker.postMessage({ kind: 'stream', ports, intervalMs } satisfies PhonesRequest);
  }

  /** Everybody stops. Answers what each has heard since the last time. */
  async stop(): Promise<readonly Heard[]> {
    this.#worker.postMessage({ kind: 'stop', quietMs: QUIET_MS } satisfies PhonesRequest);
    const [heard] = (await once(this.#worker, 'message')) as [Heard[]];
    return heard;
  }
}

/** The longest time in which a phone heard nothing, milliseconds. */
export function longestSilence({ heard }: Heard): number {
  let longest = 0;
  for (let i = 1; i < heard.length; i++) longest = Math.max(longest, heard[i]![2] - heard[i - 1]![2]);
  return longest;
}

/** The longest time that a packet was under way, milliseconds. */
export const slowest = ({ heard }: Heard): number => Math.max(0, ...heard.map(([, sentMs, heardMs]) => heardMs - sentMs));
