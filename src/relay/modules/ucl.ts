import { ok, type Result, refuse } from '../../../model/kernel/index.js';

/** What stands behind a key. A list is read over: no module takes one. */
export type UclValue =
  | { readonly kind: 'section'; readonly entries: readonly UclEntry[] }
  | { readonly kind: 'list' }
  /** `quoted`: it stood in quotes, and is text even if it looks like a number. */
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean };

/** `key` is as written; UCL does not tell upper from lower case. `line` counts from 1. */
export type UclEntry = { readonly key: string; readonly line: number; readonly value: UclValue };

/** Sections and lists within each other. */
const MAX_DEPTH = 32;
/** Far beyond what anybody writes by hand. */
const MAX_CHARACTERS = 1 << 20;

/**
 * Reads the part of UCL that rtpproxy's configuration files are written in: `key = value`, `key: value`, `key value`, sections in braces
 * (`key { … }`, `key name { … }`), lists in brackets, texts in double or single quotes or as `<<END … END`, comments (`#` and nested
 * slash-star ones); a line end, `;` or `,` ends a value. No macros (`.include`) and no variables: they are read as ordinary keys and
 * texts. The error is one line, and begins with the number of the line.
 */
export function parseUcl(text: string): Result<readonly UclEntry[], string> {
  if (text.length > MAX_CHARACTERS) return refuse(`line 1: ${text.length} characters; expected at most ${MAX_CHARACTERS}`);
  const reader = new UclReader(text.replaceAll('\r\n', '\n'));
  const entries = reader.document();
  return entries === null ? refuse(reader.problem) : ok(entries);
}

/** Every method answers null once there is a problem. */
class UclReader {
  problem = '';
  readonly #text: string;
  #at = 0;
  #line = 1;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): readonly UclEntry[] | null {
    if (!this.#skipBlanks(true)) return null;
    if (!this.#take('{')) return this.#entries('');
    const entries = this.#entries('}');
    if (entries === null || !this.#skipBlanks(true)) return null;
    return this.#peek() === '' ? entries : this.#fail(`expected the end of the file, found ${this.#peek()}`);
  }

  /** The entries of a section, whose brace has been read; `close` is what ends it, '' the end of the file. */
  #entries(close: '}' | ''): readonly UclEntry[] | null {
    const opened = this.#line;
    const entries: UclEntry[] = [];
    for (;;) {
      if (!this.#skipSeparators()) return null;
      const next = this.#peek();
      if (next === '') return close === '' ? entries : this.#failAt(opened, 'the brace { that opens here is not closed');
      if (next === close) {
        this.#at++;
        return entries;
      }
      const entry = this.#entry();
      if (entry === null) return null;
      entries.push(entry);
    }
  }

  #entry(): UclEntry | null {
    const line = this.#line;
    const key = this.#key();
    if (key === null || !this.#skipBlanks(false)) return null;
    const isAssigned = this.#take('=') || this.#take(':');
    if (!this.#skipBlanks(false)) return null;
    // A brace may stand on a line of its own.
    if (this.#peek() === '\n' && !this.#skipToBrace()) return null;
    const value = this.#value(isAssigned);
    return value === null ? null : { key, line, value };
  }

  #key(): string | null {
    const quote = this.#peek();
    if (quote === '"' || quote === "'") return this.#quoted(quote);
    const key = this.#match(/[^\s=:{}[\];,#"']+/y);
    return key === '' ? this.#fail(`expected a key, found ${quote}`) : key;
  }

  #value(isAssigned: boolean): UclValue | null {
    const first = this.#peek();
    if (first === '{' || first === '[') return this.#nested(first);
    const tag = this.#match(/<<[A-Z]+(?=\n)/y).slice(2);
    if (tag !== '') return this.#untilTag(tag);
    const isQuoted = first === '"' || first === "'";
    const text = isQuoted ? this.#quoted(first) : this.#bare(isAssigned);
    if (text === null || !this.#skipBlanks(false)) return null;
    const next = this.#peek();
    if (next === '{' && !isAssigned) return this.#named(isQuoted ? [text] : text.split(/\s+/));
    if (isQuoted && !['', '\n', ';', ',', '}', ']'].includes(next)) {
      return this.#fail(`expected the end of the line behind the text in quotes, found ${next}`);
    }
    return { kind: 'text', text, quoted: isQuoted };
  }

  /** `section one two { … }` is a section in a section in a section. */
  #named(names: readonly string[]): UclValue | null {
    const line = this.#line;
    const inner = this.#nested('{');
    if (inner === null) return null;
    return names.reduceRight<UclValue>((value, key) => ({ kind: 'section', entries: [{ key, line, value }] }), inner);
  }

  #nested(open: '{' | '['): UclValue | null {
    if (this.#depth === MAX_DEPTH) return this.#fail(`more than ${MAX_DEPTH} sections within each other`);
    this.#depth++;
    this.#at++;
    const entries = open === '{' ? this.#entries('}') : this.#list();
    this.#depth--;
    if (entries === null) return null;
    return open === '{' ? { kind: 'section', entries } : { kind: 'list' };
  }

  #list(): readonly UclEntry[] | null {
    const opened = this.#line;
    for (;;) {
      if (!this.#skipSeparators()) return null;
      const next = this.#peek();
      if (next === '') return this.#failAt(opened, 'the bracket [ that opens here is not closed');
      if (this.#take(']')) return [];
      if (next === '}') return this.#fail('expected ], found }');
      if (this.#value(true) === null) return null;
    }
  }

  #quoted(quote: '"' | "'"): string | null {
    const pattern = quote === '"' ? /"((?:[^"\\\n]|\\[^\n])*)"/y : /'((?:[^'\\\n]|\\[^\n])*)'/y;
    const whole = this.#match(pattern);
    if (whole === '') return this.#fail(`the quote ${quote} is not closed on its line`);
    const text = whole.slice(1, -1);
    return quote === '"' ? text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, unescaped) : text.replaceAll("\\'", "'");
  }

  /**
   * A text without quotes: up to the end of the line or of the entry. Braces and brackets may stand in it in pairs; where there was no
   * `=`, a brace begins a section instead.
   */
  #bare(isAssigned: boolean): string {
    const from = this.#at;
    let open = 0;
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at]!;
      if ('\n;,#'.includes(character)) break;
      if (this.#text.startsWith('/*', this.#at) && /\s/.test(this.#text[this.#at - 1] ?? ' ')) break;
      if (character === '{' && !isAssigned) break;
      if (character === '{' || character === '[') open++;
      if ((character === '}' || character === ']') && --open < 0) break;
    }
    return this.#text.slice(from, this.#at).trim();
  }

  #untilTag(tag: string): UclValue | null {
    const opened = this.#line;
    const end = new RegExp(`\\n${tag}(?=[;,\\s]|$)`, 'g');
    end.lastIndex = this.#at;
    const found = end.exec(this.#text);
    if (found === null) return this.#failAt(opened, `the text <<${tag} is not ended by a line ${tag}`);
    const text = this.#text.slice(this.#at + 1, found.index);
    this.#advance(found.index + found[0].length);
    return { kind: 'text', text, quoted: true };
  }

  #skipSeparators(): boolean {
    do if (!this.#skipBlanks(true)) return false;
    while (this.#take(';') || this.#take(','));
    return true;
  }

  /** At a line end: stands before the brace if that is what comes next, or stays. */
  #skipToBrace(): boolean {
    const [at, line] = [this.#at, this.#line];
    if (!this.#skipBlanks(true)) return false;
    if (this.#peek() !== '{') [this.#at, this.#line] = [at, line];
    return true;
  }

  /** Skips blanks and comments. `lines`: and line ends. */
  #skipBlanks(lines: boolean): boolean {
    const blank = lines ? /\s+/y : /[^\S\n]+/y;
    while (this.#match(blank) !== '' || this.#match(/#[^\n]*/y) !== '' || this.#peekTwo() === '/*') {
      if (this.#peekTwo() === '/*' && !this.#skipComment()) return false;
    }
    return true;
  }

  #skipComment(): boolean {
    const opened = this.#line;
    const mark = /\/\*|\*\//g;
    mark.lastIndex = this.#at;
    for (let open = 0, found = mark.exec(this.#text); found !== null; found = mark.exec(this.#text)) {
      open += found[0] === '/*' ? 1 : -1;
      if (open > 0) continue;
      this.#advance(mark.lastIndex);
      return true;
    }
    this.#failAt(opened, 'the comment /* that opens here is not closed');
    return false;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#advance(this.#at + found.length);
    return found;
  }

  #advance(to: number): void {
    for (let i = this.#at; i < to; i++) if (this.#text[i] === '\n') this.#line++;
    this.#at = to;
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  /** '' at the end of the file. */
  #peek(): string {
    return this.#text[this.#at] ?? '';
  }

  #peekTwo(): string {
    return this.#text.slice(this.#at, this.#at + 2);
  }

  #fail(problem: string): null {
    return this.#failAt(this.#line, problem);
  }

  #failAt(line: number, problem: string): null {
    this.problem = `line ${line}: ${problem.replace(/\s+/g, ' ')}`;
    return null;
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

function unescaped(_: string, code: string | undefined, letter: string | undefined): string {
  return letter === undefined ? String.fromCharCode(Number.parseInt(code ?? '', 16)) : (ESCAPES[letter] ?? letter);
}
