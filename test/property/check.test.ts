/** What a history that fails says, shown with a driver that is wrong on purpose. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import type { Death } from '../../model/spec/driver.js';
import { follow, histories } from '../../model/spec/histories.js';
import { checkHistories, type HistoryProperty } from './check.js';
import { PureDriver, PureRelay, settingOf } from './pureRelay.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const NAME = 'wrong-on-purpose';
const SETTING = settingOf(3, 9000, 5000);
const DEATH: Death = { who: 'relay', afterMs: 0, downMs: 0 };
const LIMITS = { maxCommands: 60, waitsMs: [2000], ttlSeconds: [7], mortal: { deaths: fc.constant([DEATH]), most: 5 } };

/** Forgets to delete, once it has died. */
class ForgetfulDriver extends PureDriver {
  #hasDied = false;

  override send(command: string, deaths: readonly Death[] = []): string {
    this.#hasDied ||= deaths.length > 0;
    return this.#hasDied && command.startsWith('D') ? super.send('I', deaths) : super.send(command, deaths);
  }

  override advance(ms: number, deaths: readonly Death[] = []): void {
    this.#hasDied ||= deaths.length > 0;
    super.advance(ms, deaths);
  }
}

function wrong(onPlay: () => void = () => {}) {
  return {
    ...{ name: NAME, file: 'property/check', runs: 300 },
    world: fc.integer(),
    histories: (replayPath?: string) => histories(LIMITS, replayPath),
    play: (seed: number, history: Parameters<typeof follow>[2]) => {
      onPlay();
      return follow(SETTING, new ForgetfulDriver(new PureRelay(SETTING, seed)), history);
    },
  };
}

async function failureOf<W, H extends Iterable<unknown>>(
  property: HistoryProperty<W, H>,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  try {
    await checkHistories(property, environment);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('no history failed');
}

const stepsIn = (message: string): string[] =>
  message.split('\n').flatMap((line) => /^ {4}(?! )(?!RTPBRIDGE)(.*)$/.exec(line)?.[1] ?? []);

if (process.env['RTPBRIDGE_PROPERTY'] === NAME) {
  test('played again by the command line', () => checkHistories(wrong()));
} else {
  test('a history that fails is told shrunk, step by step, with the command line that plays exactly it again', async () => {
    const message = await failureOf(wrong(), {});
    const steps = stepsIn(message);
    assert.ok(steps.length <= 3 && steps.at(-1)!.startsWith('D'), message);
    assert.match(steps.join('\n'), /the relay dies after 0 ms for 0 ms/);
    const line = /^ +(RTPBRIDGE_PROPERTY=.*)$/m.exec(message)![1]!;
    const { stdout, status } = spawnSync('sh', ['-c', line], { cwd: ROOT, encoding: 'utf8', timeout: 30_000 });
    assert.equal(status, 1);
    for (const step of steps) assert.ok(stdout.includes(`${step}\n`), `${step} is not in ${stdout}`);
    assert.match(stdout, /in history 1, shrunk 0 times/);
  });

  test('where one property is named, no other one is played; where a seed is, each is played with it', async () => {
    let played = 0;
    await checkHistories(
      wrong(() => played++),
      { RTPBRIDGE_PROPERTY: 'another' },
    );
    assert.equal(played, 0);
    const [first, second] = [
      await failureOf(wrong(), { RTPBRIDGE_SEED: '5' }),
      await failureOf(wrong(), { RTPBRIDGE_SEED: '5' }),
    ];
    assert.equal(first, second);
    assert.match(first, /RTPBRIDGE_SEED=5 /);
  });
}
