import fc from 'fast-check';
import { runs } from './runs.js';

/** A property of histories, of which one that fails can be played again by a command line. `W`: the world that it is played in. */
export type HistoryProperty<W, H extends Iterable<unknown>> = {
  /** One word that no other property of its file has. */
  readonly name: string;
  /** Its file, as `run.js` takes it: `simulation/histories`. */
  readonly file: string;
  readonly world: fc.Arbitrary<W>;
  /** `replayPath`: what `fc.commands` needs to play a shrunk history. */
  readonly histories: (replayPath?: string) => fc.Arbitrary<H>;
  /** How many are played, and for how long, milliseconds: no other is begun then, also to shrink one that failed. */
  readonly runs: number;
  readonly limitMs?: number;
  readonly play: (world: W, history: H) => void | Promise<void>;
};

type Environment = Readonly<Partial<Record<string, string>>>;

/** By which variables a history is named. */
const PROPERTY = 'RTPBRIDGE_PROPERTY';
const SEED = 'RTPBRIDGE_SEED';
const PATH = 'RTPBRIDGE_PATH';
const STEPS = 'RTPBRIDGE_STEPS';

/**
 * Plays histories until one fails, shrinks it, and throws with its steps and the command line that plays exactly it again. The variables
 * of that line, where they are set, say what is played: one history of one property, or (the seed alone) what that run of all of them was.
 */
export async function checkHistories<W, H extends Iterable<unknown>>(
  property: HistoryProperty<W, H>,
  environment: Environment = process.env,
): Promise<void> {
  const { [PROPERTY]: name, [SEED]: seed, [PATH]: path, [STEPS]: steps } = environment;
  if (name !== undefined && name !== property.name) return;
  const isReplay = path !== undefined;
  const { limitMs = Number.POSITIVE_INFINITY } = property;
  const untilMs = isReplay ? Number.POSITIVE_INFINITY : performance.now() + runs(limitMs);
  // A history that has begun is played to its end: what it has opened must not be in the way of what comes next.
  const play = async (world: W, history: H): Promise<void> => {
    if (performance.now() < untilMs) await property.play(world, history);
  };
  const details = await fc.check(fc.asyncProperty(property.world, property.histories(isReplay ? steps : undefined), play), {
    numRuns: runs(property.runs),
    ...(seed !== undefined && { seed: Number(seed) }),
    ...(isReplay && { path, endOnFailure: true }),
  });
  if (details.failed) throw new Error(describeFailure(property, details), { cause: details.errorInstance });
}

function describeFailure<W, H extends Iterable<unknown>>(
  { name, file }: HistoryProperty<W, H>,
  { counterexample, errorInstance, seed, counterexamplePath, numRuns, numShrinks }: fc.RunDetails<[W, H]>,
): string {
  const reason = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  if (counterexample === null) return `${name}: no history could be made: ${reason}`;
  const [world, history] = counterexample;
  const steps = replayPathOf(history);
  const line = [
    `${PROPERTY}=${name}`,
    `${SEED}=${seed}`,
    `${PATH}=${counterexamplePath ?? ''}`,
    ...(steps === null ? [] : [`${STEPS}=${steps}`]),
    `node dist/test/run.js ${file}`,
  ].join(' ');
  return [
    reason,
    `  in history ${numRuns}, shrunk ${numShrinks} times, of the world ${fc.stringify(world)}:`,
    ...stepsOf(history).map((step) => `    ${step}`),
    '  to play it again:',
    `    ${line}`,
  ].join('\n');
}

/** Steps that could not be taken where they stood were left out, and are not told. */
function stepsOf(history: Iterable<unknown>): string[] {
  const taken = [...history].filter((step) => (Object(step) as { readonly hasRan?: boolean }).hasRan !== false);
  return taken.map((step) => (isPlain(step) ? fc.stringify(step) : String(step)));
}

/** What says nothing of itself. */
const isPlain = (step: unknown): boolean => (Object(step) as object).toString === Object.prototype.toString;

const replayPathOf = (history: unknown): string | null => /\/\*replayPath="(.*)"\*\/$/.exec(String(history))?.[1] ?? null;
