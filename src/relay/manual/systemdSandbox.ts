import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { parseControlAddress } from '../controlAddress.js';
import type { RelayOptions } from '../options.js';

const FIRST_UNPRIVILEGED_PORT = 1024;

/**
 * The lines of a unit that let a service write to where its options say, and nowhere else. Folders below `/var/lib` and `/run` are made by
 * systemd and given to the service; others must be there. `hasUser`: it has a user whom a folder can be given to. The error is one line.
 */
export function writablePlaces(options: RelayOptions, hasUser: boolean): Result<string[], string> {
  const [state, runtime, others] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const folder of writtenFolders(options)) {
    const path = folder.replace(/^\/var\/run\//, '/run/').replace(/(?<=.)\/+$/, '');
    const [, base, name] = /^\/(var\/lib|run)\/(.+)$/s.exec(path) ?? [];
    if (name === undefined) others.add(path);
    else (base === 'run' ? runtime : state).add(name);
  }
  const [foreign] = others;
  if (foreign !== undefined && !hasUser)
    return refuse(`${foreign}: outside of /var/lib and /run it takes a --user who may write there`);
  return ok([
    ...listLine('StateDirectory', state),
    ...listLine('RuntimeDirectory', runtime),
    ...listLine('ReadWritePaths', others),
  ]);
}

/** Where files are made. */
export function writtenFolders({ dataDir, control, admin, pidFile, recordDir, spoolDir, profileDir }: RelayOptions): Set<string> {
  const files = [...control, ...(admin?.startsWith('unix:') ? [admin] : [])].flatMap((name) => {
    const address = parseControlAddress(name);
    return address.ok && address.value.transport === 'unix' ? [address.value.path] : [];
  });
  if (pidFile !== null && !pidFile.startsWith('/dev/')) files.push(pidFile);
  const folders = [dataDir, recordDir, spoolDir, profileDir].filter((folder) => folder !== null);
  return new Set([...folders, ...files.map((path) => path.replace(/\/[^/]*$/, '') || '/')]);
}

const listLine = (name: string, paths: ReadonlySet<string>): string[] =>
  paths.size === 0 ? [] : [`${name}=${[...paths].map(quotePath).join(' ')}`];

function quotePath(path: string): string {
  const escaped = path.replaceAll('%', '%%').replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  return /[\s"'\\]/.test(escaped) ? `"${escaped}"` : escaped;
}

/** What an ordinary user lacks for these options. */
export function capabilitiesOf({ control, nice, scheduler }: RelayOptions): string[] {
  const isPrivileged = control.some((name) => {
    const address = parseControlAddress(name);
    return address.ok && 'port' in address.value && address.value.port < FIRST_UNPRIVILEGED_PORT;
  });
  return [...(isPrivileged ? ['CAP_NET_BIND_SERVICE'] : []), ...(scheduler !== null || (nice ?? 0) < 0 ? ['CAP_SYS_NICE'] : [])];
}

/** Whether one of the paths lies in one of the folders. */
export const isAnyBelow = (paths: Iterable<string>, folders: readonly string[]): boolean =>
  [...paths].some((path) => folders.some((folder) => `${path}/`.startsWith(`${folder}/`)));
