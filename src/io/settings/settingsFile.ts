import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { dirname, resolve as resolvePath } from 'node:path';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { readSettings } from '../../relay/settings/readSettings.js';
import type { Settings } from '../../relay/settings/settings.js';
import type { NamedFile, SettingsWorld } from '../../relay/settings/world.js';
import { textOf } from './settingsText.js';
import { readYaml } from './yamlTree.js';

const MOST_BYTES = 1 << 20;
/** A network takes some hundred; and where the whole file is wrong, the parser may take tens of microseconds for each. */
const MOST_SETTINGS_BYTES = 1 << 18;
const OTHERS_MAY_READ = 0o004;

/** Why a file cannot be read, by errno. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'this is a folder',
};

/** What besides the file itself is needed to read it. */
export type SettingsFileWorld = Pick<SettingsWorld, 'given' | 'resolve' | 'bindProblem'>;

/** Reads and checks a settings file. Everything that is wrong is told, a line each. */
export async function readSettingsFile(path: string, world: SettingsFileWorld): Promise<Result<Settings, readonly string[]>> {
  const file = readBytes(resolvePath(path), MOST_SETTINGS_BYTES);
  if (!file.ok) return refuse([`${path}: ${file.error}`]);
  const { bytes, isPrivate } = file.value;
  const text = textOf(bytes);
  if (!text.ok) return refuse([`${path}:${text.error.line}: ${text.error.text}`]);
  const tree = readYaml(text.value);
  if (!tree.ok) return refuse(tree.error.map((problem) => `${path}:${problem.line}: ${problem.text}`));
  const folder = dirname(resolvePath(path));
  const readFile = (name: string): Result<NamedFile, string> => readNamedFile(resolvePath(folder, name));
  return readSettings(tree.value, { ...world, file: path, isPrivate, readFile });
}

function readNamedFile(path: string): Result<NamedFile, string> {
  const file = readBytes(path, MOST_BYTES);
  if (!file.ok) return file;
  return ok({ path, text: file.value.bytes.toString('utf8'), isPrivate: file.value.isPrivate });
}

type FileBytes = { readonly bytes: Buffer; readonly isPrivate: boolean };

/** `most`: bytes. What has no size, as a device, is not read beyond that either. */
function readBytes(path: string, most: number): Result<FileBytes, string> {
  let fd: number | null = null;
  try {
    fd = openSync(path, 'r');
    const { mode, size } = fstatSync(fd);
    if (size > most) return refuse(`expected at most ${most} bytes, not ${size}`);
    const bytes = Buffer.alloc(most + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(fd, bytes, length, bytes.length - length, null);
    if (length > most) return refuse(`expected at most ${most} bytes, and it has more`);
    return ok({ bytes: bytes.subarray(0, length), isPrivate: (mode & OTHERS_MAY_READ) === 0 });
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    return refuse(`${REASONS[code] ?? 'it cannot be read'} (${code})`);
  } finally {
    if (fd !== null) closeSync(fd);
  }
}
