import { accessSync, constants, existsSync, lchownSync } from 'node:fs';
import { resolve } from 'node:path';
import { tapeBytes } from '../../media/recording/tape.js';
import type { RelayOptions } from '../../relay/options.js';
import type { RecorderNotice } from '../../relay/recording/orders.js';
import { makeFolder } from '../log/segmentFile.js';
import { RecorderThread } from './recorderThread.js';
import type { TapeMemory } from './tapePort.js';

/** Who is told what the recorder has to say. */
export type RecorderListeners = {
  readonly onNotice: (notice: RecorderNotice) => void;
  /** It has forgotten what it records, and is to be told again. */
  readonly onRestart: () => void;
  readonly warn: (text: string) => void;
};

export type OpenRecorder = {
  /** The way of each shard to the recorder; null: nothing is recorded. */
  readonly tapeOf: (shard: number) => TapeMemory | null;
  /** Another media thread is about to write to the tape of a shard. */
  readonly takeOver: (shard: number) => void;
  /** Completes every recording; or (`leave`) leaves them for the next relay to go on with. */
  readonly stop: (leave: boolean) => Promise<void>;
};

/** Whom the process becomes once everything is open; a null user stays who it is. */
export type FolderOwner = { readonly uid: number | null; readonly gid: number };

/** Where recordings go, and where they are until they are complete (null: there, too), as full paths; null: nothing is recorded. */
export function recordFolders({
  recordDir,
  spoolDir,
  startFolder,
}: Pick<RelayOptions, 'recordDir' | 'spoolDir' | 'startFolder'>): {
  readonly recordDir: string;
  readonly spoolDir: string | null;
} | null {
  if (recordDir === null) return null;
  const full = (path: string): string => resolve(startFolder, path);
  return { recordDir: full(recordDir), spoolDir: spoolDir === null ? null : full(spoolDir) };
}

/** Makes a folder that is not there: the owner's, and readable for nobody else. Answers what is wrong with it, or null. */
function prepareFolder(path: string, owner: FolderOwner | null): string | null {
  try {
    const isThere = existsSync(path);
    makeFolder(path, 0o750);
    if (!isThere && owner !== null) lchownSync(path, owner.uid ?? process.getuid?.() ?? 0, owner.gid);
    accessSync(path, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EEXIST' ? 'it is no folder' : (code ?? String(error));
  }
}

/** Starts the recorder, if something may be recorded. `owner`: whose the folders are that it makes; null: whoever runs the relay. */
export async function openRecorder(
  options: RelayOptions,
  workerFile: string,
  owner: FolderOwner | null,
  { onNotice, onRestart, warn }: RecorderListeners,
): Promise<OpenRecorder> {
  const folders = recordFolders(options);
  if (folders === null) return { tapeOf: () => null, takeOver: () => {}, stop: async () => {} };
  for (const folder of [folders.recordDir, folders.spoolDir]) {
    const trouble = folder === null ? null : prepareFolder(folder, owner);
    if (trouble !== null) warn(`nothing can be recorded in ${folder}: ${trouble}; calls go on without`);
  }
  const thread = await RecorderThread.start({
    workerFile,
    ...folders,
    onNotice,
    onWarning: warn,
    onFailure: onRestart,
  });
  const tapes = new Map<number, SharedArrayBuffer>();
  return {
    tapeOf: (shard) => {
      const tape = new SharedArrayBuffer(tapeBytes(options.recordBufferMegabytes));
      tapes.set(shard, tape);
      thread.add(shard, tape);
      return { tape, bell: thread.bell };
    },
    takeOver: (shard) => {
      const tape = tapes.get(shard);
      if (tape !== undefined) thread.add(shard, tape);
    },
    stop: (leave) => thread.stop(leave),
  };
}
