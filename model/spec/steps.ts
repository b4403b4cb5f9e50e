import type fc from 'fast-check';
import { Agreement, type Latitude } from './agreement.js';
import type { Death, Driver } from './driver.js';
import { ReferenceRelay, type Setting } from './referenceRelay.js';

/** What a history is played against: the oracle, and the comparison with it. */
export class Expected {
  readonly relay: ReferenceRelay;
  readonly agreement: Agreement;
  lastCommand: string | null = null;
  waits = 0;
  /** Steps in which something died. */
  deadly = 0;

  constructor(setting: Setting & Latitude) {
    this.relay = new ReferenceRelay(setting);
    this.agreement = new Agreement(setting);
  }
}

/** One step of a history: to the oracle nothing dies. */
export type Step = fc.AsyncCommand<Expected, Driver>;

/** What may die in a step. `most`: in so many steps of one history. */
export type Mortality = { readonly deaths: readonly Death[]; readonly most: number };

export const IMMORTAL: Mortality = { deaths: [], most: 0 };

/** Sends a command to both, and compares what they answer and what they then hold. */
async function say(text: string, deaths: readonly Death[], expected: Expected, driver: Driver): Promise<void> {
  const wanted = expected.relay.answer(text);
  const given = await driver.send(text, deaths);
  const { held } = expected.relay;
  const problem = expected.agreement.disagreement(wanted, given, held);
  if (problem !== null) throw new Error(`${text}: ${problem}`);
  await comparePorts(text, expected, driver);
  expected.lastCommand = text;
}

async function comparePorts(after: string, expected: Expected, driver: Driver): Promise<void> {
  const pairs = await driver.heldPairs();
  if (pairs !== expected.relay.held.size) throw new Error(`${after}: ${pairs} pairs are held, not ${expected.relay.held.size}`);
}

function die(deaths: readonly Death[], expected: Expected): void {
  if (deaths.length === 0) return;
  expected.deadly++;
  expected.agreement.takeDeaths(deaths.length);
}

const mayDie = ({ deaths, most }: Mortality, { deadly }: Readonly<Expected>): boolean => deaths.length === 0 || deadly < most;

function tellDeaths({ deaths }: Mortality): string {
  const one = ({ who, afterMs, downMs }: Death): string =>
    `${who === 'relay' ? 'the relay' : `thread ${who}`} dies after ${afterMs} ms for ${downMs} ms`;
  return deaths.length === 0 ? '' : `, and ${deaths.map(one).join(', ')}`;
}

export class Say implements Step {
  readonly #text: string;
  readonly #mortality: Mortality;

  constructor(text: string, mortality: Mortality = IMMORTAL) {
    this.#text = text;
    this.#mortality = mortality;
  }

  check(expected: Readonly<Expected>): boolean {
    return mayDie(this.#mortality, expected);
  }

  run(expected: Expected, driver: Driver): Promise<void> {
    die(this.#mortality.deaths, expected);
    return say(this.#text, this.#mortality.deaths, expected, driver);
  }

  toString(): string {
    return `${this.#text}${tellDeaths(this.#mortality)}`;
  }
}

/** The same command once more, as a client that has lost the reply and its cookie sends it. */
export class SayAgain implements Step {
  check({ lastCommand }: Readonly<Expected>): boolean {
    return lastCommand !== null;
  }

  run(expected: Expected, driver: Driver): Promise<void> {
    return say(expected.lastCommand ?? '', [], expected, driver);
  }

  toString(): string {
    return 'the same again';
  }
}

export class Wait implements Step {
  readonly #ms: number;
  readonly #most: number;
  readonly #mortality: Mortality;

  /** `most`: so many in one history. A wait of no time, in which something dies, counts as none. */
  constructor(ms: number, most: number, mortality: Mortality = IMMORTAL) {
    this.#ms = ms;
    this.#most = most;
    this.#mortality = mortality;
  }

  check(expected: Readonly<Expected>): boolean {
    return (this.#ms === 0 || expected.waits < this.#most) && mayDie(this.#mortality, expected);
  }

  async run(expected: Expected, driver: Driver): Promise<void> {
    if (this.#ms > 0) expected.waits++;
    die(this.#mortality.deaths, expected);
    await driver.advance(this.#ms, this.#mortality.deaths);
    expected.relay.advance(this.#ms);
    await comparePorts(`after ${this}`, expected, driver);
  }

  toString(): string {
    return `${this.#ms} ms pass${tellDeaths(this.#mortality)}`;
  }
}
