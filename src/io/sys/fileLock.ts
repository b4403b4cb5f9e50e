import { declare, errnoValue, lastErrno } from './libc.js';

const flock = declare<(fd: number, operation: number) => number>('flock', 'int', ['int', 'int']);
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;
const BUSY = errnoValue('EAGAIN');

/**
 * Asks for the advisory lock of an open file for this descriptor alone (flock(2)), without waiting. `busy`: somebody else has it;
 * `unsupported`: the file system knows no locks. The lock ends with the descriptor at the latest.
 */
export function tryLockFile(fd: number): 'locked' | 'busy' | 'unsupported' {
  if (flock(fd, LOCK_EX | LOCK_NB) === 0) return 'locked';
  return lastErrno() === BUSY ? 'busy' : 'unsupported';
}

export const unlockFile = (fd: number): void => void flock(fd, LOCK_UN);
