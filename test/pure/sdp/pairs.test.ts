/** What goes in and what comes out, maker by maker. */
import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { PAIRS } from './pairs.js';
import { parsed, printed, rewritten, textsOf } from './sdpGiven.js';

for (const pair of PAIRS) {
  test(`[NG-04] ${pair.title}`, () => {
    const { before, after } = textsOf(pair);
    equal(printed(parsed(before)), before, 'what is read is written as it was');
    equal(rewritten(before, pair.plan), after);
    equal(rewritten(after, pair.plan), after, 'by the same plan it does not change again');
  });
}

test('the table has at least sixty pairs', () => {
  equal(PAIRS.length >= 60, true, `${PAIRS.length}`);
});
