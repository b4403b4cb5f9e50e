import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Script } from 'node:vm';
import { sessionChart } from '../../model/session/chart.js';
import { renderPage } from '../../src/relay/events/page/renderPage.js';
import { PAGE_SCRIPT } from '../../src/relay/events/page/script.js';
import { BOXES, EDGES } from '../../src/relay/events/page/stateChart.js';
import { LEG_FACTS, SESSION_FACTS } from '../../src/relay/events/page/stateView.js';
import { FakePage } from './fakePage.js';
import { relayOf, Talk } from './pureTalk.js';
import { storyIn, storyOf, wholeCall } from './storyGiven.js';

const pageOf = (html: string): FakePage => new FakePage(html).open();
const cell = (page: FakePage, name: string, side: 'caller' | 'callee' | null = null): string => {
  const cells = page.with('data-cell').map(({ textContent }) => textContent);
  const ofSession = SESSION_FACTS.findIndex((fact) => fact.name === name);
  if (side === null) return cells[ofSession] ?? '';
  return cells[SESSION_FACTS.length + LEG_FACTS.findIndex((fact) => fact.name === name) * 2 + (side === 'caller' ? 0 : 1)] ?? '';
};
const litPhase = (page: FakePage): string[] =>
  page.with('data-phase').flatMap((box) => (box.classes.has('lit') ? [box.getAttribute('data-phase') ?? ''] : []));
const count = (page: FakePage, what: string): string =>
  page.with('data-count').find((place) => place.getAttribute('data-count') === what)?.textContent ?? '';
/** Goes on until what happens is this. */
function goTo(page: FakePage, words: RegExp): void {
  page.press('Home');
  for (let i = 0; i < 500 && !words.test(page.byId('what').textContent); i++) page.press('ArrowRight');
  assert.match(page.byId('what').textContent, words);
}

test('a page needs nothing from anywhere: its policy says so, and it names no other file', () => {
  const html = renderPage(wholeCall().story, 'a call');
  const policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";
  assert.ok(html.includes(`<meta http-equiv="Content-Security-Policy" content="${policy}">`));
  assert.doesNotMatch(html, /https?:|\bsrc=|@import|url\((?!#)/);
  assert.deepEqual(html.match(/href="[^"]*"/g), ['href="data:,"']);
});

test('the script of the page is sound JavaScript, also by itself', () => {
  assert.doesNotThrow(() => new Script(PAGE_SCRIPT));
  assert.doesNotMatch(PAGE_SCRIPT, /innerHTML|insertAdjacentHTML|document\.write|eval|<\//);
});

test('the slider moves the chart, the tables and the counters through the call', () => {
  const page = pageOf(renderPage(wholeCall().story, 'a call'));
  assert.deepEqual(litPhase(page), ['closed']);
  assert.equal(cell(page, 'State'), 'closed: deleted');
  page.press('Home');
  assert.deepEqual(litPhase(page), ['new']);
  assert.match(page.byId('what').textContent, /^Uc0,8,101 10\.0\.0\.7 4000 alice unix:\/run\/proxy T1 -> \d+ 127\.0\.0\.1$/);
  page.press('ArrowRight');
  assert.deepEqual(litPhase(page), ['waiting']);
  assert.equal(cell(page, 'Signalled address', 'caller'), '10.0.0.7:4000');
  assert.equal(cell(page, 'Local port', 'caller'), '-');
  goTo(page, /RTP 198\.51\.100\.9:31022 learned/);
  assert.deepEqual(litPhase(page), ['relaying']);
  assert.equal(cell(page, 'RTP address', 'caller'), '198.51.100.9:31022 (learned)');
  assert.equal(count(page, '0 caller received'), '0');
  goTo(page, /on hold/);
  assert.equal(cell(page, 'Hold', 'caller'), 'on hold');
  assert.equal(count(page, '0 caller dropped'), '0');
  assert.ok(Number(count(page, '0 caller received')) > 90, 'as last counted');
  goTo(page, /session closed/);
  const counts = ['caller received', 'callee received', 'callee ignored'].map((what) => count(page, `0 ${what}`));
  assert.deepEqual(counts, ['98', '110', '1']);
});

test('what lies after the moment is dimmed, in the ladder and in the timeline; a click goes there', () => {
  const page = pageOf(renderPage(wholeCall().story, 'a call'));
  const marks = page.with('data-m');
  assert.ok(marks.some(({ tagName }) => tagName === 'LI') && marks.some(({ tagName }) => tagName === 'g'));
  assert.ok(!marks.some(({ classes }) => classes.has('later')));
  const [first] = marks;
  page.document.fire('click', { target: first });
  assert.ok(first!.classes.has('now'));
  for (const mark of marks) assert.equal(mark.classes.has('later'), mark.getAttribute('data-m') !== '0');
  const slider = page.byId('slider');
  slider.value = '3';
  slider.fire('input');
  assert.deepEqual(
    new Set(marks.flatMap((mark) => (mark.classes.has('now') ? [mark.getAttribute('data-m')] : []))),
    new Set(['3']),
  );
});

test('what changed with the moment is marked, and the way through the chart that it took', () => {
  const page = pageOf(renderPage(wholeCall().story, 'a call'));
  goTo(page, /RTP 198\.51\.100\.9:31022 learned/);
  const changed = page.with('data-cell').filter(({ classes }) => classes.has('changed'));
  assert.deepEqual(
    changed.map(({ textContent }) => textContent),
    ['198.51.100.9:31022 (learned)', '198.51.100.9:31023 (signalled)'],
  );
  goTo(page, /session closed/);
  const ways = page.with('data-edge').flatMap((edge) => (edge.classes.has('lit') ? [edge.getAttribute('data-edge')] : []));
  assert.deepEqual(ways, ['relaying-closed']);
});

test('audio and video of a call are shown each for itself, and can be chosen', () => {
  const relay = relayOf();
  relay.send('U av@x 192.0.2.1 4000 alice;1');
  relay.send('U av@x 192.0.2.1 4002 alice;2');
  relay.advance(100);
  relay.send('L av@x 192.0.2.9 5000 alice;1 bob;1');
  const page = pageOf(renderPage(storyIn(relay, 'av@x'), 'two'));
  const lane = page.byId('lane');
  const phaseOf = (value: string): string[] => {
    lane.value = value;
    lane.fire('change');
    return litPhase(page);
  };
  assert.deepEqual([phaseOf('0'), phaseOf('1')], [['relaying'], ['waiting']]);
  assert.deepEqual(
    page.with('data-lane').map(({ hidden }) => hidden),
    [true, false],
  );
});

test('every state and every way of the chart is drawn, and none that is not there', () => {
  assert.deepEqual(Object.keys(BOXES).sort(), Object.keys(sessionChart.states).sort());
  const ways = new Set<string>();
  for (const [phase, { transitions }] of Object.entries(sessionChart.states))
    for (const [, candidates] of transitions)
      for (const { target } of candidates) ways.add(`${phase}-${target?.[0]?.key ?? phase}`);
  assert.deepEqual(EDGES.map(({ from, to }) => `${from}-${to}`).sort(), [...ways].sort());
});

test('hostile Call-IDs, tags and titles stay text wherever they stand', () => {
  const evil = '</script><img/src=x/onerror=alert(1)>"\'&<!--';
  const { story } = wholeCall({ call: `c${evil}`, from: `f${evil}`, to: `t${evil}` });
  assert.ok(story.records.length > 10);
  const html = renderPage(story, `title ${evil}`);
  assert.ok(!html.includes(evil));
  assert.doesNotMatch(html, /<img|<!--|onerror=alert\(1\)>/);
  assert.equal(html.match(/<\/script>/g)?.length, 2);
  assert.equal(html.match(/<script/g)?.length, 2);
  const page = pageOf(html);
  assert.equal(cell(page, 'From tag'), `f${evil}`);
});

test('a page of which nothing is known says so and does not fail', () => {
  const html = renderPage(storyOf('nobody@x', []), 'nobody');
  assert.match(html, /call nobody@x: nothing is known of it/);
  pageOf(html).press('ArrowRight');
});

test('a call of a day has a slider that can be used, and its last sample is shown', () => {
  const relay = relayOf();
  const call = new Talk(relay, 'long@x');
  for (let i = 0; i < 1500; i++) {
    call.speak('caller');
    relay.advance(2000);
  }
  relay.send('D long@x f t');
  const page = pageOf(renderPage(storyIn(relay, 'long@x'), 'long'));
  assert.ok(Number(page.byId('slider').getAttribute('max')) < 500, 'too many places');
  assert.equal(count(page, '0 caller received'), '1500');
});
