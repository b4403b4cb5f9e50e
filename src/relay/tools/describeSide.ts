import type { RecordedSide, Unheard } from './recordedSide.js';
import { hex } from './sequenceStatistics.js';

/** What of a recording is not heard, a line for each reason. */
export function unheardOf({ unauthentic, crowded, unknown }: Unheard): string[] {
  const lines = [...unknown].map(
    ([payloadType, packets]) => `${count(packets)} of payload type ${payloadType} skipped: no codec`,
  );
  if (unauthentic > 0) lines.push(`${count(unauthentic)} skipped: not made with this key`);
  if (crowded > 0) lines.push(`${count(crowded)} skipped: from too many senders`);
  return lines;
}

/** What else was found in a recording, for those who look for a fault. */
export function describeSide(side: RecordedSide): string[] {
  const lines = [`${count(side.packets)}, ${side.unheard.notRtp} of them no RTP`];
  for (const { ssrc, firstArrival, track, counts, placed } of side.channels) {
    const { packets, duplicates, late, restarts } = counts;
    lines.push(
      `SSRC 0x${hex(ssrc)} from ${(firstArrival / 8000).toFixed(3)} s: ${count(packets)}, ${duplicates} duplicates, ${late} too late, ` +
        `${restarts} restarts of the sequence; ${placed.gaps} gaps, ${placed.drifts} pauses without a timestamp, ` +
        `${placed.jumps} jumps of the timestamp; ${track.samples} samples in ${track.pieces} pieces`,
    );
  }
  return lines;
}

const count = (packets: number): string => `${packets} packet${packets === 1 ? '' : 's'}`;
