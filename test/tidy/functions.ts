/** Finds the functions of a scanned source, to measure how long they are. */
import type { Token } from './scan.js';

export type FunctionSpan = { name: string; firstLine: number; lastLine: number };

/** A parenthesis after one of these is not a parameter list. */
const NOT_FUNCTIONS = new Set(['if', 'for', 'while', 'switch', 'catch', 'with', 'await', 'return', 'typeof']);
/** Words that stand in front of a type and belong to it. */
const TYPE_PREFIXES = new Set(['keyof', 'typeof', 'readonly', 'asserts', 'unique', 'infer', 'new', 'abstract']);
/** A parenthesis after one of these belongs to a type, as in `<F extends (x: number) => string>`. */
const TYPE_OPENERS = new Set(['extends', '<']);

/**
 * Functions, methods, constructors, accessors and arrow functions, nested ones too, in the order of their parameter lists.
 * Their lines go from the name or parameter list to the end of the body. Signatures without a body are left out.
 */
export function functionsOf(tokens: readonly Token[]): FunctionSpan[] {
  const spans: FunctionSpan[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const body = bodyAfter(tokens, i);
    if (body === undefined) continue;
    const name = nameBefore(tokens, i);
    const last = tokens[endOfBody(tokens, body)];
    spans.push({ name: name.text, firstLine: name.line, lastLine: last?.line ?? name.line });
  }
  return spans;
}

/** Index of the first token of the body when a parameter list (or the single parameter of an arrow) stands at `at`. */
function bodyAfter(tokens: readonly Token[], at: number): number | undefined {
  const token = tokens[at];
  if (token?.kind === 'word' && tokens[at + 1]?.text === '=>') return at + 2;
  if (token?.text !== '(' || TYPE_OPENERS.has(tokens[at - 1]?.text ?? '')) return undefined;
  let next = token.pair + 1;
  if (tokens[next]?.text === ':') next = endOfType(tokens, next + 1);
  if (tokens[next]?.text === '=>') return next + 1;
  return tokens[next]?.text === '{' && mayHaveParameters(tokens, at) ? next : undefined;
}

function mayHaveParameters(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1];
  if (before === undefined) return false;
  if (before.kind === 'word') return !NOT_FUNCTIONS.has(before.text) && tokens[at - 2]?.text !== 'extends';
  return before.kind === 'text' || before.text === '>' || before.text === ']' || before.text === '*';
}

/** Index of the last token of a body: its closing brace, or the end of the expression of an arrow function. */
function endOfBody(tokens: readonly Token[], body: number): number {
  const first = tokens[body];
  if (first?.text === '{') return first.pair;
  let at = body;
  while (at < tokens.length && !isExpressionEnd(tokens[at])) at = afterGroup(tokens, at);
  return at - 1;
}

function isExpressionEnd(token: Token | undefined): boolean {
  // The equals sign ends the type of a variable that holds a function: `const f: (x: number) => string = …`.
  return token?.kind === 'mark' && [',', ';', ')', ']', '}', '='].includes(token.text);
}

/** The index after the token, or after the closing bracket when the token opens one. */
function afterGroup(tokens: readonly Token[], at: number): number {
  const token = tokens[at];
  return token !== undefined && token.pair > at ? token.pair + 1 : at + 1;
}

/** Index of the first token after the type that begins at `at`: operands joined by `|`, `&`, `is`, `extends … ? … :`. */
function endOfType(tokens: readonly Token[], at: number): number {
  let next = at;
  while (tokens[next]?.text === '|' || tokens[next]?.text === '&' || TYPE_PREFIXES.has(tokens[next]?.text ?? '')) next++;
  next = endOfOperand(tokens, next);
  const joint = tokens[next]?.text ?? '';
  if (joint === '|' || joint === '&' || joint === 'is') return endOfType(tokens, next + 1);
  if (joint !== 'extends') return next;
  const question = endOfType(tokens, next + 1);
  const colon = endOfType(tokens, question + 1);
  return endOfType(tokens, colon + 1);
}

function endOfOperand(tokens: readonly Token[], at: number): number {
  const first = tokens[at];
  let next = afterGroup(tokens, at);
  if (first?.text === '(' && tokens[next]?.text === '=>' && isParameterList(tokens, at)) return endOfType(tokens, next + 1);
  if (first?.text === '-') next++;
  for (;;) {
    const mark = tokens[next]?.text;
    if (mark === '.') next += 2;
    else if (mark === '[') next = afterGroup(tokens, next);
    else if (mark === '<') next = afterAngles(tokens, next);
    else return next;
  }
}

/** `(x: number) => string` is a function type; `(string) => {` is a type in parentheses and then an arrow. */
function isParameterList(tokens: readonly Token[], at: number): boolean {
  const [inner, after] = [tokens[at + 1], tokens[at + 2]];
  return inner?.text === ')' || inner?.text === '...' || after?.text === ':' || after?.text === '?';
}

function afterAngles(tokens: readonly Token[], at: number): number {
  let depth = 0;
  for (let next = at; next < tokens.length; next = afterGroup(tokens, next)) {
    const { text } = tokens[next] ?? { text: '' };
    if (text === '<') depth++;
    else if (text === '>' && --depth === 0) return next + 1;
    else if (text === ';') break;
  }
  return tokens.length;
}

/** The token that names the function best: its own name, or what it is assigned to. */
function nameBefore(tokens: readonly Token[], at: number): { text: string; line: number } {
  const own = { text: 'arrow function', line: tokens[at]?.line ?? 0 };
  let before = at - 1;
  if (tokens[before]?.text === '>') before = openingAngle(tokens, before) - 1;
  const named = tokens[before];
  if (named?.kind === 'word' && named.text !== 'async' && named.text !== 'return') return named;
  if (named?.text === 'async') before--;
  const assigned = tokens[before - 1];
  const isAssigned = tokens[before]?.text === '=' || tokens[before]?.text === ':';
  return isAssigned && assigned?.kind === 'word' ? { text: assigned.text, line: own.line } : own;
}

function openingAngle(tokens: readonly Token[], at: number): number {
  let depth = 0;
  for (let back = at; back > 0; back--) {
    if (tokens[back]?.text === '>') depth++;
    else if (tokens[back]?.text === '<' && --depth === 0) return back;
  }
  return at;
}
