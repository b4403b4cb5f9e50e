import fc from 'fast-check';
import { Agreement, type Latitude } from './agreement.js';
import type { Driver } from './driver.js';
import { ReferenceRelay, type Setting } from './referenceRelay.js';

/** What a history is played against: the oracle, and the comparison with it. */
export class Expected {
  readonly relay: ReferenceRelay;
  readonly agreement: Agreement;
  lastCommand: string | null = null;
  waits = 0;

  constructor(setting: Setting & Latitude) {
    this.relay = new ReferenceRelay(setting);
    this.agreement = new Agreement(setting);
  }
}

type Step = fc.AsyncCommand<Expected, Driver>;

/** Sends a command to both, and compares what they answer and what they then hold. */
async function say(text: string, expected: Expected, driver: Driver): Promise<void> {
  const wanted = expected.relay.answer(text);
  const given = await driver.send(text);
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

class Say implements Step {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  check(): boolean {
    return true;
  }

  run(expected: Expected, driver: Driver): Promise<void> {
    return say(this.#text, expected, driver);
  }

  toString(): string {
    return this.#text;
  }
}

/** The same command once more, as a client that has lost the reply and its cookie sends it. */
class SayAgain implements Step {
  check({ lastCommand }: Readonly<Expected>): boolean {
    return lastCommand !== null;
  }

  run(expected: Expected, driver: Driver): Promise<void> {
    return say(expected.lastCommand!, expected, driver);
  }

  toString(): string {
    return 'the same again';
  }
}

class Wait implements Step {
  readonly #ms: number;
  readonly #most: number;

  constructor(ms: number, most: number) {
    this.#ms = ms;
    this.#most = most;
  }

  check({ waits }: Readonly<Expected>): boolean {
    return waits < this.#most;
  }

  async run(expected: Expected, driver: Driver): Promise<void> {
    expected.waits++;
    await driver.advance(this.#ms);
    expected.relay.advance(this.#ms);
    await comparePorts(`after ${this.#ms} ms`, expected, driver);
  }

  toString(): string {
    return `${this.#ms} ms pass`;
  }
}

const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });
const one = <T>(...values: T[]) => fc.constantFrom(...values);
const join = (parts: readonly string[]): string => parts.join(' ');

/** Few calls and tags, so that commands meet each other's sessions. The branch of a call is another call all the same. */
const call = fc.oneof(often(8, one('call-1@a')), often(2, one('call-2@a')), often(2, one('call-1@a;z9hG4bK7')));
const party = one('alice', 'bob', 'carol');
const media = fc.oneof(often(5, one('')), often(2, one(';1')), often(1, one(';2')));
const tag = fc.tuple(party, media).map(([name, n]) => name + n);

/** From tag and To tag: mostly those of one dialogue, from either end, with one medium; sometimes any. */
const tags = fc.oneof(
  often(
    6,
    media.map((n) => `alice${n} bob${n}`),
  ),
  often(
    3,
    media.map((n) => `bob${n} alice${n}`),
  ),
  often(
    1,
    media.map((n) => `bob${n} alice`),
  ),
  often(2, tag),
  often(1, fc.tuple(tag, tag).map(join)),
);
const firstTag = fc.oneof(
  often(
    5,
    media.map((n) => `alice${n}`),
  ),
  often(1, tag),
);

/** Where a side receives: an address, all zeros for hold, port 0 for a stream that is off, and texts that are none. */
const place = fc.oneof(
  often(20, one('192.0.2.1 4000', '192.0.2.2 5000', '127.0.0.1 6000')),
  often(6, one('0.0.0.0 4000', '192.0.2.1 0', ':: 4000', '- 1')),
  often(1, one('localhost 4000', '192.0.2.1 x')),
);

const glued = (known: fc.Arbitrary<string>, unknown: string) => fc.oneof(often(25, known), often(1, one(unknown)));
const letters = glued(fc.oneof(often(4, one('')), often(3, one('A', 's', 'w', 'Wc0,8,101', 'c0', 'aw'))), 'y');

const offer = fc.tuple(letters, call, place, fc.oneof(firstTag, tags)).map((parts) => `U${join(parts)}`);
const answer = fc.tuple(letters, call, place, tags).map((parts) => `L${join(parts)}`);
const remove = fc.tuple(glued(one('', '', '', 'w', 'W'), 'x'), call, tags).map((parts) => `D${join(parts)}`);
const query = fc.tuple(glued(one(''), 'x'), call, tags).map((parts) => `Q${join(parts)}`);
const info = one('I', 'Ib');
const wrong = one('I x', 'X1', 'D call-1@a', 'L call-1@a 192.0.2.1 4000', 'Foo', 'Uc call-2@a - 1 bob');

/** A control command as text, of all verbs that the oracle knows. */
export const commandTexts: fc.Arbitrary<string> = fc.oneof(
  often(24, offer),
  often(24, answer),
  often(8, remove),
  often(8, query),
  often(2, info),
  often(2, wrong),
  often(1, one('X')),
);

export type HistoryLimits = {
  readonly maxCommands: number;
  /**
   * The spans of time that may pass at once, each as likely as one command in 18; more of them, or one several times, make silence
   * likelier. They must be chosen so that no sum of them falls between a time to live and a second after it: in this second a session
   * may or may not be gone.
   */
  readonly waitsMs: readonly number[];
  /** How often in one history; for drivers whose time is real. */
  readonly mostWaits?: number;
};

/** Histories of commands and silences. Play one with `follow`. */
export function histories({
  maxCommands,
  waitsMs,
  mostWaits = Number.POSITIVE_INFINITY,
}: HistoryLimits): fc.Arbitrary<Iterable<Step>> {
  const say = commandTexts.map((text) => new Say(text));
  const again = fc.constant(new SayAgain());
  // An array of arbitraries is drawn from evenly: the more often one stands in it, the likelier it is.
  const spoken = Array.from({ length: 18 }, (_, i) => (i < 16 ? say : again));
  const waits = waitsMs.map((ms) => fc.constant(new Wait(ms, mostWaits)));
  return fc.commands([...spoken, ...waits], { maxCommands, size: 'max' });
}

/** Plays a history against oracle and driver. Rejects where they disagree. */
export async function follow(setting: Setting & Latitude, driver: Driver, history: Iterable<Step>): Promise<void> {
  await fc.asyncModelRun(() => ({ model: new Expected(setting), real: driver }), history);
}
