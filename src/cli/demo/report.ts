import { type Direction, percentile } from './measure.js';

/** What became of the packets: a table with a row for each direction, and the jitter of `direct` to compare with. */
export function mediaLines(directions: readonly Direction[], direct: Direction): string[] {
  const row = (cells: readonly string[]) =>
    `  ${cells[0]!.padEnd(18)}${cells
      .slice(1, -1)
      .map((c) => c.padStart(10))
      .join('')}   ${cells.at(-1)}`;
  return [
    row(['', 'sent', 'heard', 'lost', 'loss', 'twice', 'jitter', 'level', 'audio']),
    ...directions.map((d) =>
      row([
        `${d.from} to ${d.to}`,
        String(d.sent),
        String(d.received),
        String(d.sent - d.received),
        `${(((d.sent - d.received) / d.sent) * 100).toFixed(1)} %`,
        String(d.duplicates),
        `${d.jitterMs.toFixed(2)} ms`,
        `${d.levelDb.toFixed(1)} dB`,
        d.same ? 'heard as said, bit for bit' : 'NOT what was said',
      ]),
    ),
    `  (jitter of the packets sent without a relay, which is that of this program's timer: ${direct.jitterMs.toFixed(2)} ms)`,
    `  RTCP sender reports: ${directions.map((d) => `${d.from} to ${d.to} ${d.reportsReceived} of ${d.reportsSent}`).join(', ')}`,
  ];
}

/** One-way times through the relay, without it, and the difference. */
export function latencyLines(throughRelay: readonly number[], direct: readonly number[]): string[] {
  const row = (title: string, cells: readonly string[]) =>
    `  ${title.padEnd(30)}${cells.map((cell) => cell.padStart(10)).join('')}`;
  const ranks = [0.5, 0.99];
  const figures = (times: readonly number[]) => ranks.map((rank) => percentile(times, rank));
  const relayed = figures(throughRelay);
  const baseline = figures(direct);
  const text = (values: readonly number[]) => values.map((value) => `${value.toFixed(3)} ms`);
  return [
    row('', ['p50', 'p99']),
    row('through the relay', text(relayed)),
    row('directly, the same loopback', text(baseline)),
    row('added by the relay', text(relayed.map((value, i) => value - baseline[i]!))),
  ];
}
