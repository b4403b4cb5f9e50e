/** Longer names are compared with nothing: the work grows with the product of both lengths. */
const LONGEST = 40;
/** A name that is further away was meant otherwise. */
const MOST_EDITS = 2;

/** The name that was probably meant; null: none is near. */
export function nearestName(written: string, known: readonly string[]): string | null {
  if (written.length > LONGEST) return null;
  let best: string | null = null;
  let fewest = Math.min(MOST_EDITS, Math.floor(written.length / 2)) + 1;
  for (const name of known) {
    if (name.length > LONGEST) continue;
    const edits = editsBetween(written.toLowerCase(), name.toLowerCase());
    if (edits >= fewest) continue;
    [best, fewest] = [name, edits];
  }
  return best;
}

/** How many letters have to be added, removed, changed or swapped with their neighbour (Damerau-Levenshtein, restricted). */
function editsBetween(a: string, b: string): number {
  let [before, last] = [new Array<number>(b.length + 1).fill(0), Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let edits = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (isSame ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) edits = Math.min(edits, before[j - 2]! + 1);
      row.push(edits);
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
}
