/** The recorder as its door makes it, but for this: it dies when a file `die` stands in its folder. */
import { existsSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { workerData } from 'node:worker_threads';
import { clock } from '../../src/io/clock.js';
import { type RecorderStart, runRecorder } from '../../src/io/recording/recorderLoop.js';
import { TEST_CODECS } from './recordingFolder.js';

const start = workerData as RecorderStart;
const sign = join(start.folders.working, 'die');

runRecorder(
  start,
  TEST_CODECS,
  () => null,
  () => {
    if (!existsSync(sign)) return clock();
    unlinkSync(sign);
    throw new Error('it was told to');
  },
);
