import { GroupCommit } from '../../relay/events/groupCommit.js';
import type { Shard } from '../../relay/session/shard.js';
import type { ShardSetting, ShardStart } from '../threads/shardStart.js';
import { SegmentWriter } from './segmentWriter.js';

/** The event log as the loop of a media thread sees it. */
export type ThreadLog = {
  /** Opens the first segment, with what the shard holds by then. Throws where it cannot be opened. */
  readonly begin: () => void;
  /** Hands what has happened to the operating system. */
  readonly flush: () => void;
  /** Whether `turn` must be called for what has happened since it was. */
  readonly isWaiting: () => boolean;
  /** Takes the turn that is due. Answers when to be called again. */
  readonly turn: (nowMs: number) => number;
  /** The files that were written to since this was last asked. */
  readonly takeWritten: () => readonly string[];
  /** The shard has ended as it was told to. */
  readonly end: () => void;
  readonly close: () => void;
};

const NOTHING_WRITTEN: readonly string[] = [];

/** Where nothing is to outlive the relay. */
const NO_LOG: ThreadLog = {
  begin: () => {},
  flush: () => {},
  isWaiting: () => false,
  turn: () => Number.POSITIVE_INFINITY,
  takeWritten: () => NOTHING_WRITTEN,
  end: () => {},
  close: () => {},
};

/**
 * The log of a shard, written from now on; `begin` it when the shard holds what it has inherited. `onFlushed`: all that has happened is with
 * the operating system.
 */
export function openThreadLog(start: ShardStart, shard: Shard, warn: (text: string) => void, onFlushed: () => void): ThreadLog {
  const { log } = start.setting;
  if (log === null) return NO_LOG;
  let isFailing = false;
  const writer = new SegmentWriter({
    ...{ folder: log.folder, shard: start.shard, shards: start.shards, run: start.setting.run, program: log.program },
    ...{ segmentBytes: log.segmentBytes, segmentAgeMs: log.segmentAgeMs },
    setting: decisionSetting(start.setting),
    now: () => shard.now(),
    snapshot: () => shard.snapshot(),
    onError: (records, reason) => {
      if (!isFailing) warn(`the event log cannot be written: ${reason}; calls go on, and it is tried again`);
      isFailing = true;
      shard.counters.addToShard('logErrors', records);
    },
    onResume: (records) => {
      isFailing = false;
      warn(`the event log is written again; ${records} records are missing in between`);
    },
  });
  const commit = new GroupCommit(writer);
  return {
    begin: () => {
      writer.begin();
      shard.records.subscribe((record) => writer.append(record));
    },
    flush: () => {
      writer.flush();
      onFlushed();
    },
    isWaiting: () => commit.isDue,
    turn: (nowMs) => {
      const nextMs = Math.min(commit.turn(nowMs), writer.turn(nowMs));
      if (!writer.waiting) onFlushed();
      return nextMs;
    },
    takeWritten: () => writer.takeDirty(),
    end: () => shard.write({ kind: 'end', at: shard.now() }),
    close: () => writer.close(),
  };
}

const decisionSetting = ({ ttlMs, setupTtlMs, independentTtl, network, deleteGraceMs = 0 }: ShardSetting) => ({
  ...{ ttlMs, setupTtlMs, independentTtl, network, deleteGraceMs },
});
