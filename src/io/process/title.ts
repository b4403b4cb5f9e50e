import { writeFileSync } from 'node:fs';

/** Names the process for ps(1) by its program and arguments, and for killall(1) by its program, as if it were no script. */
export function nameProcess(program: string, args: readonly string[]): void {
  process.title = [program, ...args].join(' ');
  try {
    // The title is also taken for the short name of the process, and cut off there: a name with arguments is found by nobody.
    writeFileSync('/proc/self/comm', program);
  } catch {
    // A system without it.
  }
}
