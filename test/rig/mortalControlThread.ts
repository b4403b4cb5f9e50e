/** The thread of wildcard-bound control sockets, but one that dies as soon as it serves when it is told so. */
import { parentPort } from 'node:worker_threads';

if (process.env['CONTROL_THREAD_DIES'] === undefined) await import('../../src/io/control/wildcardThread.js');
else {
  parentPort?.postMessage('ready');
  throw new Error('as told');
}
