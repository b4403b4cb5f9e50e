/** A value of a settings file, and where it stands there. */
export type Placed = {
  /** From 1; of a value that has a name, where the name stands. */
  readonly line: number;
  readonly column: number;
  readonly value: Scalar | readonly Placed[] | ReadonlyMap<string, Placed>;
};

export type Scalar = string | number | boolean | null;

export type PlacedFields = ReadonlyMap<string, Placed>;

export const isFields = (value: Placed['value']): value is PlacedFields => value instanceof Map;

export const isList = (value: Placed['value']): value is readonly Placed[] => Array.isArray(value);

/** Where something stands among the settings: names, and numbers from 0 of things in a list. */
export type SettingsPath = readonly (string | number)[];

const SHOWN_CHARS = 60;

/** `networks.office.addresses[1]`. */
export const formatPath = (path: SettingsPath): string =>
  path.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i === 0 ? '' : '.'}${printable(step)}`)).join('');

/** A value as messages show it, on one line. */
export function formatValue({ value }: Placed): string {
  if (isFields(value)) return 'a map';
  if (isList(value)) return 'a list';
  return value === null ? 'empty' : printable(JSON.stringify(value));
}

/** A terminal is left alone, whatever somebody has written, and a line stays one that can be read. */
export function printable(text: string, most = SHOWN_CHARS): string {
  const clean = text.slice(0, most).replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, '?');
  return text.length > most ? `${clean}…` : clean;
}
