import {
  type Alias,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
} from 'yaml';
import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { type Placed, printable, type Scalar } from '../../relay/settings/placed.js';
import { type LineProblem, strayIn } from './settingsText.js';

/** Aliases may repeat what stands once; so often, so deep and so much of it that no file of a few lines becomes a large one. */
const MOST_ALIASES = 1000;
const MOST_VALUES = 200_000;
const DEEPEST = 20;
/** One bracket too many makes an error of everything behind it. */
const MOST_PROBLEMS = 10;

/** So much is shown of what the package says, which repeats what stands there. */
const SHOWN_CHARS = 200;

const TOO_DEEP = `more than ${DEEPEST} levels within each other: expected at most so many`;
/** Where the package speaks of itself, or not of what was expected. */
const IN_OTHER_WORDS: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  MULTIPLE_DOCS: 'a second document begins here: expected one in a file',
  TAB_AS_INDENT: 'a tab in front of what stands here: expected spaces',
  RESOURCE_EXHAUSTION: TOO_DEEP,
};

type Place = { readonly line: number; readonly col: number };

/**
 * Reads YAML 1.2 (core schema, no tags of one's own, one document) as plain values, each with its place. What is wrong is told all at once, in
 * the order of the lines.
 */
export function readYaml(text: string): Result<Placed, readonly LineProblem[]> {
  const stray = strayIn(text);
  if (stray !== null) return refuse([stray]);
  const lines = new LineCounter();
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line);
  try {
    // Keys are compared below: the package does it in a time that grows with their square.
    const options = { version: '1.2', schema: 'core', uniqueKeys: false, prettyErrors: false, lineCounter: lines } as const;
    const document = parseDocument(text, { ...options, strict: true, logLevel: 'error' });
    const problems = problemsIn([...document.errors, ...document.warnings], lineAt);
    if (problems.length > 0) return refuse(problems);
    const walk = new Walk((offset) => lines.linePos(offset));
    const root = walk.read(document.contents, { line: 1, col: 1 }, 0);
    return walk.problems.length > 0 ? refuse(walk.problems) : ok(root);
  } catch (error) {
    // Of thousands of brackets within each other the package makes as many calls.
    return refuse([{ line: 1, text: error instanceof RangeError ? TOO_DEEP : firstLine((error as Error).message) }]);
  }
}

/** Each once, though the package may find it a thousand times in a line; and where it has given up, what comes of that is not told. */
function problemsIn(errors: readonly YAMLError[], lineAt: (offset: number) => number): LineProblem[] {
  const deep = errors.find(({ code }) => code === 'RESOURCE_EXHAUSTION');
  const problems = new Map<string, LineProblem>();
  for (const { code, message, pos } of deep === undefined ? errors : [deep]) {
    const problem = {
      line: lineAt(pos[0]),
      text: IN_OTHER_WORDS[code] ?? firstLine(message) + (code === 'TAG_RESOLVE_FAILED' ? ': expected no tag' : ''),
    };
    problems.set(`${problem.line} ${problem.text}`, problem);
    if (problems.size === MOST_PROBLEMS) break;
  }
  return [...problems.values()];
}

const firstLine = (message: string): string => printable(message.split('\n')[0]!.replace(/:$/, ''), SHOWN_CHARS);

/** Makes plain values of the nodes of a document. */
class Walk {
  readonly problems: LineProblem[] = [];
  readonly #placeOf: (offset: number) => Place;
  /** As they stand so far: a name may be given again. The package looks through the whole document for each alias. */
  readonly #anchors = new Map<string, Node>();
  #following = 0;
  #aliases = 0;
  #values = 0;

  constructor(placeOf: (offset: number) => Place) {
    this.#placeOf = placeOf;
  }

  /** `fallback`: where a node stands that does not know it. */
  read(node: unknown, fallback: Place, depth: number): Placed {
    const place = this.#placeIn(node) ?? fallback;
    const { line, col: column } = place;
    this.#values++;
    if (depth > DEEPEST) return this.#refuse(place, TOO_DEEP);
    if (this.#values > MOST_VALUES) return this.#refuse(place, `more than ${MOST_VALUES} values: expected at most so many`);
    this.#noteAnchor(node);
    if (isAlias(node)) return this.#follow(node, place, depth);
    if (isMap(node)) return { ...{ line, column }, value: this.#fields(node.items, place, depth) };
    if (isSeq(node)) return { ...{ line, column }, value: node.items.map((item) => this.read(item, place, depth + 1)) };
    return { ...{ line, column }, value: isScalar(node) ? scalarOf(node.value) : null };
  }

  #follow(alias: Alias, place: Place, depth: number): Placed {
    const { line, col: column } = place;
    this.#aliases++;
    if (this.#aliases > MOST_ALIASES) return this.#refuse(place, `more than ${MOST_ALIASES} aliases: expected at most so many`);
    const target = this.#anchors.get(alias.source);
    if (target === undefined)
      return this.#refuse(place, `*${printable(alias.source)}: expected &${printable(alias.source)} somewhere before it`);
    this.#following++;
    const read = this.read(target, place, depth + 1);
    this.#following--;
    // What is wrong with it is told where it is used.
    return { ...read, line, column };
  }

  /** What is looked at once more by an alias has said its names already; others may have them by now. */
  #noteAnchor(node: unknown): void {
    if (this.#following > 0 || !isNode(node) || isAlias(node)) return;
    const { anchor } = node as { readonly anchor?: string };
    if (anchor !== undefined) this.#anchors.set(anchor, node);
  }

  #fields(items: readonly Pair[], fallback: Place, depth: number): ReadonlyMap<string, Placed> {
    const fields = new Map<string, Placed>();
    const lines = new Map<string, number>();
    for (const { key, value } of items) {
      const place = this.#placeIn(key) ?? fallback;
      const name = isScalar(key) && key.value !== null ? String(key.value) : null;
      this.#noteAnchor(key);
      if (name === null) this.#refuse(place, 'expected a name before the colon');
      else if (fields.has(name))
        this.#refuse(place, `${printable(JSON.stringify(name))} is there already, in line ${lines.get(name)}: expected it once`);
      else {
        const { line, col: column } = place;
        lines.set(name, line);
        const read = this.read(value, place, depth + 1);
        // A map begins in the line below; it is known by its name.
        fields.set(name, typeof read.value === 'object' && read.value !== null ? { ...read, line, column } : read);
      }
    }
    return fields;
  }

  #placeIn(node: unknown): Place | null {
    const range = (node as { readonly range?: readonly number[] | null } | null)?.range;
    return range === null || range === undefined ? null : this.#placeOf(range[0]!);
  }

  #refuse({ line, col: column }: Place, text: string): Placed {
    // One is enough of what has no end.
    if (this.problems.at(-1)?.text !== text) this.problems.push({ line, text });
    return { line, column, value: null };
  }
}

/** Numbers that are none, and what no core schema has, are read as they would be written. */
function scalarOf(value: unknown): Scalar {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  return String(value);
}
