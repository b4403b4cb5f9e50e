/**
 * A small scanner for TypeScript: enough to tell code from comments, strings, template text and regular expressions, and to
 * pair brackets. The TypeScript 7 package has no programming interface, and the tidiness rules need no more than this.
 * What it cannot read it reports (ScanError) instead of guessing on.
 */

export type Token = {
  /** `word` is an identifier or keyword; `text` is a string, a piece of a template or a regular expression. */
  kind: 'word' | 'number' | 'text' | 'mark';
  /** The source text; for strings with their quotes. */
  text: string;
  /** Counted from 1. */
  line: number;
  /** For `(`, `[` and `{` the index of the closing token, for the closing ones that of the opening; otherwise -1. */
  pair: number;
};

export type Comment = { text: string; line: number };

export type Scanned = { tokens: Token[]; comments: Comment[] };

export class ScanError extends Error {
  constructor(
    readonly line: number,
    problem: string,
  ) {
    super(problem);
  }
}

/** After these words a slash begins a regular expression, after any other word it divides. */
const WORDS_BEFORE_REGEX = new Set('return typeof case in of delete void throw new instanceof await yield else do'.split(' '));
/** A slash after the closing parenthesis of one of these begins a regular expression. */
const WORDS_WITH_HEAD = new Set(['if', 'while', 'for', 'with']);

const BLANK = /\s+/y;
const LINE_COMMENT = /\/\/[^\n]*/y;
const BLOCK_COMMENT = /\/\*[\s\S]*?\*\//y;
const WORD = /[#@]?[\p{L}_$][\p{L}\p{N}_$]*/uy;
const NUMBER = /(?:\d|\.\d)[\w.]*/y;
const STRING = /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y;
/** From a backtick, or from the brace that ends a substitution, to the next `${` or to the closing backtick. */
const TEMPLATE_PIECE = /[`}](?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const MARK = /=>|\.\.\.|[^\s\w]/uy;

const OPENING: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Splits a source into tokens and comments. Throws ScanError on an unpaired bracket or an unclosed string. */
export function scan(source: string): Scanned {
  return new Scanner(source).run();
}

class Scanner {
  private readonly tokens: Token[] = [];
  private readonly comments: Comment[] = [];
  private readonly open: number[] = [];
  private at = 0;
  private line = 1;

  constructor(private readonly source: string) {}

  run(): Scanned {
    const hashBang = /^#![^\n]*/.exec(this.source);
    this.at = hashBang?.[0].length ?? 0;
    while (this.at < this.source.length) this.step();
    const unclosed = this.tokens[this.open.at(-1) ?? -1];
    if (unclosed) throw new ScanError(unclosed.line, `${unclosed.text} is never closed`);
    return { tokens: this.tokens, comments: this.comments };
  }

  private step(): void {
    const char = this.source[this.at] ?? '';
    const line = this.line;
    if (this.match(BLANK) !== undefined) return;
    const comment = this.match(LINE_COMMENT) ?? this.match(BLOCK_COMMENT);
    if (comment !== undefined) {
      this.comments.push({ text: comment, line });
      return;
    }
    if (char === "'" || char === '"') this.add('text', this.need(STRING, 'string'), line);
    else if (char === '`') this.template(line);
    else if (char === '}' && this.tokens[this.open.at(-1) ?? -1]?.kind === 'text') this.template(line);
    else if (char === '/' && this.regexMayStart()) this.add('text', this.match(REGEX) ?? this.need(MARK, 'mark'), line);
    else this.plain(line);
  }

  private plain(line: number): void {
    const word = this.match(WORD);
    const number = word === undefined ? this.match(NUMBER) : undefined;
    if (word !== undefined) this.add('word', word, line);
    else if (number !== undefined) this.add('number', number, line);
    else this.mark(line);
  }

  private mark(line: number): void {
    const mark = this.need(MARK, 'mark');
    const opening = OPENING[mark];
    if (opening !== undefined) this.checkPair(opening, mark, line);
    if ('([{'.includes(mark)) this.open.push(this.tokens.length);
    this.add('mark', mark, line);
    if (opening !== undefined) this.pairWithLast();
  }

  /** A piece of a template that ends in `${` counts as an opening bracket, the piece that goes on after it closes it. */
  private template(line: number): void {
    const piece = this.need(TEMPLATE_PIECE, 'template');
    if (piece.endsWith('${')) {
      if (piece.startsWith('`')) this.open.push(this.tokens.length);
    } else if (piece.startsWith('}')) {
      this.open.pop();
    }
    this.add('text', piece, line);
  }

  private checkPair(opening: string, mark: string, line: number): void {
    const last = this.tokens[this.open.at(-1) ?? -1];
    if (last?.text !== opening)
      throw new ScanError(line, `${mark} closes ${last === undefined ? 'nothing' : `the ${last.text} of line ${last.line}`}`);
  }

  private pairWithLast(): void {
    const from = this.open.pop() ?? -1;
    const to = this.tokens.length - 1;
    const [first, last] = [this.tokens[from], this.tokens[to]];
    if (first) first.pair = to;
    if (last) last.pair = from;
  }

  private regexMayStart(at = this.tokens.length - 1): boolean {
    const last = this.tokens[at];
    if (last === undefined) return true;
    if (last.kind === 'word') return WORDS_BEFORE_REGEX.has(last.text) && this.tokens[at - 1]?.text !== '.';
    if (last.kind === 'number') return false;
    if (last.kind === 'text') return last.text.endsWith('${');
    if (last.text === ')') return WORDS_WITH_HEAD.has(this.tokens[last.pair - 1]?.text ?? '');
    // `counts[i]! / 2` divides, `!/x/.test(y)` does not: what counts is what stands before the exclamation mark.
    if (last.text === '!') return this.regexMayStart(at - 1);
    return last.text !== ']' && last.text !== '}';
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source)?.[0];
    if (found === undefined) return undefined;
    this.at += found.length;
    for (const char of found) if (char === '\n') this.line++;
    return found;
  }

  private need(pattern: RegExp, what: string): string {
    const found = this.match(pattern);
    if (found === undefined) throw new ScanError(this.line, `cannot read this ${what}`);
    return found;
  }

  private add(kind: Token['kind'], text: string, line: number): void {
    this.tokens.push({ kind, text, line, pair: -1 });
  }
}
