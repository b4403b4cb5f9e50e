/** The grammar of the commands that the oracle knows, as far as the histories use it. */

/** What stands behind U, L and the sub-command L. `host`: the local address that was asked for. */
export type Letters = {
  readonly weak: boolean;
  readonly newPort: boolean;
  readonly host: string | null;
  readonly codecs: readonly string[];
};

export type Sub =
  | { readonly kind: 'delete'; readonly weak: boolean }
  | { readonly kind: 'ttl'; readonly seconds: number }
  | { readonly kind: 'lookup'; readonly letters: Letters };

/** The words of a command, and those of each part behind `&&`. */
export function splitCommand(command: string): {
  readonly head: string;
  readonly args: readonly string[];
  readonly subs: readonly (readonly string[])[];
} {
  const [main = '', ...subs] = command.split(' && ');
  const [head = '', ...args] = main.split(' ');
  return { head, args, subs: subs.map((sub) => sub.split(' ')) };
}

/** Letters with what belongs to them: digits, dots and commas. */
const lettersIn = (modifiers: string): RegExpExecArray[] => [...modifiers.matchAll(/([a-z])([\d.,]*)/g)];

/** What is wrong with the modifiers and the address of a side: E35, E14, E37. Null: nothing. */
export function letterProblem(modifiers: string, host: string, port: string): string | null {
  let codecLists = 0;
  for (const [, letter = '', value = ''] of lettersIn(modifiers)) {
    if (!'aswncl'.includes(letter)) return 'E35';
    if (letter === 'c' && (value === '' || ++codecLists > 1)) return 'E14';
  }
  // An address of another length than an IPv4 one can have is no address; what has the length must be one.
  const isAddress = host.length >= 7 && host.length <= 15;
  return isAddress && !(/^\d+\.\d+\.\d+\.\d+$/.test(host) && /^\d+$/.test(port)) ? 'E37' : null;
}

export function readLetters(modifiers: string): Letters {
  const found = lettersIn(modifiers);
  const has = (wanted: string): boolean => found.some(([, letter]) => letter === wanted);
  const lastOf = (wanted: string): string | null => found.findLast(([, letter]) => letter === wanted)?.[2] ?? null;
  return { weak: has('w'), newPort: has('n'), host: lastOf('l'), codecs: lastOf('c')?.split(',') ?? [] };
}

/** Null: one of them cannot be read, and then none is. `mayLookUp`: behind a U with both tags. */
export function readSubs(subs: readonly (readonly string[])[], mayLookUp: boolean): readonly Sub[] | null {
  const read = subs.map((words) => readSub(words, mayLookUp));
  return read.every((sub) => sub !== null) ? read : null;
}

function readSub([head = '', ...args]: readonly string[], mayLookUp: boolean): Sub | null {
  const seconds = Number(/^ttl=(\d+)$/.exec(args[0] ?? '')?.[1] ?? 0);
  if (/^dw?$/i.test(head) && args.length === 0) return { kind: 'delete', weak: head.length > 1 };
  if (/^sr?$/i.test(head) && args.length === 1 && seconds > 0) return { kind: 'ttl', seconds };
  if (!/^l/i.test(head) || !mayLookUp || args.length !== 2) return null;
  const modifiers = head.slice(1).toLowerCase();
  return letterProblem(modifiers, args[0]!, args[1]!) === null ? { kind: 'lookup', letters: readLetters(modifiers) } : null;
}
