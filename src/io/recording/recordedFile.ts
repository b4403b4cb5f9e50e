import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { RecordingBytes } from '../../protocol/recording/recordingBytes.js';
import { FileWindow } from '../log/fileWindow.js';

/** A recording on disk, of which a piece is in memory. */
export type RecordedFile = RecordingBytes & { readonly close: () => void };

/**
 * Opens a recording. Refuses with the errno, or in words: what cannot be opened, is no file, or is empty. Throws later on if the disk fails.
 * `onRead` is told how many bytes have been read.
 */
export function openRecordedFile(path: string, onRead: (bytes: number) => void = () => {}): Result<RecordedFile, string> {
  let window: FileWindow;
  try {
    window = new FileWindow(path, onRead);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return refuse(code ?? message);
  }
  if (window.size === 0) {
    window.close();
    return refuse('it is empty');
  }
  return ok({
    get size() {
      return window.size;
    },
    read: (at, length) => (window.load(at, length) ? window.bytes.subarray(at - window.base, at - window.base + length) : null),
    close: () => window.close(),
  });
}
