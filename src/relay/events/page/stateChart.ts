import type { Phase } from '../../../../model/session/chart.js';

type Box = { readonly x: number; readonly y: number; readonly width: number };

/** The states of the chart of a session (`model/session/chart.ts`), placed as in model/README.md. */
export const BOXES: Readonly<Record<Phase, Box>> = {
  new: { x: 4, y: 50, width: 70 },
  waiting: { x: 170, y: 50, width: 100 },
  relaying: { x: 396, y: 50, width: 110 },
  closed: { x: 284, y: 160, width: 100 },
};
const BOX_HEIGHT = 38;

type Edge = {
  readonly from: Phase;
  readonly to: Phase;
  readonly path: string;
  readonly at: readonly [number, number];
  readonly anchor: 'start' | 'middle' | 'end';
  /** A line each. */
  readonly words: readonly string[];
};

export const EDGES: readonly Edge[] = [
  { from: 'new', to: 'waiting', path: 'M74 69H166', at: [120, 62], anchor: 'middle', words: ['SessionOpened'] },
  {
    ...{ from: 'waiting', to: 'relaying', path: 'M270 69H392', at: [331, 62], anchor: 'middle' },
    words: ['LegOpened,', '', 'both legs open'],
  },
  { from: 'waiting', to: 'closed', path: 'M225 88L300 157', at: [250, 128], anchor: 'end', words: ['SessionClosed'] },
  { from: 'relaying', to: 'closed', path: 'M446 88L368 157', at: [420, 128], anchor: 'start', words: ['SessionClosed'] },
  {
    ...{ from: 'waiting', to: 'waiting', path: 'M200 50C196 20 244 20 240 47', at: [220, 22], anchor: 'middle' },
    words: ['first LegOpened, RemoteSignalled ...'],
  },
  {
    ...{ from: 'relaying', to: 'relaying', path: 'M431 50C427 20 475 20 471 47', at: [436, 22], anchor: 'middle' },
    words: ['RemoteLatched, LegOpened ...'],
  },
];

/** The script lights the box of the state (`data-phase`) and the way that led there (`data-edge`). */
export function drawStateChart(): string {
  const boxes = Object.entries(BOXES).map(
    ([phase, { x, y, width }]) =>
      `<g data-phase="${phase}"><rect x="${x}" y="${y}" width="${width}" height="${BOX_HEIGHT}" rx="8"/>` +
      `<text x="${x + width / 2}" y="${y + BOX_HEIGHT / 2 + 5}">${phase}</text></g>`,
  );
  const edges = EDGES.map(({ from, to, path, at: [x, y], anchor, words }) => {
    const texts = words.map((text, i) =>
      text === '' ? '' : `<text x="${x}" y="${y + i * 10}" text-anchor="${anchor}">${text}</text>`,
    );
    return `<g data-edge="${from}-${to}"><path d="${path}"/>${texts.join('')}</g>`;
  });
  const tip =
    '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z"/></marker>';
  return (
    `<svg class="chart" viewBox="0 0 512 204" role="img" aria-label="State chart of the session"><defs>${tip}</defs>` +
    `${edges.join('')}${boxes.join('')}</svg>`
  );
}
