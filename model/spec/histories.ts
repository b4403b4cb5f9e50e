import fc from 'fast-check';
import type { Latitude } from './agreement.js';
import type { Death, Driver } from './driver.js';
import type { Setting } from './referenceRelay.js';
import { Expected, IMMORTAL, type Mortality, Say, SayAgain, type Step, Wait } from './steps.js';

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
/** `n` asks for another port, `l` for another local address: every system has all of 127.0.0.0/8. */
const RENEWING = ['n', 'N', 'wn', 'nl127.0.0.2', 'l127.0.0.2', 'l127.0.0.3n'];
const letters = glued(
  fc.oneof(often(8, one('')), often(6, one('A', 's', 'w', 'Wc0,8,101', 'c0', 'aw', 'c0,97')), often(3, one(...RENEWING))),
  'y',
);

/** What may stand behind `&&`: mostly nothing. What is done to a session that a D has ended is not foretold, so D stands last. */
function subcommands(ttlSeconds: readonly number[], withLookup: boolean): fc.Arbitrary<string> {
  const ttl = fc.tuple(one('S', 's', 'Sr'), one(...ttlSeconds)).map(([head, seconds]) => `${head} ttl=${seconds}`);
  const lookUp = fc.tuple(letters, place).map((parts) => `L${join(parts)}`);
  const wrong = one('S ttl=0', 'X', 'Dx', 'L 192.0.2.1', '');
  const middle = fc.oneof(often(4, ttl), often(withLookup ? 6 : 0, lookUp), often(1, wrong));
  const last = fc.oneof(often(6, one('')), often(1, one('D', 'd', 'Dw')));
  const some = fc
    .tuple(fc.array(middle, { maxLength: 3 }), last)
    .map(([parts, end]) => [...parts, ...(end === '' ? [] : [end])].map((part) => ` && ${part}`).join(''));
  return fc.oneof(often(4, one('')), often(1, some));
}

/** The prompts that histories play: of these payload types nobody knows the frames, so that nothing is ever sent. */
export const QUIET_PROMPTS: Readonly<Record<string, readonly number[]>> = { 'prompts/quiet': [97, 101] };

const file = one('take-1', 'take-2');
const target = fc.oneof(
  often(8, one('udp:127.0.0.9:7000', 'udp:127.0.0.9:7002', 'udp:127.0.0.8:7000')),
  often(1, one('udp:127.0.0.9', 'udp:127.0.0.9:0', 'udp:127.0.0.256:7000', 'udp:localhost:7000')),
  often(4, file),
);
const prompt = fc.oneof(often(6, one('prompts/quiet')), often(1, one('prompts/none')));
const promptCodecs = fc.oneof(often(6, one('97', '0,101', 'session')), often(2, one('0', '0,8', 'x', '97,x')));

/** What is played, recorded and copied, and no more. Wrong letters are rare. */
const sound = fc.oneof(
  often(
    4,
    fc.tuple(glued(one('', '3', '-1', '0'), 'x'), call, prompt, promptCodecs, tags).map((parts) => `P${join(parts)}`),
  ),
  often(
    1,
    fc.tuple(glued(one('', ''), 'x'), call, tags).map((parts) => `S${join(parts)}`),
  ),
  often(
    3,
    fc.tuple(glued(one('', '', 's', 'S'), 'p'), call, tags).map((parts) => `R${join(parts)}`),
  ),
  often(
    6,
    fc.tuple(glued(one('', '', 'p', 'P', 's'), 'x'), call, target, tags).map((parts) => `C${join(parts)}`),
  ),
  often(
    4,
    fc.tuple(glued(one('', 'a', 'A'), 'ax'), call, tags).map((parts) => `N${join(parts)}`),
  ),
);

const remove = fc.tuple(glued(one('', '', '', 'w', 'W'), 'x'), call, tags).map((parts) => `D${join(parts)}`);
const info = one('I', 'Ib');
const wrong = one(
  'I x',
  'X1',
  'D call-1@a',
  'L call-1@a 192.0.2.1 4000',
  'Foo',
  'Uc call-2@a - 1 bob',
  'I && D',
  'X && D',
  'S call-1@a',
  'N call-1@a bob && D',
);

/** Control commands as text, of all verbs that the oracle knows. `ttlSeconds`: the times to live that sub-commands may set. */
export function commandTextsWith(ttlSeconds: readonly number[]): fc.Arbitrary<string> {
  const [both, few] = [subcommands(ttlSeconds, true), subcommands(ttlSeconds, false)];
  const joined = (head: string, ...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
    fc.tuple(...parts).map((words) => head + join(words));
  const behind = (command: fc.Arbitrary<string>, subs: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.tuple(command, subs).map(([text, more]) => text + more);
  return fc.oneof(
    often(12, behind(joined('U', letters, call, place, fc.oneof(firstTag, tags)), few)),
    often(12, behind(joined('U', letters, call, place, tags), both)),
    often(24, behind(joined('L', letters, call, place, tags), few)),
    often(8, remove),
    often(8, behind(joined('Q', glued(one(''), 'x'), call, tags), few)),
    often(12, sound),
    often(2, info),
    often(2, wrong),
    often(1, one('X')),
  );
}

export const commandTexts: fc.Arbitrary<string> = commandTextsWith([7, 61]);

/** What may die in histories: together in one step, and in how many steps of one history. */
export type DeathLimits = { readonly deaths: fc.Arbitrary<readonly Death[]>; readonly most: number };

export type HistoryLimits = {
  readonly maxCommands: number;
  /**
   * The spans of time that may pass at once, each as likely as one command in 18; more of them, or one several times, make silence
   * likelier. They must be chosen so that no sum of them falls between a time to live and a second after it: in this second a session
   * may or may not be gone.
   */
  readonly waitsMs: readonly number[];
  /** What `S ttl` may ask for, seconds; the same holds for them. */
  readonly ttlSeconds: readonly number[];
  /** How often time may pass in one history; for drivers whose time is real. */
  readonly mostWaits?: number;
  /** Left out: nothing dies. */
  readonly mortal?: DeathLimits;
};

/** Histories of commands, silences and deaths. `replayPath`: of a history that failed, to play exactly it. Play one with `follow`. */
export function histories(
  { maxCommands, waitsMs, ttlSeconds, mostWaits = Number.POSITIVE_INFINITY, mortal }: HistoryLimits,
  replayPath?: string,
): fc.Arbitrary<Iterable<Step>> {
  const texts = commandTextsWith(ttlSeconds);
  const say = texts.map((text) => new Say(text));
  const again = fc.constant(new SayAgain());
  // An array of arbitraries is drawn from evenly: the more often one stands in it, the likelier it is.
  const spoken = Array.from({ length: 18 }, (_, i) => (i < 16 ? say : again));
  const waits = waitsMs.map((ms) => fc.constant(new Wait(ms, mostWaits)));
  const deadly = mortal === undefined ? [] : deadlySteps(mortal, texts, waitsMs, mostWaits);
  return fc.commands([...spoken, ...waits, ...deadly], {
    maxCommands,
    size: 'max',
    ...(replayPath !== undefined && { replayPath }),
  });
}

/** Something dies while nothing else happens; at some moment of a silence; and, which is the hardest, over a command. */
function deadlySteps({ deaths, most }: DeathLimits, texts: fc.Arbitrary<string>, waitsMs: readonly number[], mostWaits: number) {
  const mortality = deaths.map((drawn): Mortality => (drawn.length === 0 ? IMMORTAL : { deaths: drawn, most }));
  const over = fc.tuple(texts, mortality).map(([text, how]) => new Say(text, how));
  const within = waitsMs.map((ms) =>
    fc.tuple(mortality, fc.nat(ms)).map(([how, atMs]) => {
      const moved = how.deaths.map((death) => ({ ...death, afterMs: death.afterMs + atMs }));
      return new Wait(ms, mostWaits, { ...how, deaths: moved });
    }),
  );
  return [mortality.map((how) => new Wait(0, mostWaits, how)), ...within, over, over, over];
}

/** Plays a history against oracle and driver. Rejects where they disagree. */
export async function follow(setting: Setting & Latitude, driver: Driver, history: Iterable<Step>): Promise<void> {
  await fc.asyncModelRun(() => ({ model: new Expected(setting), real: driver }), history);
}
