/** Who may import whom: five floors, then the doors. Rooms of one floor differ in what they may import. */
import { posix } from 'node:path';
import type { Token } from './scan.js';

export type Room = {
  /** Folder, or a file without its suffix. */
  at: string;
  floor: number;
  /** Paths of the project it may import from. */
  mayImport: readonly string[];
  /** Packages it may import; `node:` stands for every built-in module, `*` for every package. */
  packages: readonly string[];
};

const MODEL_AND_BELOW_IO = ['model', 'src/protocol', 'src/media', 'src/relay'];
const IO = [...MODEL_AND_BELOW_IO, 'src/io'];
const DOORS = [...IO, 'src', 'workers', 'package.json'];
const DOOR_PACKAGES = ['node:', 'rxjs', 'xstate'];

/** The first room whose path fits is the room of a file, so the narrow ones stand first. */
export const ROOMS: readonly Room[] = [
  { at: 'model/kernel', floor: 0, mayImport: ['model/kernel'], packages: [] },
  { at: 'model/spec', floor: 0, mayImport: ['model'], packages: ['fast-check'] },
  { at: 'model', floor: 0, mayImport: ['model'], packages: ['xstate'] },
  { at: 'src/protocol', floor: 1, mayImport: ['model/kernel', 'src/protocol'], packages: [] },
  { at: 'src/media', floor: 2, mayImport: ['model/kernel', 'src/protocol', 'src/media'], packages: [] },
  { at: 'src/relay', floor: 3, mayImport: MODEL_AND_BELOW_IO, packages: ['rxjs', 'xstate'] },
  { at: 'src/io/sys', floor: 4, mayImport: IO, packages: ['node:', 'koffi'] },
  { at: 'src/io/threads', floor: 4, mayImport: IO, packages: ['node:', 'piscina', 'pino'] },
  { at: 'src/io/jobs', floor: 4, mayImport: IO, packages: ['node:', 'piscina'] },
  { at: 'src/io/audio', floor: 4, mayImport: IO, packages: ['node:', 'koffi'] },
  { at: 'src/io/settings', floor: 4, mayImport: IO, packages: ['node:', 'yaml'] },
  { at: 'src/io/ng', floor: 4, mayImport: IO, packages: ['node:', 'ws'] },
  { at: 'src/io/log', floor: 4, mayImport: IO, packages: ['node:', 'msgpackr', 'pino'] },
  { at: 'src/io', floor: 4, mayImport: IO, packages: ['node:', 'pino'] },
  // The client library runs in somebody else's process, the dashboard in a browser.
  {
    at: 'src/client',
    floor: 5,
    mayImport: ['src/client', 'src/protocol/rtpproxy', 'src/protocol/ng', 'src/protocol/bytes'],
    packages: ['node:'],
  },
  { at: 'src/dashboard', floor: 5, mayImport: ['src/dashboard', 'src/io/http'], packages: [] },
  { at: 'src/main', floor: 5, mayImport: DOORS, packages: DOOR_PACKAGES },
  { at: 'src/cli', floor: 5, mayImport: DOORS, packages: DOOR_PACKAGES },
  { at: 'workers', floor: 5, mayImport: DOORS, packages: DOOR_PACKAGES },
  { at: 'test', floor: 6, mayImport: [...DOORS, 'bench', 'test'], packages: ['*'] },
  { at: 'bench', floor: 6, mayImport: [...DOORS, 'bench'], packages: ['*'] },
];

/** The oracle must stay independent: only the floors that test may see it. */
const ORACLE = 'model/spec';

export function roomOf(path: string): Room | undefined {
  return ROOMS.find((room) => isInside(path.replace(/\.[jt]s$/, ''), room.at));
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

export type Import = { target: string; line: number };

/** Every module that a source names: `import`, `export … from`, `import()` as a value or a type, and `require()`. */
export function importsOf(tokens: readonly Token[]): Import[] {
  return tokens.flatMap((token, i) => {
    const [before, earlier] = [tokens[i - 1], tokens[i - 2]];
    const named = before?.kind === 'word' && (before.text === 'from' || before.text === 'import');
    const called = before?.text === '(' && (earlier?.text === 'import' || earlier?.text === 'require');
    return /^['"`]/.test(token.text) && (named || called) ? [{ target: token.text.slice(1, -1), line: token.line }] : [];
  });
}

/** Says why `file` may not import `target`, or undefined when it may. */
export function importProblem(file: string, target: string): string | undefined {
  const room = roomOf(file);
  if (room === undefined) return `no floor is known for this file, so it may not import ${target}`;
  const who = `${room.at} (floor ${room.floor})`;
  if (!target.startsWith('.')) return mayUsePackage(room, target) ? undefined : `${who} may not use the package ${target}`;
  const path = posix.join(posix.dirname(file), target).replace(/\.js$/, '');
  const targetRoom = roomOf(path);
  if (targetRoom?.at === ORACLE && room.at !== ORACLE && room.floor <= 5)
    return `${who} imports ${path}, which is for test and bench only`;
  if (room.mayImport.some((folder) => isInside(path, folder))) return undefined;
  const upward = (targetRoom?.floor ?? 0) > room.floor ? `, up the floors (to floor ${targetRoom?.floor})` : '';
  return `${who} may not import ${path}${upward}`;
}

function mayUsePackage(room: Room, target: string): boolean {
  if (room.packages.includes('*')) return true;
  if (target.startsWith('node:')) return room.packages.includes('node:');
  const name = target.split('/').slice(0, target.startsWith('@') ? 2 : 1);
  return room.packages.includes(name.join('/'));
}
