import { ascii, cut } from './words.js';

/** A line of a description: as it stayed, as it was (`-`), or as it became (`+`). One line of ASCII, bounded. */
export type DescriptionLine = { readonly mark: ' ' | '-' | '+'; readonly text: string };

/** Of a description so much is shown: enough for browsers, not for whoever sends a book. */
const MOST_LINES = 400;
const LONGEST_LINE = 300;
/** How far a line is sought in the other description: what is rewritten stays about where it was. */
const WINDOW = 40;

/** Two descriptions line by line, the lines of the later one in their order; null: there was none. */
export function compareDescriptions(before: string | null, after: string | null): readonly DescriptionLine[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  const compared: DescriptionLine[] = [];
  let [i, j] = [0, 0];
  const take = (mark: '-' | '+', lines: readonly string[], from: number, to: number): void => {
    for (const text of lines.slice(from, to)) compared.push({ mark, text });
  };
  while (i < old.length || j < now.length) {
    if (i < old.length && old[i] === now[j]) {
      compared.push({ mark: ' ', text: old[i] ?? '' });
      i++;
      j++;
      continue;
    }
    const [nextOld, nextNow] = nextInBoth(old, now, i, j);
    take('-', old, i, nextOld);
    take('+', now, j, nextNow);
    [i, j] = [nextOld, nextNow];
  }
  return compared;
}

/** The nearest lines behind here that are the same in both; the ends, or that of the window, if there are none. */
function nextInBoth(old: readonly string[], now: readonly string[], i: number, j: number): readonly [number, number] {
  for (let distance = 1; distance <= 2 * WINDOW; distance++) {
    for (let ahead = 0; ahead <= distance; ahead++) {
      const [a, b] = [i + distance - ahead, j + ahead];
      if (a < old.length && b < now.length && old[a] === now[b]) return [a, b];
    }
  }
  return [Math.min(old.length, i + WINDOW), Math.min(now.length, j + WINDOW)];
}

function linesOf(text: string | null): readonly string[] {
  if (text === null) return [];
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const shown = lines.slice(0, MOST_LINES).map((line) => cut(ascii(line), LONGEST_LINE));
  return lines.length > MOST_LINES ? [...shown, `~ ${lines.length - MOST_LINES} more lines`] : shown;
}

/** As a timeline has them, a line each. */
export const formatDifference = (lines: readonly DescriptionLine[]): readonly string[] =>
  lines.map(({ mark, text }) => `${mark} ${text}`);
