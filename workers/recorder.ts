import { workerData } from 'node:worker_threads';
import { installedCodecs } from '../src/io/audio/audioCodecs.js';
import { clock } from '../src/io/clock.js';
import { type RecorderStart, runRecorder } from '../src/io/recording/recorderLoop.js';
import { loadRouteTo } from '../src/io/route.js';

const start = workerData as RecorderStart;
runRecorder(start, await installedCodecs(), await loadRouteTo(), clock);
start.mailbox.close();
