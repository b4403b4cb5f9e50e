import { deepEqual, equal, match } from 'node:assert/strict';
import { test } from 'node:test';
import {
  EARLY_DEATHS,
  EARLY_MS,
  type Ending,
  formatEnding,
  Restarts,
  type Verdict,
} from '../../src/relay/supervisor/restarts.js';

const CLEAN: Ending = { code: 0, signal: null, served: true, livedMs: 60_000 };
const KILLED: Ending = { code: 137, signal: 'SIGKILL', served: true, livedMs: 60_000 };
const FAILED: Ending = { code: 1, signal: null, served: true, livedMs: 60_000 };
const EARLY: Ending = { ...KILLED, livedMs: EARLY_MS - 1 };
const REFUSED: Ending = { code: 1, signal: null, served: false, livedMs: 300 };
const TERMINATED: Ending = { code: 143, signal: 'SIGTERM', served: false, livedMs: 100 };

/** What becomes of each ending in turn; nobody told the relay to end. */
function judgeAll(endings: readonly Ending[]): Verdict[] {
  const restarts = new Restarts();
  return endings.map((ending) => restarts.judge(ending, null));
}

const kindsOf = (endings: readonly Ending[]): string[] => judgeAll(endings).map(({ kind }) => kind);
const times = (count: number, ending: Ending): Ending[] => new Array<Ending>(count).fill(ending);

test('a relay that ends of its own will stays ended; one that dies by a signal or fails is started again, and that is counted', () => {
  deepEqual(judgeAll([CLEAN]), [{ kind: 'end', code: 0 }]);
  deepEqual(judgeAll([KILLED, FAILED, KILLED, CLEAN]), [
    { kind: 'restart', restart: 1 },
    { kind: 'restart', restart: 2 },
    { kind: 'restart', restart: 3 },
    { kind: 'end', code: 0 },
  ]);
});

test('a relay that was told to end stays ended, with its own code, and with none where it had not begun to listen', () => {
  for (const ending of [CLEAN, KILLED, FAILED, EARLY, REFUSED])
    deepEqual(new Restarts().judge(ending, 'SIGTERM'), { kind: 'end', code: ending.code });
  deepEqual(new Restarts().judge(TERMINATED, 'SIGTERM'), { kind: 'end', code: 0 });
  deepEqual(new Restarts().judge({ ...TERMINATED, served: true }, 'SIGTERM'), { kind: 'end', code: 143 });
  deepEqual(new Restarts().judge(TERMINATED, 'SIGINT'), { kind: 'end', code: 143 });
});

test('one that never served and ends with a code cannot start: that is the end at the first start only', () => {
  deepEqual(judgeAll([REFUSED]), [{ kind: 'end', code: 1 }]);
  deepEqual(judgeAll([{ ...REFUSED, code: 7 }]), [{ kind: 'end', code: 7 }]);
  deepEqual(kindsOf([KILLED, REFUSED, REFUSED]), ['restart', 'restart', 'restart']);
  deepEqual(kindsOf([{ ...KILLED, served: false }]), ['restart'], 'a signal is no refusal');
});

test('five early deaths in a row are enough, and one that came later begins the count anew', () => {
  const restarts = times(EARLY_DEATHS - 1, EARLY);
  equal(EARLY_DEATHS, 5);
  deepEqual(kindsOf([...restarts, EARLY]), [...restarts.map(() => 'restart'), 'give-up']);
  const late = { ...KILLED, livedMs: EARLY_MS };
  const kinds = kindsOf([...restarts, late, ...restarts, EARLY]);
  deepEqual(kinds, [...new Array<string>(9).fill('restart'), 'give-up']);
});

test('a death before it served is early however long that took', () => {
  const unserved = { ...KILLED, served: false };
  deepEqual(kindsOf(times(EARLY_DEATHS, unserved)).at(-1), 'give-up');
  deepEqual(kindsOf([...times(2, EARLY), ...times(2, REFUSED), unserved]).at(-1), 'give-up', 'all of them together');
});

test('giving up says in one line how it ended last', () => {
  const last = judgeAll([...times(EARLY_DEATHS - 1, EARLY), { ...EARLY, livedMs: 1_234 }]).at(-1);
  if (last?.kind !== 'give-up') throw new Error(`it is ${last?.kind}`);
  match(last.complaint, /^the relay died 5 times in a row .* was ended by SIGKILL after 1\.2 s; giving up$/);
  equal(formatEnding({ ...FAILED, livedMs: 90_000 }), 'ended with code 1 after 90.0 s');
});
