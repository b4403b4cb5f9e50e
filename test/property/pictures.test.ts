import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatLadder } from '../../src/relay/events/ladder.js';
import { renderPage } from '../../src/relay/events/page/renderPage.js';
import type { Story } from '../../src/relay/events/story.js';
import { FakePage } from '../pure/fakePage.js';
import { recordsOf, storyOf } from '../pure/storyGiven.js';
import { NOTIFYING, PureRelay, settingOf } from './pureRelay.js';
import { runs } from './runs.js';
import { act, stories } from './stories.js';

const CALL = 'call-1@a';
/** What breaks out of JSON, of script elements, of attributes and of text, were it let. */
const evil = fc
  .array(
    fc.constantFrom(
      '</script>',
      '<script>',
      '<img/src=x/onerror=alert(1)>',
      '<!--',
      ']]>',
      '"',
      "'",
      '&lt;',
      '\\',
      '\u2028',
      '\0',
      '\u202e',
      '\x1b[2J',
      'x',
    ),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => parts.join(''));

/** A history with a Call-ID and a tag of strangers, of which `kept` says what is left of the log: all, or some records only. */
const told = fc.tuple(stories, evil, evil, fc.option(fc.infiniteStream(fc.boolean()))).map(([deeds, call, tag, kept]): Story => {
  const relay = new PureRelay(settingOf(20, 20_000, 10_000), 1, NOTIFYING);
  for (const deed of deeds) act(relay, deed);
  const records = recordsOf(CALL, relay.log).filter(() => kept === null || kept.next().value);
  const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);
  const renamed = JSON.stringify(storyOf(CALL, records))
    .replaceAll(CALL, () => inJson(call))
    .replaceAll('alice', () => inJson(tag));
  return JSON.parse(renamed) as Story;
});

test('any history gives a ladder of ASCII within its width', () => {
  const property = fc.property(told, fc.nat(150), (story, width) => {
    const lines = formatLadder(story, { width, formatTime: (at) => new Date(at).toISOString() });
    assert.ok(lines.length > 0);
    for (const line of lines) assert.ok(line.length <= width && /^[ -~]*$/.test(line), `${width}: ${JSON.stringify(line)}`);
  });
  fc.assert(property, { numRuns: runs(150) });
});

test('any history gives a page whose data parse back, whose script runs, and in which no text of strangers is more than text', () => {
  const property = fc.property(told, (story) => {
    const html = renderPage(story, `call ${story.call}`);
    assert.deepEqual([html.match(/<script/g)?.length, html.match(/<\/script/g)?.length], [2, 2]);
    assert.ok(!['<img', '<!--', '\0', '\u2028', '\u202e', '\x1b'].some((text) => html.includes(text)));
    const page = new FakePage(html);
    const data = JSON.parse(page.byId('data').textContent) as { moments: readonly unknown[] };
    assert.equal(Math.max(0, data.moments.length - 1), Number(page.byId('slider').getAttribute('max')));
    page.open().press('Home');
    for (let i = 0; i < data.moments.length; i++) page.press('ArrowRight');
  });
  fc.assert(property, { numRuns: runs(60) });
});
