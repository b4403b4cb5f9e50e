import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

/** What a figure is worth nothing without. */
export function describeMachine() {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    processors: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    rtpengine: versionOf('rtpengine'),
    loadAverageBefore: loadavg()[0],
  };
}

function versionOf(program: string): string | null {
  const { stdout, stderr } = spawnSync(program, ['--version'], { encoding: 'latin1' });
  return `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n')[0] || null;
}

/** Writes the figures of a run that began then into a folder of the project. Answers the path of the file. */
export function writeResults(out: string, document: object, began: Date, prefix = ''): string {
  const directory = resolve(PROJECT, out);
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${prefix}${began.toISOString().replaceAll(':', '-').slice(0, 19)}.json`);
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
  return file;
}
