import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { SIGNAL_NAMES, SIGNALS } from '../../relay/signalTable.js';
import { formatEnding, Restarts } from '../../relay/supervisor/restarts.js';
import { clock } from '../clock.js';
import { bequeath, type OpenSockets, onServed } from './inheritance.js';

const FIRST_SIGNAL_CODE = 128;
const DRAIN = 'SIGHUP';

export type SupervisorEvents = {
  /** The relay serves for the first time. */
  readonly onServed: () => void;
  /** It is told to end; it may be told again. */
  readonly onStopping: () => void;
  /** It has died, and the next one is being started: one line. */
  readonly onRestart: (text: string) => void;
};

/** Runs this program again in a process that inherits sockets, and again whenever that dies. It is to be used once. */
export class Supervisor {
  readonly #sockets: OpenSockets;
  readonly #events: SupervisorEvents;
  readonly #restarts = new Restarts();
  #child: ChildProcess | null = null;
  #hasServed = false;
  #told: NodeJS.Signals | null = null;
  #isServing = false;
  /** The relay is to end with its last session, and so is the next one if it dies before. */
  #isDraining = false;
  #end: (outcome: Result<number, string>) => void = () => {};

  constructor(sockets: OpenSockets, events: SupervisorEvents) {
    this.#sockets = sockets;
    this.#events = events;
  }

  /** Settles when there is no relay any more: with the exit code, or with what keeps it from running, in one line. */
  run(): Promise<Result<number, string>> {
    for (const signal of SIGNAL_NAMES) {
      const action = SIGNALS[signal];
      if (action === 'drain') process.on(signal, () => this.#drain());
      else if (action === 'stop') process.on(signal, () => this.#stop(signal));
    }
    return new Promise((resolve) => {
      this.#end = resolve;
      this.#start();
    });
  }

  #stop(signal: NodeJS.Signals): void {
    this.#events.onStopping();
    this.#told = signal;
    this.#child?.kill(signal);
  }

  /** One that does not listen to signals yet would be ended by it. */
  #drain(): void {
    this.#isDraining = true;
    if (this.#isServing) this.#child?.kill(DRAIN);
  }

  #start(): void {
    const startedAt = clock();
    let served = false;
    this.#isServing = false;
    const { env, stdio } = bequeath(this.#sockets, process.env);
    // In a group of its own, or it would get what is typed at the terminal from there and from us, and a second signal ends it at once.
    const options = { detached: true, stdio: [...stdio], env };
    const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], options);
    this.#child = child;
    child.once('error', ({ message }) => this.#end(refuse(`the relay cannot be started: ${message}`)));
    onServed(child.stdio, () => {
      served = true;
      if (!this.#hasServed) this.#events.onServed();
      this.#hasServed = true;
      this.#isServing = true;
      if (this.#isDraining) child.kill(DRAIN);
    });
    child.once('exit', (code, signal) => {
      const exitCode = signal === null ? (code ?? 1) : FIRST_SIGNAL_CODE + constants.signals[signal];
      this.#judge({ code: exitCode, signal, served, livedMs: clock() - startedAt }, child.pid);
    });
  }

  #judge(ending: Parameters<Restarts['judge']>[0], pid: number | undefined): void {
    const verdict = this.#restarts.judge(ending, this.#told);
    if (verdict.kind === 'end') this.#end(ok(verdict.code));
    else if (verdict.kind === 'give-up') this.#end(refuse(verdict.complaint));
    else {
      this.#start(); // First of all: whatever is sent now waits for it.
      const next = `process ${this.#child?.pid} takes its place (restart ${verdict.restart})`;
      this.#events.onRestart(`the relay in process ${pid} ${formatEnding(ending)}; ${next}`);
    }
  }
}
