import type { Side } from '../../../../model/session/side.js';
import { type LadderLine, linesOf } from '../ladderLines.js';
import type { Lane } from '../lanes.js';
import type { Moment } from '../moments.js';
import { duration, isoTime } from '../words.js';
import { escapeHtml } from './html.js';

/** Letters of half a ladder, as many as fit in `HALF` at twelve pixels. */
const ROOM = { half: 36, full: 70 } as const;
const HALF = 270;
const LINE_HEIGHT = 18;
const PAUSE_HEIGHT = 30;
const PAUSE_MS = 1000;
const TOP = 34;
const TIMES = 96;
const LABELS = 60;

type Columns = { readonly axis: number; readonly caller: number; readonly relay: number; readonly callee: number };

export type DrawnLadder = {
  readonly svg: string;
  readonly width: number;
  /** By moment: how far below the top it begins. */
  readonly heights: readonly number[];
};

/** The ladder as SVG: the axis of time at the left, each moment a group (`data-m`: its number) that the script lights or dims. */
export function drawLadder(moments: readonly Moment[], lanes: readonly Lane[]): DrawnLadder {
  const axis = TIMES + (lanes.length > 1 ? LABELS : 0);
  const caller = axis + 24;
  const columns: Columns = { axis, caller, relay: caller + HALF, callee: caller + 2 * HALF };
  const width = columns.callee + 30;
  const parts: string[] = [];
  const heights: number[] = [];
  let y = TOP;
  let before: Moment | null = null;
  for (const [i, moment] of moments.entries()) {
    heights.push(y);
    if (moment.rows.length === 0) continue;
    if (before !== null && moment.at - before.at >= PAUSE_MS) {
      parts.push(drawPause(columns, y, moment.at - before.at));
      y += PAUSE_HEIGHT;
    }
    const label = moment.lane === null ? '' : (lanes[moment.lane]?.label ?? '');
    const { svg, height } = drawMoment({ columns, width, y, number: i, isNew: before?.at !== moment.at }, moment, label);
    parts.push(svg);
    y += height;
    before = moment;
  }
  const head = (['caller', 'relay', 'callee'] as const)
    .map(
      (name) =>
        `<text class="name" x="${columns[name]}" y="16">${name}</text><path class="life" d="M${columns[name]} 22V${y + 6}"/>`,
    )
    .join('');
  const drawn =
    `<svg class="ladder" id="ladder" viewBox="0 0 ${width} ${y + 10}" data-width="${width}" role="img" aria-label="Ladder of the call">` +
    `<path class="axis" d="M${axis} ${TOP}V${y + 6}"/>${head}${parts.join('')}</svg>`;
  return { svg: drawn, width, heights };
}

function drawPause({ axis, caller, relay, callee }: Columns, y: number, ms: number): string {
  const gaps = [axis, caller, relay, callee].map((x) => `<path class="gap" d="M${x} ${y + 6}V${y + PAUSE_HEIGHT - 6}"/>`);
  return `${gaps.join('')}<text class="pause" x="${(caller + relay) / 2}" y="${y + PAUSE_HEIGHT / 2 + 4}">${duration(ms)}</text>`;
}

type Place = {
  readonly columns: Columns;
  readonly width: number;
  readonly y: number;
  readonly number: number;
  /** Its time was not shown yet. */
  readonly isNew: boolean;
};

function drawMoment(
  { columns, width, y, number, isNew }: Place,
  { at, rows }: Moment,
  label: string,
): { svg: string; height: number } {
  const lines = rows.flatMap((row) => linesOf(row, ROOM));
  const height = lines.length * LINE_HEIGHT + 4;
  const time = isNew ? `<text class="time" x="4" y="${y + 13}">${isoTime(at).time}</text>` : '';
  const name = label === '' ? '' : `<text class="label" x="${TIMES}" y="${y + 13}">${escapeHtml(label)}</text>`;
  const drawn = lines.map((line, i) => drawLine(columns, width, y + i * LINE_HEIGHT, line)).join('');
  const back = `<rect class="back" x="0" y="${y - 1}" width="${width}" height="${height - 2}"/>`;
  const dot = `<circle class="dot" cx="${columns.axis}" cy="${y + 9}" r="3"/>`;
  return { svg: `<g class="moment" data-m="${number}">${back}${dot}${time}${name}${drawn}</g>`, height };
}

function drawLine(columns: Columns, width: number, y: number, line: LadderLine): string {
  const { caller, relay, callee } = columns;
  switch (line.kind) {
    case 'arrow':
      return drawArrow(columns, y, line);
    case 'asides':
      return (['caller', 'callee'] as const)
        .filter((side) => line[side] !== '')
        .map((side) => {
          const isLeft = (side === 'caller') === (line.near === 'side');
          const x = side === 'caller' ? (isLeft ? caller + 8 : relay - 8) : isLeft ? relay + 8 : callee - 8;
          return text(`aside${isLeft ? '' : ' end'}`, x, y, line[side]);
        })
        .join('');
    case 'note': {
      const wide = line.text.length * 7.3 + 12;
      return `<rect class="note" x="${relay - wide / 2}" y="${y}" width="${wide}" height="${LINE_HEIGHT - 1}" rx="4"/>${text('noted', relay, y, line.text)}`;
    }
    case 'bar':
      return `<rect class="bar" x="${columns.axis}" y="${y}" width="${width - columns.axis}" height="${LINE_HEIGHT - 1}"/>${text('barred', relay, y, line.text)}`;
  }
}

const text = (kind: string, x: number, y: number, words: string): string =>
  `<text class="${kind}" x="${x}" y="${y + 13}">${escapeHtml(words)}</text>`;

/** The words stand on the line, where it comes from. */
function drawArrow(columns: Columns, y: number, line: Extract<LadderLine, { kind: 'arrow' }>): string {
  const { towards, fails } = line;
  const side: Side = line.side;
  const [from, to] = towards === 'relay' ? [columns[side], columns.relay] : [columns.relay, columns[side]];
  const way = Math.sign(to - from);
  const [middle, end] = [y + 9, to - way * 2];
  const head = fails
    ? `<path class="cross" d="M${end - way * 8} ${middle - 4}l${way * 8} 8m0 -8l${-way * 8} 8"/>`
    : `<path class="head" d="M${end} ${middle}l${-way * 8} -4v8z"/>`;
  const wide = line.text.length * 7.3 + 8;
  const start = way > 0 ? from + 12 : from - 12 - wide;
  return (
    `<g class="arrow${fails ? ' fails' : ''}"><path class="shaft" d="M${from} ${middle}H${end}"/>${head}` +
    `<rect class="mask" x="${start}" y="${y + 1}" width="${wide}" height="${LINE_HEIGHT - 3}"/>${text('said', start + 4, y, line.text)}</g>`
  );
}
