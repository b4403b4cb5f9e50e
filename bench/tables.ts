/** A number of a table; what was not measured is a dash. */
export const figure = (value: number | null, digits: number): string => (value === null ? '-' : value.toFixed(digits));

/** A Markdown table; the first column is text, the others are numbers and stand to the right. */
export function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((name, i) => Math.max(name.length, 3, ...rows.map((row) => row[i]!.length)));
  const cells = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [title, '', cells(head), cells(rule), ...rows.map(cells)].join('\n');
}
