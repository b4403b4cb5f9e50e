/** What is wrong with a value, as it goes on behind its name (` is 5`, `.side is "both"`); null if nothing is. Never throws. */
export type Check = (value: unknown) => string | null;

/** The last millisecond that a `Date` can be of (ECMA-262, Time Values): later ones cannot be shown. */
const LAST_MOMENT = 8.64e15;
/** So much of a wrong value is shown. */
const SHOWN = 40;

export const flag: Check = (value) => (typeof value === 'boolean' ? null : wrong(value));

/** A time, milliseconds since the Unix epoch. */
export const moment: Check = (value) => (isBetween(value, 0, LAST_MOMENT) ? null : wrong(value));

/** How many, or how long. Fractions may be: spans of time have them. */
export const count: Check = (value) => (isBetween(value, 0, Number.MAX_SAFE_INTEGER) ? null : wrong(value));

/** A span of time that a clock which was set back may have made negative, milliseconds. */
export const span: Check = (value) => (isBetween(value, -LAST_MOMENT, LAST_MOMENT) ? null : wrong(value));

export const whole =
  (first: number, last: number): Check =>
  (value) =>
    isBetween(value, first, last) && Number.isInteger(value) ? null : wrong(value);

export const text =
  (pattern: RegExp | null = null): Check =>
  (value) =>
    typeof value === 'string' && (pattern === null || pattern.test(value)) ? null : wrong(value);

export const oneOf = (names: readonly string[]): Check => {
  const known = new Set<unknown>(names);
  return (value) => (known.has(value) ? null : wrong(value));
};

export const nullable =
  (check: Check): Check =>
  (value) =>
    value === null ? null : check(value);

/** May be missing. */
export const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined ? null : check(value);

export const either =
  (one: Check, other: Check): Check =>
  (value) =>
    one(value) === null ? null : other(value);

/** An object that has these fields; what else it has is not looked at. */
export const fields = (table: Readonly<Record<string, Check>>): Check => {
  const names = Object.keys(table);
  const checks = Object.values(table);
  return (value) => {
    if (!isObject(value)) return wrong(value);
    for (let i = 0; i < names.length; i++) {
      const found = checks[i]!(value[names[i]!]);
      if (found !== null) return `.${names[i]}${found}`;
    }
    return null;
  };
};

/** An object whose field `tag` says which other fields it has. */
export const variants = (tag: string, tables: Readonly<Record<string, Readonly<Record<string, Check>>>>): Check => {
  const checks = new Map<unknown, Check>(Object.entries(tables).map(([name, table]) => [name, fields(table)]));
  return (value) => {
    if (!isObject(value)) return wrong(value);
    const check = checks.get(value[tag]);
    return check === undefined ? `.${tag}${wrong(value[tag])}` : check(value);
  };
};

export const listOf =
  (check: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return wrong(value);
    for (let i = 0; i < value.length; i++) {
      const found = check(value[i]);
      if (found !== null) return `[${i}]${found}`;
    }
    return null;
  };

export const listOfNumbers: Check = (value) => {
  if (!Array.isArray(value)) return wrong(value);
  for (let i = 0; i < value.length; i++) if (!Number.isFinite(value[i])) return `[${i}]${wrong(value[i])}`;
  return null;
};

/** An object of any fields, all of which are numbers. */
export const mapOfNumbers: Check = (value) => {
  if (!isObject(value)) return wrong(value);
  for (const [name, found] of Object.entries(value)) if (!Number.isFinite(found)) return `.${shown(name)}${wrong(found)}`;
  return null;
};

const isBetween = (value: unknown, first: number, last: number): boolean =>
  typeof value === 'number' && value >= first && value <= last;

const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const wrong = (value: unknown): string => (value === undefined ? ' is missing' : ` is ${shown(value)}`);

/** Short, in one line, and of whatever it is: what cannot be shown is named by its kind. */
function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value === 'string') return JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);
  return value === null || typeof value === 'boolean' ? String(value) : Array.isArray(value) ? 'a list' : `an ${typeof value}`;
}
