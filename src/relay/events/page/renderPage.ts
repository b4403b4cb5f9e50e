import { SIDES } from '../../../../model/session/side.js';
import { type Lane, laneWords } from '../lanes.js';
import { END_ROWS, rowWords } from '../momentRows.js';
import { type Moment, retell } from '../moments.js';
import type { StepRecord } from '../record.js';
import type { Story } from '../story.js';
import { describeRecord } from '../timeline.js';
import { ascii, duration, isoTime } from '../words.js';
import { drawCounters } from './counterCharts.js';
import { embedJson, escapeHtml } from './html.js';
import { drawLadder } from './ladderSvg.js';
import { type PageData, pageData, shownMoments } from './pageData.js';
import { PAGE_SCRIPT } from './script.js';
import { drawStateChart } from './stateChart.js';
import { LEG_FACTS, SESSION_FACTS } from './stateView.js';
import { PAGE_STYLE } from './style.js';

/** Nothing is fetched from anywhere, whatever a Call-ID may say. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/**
 * A call as one HTML page that needs nothing else and can be opened from a file: its ladder, chart, counters and legs at any moment, and its
 * timeline. Call-IDs, tags and commands are text of strangers: they stand in it escaped, or in JSON that is only ever shown as text.
 */
export function renderPage(story: Story, title: string): string {
  const retold = retell(story);
  const moments = shownMoments(retold);
  const data = pageData(retold, moments);
  const ladder = drawLadder(moments, retold.lanes);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escapeHtml(ascii(title))}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header><h1>${escapeHtml(ascii(title))}</h1><p class="sub">${escapeHtml(summary(story, retold.lanes, data))}</p></header>
<nav><div>${steering(retold.lanes, data)}</div></nav>
<main>
<section><h2>Ladder</h2><div id="ladder-box">${ladder.svg}</div></section>
<div>
<section><h2>State</h2>${drawStateChart()}${sessionTable()}</section>
<section><h2>Legs</h2>${legTable()}</section>
<section><h2>Packets, as last counted</h2>${counters(retold.lanes, data)}</section>
</div>
${descriptions(data)}<section class="full"><h2>Timeline</h2>${timeline(moments, retold.lanes)}</section>
</main>
<script type="application/json" id="data">${embedJson({ ...data, heights: ladder.heights })}</script>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

function summary({ call }: Story, lanes: readonly Lane[], { moments, start, end }: PageData): string {
  const name = `call ${ascii(call)}`;
  if (moments.length === 0) return `${name}: nothing is known of it`;
  const sessions = lanes.length === 1 ? '1 session' : `${lanes.length} sessions`;
  const { date, time } = isoTime(start);
  return `${name}, ${sessions}, from ${date} ${time} UTC, ${duration(end - start)} long`;
}

function steering(lanes: readonly Lane[], { moments }: PageData): string {
  const last = Math.max(0, moments.length - 1);
  const options = lanes.map((lane, i) => `<option value="${i}">${escapeHtml(`${lane.label}: ${laneWords(lane)}`)}</option>`);
  const choice =
    lanes.length < 2
      ? ''
      : `<select id="lane" aria-label="Session"><option value="">whichever something happens to</option>${options.join('')}</select>`;
  return (
    `<div class="steer"><button type="button" id="back" aria-label="Moment before">&lt;</button>` +
    `<input type="range" id="slider" min="0" max="${last}" value="${last}" aria-label="Moment">` +
    `<button type="button" id="on" aria-label="Next moment">&gt;</button>${choice}</div>` +
    `<div class="moment-line"><span id="time"></span><span id="since"></span><span id="what"></span></div>`
  );
}

const sessionTable = (): string => {
  const rows = SESSION_FACTS.map(({ name }) => `<tr><th scope="row">${name}</th><td data-cell=""></td></tr>`);
  return `<div class="wide"><table>${rows.join('')}</table></div>`;
};

function legTable(): string {
  const heads = SIDES.map((side) => `<th scope="col">${side}</th>`).join('');
  const cells = SIDES.map(() => '<td data-cell=""></td>').join('');
  const rows = LEG_FACTS.map(({ name }) => `<tr><th scope="row">${name}</th>${cells}</tr>`).join('');
  return `<div class="wide"><table><thead><tr><th></th>${heads}</tr></thead><tbody>${rows}</tbody></table></div>`;
}

function counters(lanes: readonly Lane[], data: PageData): string {
  const charts = lanes.map(({ label }, i) => {
    const name = label === '' ? '' : `<h3>${escapeHtml(label)}</h3>`;
    return `<div data-lane="${i}">${name}${drawCounters(data, i)}</div>`;
  });
  if (lanes.length === 0) return '';
  return `${charts.join('')}<div class="span"><span>${isoTime(data.start).time}</span><span>${isoTime(data.end).time}</span></div>`;
}

/** What was handed on of the description of the last exchange that has one. */
const descriptions = ({ descriptions: all }: PageData): string =>
  all.length === 0
    ? ''
    : '<section class="full"><h2>Session description</h2><p class="sub" id="described"></p><pre id="description"></pre></section>\n';

function timeline(moments: readonly Moment[], lanes: readonly Lane[]): string {
  const items = moments.flatMap((moment, i) => {
    if (moment.rows.length === 0) return [];
    const label = moment.lane === null ? '' : (lanes[moment.lane]?.label ?? '');
    const name = label === '' ? '' : `<b>${escapeHtml(label)}</b> `;
    const lines = wordsOf(moment).map((line) => escapeHtml(line));
    return [`<li data-m="${i}"><time>${isoTime(moment.at).time}</time>${name}${lines.join('<br>')}</li>`];
  });
  return `<ol id="timeline">${items.join('')}</ol>`;
}

/** As the timeline of a replay has it, where there is a step that can be read; else as the ladder says it. */
function wordsOf({ told, rows }: Moment): readonly string[] {
  const record = told?.record;
  return record?.kind === 'step' && !rows.includes(END_ROWS.foreign) ? stepWords(record) : rows.map(rowWords);
}

/** Without what the page says already: the time, the session, the call. */
function stepWords(record: StepRecord): readonly string[] {
  const session = `${record.shard}/${record.session}`;
  return describeRecord({ ...record, call: '' as StepRecord['call'] }, () => '').map((line) =>
    line.trim().slice(session.length).trim(),
  );
}
