/** A value as one line of ASCII, whatever it holds: a terminal is left alone, and every JSON reader gets the same value back. */
export function asciiJson(value: unknown): string {
  const plain = (_: string, part: unknown): unknown => (typeof part === 'bigint' ? String(part) : part);
  const text = JSON.stringify(value, plain) ?? 'null';
  return text.replace(/[^ -~]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Where two values first differ, and what stands there: `legs.caller.tos`, and the two parts. Null: they are equal, part by part. */
export type Difference = { readonly at: string; readonly left: unknown; readonly right: unknown };

export function firstDifference(left: unknown, right: unknown, at = ''): Difference | null {
  if (left === right) return null;
  if (!isTree(left) || !isTree(right) || Array.isArray(left) !== Array.isArray(right)) {
    return Object.is(left, right) ? null : { at, left, right };
  }
  for (const key in left) {
    const found = firstDifference(left[key], right[key], at === '' ? key : `${at}.${key}`);
    if (found !== null) return found;
  }
  for (const key in right) {
    if (!(key in left) && right[key] !== undefined)
      return { at: at === '' ? key : `${at}.${key}`, left: undefined, right: right[key] };
  }
  return null;
}

const isTree = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
