/** How many runs a property gets: `count`, times RTPBRIDGE_PROPERTY_RUNS when somebody wants to search longer. At least one. */
export function runs(count: number): number {
  const factor = Number(process.env['RTPBRIDGE_PROPERTY_RUNS'] ?? 1);
  return Math.max(1, Math.round(count * (Number.isFinite(factor) ? factor : 1)));
}
