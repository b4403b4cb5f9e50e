/** The reading side of the event log. */
export type { LogEntry } from '../../relay/events/logEntry.js';
export { type ReadOptions, readLog, readLogs, readSegment } from './logReader.js';
export { type TailOptions, tailLog } from './tailLog.js';
