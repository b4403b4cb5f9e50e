import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { EventLogOptions } from '../../relay/options.js';
import { lockFolder } from '../process/folderLock.js';
import type { Gate } from '../threads/mediaThread.js';
import { findRunLeftBehind } from './recoveryReader.js';
import { openRetention } from './retention.js';
import { readRunMark, writeRunMark } from './runMark.js';
import { listSegments } from './segment.js';
import { makeFolder } from './segmentFile.js';
import { SyncGate } from './syncGate.js';

/** The event log of the whole relay: whose it is, what is left behind in it, and when answers may go out. The shards write it. */
export type EventLogKeeper = {
  /** The run whose calls are to be taken up; null: there is none. */
  readonly recoverRun: number | null;
  readonly gate: Gate;
  /** All shards serve: from now on it is this run that a crash would leave behind. */
  readonly begin: (shards: number) => void;
  /** The relay has ended as it was told to. */
  readonly end: () => void;
  readonly close: () => Promise<void>;
};

const OPEN_GATE: Gate = (_, release) => release();

export type EventLogPlan = {
  readonly folder: string;
  readonly options: EventLogOptions;
  /** Whether calls that are left behind are wanted. */
  readonly recover: boolean;
  readonly run: number;
  readonly warn: (text: string) => void;
};

/** Takes the folder for this relay alone. The error is one line. */
export async function openEventLog(plan: EventLogPlan): Promise<Result<EventLogKeeper, string>> {
  const { folder, options, run, warn } = plan;
  if (options.durability === 'none') return ok(await withoutLog(plan));
  try {
    makeFolder(folder);
  } catch (error) {
    return refuse(`event log in ${folder}: ${(error as Error).message}`);
  }
  const locked = await lockFolder(folder);
  if (!locked.ok) return locked;
  const gate =
    options.durability === 'fsync'
      ? new SyncGate({
          intervalMs: options.fsyncIntervalMs,
          onError: (path, reason) => warn(`${path} cannot be brought to disk: ${reason}; answers go out all the same`),
        })
      : null;
  const { keepAgeMs, keepBytes, minFreeBytes } = options;
  const retention = openRetention({ folder, limits: { keepAgeMs, keepBytes, minFreeBytes }, onWarning: warn });
  let shardsOfRun = 0;
  const mark = (endedAt: number | null): void => {
    const written = writeRunMark(folder, { run, shards: shardsOfRun, endedAt });
    if (!written.ok) warn(`event log in ${folder}: ${written.error}`);
  };
  return ok({
    recoverRun: plan.recover ? findRunLeftBehind(folder) : null,
    gate: gate === null ? OPEN_GATE : (written, release) => gate.hold(written, release),
    begin: (shards) => {
      shardsOfRun = shards;
      // If the machine crashes now, the mark must not tell of segments that are not there.
      if (gate !== null) syncNewest(folder, shards, warn);
      mark(null);
    },
    end: () => {
      if (shardsOfRun > 0) mark(Date.now());
    },
    close: async () => {
      await retention.close();
      await gate?.close();
      locked.value.release();
    },
  });
}

/** Brings to disk what each shard has begun with. */
function syncNewest(folder: string, shards: number, warn: (text: string) => void): void {
  try {
    const segments = listSegments(folder).filter(({ shard }) => shard < shards);
    const newest = new Map(segments.map(({ shard, path }) => [shard, path])); // They come in the order of their numbers.
    for (const path of newest.values()) syncFile(path);
  } catch (error) {
    warn(`event log in ${folder}: ${(error as Error).message}`);
  }
}

function syncFile(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Nothing is written. What an earlier run has left behind must not come back when a later one writes again; but a relay that writes there now
 * is let be.
 */
async function withoutLog({ folder, run, warn }: EventLogPlan): Promise<EventLogKeeper> {
  const left = findRunLeftBehind(folder);
  const locked = left === null ? null : await lockFolder(folder);
  let release = locked?.ok ? locked.value.release : null;
  const close = async (): Promise<void> => {
    release?.();
    release = null;
  };
  const begin = (): void => {
    if (left === null || release === null) return;
    const written = writeRunMark(folder, { run: left, shards: readRunMark(folder)?.shards ?? 1, endedAt: run });
    if (!written.ok) warn(`event log in ${folder}: ${written.error}`);
    void close();
  };
  return { recoverRun: null, gate: OPEN_GATE, begin, end: () => {}, close };
}
