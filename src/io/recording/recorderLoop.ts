import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { TapeReader } from '../../media/recording/tape.js';
import { TapeBell } from '../../media/recording/tapeBell.js';
import type { AudioCodecs } from '../../protocol/audio/codec.js';
import type { RecorderNotice } from '../../relay/recording/orders.js';
import { Recorder } from './recorder.js';
import type { RecordFolders } from './recordingFiles.js';

/** What the thread of the recorder is started with. */
export type RecorderStart = {
  readonly mailbox: MessagePort;
  /** `TapeBell.BYTES`; of all tapes. */
  readonly bell: SharedArrayBuffer;
  readonly folders: RecordFolders;
};

/** What it is asked. */
export type RecorderRequest =
  | { readonly kind: 'tape'; readonly shard: number; readonly memory: SharedArrayBuffer }
  | { readonly kind: 'stop'; readonly leave: boolean };

/** What it says. */
export type RecorderWord =
  | { readonly kind: 'ready' }
  | { readonly kind: 'notice'; readonly notice: RecorderNotice }
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'ended' };

/** While something is recorded packets are read so often without anybody ringing: writers ring for orders only, and where it gets narrow. */
const BUSY_SLEEP_MS = 20;
const IDLE_SLEEP_MS = 1000;

/** Records until it is told to stop. Blocks the thread while there is nothing to do: nothing else runs in it. */
export function runRecorder(
  { mailbox, bell: bellMemory, folders }: RecorderStart,
  codecs: AudioCodecs,
  routeTo: (host: string) => string | null,
  clock: () => number,
): void {
  const say = (word: RecorderWord): void => mailbox.postMessage(word);
  const bell = new TapeBell(bellMemory);
  const recorder = new Recorder({
    ...{ folders, codecs, routeTo, clock },
    notify: (notice) => say({ kind: 'notice', notice }),
    warn: (text) => say({ kind: 'warning', text }),
  });
  say({ kind: 'ready' });
  for (;;) {
    const heard = bell.heard();
    for (let got = receiveMessageOnPort(mailbox); got !== undefined; got = receiveMessageOnPort(mailbox)) {
      const request = got.message as RecorderRequest;
      if (request.kind === 'tape') {
        recorder.addTape(request.shard, new TapeReader(request.memory));
        continue;
      }
      recorder.end(request.leave);
      say({ kind: 'ended' });
      return;
    }
    const isMore = recorder.read();
    recorder.turn();
    if (!isMore && !recorder.isMoving) bell.sleep(heard, recorder.isBusy ? BUSY_SLEEP_MS : IDLE_SLEEP_MS);
  }
}
