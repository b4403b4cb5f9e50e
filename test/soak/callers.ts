import { setTimeout as delay } from 'node:timers/promises';
import type { PatientClient } from './patientClient.js';
import { type CallCommand, commandText, ToldCall } from './toldCall.js';

/** Visits that are always under way, each with one command at a time. */
const WALKERS = 48;
/** While nothing is answered calls begin all the same, one after so long. */
const NEWCOMER_MS = 6;
/** So many calls stand before they are rather ended than begun. */
const MANY_CALLS = 300;
const MOST_COMMANDS = 4;
const CODECS = [[], [0, 8, 101], [18]] as const;

type Random = () => number;

/** A call and the client that it belongs to: whoever repeats a command does so from the same socket. */
type Ongoing = { readonly told: ToldCall; readonly client: PatientClient; readonly media: readonly string[] };

/**
 * Many calls that are set up, changed, asked about and ended, as fast as answers come. Each is always in one hand, so that its commands have
 * an order.
 */
export class Callers {
  /** Every call that may live. */
  readonly calls = new Map<string, ToldCall>();
  /** What was answered and cannot be. */
  readonly wrong: { readonly call: string; readonly text: string }[] = [];
  commands = 0;
  readonly #clients: readonly PatientClient[];
  readonly #random: Random;
  readonly #name: string;
  /** Calls that are in nobody's hand now. */
  readonly #waiting: Ongoing[] = [];
  readonly #visits = new Set<Promise<void>>();
  #isOn = false;
  #begun = 0;

  /** `name`: what the Call-IDs begin with. */
  constructor(clients: readonly PatientClient[], random: Random, name: string) {
    this.#clients = clients;
    this.#random = random;
    this.#name = name;
  }

  /** Sets out, at full rate. */
  begin(): void {
    this.#isOn = true;
    for (let i = 0; i < WALKERS; i++)
      this.#set(async () => {
        while (this.#isOn) await this.#visit();
      });
    this.#set(async () => {
      while (this.#isOn) {
        const { commands } = this;
        await delay(NEWCOMER_MS);
        if (this.#isOn && commands === this.commands) this.#set(() => this.#visit());
      }
    });
  }

  /** Nothing new is asked; settles when everything that was is answered or given up. */
  async end(): Promise<void> {
    this.#isOn = false;
    while (this.#visits.size > 0) await Promise.all(this.#visits);
  }

  /** Asks about every call that may live. */
  async askAboutAll(): Promise<void> {
    const inHand = [...this.#waiting];
    let next = 0;
    const walkers = Array.from({ length: WALKERS }, async () => {
      for (let ongoing = inHand[next++]; ongoing !== undefined; ongoing = inHand[next++]) {
        for (const medium of ongoing.media) await this.#ask(ongoing, { verb: 'Q', from: `a${medium}`, to: `b${medium}` });
      }
    });
    await Promise.all(walkers);
  }

  #set(task: () => Promise<void>): void {
    const visit = task().finally(() => this.#visits.delete(visit));
    this.#visits.add(visit);
  }

  async #visit(): Promise<void> {
    const isNew = this.#waiting.length === 0 || (this.calls.size < MANY_CALLS && this.#random() < 0.4);
    const ongoing = isNew ? this.#newCall() : this.#pick();
    const isLast = !isNew && this.calls.size >= MANY_CALLS;
    const commands = isNew ? this.#setUp(ongoing) : isLast ? this.#endings() : this.#some(ongoing);
    for (const command of commands) await this.#ask(ongoing, command);
    if (ongoing.told.mayLive) this.#waiting.push(ongoing);
    else this.calls.delete(ongoing.told.call);
  }

  async #ask({ told, client }: Ongoing, command: CallCommand): Promise<void> {
    const outcome = await client.ask(commandText(told.call, command));
    this.commands++;
    const problem = told.take(command, outcome);
    if (problem !== null) this.wrong.push({ call: told.call, text: problem });
  }

  #newCall(): Ongoing {
    const call = `${this.#name}-${++this.#begun}`;
    const told = new ToldCall(call);
    this.calls.set(call, told);
    const client = this.#clients[this.#begun % this.#clients.length]!;
    return { told, client, media: this.#random() < 0.25 ? [';1', ';2'] : [''] };
  }

  #pick(): Ongoing {
    const at = Math.floor(this.#random() * this.#waiting.length);
    const last = this.#waiting.pop()!;
    const picked = this.#waiting[at] ?? last;
    if (picked !== last) this.#waiting[at] = last;
    return picked;
  }

  /** A call as a proxy sets it up: an offer for each medium, then the answers; now and then one is given up before. */
  #setUp({ media }: Ongoing): CallCommand[] {
    const answers = this.#random() < 0.9 ? media.map((medium) => this.#description('L', 'caller', medium)) : [];
    return [...media.map((medium) => this.#description('U', 'caller', medium)), ...answers];
  }

  #some(ongoing: Ongoing): CallCommand[] {
    return Array.from({ length: 1 + Math.floor(this.#random() * MOST_COMMANDS) }, () => this.#any(ongoing));
  }

  #any(ongoing: Ongoing): CallCommand {
    const kind = this.#random();
    const medium = this.#one(ongoing.media);
    const asker = this.#random() < 0.5 ? 'caller' : 'callee';
    if (kind < 0.3) return this.#description('U', asker, medium);
    if (kind < 0.6) return this.#description('L', asker, medium);
    if (kind < 0.75) return { verb: 'Q', ...tagsOf('caller', medium) };
    return kind < 0.85 ? { verb: 'D', isWeak: this.#random() < 0.5, ...tagsOf(asker, medium) } : this.#ending();
  }

  /** As a BYE ends it: all its media, whoever sends it. */
  #ending(): CallCommand {
    return { verb: 'D', isWeak: false, ...tagsOf(this.#random() < 0.5 ? 'caller' : 'callee', '') };
  }

  /** With the weak references, too, so that nothing is left of it. */
  #endings(): CallCommand[] {
    const weak = (['caller', 'callee'] as const).map((asker) => ({ verb: 'D', isWeak: true, ...tagsOf(asker, '') }) as const);
    return [this.#ending(), ...weak];
  }

  #description(verb: 'U' | 'L', asker: 'caller' | 'callee', medium: string): CallCommand {
    const { from, to } = tagsOf(asker, medium);
    return {
      ...{ verb, from, to },
      port: 40_000 + 2 * Math.floor(this.#random() * 1_000),
      codecs: this.#one(CODECS),
      isWeak: this.#random() < 0.15,
      isNewPort: this.#random() < 0.08,
    };
  }

  #one<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random() * values.length)]!;
  }
}

const tagsOf = (asker: 'caller' | 'callee', medium: string): { readonly from: string; readonly to: string } => {
  const [caller, callee] = [`a${medium}`, `b${medium}`];
  return asker === 'caller' ? { from: caller, to: callee } : { from: callee, to: caller };
};
