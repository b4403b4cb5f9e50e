import { EVENT_DATA_WORD, EVENT_WORDS, epollWait, openEpoll, watchInput } from '../../src/io/sys/epoll.js';
import { mapMemory } from '../../src/io/sys/memory.js';
import { closeDescriptor } from '../../src/io/sys/socket.js';
import type { NgLoad, NgResult, NgWalk } from '../messages.js';
import { monotonicUs } from '../packets.js';
import { NgClient, NgMemory } from './client.js';
import { type NgVerb, ngPayload, ngRefusal } from './requests.js';

const TIMEOUT_MS = 2000;
const MOST_TIMEOUTS = 16; // After so many the relay is taken for dead: the rest is not tried.
const WAIT_MS = 100;
/** A paced load looks at the clock so often; calls that are due meanwhile begin together. */
const PACE_MS = 1;

const VERBS = { ping: ['ping'], call: ['offer', 'answer', 'delete'] } as const satisfies Record<NgWalk, readonly NgVerb[]>;

/** A client, and how far it has come. */
type Walker = {
  readonly client: NgClient;
  call: number;
  /** Place of the request under way in the walk. */
  step: number;
  /** When the walk was to begin, as soon as that was seen. */
  dueUs: number;
  sentAtUs: number;
  busy: boolean;
};

let nextCall = 0;

/** Walks all clients through their requests, blocking. */
export function driveNg(load: NgLoad): NgResult {
  const epoll = openEpoll();
  const memory = new NgMemory(load.port);
  const clients: NgClient[] = [];
  try {
    for (let i = 0; i < load.clients; i++) {
      const client = new NgClient(memory);
      clients.push(client);
      watchInput(epoll, client.fd, i);
    }
    return new NgRun(load, clients).drive(epoll);
  } finally {
    for (const { fd } of clients) closeDescriptor(fd);
    closeDescriptor(epoll);
    memory.unmap();
  }
}

class NgRun {
  readonly #load: NgLoad;
  readonly #verbs: readonly NgVerb[];
  readonly #walkers: readonly Walker[];
  readonly #beganUs = monotonicUs();
  #started = 0;
  #ended = 0;
  #timeouts = 0;
  /** When walks were due that wait for a client. */
  readonly #due: number[] = [];
  readonly #failures = new Map<string, number>();
  /** How long the first request of each walk took, µs. */
  readonly #times: number[] = [];
  /** The same without the time that a call waits for a free client. */
  readonly #answerTimes: number[] = [];

  constructor(load: NgLoad, clients: readonly NgClient[]) {
    this.#load = load;
    this.#verbs = VERBS[load.walk];
    this.#walkers = clients.map((client) => ({ client, call: 0, step: 0, dueUs: 0, sentAtUs: 0, busy: false }));
  }

  drive(epoll: number): NgResult {
    const events = mapMemory(4096);
    const words = new Uint32Array(events.buffer);
    const cpuBefore = process.cpuUsage();
    const waitMs = this.#load.perSecond === null ? WAIT_MS : PACE_MS;
    try {
      this.#start();
      while (this.#ended < this.#load.count) {
        const ready = epollWait(epoll, events.address, Math.min(this.#walkers.length, 64), waitMs);
        for (let e = 0; e < ready; e++) this.#receive(this.#walkers[words[e * EVENT_WORDS + EVENT_DATA_WORD]!]!);
        if (ready === 0) this.#expire();
        this.#start();
      }
    } finally {
      events.unmap();
    }
    return this.#result((monotonicUs() - this.#beganUs) / 1e6, process.cpuUsage(cpuBefore));
  }

  #result(seconds: number, cpu: NodeJS.CpuUsage): NgResult {
    const failed = [...this.#failures.values()].reduce((sum, count) => sum + count, 0);
    const completed = this.#load.count - failed;
    return {
      ...{ completed, failed, failures: Object.fromEntries(this.#failures), seconds, perSecond: completed / seconds },
      ...{
        firstP50Us: quantile(this.#times, 0.5),
        firstP99Us: quantile(this.#times, 0.99),
        firstMaxUs: quantile(this.#times, 1),
      },
      firstAnswerP99Us: quantile(this.#answerTimes, 0.99),
      generatorCpuPercent: (cpu.user + cpu.system) / seconds / 1e4,
    };
  }

  /** Begins what is due and has a client. */
  #start(): void {
    const { count, perSecond } = this.#load;
    const now = monotonicUs();
    if (perSecond !== null) {
      const due = Math.min(count, 1 + Math.floor(((now - this.#beganUs) / 1e6) * perSecond));
      while (this.#started + this.#due.length < due) this.#due.push(now);
    }
    for (const walker of this.#walkers) {
      if (walker.busy) continue;
      if (this.#started >= count || (perSecond !== null && this.#due.length === 0)) break;
      walker.busy = true;
      walker.call = nextCall++;
      walker.dueUs = this.#due.shift() ?? monotonicUs();
      this.#started++;
      this.#send(walker, 0);
    }
  }

  #send(walker: Walker, step: number): void {
    walker.step = step;
    walker.sentAtUs = monotonicUs();
    walker.client.send(ngPayload(this.#verbs[step]!, walker.call));
  }

  #receive(walker: Walker): void {
    const answer = walker.client.receive();
    if (answer === null || !walker.busy) return;
    if (walker.step === 0) {
      const now = monotonicUs();
      this.#times.push(now - walker.dueUs);
      this.#answerTimes.push(now - walker.sentAtUs);
    }
    const refusal = ngRefusal(this.#verbs[walker.step]!, answer);
    if (refusal !== null) this.#fail(walker, refusal);
    else if (walker.step + 1 < this.#verbs.length) this.#send(walker, walker.step + 1);
    else this.#end(walker);
  }

  #expire(): void {
    const oldest = monotonicUs() - TIMEOUT_MS * 1000;
    for (const walker of this.#walkers) {
      if (!walker.busy || walker.sentAtUs >= oldest) continue;
      if (++this.#timeouts === MOST_TIMEOUTS) this.#giveUp();
      this.#fail(walker, `${this.#verbs[walker.step]} not answered in ${TIMEOUT_MS} ms`);
    }
  }

  #giveUp(): void {
    const rest = this.#load.count - this.#started;
    if (rest > 0) this.#failures.set('not tried any more', rest);
    this.#started += rest;
    this.#ended += rest;
    this.#due.length = 0;
  }

  #fail(walker: Walker, reason: string): void {
    this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + 1);
    this.#end(walker);
  }

  #end(walker: Walker): void {
    walker.busy = false;
    this.#ended++;
  }
}

/** The time of which so many parts of all are below, whole µs. */
function quantile(times: readonly number[], part: number): number {
  const sorted = Float64Array.from(times).sort();
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
}
