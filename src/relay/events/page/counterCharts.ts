import { SIDES, type Side } from '../../../../model/session/side.js';
import { type PageData, type Series, SHOWN_COUNTERS } from './pageData.js';

const WIDTH = 1000;
const HEIGHT = 100;

/** What each counter counts, for the legend. */
const WORDS = { received: 'received', relayed: 'relayed', dropped: 'dropped', ignored: 'refused' } as const;

/**
 * The counters of a lane over time, a chart a side. The drawing is stretched to whatever place there is; its words stand around it as text,
 * so that they stay readable. The script moves the line of the moment (`data-cursor`) and writes the counts (`data-count`).
 */
export function drawCounters(data: PageData, lane: number): string {
  const series = data.series[lane];
  return series === undefined ? '' : SIDES.map((side) => drawSide(data, lane, series, side)).join('');
}

function drawSide({ start, end }: PageData, lane: number, { times, counts }: Series, side: Side): string {
  const top = Math.max(1, ...SHOWN_COUNTERS.map((name) => counts[side][name].reduce((most, count) => Math.max(most, count), 0)));
  const span = Math.max(1, end - start);
  const place = (at: number, count: number): string =>
    `${round(((at - start) / span) * WIDTH)},${round(HEIGHT - (count / top) * HEIGHT)}`;
  const lines = SHOWN_COUNTERS.map((name) => {
    const points = times.map((at, i) => place(at, counts[side][name][i] ?? 0)).join(' ');
    return `<polyline class="line ${name}" points="${points}"/>`;
  });
  const legend = SHOWN_COUNTERS.map(
    (name) => `<li class="${name}">${WORDS[name]} <b data-count="${lane} ${side} ${name}"></b></li>`,
  ).join('');
  return (
    `<figure><figcaption>Packets of the ${side}</figcaption><ul class="legend">${legend}</ul>` +
    `<div class="plot"><span class="top">${top}</span><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="Packets of the ${side} over time">` +
    `${lines.join('')}<path class="cursor" data-cursor="" d="M0 0V${HEIGHT}"/></svg></div></figure>`
  );
}

const round = (value: number): number => Math.round(value * 10) / 10;
