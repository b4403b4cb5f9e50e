import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { temporaryFolder } from './startAttempt.js';

/** A settings file that others cannot read, removed with the test. `write` replaces what it says. */
export async function writeSettings(
  t: TestContext,
  text: string,
): Promise<{ readonly path: string; readonly write: (text: string) => Promise<void> }> {
  const path = join(await temporaryFolder(t), 'relay.yaml');
  const write = (next: string): Promise<void> => writeFile(path, next, { mode: 0o600 });
  await write(text);
  return { path, write };
}
