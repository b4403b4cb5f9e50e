import type { NgDictionary } from '../../src/protocol/ng/value.js';
import { placesIn, sdpOf } from '../pure/ngGiven.js';
import type { NgOutcome, PatientNg } from '../rig/patientNg.js';

const WALKERS = 32;
const MANY_CALLS = 150;

type Random = () => number;

/** What a client knows of a call by what it was told: every request is answered, and carried out once. */
export type NgTold = {
  readonly call: string;
  readonly client: PatientNg;
  /** Where the relay told each side to send; null: nothing yet, or it is over. */
  toBob: string | null;
  toAlice: string | null;
  /** Something is offered within the call, and not answered. */
  isPending: boolean;
  readonly history: string[];
};

const FROM = { 'from-tag': 'alice' };
const BOTH = { ...FROM, 'to-tag': 'bob' };

/** Many calls that are set up, changed, asked about and ended by NG. Each is always in one hand. */
export class NgCallers {
  readonly calls = new Map<string, NgTold>();
  readonly wrong: string[] = [];
  requests = 0;
  doubtful = 0;
  readonly #clients: readonly PatientNg[];
  readonly #random: Random;
  readonly #name: string;
  readonly #waiting: NgTold[] = [];
  #walkers: Promise<void>[] = [];
  #isOn = false;
  #begun = 0;

  constructor(clients: readonly PatientNg[], random: Random, name: string) {
    this.#clients = clients;
    this.#random = random;
    this.#name = name;
  }

  begin(): void {
    this.#isOn = true;
    this.#walkers = Array.from({ length: WALKERS }, async () => {
      while (this.#isOn) await this.#visit();
    });
  }

  /** Settles when everything that was asked is answered or given up. */
  async end(): Promise<void> {
    this.#isOn = false;
    await Promise.all(this.#walkers);
  }

  async #visit(): Promise<void> {
    const isNew = this.#waiting.length === 0 || (this.calls.size < MANY_CALLS && this.#random() < 0.4);
    const told = isNew ? this.#newCall() : this.#pick();
    for (let n = 0; n < 3 && this.calls.has(told.call); n++) await this.#step(told);
    if (this.calls.has(told.call)) this.#waiting.push(told);
  }

  async #step(told: NgTold): Promise<void> {
    const kind = this.#random();
    if (told.toBob === null) return this.#offer(told);
    if (kind < 0.1 || this.calls.size > MANY_CALLS) return this.#end(told, 'delete');
    if (told.toAlice === null) return kind < 0.8 ? this.#answer(told) : this.#end(told, 'rollback');
    if (told.isPending) return kind < 0.6 ? this.#answer(told) : this.#giveUp(told);
    if (kind < 0.6) return this.#offer(told, BOTH);
    await this.#query(told);
  }

  async #offer(told: NgTold, tags: NgDictionary = FROM): Promise<void> {
    const place = await this.#describe(told, 'offer', tags);
    if (told.toBob !== null && place !== told.toBob) this.#complain(told, `an offer was answered ${place}, not ${told.toBob}`);
    told.toBob = place;
    told.isPending = told.toAlice !== null;
  }

  async #answer(told: NgTold): Promise<void> {
    const place = await this.#describe(told, 'answer', BOTH);
    if (told.toAlice !== null && place !== told.toAlice) this.#complain(told, `an answer came to ${place}, not ${told.toAlice}`);
    told.toAlice = place;
    told.isPending = false;
  }

  async #giveUp(told: NgTold): Promise<void> {
    await this.#ask(told, { command: 'rollback', ...BOTH });
    told.isPending = false;
  }

  async #end(told: NgTold, command: 'delete' | 'rollback'): Promise<void> {
    // In the middle of an offer it is not sure what a delete means, but to one that says when.
    const { reply } = await this.#ask(told, {
      command,
      ...(told.toAlice === null ? FROM : BOTH),
      ...(command === 'delete' && { 'delete-delay': 0 }),
    });
    if (reply?.['warning'] !== undefined) this.#complain(told, `it was known, and its end was answered ${JSON.stringify(reply)}`);
    this.calls.delete(told.call);
  }

  async #query(told: NgTold): Promise<void> {
    const { reply } = await this.#ask(told, { command: 'query' });
    const tags = Object.keys((reply?.['tags'] ?? {}) as NgDictionary).sort();
    if (tags.join() !== 'alice,bob') this.#complain(told, `its tags are ${tags}`);
  }

  async #describe(told: NgTold, command: string, tags: NgDictionary): Promise<string> {
    const sdp = sdpOf('127.0.0.1', 40_000 + 2 * Math.floor(this.#random() * 1_000));
    const { reply } = await this.#ask(told, { command, ...tags, sdp });
    return reply?.['sdp'] === undefined ? 'nowhere' : placesIn(reply['sdp']).join();
  }

  async #ask(told: NgTold, request: NgDictionary): Promise<NgOutcome> {
    const outcome = await told.client.ask({ ...request, 'call-id': told.call });
    const { reply, isDoubtful, tries } = outcome;
    this.requests++;
    if (isDoubtful) this.doubtful++;
    told.history.push(
      `${request['command']} -> ${reply?.['result']} ${reply?.['error-reason'] ?? ''}${isDoubtful ? ` (killed meanwhile, ${tries} tries)` : ''}`,
    );
    if (reply?.['result'] !== 'ok') this.#complain(told, `${request['command']} was answered ${JSON.stringify(reply)}`);
    return outcome;
  }

  #complain(told: NgTold, text: string): void {
    this.wrong.push(`${told.call}: ${text}\n  ${told.history.slice(-12).join('\n  ')}`);
  }

  #newCall(): NgTold {
    const call = `${this.#name}-${++this.#begun}`;
    const client = this.#clients[this.#begun % this.#clients.length]!;
    const told: NgTold = { call, client, toBob: null, toAlice: null, isPending: false, history: [] };
    this.calls.set(call, told);
    return told;
  }

  #pick(): NgTold {
    const at = Math.floor(this.#random() * this.#waiting.length);
    const last = this.#waiting.pop()!;
    const picked = this.#waiting[at] ?? last;
    if (picked !== last) this.#waiting[at] = last;
    return picked;
  }
}
