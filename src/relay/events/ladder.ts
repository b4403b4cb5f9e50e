import type { Side } from '../../../model/session/side.js';
import { type LadderLine, linesOf } from './ladderLines.js';
import { type Lane, laneWords } from './lanes.js';
import { type Moment, retell } from './moments.js';
import type { Story } from './story.js';
import { ascii, cut, duration } from './words.js';

/** `width`: letters of a line, at most. `formatTime`: how a time (milliseconds since the epoch) is shown. */
export type LadderOptions = { readonly width: number; readonly formatTime: (at: number) => string };

/** A silence so long is shown. */
const PAUSE_MS = 2000;
/** Below so many letters between two lines nothing can be said; the lines are cut then. */
const LEAST_HALF = 12;

/** Where things stand, counted from 0. */
type Columns = {
  readonly time: number;
  readonly label: number;
  /** Where the ladder begins. */
  readonly left: number;
  readonly caller: number;
  readonly relay: number;
  readonly callee: number;
};

/**
 * A call as a ladder in ASCII: the time, then the lines of caller, relay and callee. Commands of the control client and their replies stand
 * in brackets in the middle; `>` and `<` are packets on their way, `x` those that nobody took. No line is longer than `width`.
 */
export function formatLadder(story: Story, { width, formatTime }: LadderOptions): string[] {
  const { lanes, moments } = retell(story);
  const shown = moments.filter(({ rows }) => rows.length > 0);
  const times = shown.map(({ at }) => ascii(formatTime(at)));
  const columns = columnsOf(width, longest(times), longest(lanes.map(({ label }) => label)));
  const lines = [...headOf(story.call, lanes), '', namesOf(columns)];
  let before: Moment | null = null;
  let timeBefore = '';
  for (const [i, moment] of shown.entries()) {
    if (before !== null && moment.at - before.at >= PAUSE_MS) {
      lines.push(drawPause(columns, duration(moment.at - before.at)));
      timeBefore = '';
    }
    const time = times[i] ?? '';
    lines.push(...drawMoment(columns, moment, time === timeBefore ? '' : time, lanes));
    [before, timeBefore] = [moment, time];
  }
  if (shown.length === 0) lines.push('nothing is known of it');
  return lines.map((line) => cut(line.trimEnd(), width));
}

const longest = (texts: readonly string[]): number => texts.reduce((most, { length }) => Math.max(most, length), 0);

function columnsOf(width: number, time: number, label: number): Columns {
  const left = time + 1 + (label > 0 ? label + 1 : 0);
  const caller = left + 3;
  const callee = Math.max(width - 4, caller + 2 * (LEAST_HALF + 1));
  return { time, label, left, caller, relay: Math.floor((caller + callee) / 2), callee };
}

const headOf = (call: string, lanes: readonly Lane[]): string[] => {
  const [only] = lanes;
  if (lanes.length < 2) return [`call ${ascii(call)}${only === undefined ? '' : `, ${laneWords(only)}`}`];
  return [`call ${ascii(call)}`, ...lanes.map((lane) => `  ${lane.label}: ${laneWords(lane)}`)];
};

function namesOf(columns: Columns): string {
  const letters = new Letters();
  for (const name of ['caller', 'relay', 'callee'] as const) letters.centre(columns[name], name);
  return letters.text;
}

function drawPause(columns: Columns, text: string): string {
  const letters = lifelines(columns, ':');
  letters.centre(columns.relay, ` ${text} `);
  return letters.text;
}

function drawMoment(columns: Columns, { rows, lane }: Moment, time: string, lanes: readonly Lane[]): string[] {
  const half = Math.min(columns.relay - columns.caller, columns.callee - columns.relay) - 1;
  const room = { half, full: columns.callee - columns.caller - 1 };
  const lines = rows.flatMap((row) => linesOf(row, room));
  const label = lane === null ? '' : (lanes[lane]?.label ?? '');
  return lines.map((line, i) => {
    const letters = drawLine(columns, line);
    if (i > 0) return letters.text;
    letters.put(0, time);
    letters.put(columns.time + 1, label);
    return letters.text;
  });
}

function drawLine(columns: Columns, line: LadderLine): Letters {
  const letters = lifelines(columns, '|');
  switch (line.kind) {
    case 'arrow':
      drawArrow(letters, columns, line);
      break;
    case 'asides':
      for (const side of ['caller', 'callee'] as const) {
        if (line[side] === '') continue;
        const leftmost = (side === 'caller') === (line.near === 'side');
        const [start, end] = halfOf(columns, side);
        letters.put(leftmost ? start + 1 : end - line[side].length, line[side]);
      }
      break;
    case 'note':
      letters.centre(columns.relay, ` ${line.text} `);
      break;
    case 'bar':
      letters.put(columns.left, '='.repeat(columns.callee + 4 - columns.left));
      letters.centre(columns.relay, ` ${line.text} `);
      break;
  }
  return letters;
}

/** The first and the last column between the line of a side and that of the relay. */
const halfOf = ({ caller, relay, callee }: Columns, side: Side): readonly [number, number] =>
  side === 'caller' ? [caller + 1, relay - 1] : [relay + 1, callee - 1];

/** The text stands where the arrow comes from. */
function drawArrow(letters: Letters, columns: Columns, line: Extract<LadderLine, { kind: 'arrow' }>): void {
  const { side, towards, fails, text } = line;
  const [start, end] = halfOf(columns, side);
  const goesRight = (side === 'caller') === (towards === 'relay');
  letters.put(start, '-'.repeat(end - start + 1));
  letters.put(goesRight ? start + 1 : end - text.length - 2, ` ${text} `);
  letters.put(goesRight ? end : start, fails ? 'x' : goesRight ? '>' : '<');
}

function lifelines({ caller, relay, callee }: Columns, letter: string): Letters {
  const letters = new Letters();
  for (const column of [caller, relay, callee]) letters.put(column, letter);
  return letters;
}

/** A line that is written on in any order. */
class Letters {
  #letters: string[] = [];

  get text(): string {
    return Array.from(this.#letters, (letter) => letter ?? ' ').join('');
  }

  put(column: number, text: string): void {
    for (const [i, letter] of [...text].entries()) this.#letters[column + i] = letter;
  }

  centre(column: number, text: string): void {
    this.put(Math.max(0, column - Math.floor(text.length / 2)), text);
  }
}
