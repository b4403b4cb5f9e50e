/** The files of the project as a reader of the repository sees them: tracked, or new and not ignored. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Paths relative to `root`, with slashes, sorted. Asks git; in an unpacked archive it walks, leaving out what .gitignore names. */
export function listFiles(root: string): string[] {
  const names = existsSync(join(root, '.git')) ? askGit(root) : walk(root, '', ignoredNames(root));
  return names.filter((name) => name !== '' && existsSync(join(root, name)) && statSync(join(root, name)).isFile()).sort();
}

function askGit(root: string): string[] {
  const args = ['-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  return execFileSync('git', args, { encoding: 'utf8', maxBuffer: 1 << 26 }).split('\0');
}

/** Only the simple lines of .gitignore are understood: a name, with or without a slash at its end, or `*.suffix`. */
function ignoredNames(root: string): string[] {
  const file = join(root, '.gitignore');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  return ['.git', ...lines.map((line) => line.trim().replace(/\/$/, '')).filter((line) => line !== '')];
}

function walk(root: string, folder: string, ignored: readonly string[]): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (ignored.some((pattern) => (pattern.startsWith('*') ? entry.name.endsWith(pattern.slice(1)) : entry.name === pattern)))
      return [];
    return entry.isDirectory() ? walk(root, name, ignored) : [name];
  });
}
