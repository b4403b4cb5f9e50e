import { accessSync, constants, existsSync, lchownSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { parseAccount } from '../../relay/optionValues.js';
import { RUN_MARK_FILE } from '../log/runMark.js';
import { listSegments } from '../log/segment.js';
import { LOCK_FILE } from './folderLock.js';

/** Whom the process becomes (-u), looked up. */
export type ProcessAccount = {
  /** As written behind `-u`. */
  readonly text: string;
  /** Null: the user stays. */
  readonly user: { readonly name: string; readonly uid: number } | null;
  readonly gid: number;
};

/** Looks up what `-u` names. Refuses, in one line, a user or group that does not exist, and whom this process cannot become. */
export async function resolveAccount(text: string): Promise<Result<ProcessAccount, string>> {
  const parsed = parseAccount(text);
  if (!parsed.ok) return refuse(`-u ${text}: expected ${parsed.error}`);
  const { findGroup, findUser } = await import('../sys/credentials.js');
  const { user: userName, group } = parsed.value;
  const user = userName === null ? null : findUser(userName);
  if (userName !== null && user === null) return refuse(`-u ${text}: expected a user of this system, and ${userName} is none`);
  const gid = group === null ? (user?.gid ?? null) : findGroup(group);
  if (gid === null) return refuse(`-u ${text}: expected a group of this system, and ${group} is none`);
  const account = { text, user: user === null ? null : { name: userName!, uid: user.uid }, gid };
  return isRoot() || isAlready(account)
    ? ok(account)
    : refuse(`-u ${text}: expected to be started by root, who may become somebody else`);
}

/** The groups that the user belongs to, and `gid`. Node has it, its types do not. */
const initgroups = (user: string, gid: number): void =>
  (process as unknown as { initgroups: (user: string, gid: number) => void }).initgroups(user, gid);

const isRoot = (): boolean => process.geteuid?.() === 0;
const isAlready = ({ user, gid }: ProcessAccount): boolean =>
  (user === null || process.geteuid?.() === user.uid) && process.getegid?.() === gid;

/**
 * Becomes the account for good, in every thread of the process. Only the main thread may do it, after everything is open that takes
 * privileges: control sockets, pid file, limits. Refuses if the system does not let us, and then the process must not go on.
 */
export function dropPrivileges(account: ProcessAccount): Result<void, string> {
  if (isAlready(account)) return ok(undefined);
  try {
    const { user, gid } = account;
    if (user !== null) initgroups(user.name, gid);
    process.setgid?.(gid);
    if (user !== null) process.setuid?.(user.uid);
  } catch (error) {
    return refuse(`-u ${account.text}: the process cannot become it (${(error as NodeJS.ErrnoException).code})`);
  }
  return isAlready(account) ? ok(undefined) : refuse(`-u ${account.text}: the process did not become it`);
}

/** Says, in one line, what the process lacks now that it is somebody else; nothing where all is well. */
export function missingAccess(logFolder: string): string[] {
  const code = fileURLToPath(import.meta.url);
  const lacks: string[] = [];
  if (!may(code, constants.R_OK)) lacks.push(`this user may not read ${code}: a media thread that dies cannot be started again`);
  if (existsSync(logFolder) && !may(logFolder, constants.W_OK | constants.X_OK))
    lacks.push(`this user may not write to ${logFolder}: the event log ends with its segments`);
  return lacks;
}

/** Which of these folders the process may not write to. What is no folder at all is somebody else's complaint. */
export function unwritableFolders(paths: readonly string[]): string[] {
  return [...new Set(paths)].filter((path) => mayBeFolder(path) && !may(path, constants.W_OK | constants.X_OK));
}

function mayBeFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return true; // It lies where the process may not even look.
  }
}

function may(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** Gives a control socket, or a folder that is ours alone, to the account. Throws what the system says. */
export function giveAway(path: string, account: ProcessAccount): void {
  lchownSync(path, account.user?.uid ?? process.getuid?.() ?? 0, account.gid);
}

/**
 * Gives the event log to the account, so that it can begin new segments: the segments, and their folder if it holds nothing else. Whoever
 * has put the log into a folder of another purpose keeps that folder. Throws what the system says.
 */
export function giveLog(folder: string, account: ProcessAccount): void {
  if (!existsSync(folder)) return; // There is none.
  const own = [...listSegments(folder).map(({ path }) => path), ...[LOCK_FILE, RUN_MARK_FILE].map((name) => join(folder, name))];
  const found = own.filter((path) => existsSync(path));
  for (const path of found) if (isOnlyName(path)) giveAway(path, account);
  if (readdirSync(folder).length === found.length) giveAway(folder, account);
}

/** A file of another name besides may be somebody else's. */
function isOnlyName(path: string): boolean {
  const found = lstatSync(path);
  return found.isFile() && found.nlink === 1;
}
