import { EVENT_DATA_WORD, EVENT_WORDS, epollWait, openEpoll, watchInput } from '../src/io/sys/epoll.js';
import { mapMemory } from '../src/io/sys/memory.js';
import { closeDescriptor } from '../src/io/sys/socket.js';
import { type ControlClient, ControlMemory, LOOPBACK, openControlClient } from './controlClient.js';
import type { ControlRequest, ControlResult, Walk } from './messages.js';
import { monotonicUs } from './packets.js';
import type { Endpoints, Side } from './traffic.js';

const TIMEOUT_MS = 2000;
const MOST_TIMEOUTS = 16; // After so many the relay is taken for dead: the rest is not tried.
const WAIT_MS = 100;

type Verb = 'V' | 'U' | 'L' | 'Q' | 'D';

/** What a client sends one after the other, and begins again with. */
const VERBS = { V: ['V'], Q: ['Q'], 'U+L': ['U', 'L'], 'U+L+D': ['U', 'L', 'D'], D: ['D'] } as const satisfies Record<
  Walk | 'D',
  readonly Verb[]
>;

/** What each command must be answered with; U and L with a port besides. */
const ANSWERS: Readonly<Record<Verb, RegExp>> = {
  V: /^\d{8}$/,
  U: /^\d+( |$)/,
  L: /^\d+( |$)/,
  Q: /^\d+( \d+){4}$/,
  D: /^0$/,
};

/** A client, and how far it has come. */
type Walker = {
  readonly index: number;
  readonly client: ControlClient;
  call: number;
  /** Place of the command under way in the walk. */
  step: number;
  sentAtUs: number;
  calleeSide: number;
  busy: boolean;
};

type Done = { result: ControlResult; calls: Endpoints[] };

let nextRun = 0;

/** Walks all clients through their commands, blocking. Answers what it took, and the ports of each call that was set up. */
export function driveControl(request: ControlRequest, sides: readonly [Side, Side]): Done {
  const name = `bench-${process.pid}-${nextRun++}`;
  const epoll = openEpoll();
  const memory = new ControlMemory(request.port, request.transport === 'tcp');
  const clients: ControlClient[] = [];
  const walk = (kind: Walk | 'D', count: number): Done =>
    new ControlRun({ ...request, walk: kind, count }, sides, name, clients).drive(epoll);
  try {
    for (let i = 0; i < request.clients; i++) {
      const client = openControlClient(request.transport, request.port, memory);
      clients.push(client);
      watchInput(epoll, client.fd, i);
    }
    if (request.walk !== 'Q') return walk(request.walk, request.count);
    // Each client asks about a call of its own.
    requireAll(walk('U+L', request.clients));
    const asked = walk('Q', request.count);
    requireAll(walk('D', request.clients));
    return asked;
  } finally {
    for (const client of clients) closeDescriptor(client.fd);
    closeDescriptor(epoll);
    memory.unmap();
  }
}

function requireAll({ result }: Done): void {
  if (result.failed > 0) throw new Error(`the calls to be asked about failed: ${Object.keys(result.failures).join('; ')}`);
}

class ControlRun {
  readonly #verbs: readonly Verb[];
  readonly #walkers: readonly Walker[];
  #started = 0;
  #ended = 0;
  #timeouts = 0;
  readonly #calls: Endpoints[] = [];
  readonly #failures = new Map<string, number>();

  constructor(
    private readonly request: Omit<ControlRequest, 'walk'> & { readonly walk: Walk | 'D' },
    private readonly sides: readonly [Side, Side],
    private readonly name: string,
    clients: readonly ControlClient[],
  ) {
    this.#verbs = VERBS[request.walk];
    this.#walkers = clients.map((client, index) => {
      return { index, client, call: -1, step: 0, sentAtUs: 0, calleeSide: 0, busy: false };
    });
  }

  drive(epoll: number): Done {
    const events = mapMemory(4096);
    const words = new Uint32Array(events.buffer);
    const began = monotonicUs();
    try {
      for (const walker of this.#walkers) this.#start(walker);
      while (this.#ended < this.request.count) {
        const ready = epollWait(epoll, events.address, Math.min(this.#walkers.length, 64), WAIT_MS);
        for (let e = 0; e < ready; e++) this.#receive(this.#walkers[words[e * EVENT_WORDS + EVENT_DATA_WORD]!]!);
        if (ready === 0) this.#expire();
      }
    } finally {
      events.unmap();
    }
    const seconds = (monotonicUs() - began) / 1e6;
    const failed = [...this.#failures.values()].reduce((sum, count) => sum + count, 0);
    const completed = this.request.count - failed;
    const failures = Object.fromEntries(this.#failures);
    return { result: { completed, failed, failures, seconds, perSecond: completed / seconds }, calls: this.#calls };
  }

  #start(walker: Walker): void {
    walker.busy = this.#started < this.request.count;
    if (!walker.busy) return;
    const number = this.#started++;
    walker.call = this.request.walk === 'Q' ? walker.index : number;
    this.#send(walker, 0);
  }

  #send(walker: Walker, step: number): void {
    walker.step = step;
    walker.sentAtUs = monotonicUs();
    walker.client.send(this.#command(this.#verbs[step]!, walker.call));
  }

  /** Tags end in `;1`: rtpengine's classic parser takes a plain tag for a fallback request and answers with the client's own port. */
  #command(verb: Verb, call: number): string {
    const callId = this.#callId(call);
    switch (verb) {
      case 'V':
        return 'V';
      case 'U':
        return `U ${callId} ${LOOPBACK} ${this.sides[0].port} f${call};1`;
      case 'L':
        return `L ${callId} ${LOOPBACK} ${this.sides[1].port} f${call};1 t${call};1`;
      case 'Q':
      case 'D':
        return `${verb} ${callId} f${call};1 t${call};1`;
    }
  }

  #callId(call: number): string {
    return `${this.name}-${call}`;
  }

  #receive(walker: Walker): void {
    const answer = walker.client.receive();
    if (answer === null || !walker.busy) return;
    const verb = this.#verbs[walker.step]!;
    const refusal = this.#refusalIn(verb, answer);
    if (refusal !== null) {
      this.#fail(walker, refusal);
      return;
    }
    if (verb === 'U') walker.calleeSide = Number.parseInt(answer, 10);
    if (verb === 'L') {
      const callerSide = Number.parseInt(answer, 10);
      this.#calls.push({ call: this.#callId(walker.call), callerSide, calleeSide: walker.calleeSide });
    }
    if (walker.step + 1 < this.#verbs.length) this.#send(walker, walker.step + 1);
    else this.#end(walker);
  }

  /** Why an answer is not what a relay must say, or null. */
  #refusalIn(verb: Verb, answer: string): string | null {
    if (!ANSWERS[verb].test(answer)) return `${verb} answered ${answer}`;
    if (verb !== 'U' && verb !== 'L') return null;
    const port = Number.parseInt(answer, 10);
    if (port < 1 || port > 65_535) return `${verb} answered ${answer}`;
    return this.sides.some((side) => side.port === port) ? `${verb} answered with our own port` : null;
  }

  #expire(): void {
    const oldest = monotonicUs() - TIMEOUT_MS * 1000;
    for (const walker of this.#walkers) {
      if (!walker.busy || walker.sentAtUs >= oldest) continue;
      // On a connection a late answer would be taken for the next one.
      if (++this.#timeouts === MOST_TIMEOUTS || this.request.transport === 'tcp') this.#giveUp();
      this.#fail(walker, `${this.#verbs[walker.step]} not answered in ${TIMEOUT_MS} ms`);
    }
  }

  #giveUp(): void {
    const rest = this.request.count - this.#started;
    if (rest > 0) this.#failures.set('not tried any more', rest);
    this.#started += rest;
    this.#ended += rest;
  }

  #fail(walker: Walker, reason: string): void {
    this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + 1);
    this.#end(walker);
  }

  #end(walker: Walker): void {
    this.#ended++;
    this.#start(walker);
  }
}
