import { declare } from './libc.js';

/**
 * Ends the process at once with an exit code: _exit(2). `process.exit()` takes the threads down first; once in many a relay that it ended
 * while it was ending aborted instead (SIGABRT), and whoever waits for the process is told of a crash.
 */
export const endProcess = declare<(code: number) => void>('_exit', 'void', ['int']);
