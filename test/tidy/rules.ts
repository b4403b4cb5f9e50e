/** The rules of the house that a machine can check, each as a function from one file to what is wrong in it. */

import { importProblem, importsOf, roomOf } from './floors.js';
import { functionsOf } from './functions.js';
import type { Comment, Token } from './scan.js';

export type Offence = { line: number; message: string };

export type SourceFile = { path: string; text: string; tokens: readonly Token[]; comments: readonly Comment[] };

export type SourceRule = { title: string; check: (file: SourceFile) => Offence[] };

export const MAX_FILE_LINES = 400;
export const MAX_FUNCTION_LINES = 70;

/** The lowest floor that may touch the clock, randomness and the rest of the world. */
const IO_FLOOR = 4;

export const SOURCE_RULES: readonly SourceRule[] = [
  { title: 'imports go down the floors only, as the table of who may import whom says', check: checkImports },
  { title: `no TypeScript file is over ${MAX_FILE_LINES} lines`, check: checkFileLength },
  { title: `no function is over ${MAX_FUNCTION_LINES} lines`, check: checkFunctionLength },
  { title: 'below floor 4 nobody asks the clock or chance', check: checkSurroundings },
  { title: 'the packet path is without async, await and throw', check: checkPacketPath },
  { title: 'no test is skipped without a reason, none is focused and none is a promise', check: checkSkippedTests },
  { title: 'nothing is left for later in a mark', check: checkMarks },
  { title: 'no any, and no check is silenced', check: checkSilencing },
];

function checkImports({ path, tokens }: SourceFile): Offence[] {
  return importsOf(tokens).flatMap(({ target, line }) => {
    const message = importProblem(path, target);
    return message === undefined ? [] : [{ line, message }];
  });
}

function checkFileLength({ text }: SourceFile): Offence[] {
  const lines = text.replace(/\n$/, '').split('\n').length;
  return lines > MAX_FILE_LINES ? [{ line: MAX_FILE_LINES + 1, message: `the file has ${lines} lines` }] : [];
}

function checkFunctionLength({ tokens }: SourceFile): Offence[] {
  return functionsOf(tokens).flatMap(({ name, firstLine, lastLine }) => {
    const lines = lastLine - firstLine + 1;
    return lines > MAX_FUNCTION_LINES ? [{ line: firstLine, message: `${name} has ${lines} lines` }] : [];
  });
}

const ASKING_THE_CLOCK_OR_CHANCE = ['Date . now', 'new Date ( )', 'performance . now', 'Math . random'];

function checkSurroundings({ path, tokens }: SourceFile): Offence[] {
  if ((roomOf(path)?.floor ?? IO_FLOOR) >= IO_FLOOR) return [];
  return ASKING_THE_CLOCK_OR_CHANCE.flatMap((phrase) => findPhrase(tokens, phrase));
}

function checkPacketPath({ path, tokens }: SourceFile): Offence[] {
  if (roomOf(path)?.at !== 'src/media') return [];
  return ['async', 'await', 'throw'].flatMap((word) => findPhrase(tokens, word));
}

const TEST_WORDS = ['test', 'it', 'describe', 'suite'];
/** `test.skip` has no place for a reason, and `only` and `todo` let a run pass that did not show everything. */
const BAD_TEST_PHRASES = [
  ...TEST_WORDS.flatMap((word) => ['skip', 'only', 'todo'].map((what) => `${word} . ${what}`)),
  ...['skip : true', "skip : ''", 'only : true', 'todo : true', '. skip ( )', '. todo ('],
];

function checkSkippedTests({ path, tokens }: SourceFile): Offence[] {
  if (roomOf(path)?.at !== 'test') return [];
  return BAD_TEST_PHRASES.flatMap((phrase) => findPhrase(tokens, phrase));
}

function checkMarks({ text }: SourceFile): Offence[] {
  return findInLines(text, /\b(?:TO[D]O|FIX[M]E|X{3})\b/);
}

const ANY_AS_TYPE = [':', 'as', '<', '|', '&', '=>', 'extends'].map((before) => `${before} any`);
const SILENCING = /@ts-(?:ignore|expect-error|nocheck)|(?:biome|oxlint|eslint)-(?:ignore|disable)/;

function checkSilencing({ tokens, comments }: SourceFile): Offence[] {
  const silenced = comments.flatMap(({ text, line }) => findInLines(text, SILENCING, line));
  return [...ANY_AS_TYPE.flatMap((phrase) => findPhrase(tokens, phrase)), ...silenced];
}

/** What no file of the repository may say: where packages were downloaded from, and paths that exist on one machine only. */
const UNCOMMITTABLE: readonly [RegExp, string][] = [
  [/"resolved"\s*:/, 'a download address in the lock file'],
  [
    /\bregistry\.(?:npmjs|npmmirror|yarnpkg)\b|https?:\/\/[^\s"'`]*\b(?:registry|artifactory|nexus|verdaccio)\b/i,
    'a package registry',
  ],
  [/\/(?:work|farm)\/|(?<![\w.~$}>-])\/(?:home|root)\/\w/, 'a path of one machine'],
  [/\bshared\/(?:design|reference|spikes|e2e|hooks)\b/, 'a folder outside the repository'],
];

/** For every file of the repository, not only sources. */
export function checkCommittable(text: string): Offence[] {
  return UNCOMMITTABLE.flatMap(([pattern, what]) =>
    findInLines(text, pattern).map(({ line, message }) => ({ line, message: `${what}: ${message}` })),
  );
}

const EMPTY_NAMES = new Set(['util', 'utils', 'helper', 'helpers', 'manager', 'managers', 'common']);

/** A part of the path whose name says nothing, such as `callManager.ts` or `helpers/`; undefined when every part is fine. */
export function emptyNameIn(path: string): string | undefined {
  return path.split('/').find((part) => {
    const words = part.replace(/\..*$/, '').split(/[-_]|(?<=[a-z0-9])(?=[A-Z])/);
    return EMPTY_NAMES.has(words.at(-1)?.toLowerCase() ?? '');
  });
}

const TOP_LEVEL = new Set([
  ...['package.json', 'tsconfig.json', 'README.md', 'src', 'workers', 'model', 'test', 'bench'],
  ...['package-lock.json', 'biome.json', '.npmrc', '.gitignore', '.ci', 'CHANGELOG.md', 'LICENSE'],
]);

export function isAllowedAtTop(path: string): boolean {
  return TOP_LEVEL.has(path.split('/')[0] ?? '');
}

/** Where the tokens of `phrase`, parted by blanks, follow each other. A word after a dot is a property and no such word. */
function findPhrase(tokens: readonly Token[], phrase: string): Offence[] {
  const wanted = phrase.split(' ');
  return tokens.flatMap((token, i) => {
    if (!wanted.every((text, k) => tokens[i + k]?.text === text)) return [];
    if (token.kind === 'word' && tokens[i - 1]?.text === '.') return [];
    return [{ line: token.line, message: wanted.join(' ') }];
  });
}

function findInLines(text: string, pattern: RegExp, firstLine = 1): Offence[] {
  return text.split('\n').flatMap((line, i) => {
    const found = pattern.exec(line);
    return found === null ? [] : [{ line: firstLine + i, message: found[0] }];
  });
}
