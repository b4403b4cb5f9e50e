import { equal } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LIMITS = { timeout: 30_000, maxBuffer: 1 << 26, encoding: 'buffer' } as const;

export const INSTALL_READERS = 'apt-get install sox libsox-fmt-base ffmpeg';

/** What a program prints. Throws when it does not end well. */
export async function outputOf(program: string, args: readonly string[]): Promise<Buffer> {
  return (await run(program, args, LIMITS)).stdout;
}

/** A sound file as sox understands it: 16-bit samples, channels interleaved. `kind`: its options for the input, such as `-t sndfile`. */
export async function readBySox(path: string, kind: readonly string[] = []): Promise<Int16Array> {
  return shorts(await outputOf('sox', ['-D', ...kind, path, ...'-t raw -e signed -b 16 -L -'.split(' ')]));
}

/** The same by ffmpeg. Opus would come out at 48 kHz, so the rate is given. */
export async function readByFfmpeg(path: string, kind: readonly string[] = [], sampleRate = 8000): Promise<Int16Array> {
  return shorts(
    await outputOf('ffmpeg', ['-v', 'error', ...kind, '-i', path, '-f', 's16le', '-ar', String(sampleRate), 'pipe:1']),
  );
}

function shorts(bytes: Buffer): Int16Array {
  equal(bytes.length % 2, 0);
  return Int16Array.from({ length: bytes.length / 2 }, (_, i) => bytes.readInt16LE(i * 2));
}

/** Runs `use` with a new folder, which is removed afterwards. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'rtpbridge-sound-'));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
