import { closeSync } from 'node:fs';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { type FileKind, type FileNames, isSafeName, stemOf } from '../../relay/recording/fileNames.js';
import { isTaken, type Moved, moveFile, openAgain, openNew, removeFile, shownPath } from './recordFolder.js';

/** Where recordings are made, and where they go when they are complete: often the same. */
export type RecordFolders = { readonly working: string; readonly final: string };

/** A file that was opened; `isNew`: nothing is in it yet. */
export type OpenedFile = { readonly kind: FileKind; readonly fd: number; readonly isNew: boolean };

export type Failure = { readonly path: string; readonly reason: string };

/** More recordings of one call are not told apart. */
const MAX_NUMBER = 9999;

/** New files under one stem, which nobody has yet: neither where they are made nor where they go. */
export function openFresh(
  folders: RecordFolders,
  { base, number, kinds }: FileNames,
): Result<{ readonly stem: string; readonly files: readonly OpenedFile[] }, Failure> {
  for (let n = number; ; n++) {
    const stem = stemOf(base, n, kinds);
    const opened = openUnder(folders, stem, kinds);
    if (opened.ok) return ok({ stem, files: opened.value });
    if (opened.error.reason !== 'EEXIST' || n - number >= MAX_NUMBER) return opened;
  }
}

/** All of these, or none. */
export function openUnder(
  { working, final }: RecordFolders,
  stem: string,
  kinds: readonly FileKind[],
): Result<readonly OpenedFile[], Failure> {
  const files: OpenedFile[] = [];
  for (const kind of kinds) {
    const place = { folder: working, name: stem + kind.workingSuffix };
    const target = { folder: final, name: stem + kind.suffix };
    const isOther = place.folder !== target.folder || place.name !== target.name;
    const taken = isOther ? isTaken(target) : ok(false);
    const opened = !taken.ok ? taken : taken.value ? refuse('EEXIST') : openNew(place);
    if (opened.ok) {
      files.push({ kind, fd: opened.value, isNew: true });
      continue;
    }
    for (const { kind: made, fd } of files) {
      closeSync(fd);
      removeFile({ folder: working, name: stem + made.workingSuffix });
    }
    return refuse({ path: shownPath(taken.ok ? place : target), reason: opened.error });
  }
  return ok(files);
}

/** The stem of files that were made before; null: these are not names of such files. */
export function stemOfFiles(files: readonly string[], kinds: readonly FileKind[]): string | null {
  for (const name of files) {
    // Of `.rtp` and `.o.rtp` the longer one is meant.
    const suffixes = kinds.map(({ workingSuffix }) => workingSuffix).sort((a, b) => b.length - a.length);
    const suffix = suffixes.find((one) => name.endsWith(one));
    if (suffix !== undefined && isSafeName(name) && name.length > suffix.length)
      return name.slice(0, name.length - suffix.length);
  }
  return null;
}

/** Files that were made before; one that is gone is made anew. */
export function openBegun(
  { working }: RecordFolders,
  stem: string,
  kinds: readonly FileKind[],
): Result<readonly OpenedFile[], Failure> {
  const files: OpenedFile[] = [];
  for (const kind of kinds) {
    const place = { folder: working, name: stem + kind.workingSuffix };
    const again = openAgain(place);
    const opened = !again.ok && again.error === 'ENOENT' ? openNew(place) : again;
    if (!opened.ok) {
      for (const { fd } of files) closeSync(fd);
      return refuse({ path: shownPath(place), reason: opened.error });
    }
    files.push({ kind, fd: opened.value, isNew: !again.ok });
  }
  return ok(files);
}

/** Where a file has gone, or why it stays where it is. */
export type Settled = { readonly kind: FileKind; readonly path: string; readonly reason: string | null };

/**
 * Moves files that are complete where they belong, under one stem that is free there; a step at a time. If somebody has taken a name
 * meanwhile, that file and those that follow take the next.
 */
export function* settleFiles(
  { working, final }: RecordFolders,
  stem: string,
  kinds: readonly FileKind[],
): Generator<void, readonly Settled[]> {
  const settled: Settled[] = [];
  let n = 1;
  for (const kind of kinds) {
    const from = { folder: working, name: stem + kind.workingSuffix };
    let to = { folder: final, name: stemOf(stem, n, kinds) + kind.suffix };
    if (from.folder === to.folder && from.name === to.name) {
      settled.push({ kind, path: shownPath(to), reason: null });
      continue;
    }
    let moved: Moved = yield* moveFile(from, to);
    while (moved === 'exists' && n < MAX_NUMBER) {
      n++;
      to = { folder: final, name: stemOf(stem, n, kinds) + kind.suffix };
      moved = yield* moveFile(from, to);
    }
    const why = moved === 'moved' ? null : moved === 'exists' ? 'EEXIST' : moved.reason;
    const reason = why === null ? null : `it stays there, and cannot be moved to ${to.folder} (${why})`;
    settled.push({ kind, path: shownPath(reason === null ? to : from), reason });
  }
  return settled;
}
