import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readFrame } from '../../protocol/events/frame.js';
import type { StepRecord } from '../../relay/ports.js';
import { listSegments, packr, SEGMENT_MAGIC, SEGMENT_VERSION, type SegmentHeader } from './segment.js';

export type LogEntry =
  | { readonly kind: 'segment'; readonly path: string; readonly header: SegmentHeader }
  | { readonly kind: 'record'; readonly record: StepRecord }
  /** Something in a file that is not as it was written; reading goes on where it can. */
  | { readonly kind: 'problem'; readonly path: string; readonly text: string };

/**
 * Reads a log: a segment file, a folder of segments, or a data directory (its `log` folder). Shard by shard, in the order written. A torn
 * end ends its file; a damaged record is reported and skipped. Throws where the path cannot be read at all.
 */
export function* readLog(path: string): Generator<LogEntry> {
  if (statSync(path).isFile()) return yield* readSegment(path);
  const segments = [...listSegments(path), ...listSegmentsBelow(path)];
  if (segments.length === 0) throw new Error(`${path} holds no log segments (shard-N-NNNNNNNN.log)`);
  for (const segment of segments) yield* readSegment(segment.path);
}

function listSegmentsBelow(path: string) {
  const folder = join(path, 'log');
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? listSegments(folder) : [];
}

function* readSegment(path: string): Generator<LogEntry> {
  const bytes = readFileSync(path);
  if (bytes.toString('latin1', 0, SEGMENT_MAGIC.length) !== SEGMENT_MAGIC) {
    return yield { kind: 'problem', path, text: `is not a log segment: it does not begin with ${SEGMENT_MAGIC}` };
  }
  let at = SEGMENT_MAGIC.length;
  let isFirst = true;
  while (at < bytes.length) {
    const frame = readFrame(bytes, at);
    if (frame.kind === 'torn') {
      return yield { kind: 'problem', path, text: `ends within the record at byte ${at}: a crash, or a write still under way` };
    }
    if (frame.kind === 'damaged')
      yield { kind: 'problem', path, text: `the record at byte ${at} is damaged (checksum), skipped` };
    else {
      const value = decode(bytes.subarray(frame.start, frame.end));
      if (value === null) yield { kind: 'problem', path, text: `the record at byte ${at} cannot be decoded, skipped` };
      else if (!isFirst && isRecord(value)) yield { kind: 'record', record: value };
      else if (!isFirst) yield { kind: 'problem', path, text: `what stands at byte ${at} is no record, skipped` };
      else {
        const header = value as SegmentHeader;
        if (header.version !== SEGMENT_VERSION) {
          return yield { kind: 'problem', path, text: `has version ${header.version}; this program reads ${SEGMENT_VERSION}` };
        }
        yield { kind: 'segment', path, header };
      }
    }
    isFirst = false;
    at = frame.end;
  }
}

/** The value of a body; null where it has none. */
function decode(body: Uint8Array): unknown {
  try {
    return packr.unpack(body) ?? null;
  } catch {
    return null;
  }
}

/** Whether it has the parts that every reader touches: a checksum says that nothing was damaged, not that it was we who wrote it. */
function isRecord(value: unknown): value is StepRecord {
  const { seq, at, shard, session, call, command, events } = Object(value) as Partial<StepRecord>;
  const isNumbered = [seq, at, shard, session].every(Number.isFinite);
  return isNumbered && typeof call === 'string' && hasType(command) && Array.isArray(events) && events.every(hasType);
}

const hasType = (part: unknown): boolean => typeof (Object(part) as { readonly type?: unknown }).type === 'string';
