import { declare, errnoName, lastErrno } from './libc.js';

const dup2 = declare<(from: number, to: number) => number>('dup2', 'int', ['int', 'int']);

/** Makes `to` another name of the open file `from`: dup2(2). The errno's name if that fails. */
export const duplicateDescriptor = (from: number, to: number): string | null =>
  dup2(from, to) < 0 ? errnoName(lastErrno()) : null;
