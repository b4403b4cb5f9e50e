import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Packr } from 'msgpackr';

/** The first bytes of every segment: what it is, and the version of its layout. */
export const SEGMENT_MAGIC = 'RTPBLOG1';

/**
 * The version of the records. 2: sessions have networks, notifications and more settings than in 0.1.0. 3: every segment begins with all
 * sessions as they are; there are records besides steps. 4: prompts, recordings, and any number of copies of a side.
 */
export const SEGMENT_VERSION = 5;

/** Every record stands for itself (plain maps, no shared structures): a segment can be read from any frame on, by any MessagePack reader. */
export const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: true });

/** `shard-0-00000001.log`: the segments of a shard in the order of their numbers, which may outgrow their eight digits. */
export const segmentName = (shard: number, number: number): string => `shard-${shard}-${String(number).padStart(8, '0')}.log`;

const NAME = /^shard-(\d{1,8})-(\d{8,15})\.log$/;

/** The shard and the number in the name of a segment; null: it is none. */
export function parseSegmentName(name: string): { readonly shard: number; readonly number: number } | null {
  const match = NAME.exec(name);
  return match && { shard: Number(match[1]), number: Number(match[2]) };
}

/** The segments in a folder, by shard and number. */
export function listSegments(folder: string): { readonly path: string; readonly shard: number; readonly number: number }[] {
  return readdirSync(folder)
    .flatMap((name) => {
      const match = NAME.exec(name);
      return match ? [{ path: join(folder, name), shard: Number(match[1]), number: Number(match[2]) }] : [];
    })
    .sort((a, b) => a.shard - b.shard || a.number - b.number);
}
