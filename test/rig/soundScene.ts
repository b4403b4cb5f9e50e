/** A scene of mortal media threads that record, with a recorder that is mortal, too, and play prompts. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { RecordingForm } from '../../model/session/recording.js';
import { openPrompts } from '../../src/io/prompts/openPrompts.js';
import { RecorderThread } from '../../src/io/recording/recorderThread.js';
import type { MediaThread } from '../../src/io/threads/mediaThread.js';
import type { EngineName } from '../../src/media/engine.js';
import { tapeBytes } from '../../src/media/recording/tape.js';
import type { RecorderNotice } from '../../src/relay/recording/orders.js';
import { folderOf, MORTAL_WORKER } from './recorderScene.js';
import { startThreads, type ThreadScene } from './threadScene.js';

const JOBS = fileURLToPath(new URL('../../workers/jobs.js', import.meta.url));

export type SoundScene = ThreadScene & {
  /** Where recordings are made. */
  readonly recordings: string;
  readonly notices: readonly RecorderNotice[];
  /** What the recorder had to say of itself. */
  readonly recorderWarnings: readonly string[];
  /** Makes the recorder die with its next turn. */
  readonly killRecorder: () => void;
};

/** Puts together what `main/media.ts` does. All of it ends with the test. */
export async function startSound(t: TestContext, engine: EngineName, form: RecordingForm): Promise<SoundScene> {
  const recordings = folderOf(t);
  const [notices, recorderWarnings]: [RecorderNotice[], string[]] = [[], []];
  let links: readonly MediaThread[] = [];
  const recorder = await RecorderThread.start({
    ...{ workerFile: MORTAL_WORKER, recordDir: recordings, spoolDir: null },
    onNotice: (notice) => {
      notices.push(notice);
      links[notice.place.shard]?.send({ kind: 'recorder', notice });
    },
    onWarning: (text) => recorderWarnings.push(text),
    onFailure: () => {
      for (const link of links) link.send({ kind: 'recordAgain' });
    },
  });
  t.after(() => recorder.stop());
  const prompts = openPrompts(JOBS, (text) => recorderWarnings.push(text));
  t.after(() => prompts.close());
  const tapes = new Map<number, SharedArrayBuffer>();
  const scene = await startThreads(t, engine, {
    sound: {
      recording: { form, all: false },
      prompts,
      onLinks: (made) => {
        links = made;
      },
      tapeOf: (shard) => {
        const tape = new SharedArrayBuffer(tapeBytes(1));
        tapes.set(shard, tape);
        recorder.add(shard, tape);
        return { tape, bell: recorder.bell };
      },
      onRestart: (shard) => {
        const tape = tapes.get(shard);
        if (tape !== undefined) recorder.add(shard, tape);
      },
      onPromptSought: (shard, { target, side, prompt, payloadType }) =>
        prompts.find(prompt, [payloadType], (found) => links[shard]?.send({ kind: 'prompt', target, side, prompt: found })),
    },
  });
  const killRecorder = (): void => writeFileSync(join(recordings, 'die'), '');
  return { ...scene, recordings, notices, recorderWarnings, killRecorder };
}
