import type { Row } from './momentRows.js';
import { wrap } from './words.js';

/** One line of a ladder: a row, or a part of one that needs several. */
export type LadderLine = Exclude<Row, { kind: 'exchange' }>;

/** How many letters fit: between the line of a side and that of the relay, and between those of both sides. */
export type LadderRoom = { readonly half: number; readonly full: number };

/** Letters that an arrow needs besides its text: `- text ->`. */
const ARROW_LETTERS = 5;

/** Breaks a row into lines whose texts fit. */
export function linesOf(row: Row, { half, full }: LadderRoom): readonly LadderLine[] {
  switch (row.kind) {
    case 'arrow': {
      const [first = '', ...more] = wrap(row.text, half - ARROW_LETTERS);
      const under = more.map((text): LadderLine => ({ kind: 'asides', near: 'side', caller: '', callee: '', [row.side]: text }));
      return [{ ...row, text: first }, ...under];
    }
    case 'asides': {
      const [caller, callee] = [wrap(row.caller, half - 2), wrap(row.callee, half - 2)];
      const lines = Math.max(caller.length, callee.length);
      return Array.from({ length: lines }, (_, i) => ({ ...row, caller: caller[i] ?? '', callee: callee[i] ?? '' }));
    }
    case 'note':
      return wrap(row.text, full - 2).map((text) => ({ ...row, text }));
    case 'exchange': {
      const { command, joint, reply, times } = row;
      const lines = wrap(`${command} ${joint} ${reply}${times > 1 ? ` (${times} times)` : ''}`, full - 6);
      return lines.map((text, i) => ({
        kind: 'note',
        text: `${i === 0 ? '[ ' : ''}${text}${i === lines.length - 1 ? ' ]' : ''}`,
      }));
    }
    case 'bar':
      return [row];
  }
}
