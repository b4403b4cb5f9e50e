import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EncodingProgress } from '../../src/cli/makeann/progress.js';

function shownBy(isTTY: boolean): {
  readonly written: string[];
  readonly at: (ms: number, doneS: number, totalS: number) => void;
  readonly hide: () => void;
} {
  const written: string[] = [];
  let now = 0;
  const progress = new EncodingProgress({ isTTY, columns: 40, write: (text) => written.push(text) }, () => now);
  const at = (ms: number, doneS: number, totalS: number): void => {
    now = ms;
    progress.reach(doneS, totalS);
  };
  return { written, at, hide: () => progress.hide() };
}

test('makeann shows a bar on a terminal when it takes longer than a second, in one line that goes away', () => {
  const { written, at, hide } = shownBy(true);
  at(900, 1, 4);
  assert.deepEqual(written, []);
  at(1000, 100, 400);
  at(1050, 110, 400);
  at(1200, 7, 0);
  hide();
  hide();
  assert.deepEqual(written, [`\r 25 % [${'#'.repeat(8)}${'-'.repeat(22)}] \x1b[K`, '\r7 s encoded\x1b[K', '\r\x1b[K']);
});

test('makeann shows no bar where there is no terminal', () => {
  const { written, at, hide } = shownBy(false);
  at(5000, 1, 2);
  hide();
  assert.deepEqual(written, []);
});
