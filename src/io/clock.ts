import { performance } from 'node:perf_hooks';
import { type Millis, millis } from '../../model/kernel/index.js';

const origin = performance.timeOrigin;

/**
 * Milliseconds since the Unix epoch that never step back: the wall clock as it was at start, carried on by the monotonic one. The same
 * in all threads but for a fraction of a millisecond.
 */
export const clock = (): Millis => millis(origin + performance.now());
