import { nearestName } from './nearest.js';
import { formatPath, formatValue, isFields, isList, type Placed, type PlacedFields, type SettingsPath } from './placed.js';

/** More than these are not told: a file that is wrong all over has one mistake at its head. */
const MOST_PROBLEMS = 40;

/** A value with its place, on its way to being read. */
export type Spot = { readonly path: SettingsPath; readonly node: Placed };

/** Reads values and keeps what is wrong with them, each in a line: `FILE:LINE: networks.office.ports is "x": expected …`. */
export class SettingsReader {
  readonly #file: string;
  readonly #problems: { readonly line: number; readonly text: string }[] = [];
  #untold = 0;

  /** `file`: as messages name it. */
  constructor(file: string) {
    this.#file = file;
  }

  /** In the order of the lines. */
  get problems(): readonly string[] {
    const told = [...this.#problems].sort((a, b) => a.line - b.line).map(({ line, text }) => `${this.#file}:${line}: ${text}`);
    return this.#untold === 0 ? told : [...told, `${this.#file}: and ${this.#untold} more problems`];
  }

  /** Something is wrong at a place. */
  complain({ path, node }: Spot, what: string): void {
    this.#tell(node, path.length === 0 ? what : `${formatPath(path)}: ${what}`);
  }

  /** A value is not what it should be. Answers null, for whoever reads on. */
  refuse(spot: Spot, expected: string): null {
    const where = spot.path.length === 0 ? 'the file' : formatPath(spot.path);
    this.#tell(spot.node, `${where} is ${formatValue(spot.node)}: ${expected}`);
    return null;
  }

  #tell({ line }: Placed, text: string): void {
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push({ line, text });
    else this.#untold++;
  }

  /** A map that has no other names than these. Null: it is none, and that was told. */
  fields(spot: Spot, known: readonly string[]): Fields | null {
    const entries = this.entries(spot, `a map of ${known.join(', ')}`);
    if (entries === null) return null;
    for (const [name, node] of entries) {
      if (known.includes(name)) continue;
      const near = nearestName(name, known);
      const hint = near === null ? `expected one of ${known.join(', ')}` : `did you mean ${near}?`;
      this.complain({ path: [...spot.path, name], node }, `no setting is called so; ${hint}`);
    }
    return new Fields(this, spot, entries);
  }

  /** A map with any names. `expected`: what it should be. */
  entries(spot: Spot, expected: string): PlacedFields | null {
    const { value } = spot.node;
    return isFields(value) ? value : this.refuse(spot, `expected ${expected}`);
  }

  /** The members of a list, or a single one that stands for itself. */
  list({ path, node }: Spot): readonly Spot[] {
    const { value } = node;
    return isList(value) ? value.map((each, i) => ({ path: [...path, i], node: each })) : [{ path, node }];
  }

  /** A text that is not empty. */
  text(spot: Spot, expected: string): string | null {
    const { value } = spot.node;
    if (typeof value === 'string' && value !== '') return value;
    const hint = typeof value === 'number' || typeof value === 'boolean' ? ' in quotes' : '';
    return this.refuse(spot, `expected ${expected}${hint}`);
  }

  number(spot: Spot, { least, most, isWhole }: Bounds): number | null {
    const { value } = spot.node;
    const isFine = typeof value === 'number' && value >= least && value <= most && (!isWhole || Number.isInteger(value));
    return isFine ? value : this.refuse(spot, `expected a ${isWhole ? 'whole ' : ''}number from ${least} to ${most}`);
  }

  oneOf<T extends string>(spot: Spot, words: readonly T[]): T | null {
    const found = words.find((word) => word === spot.node.value);
    return found ?? this.refuse(spot, `expected one of ${words.join(', ')}`);
  }
}

export type Bounds = { readonly least: number; readonly most: number; readonly isWhole: boolean };

/** The fields of a map, asked by name. A field that is empty is as one that is not there. */
export class Fields {
  readonly spot: Spot;
  readonly #reader: SettingsReader;
  readonly #entries: PlacedFields;

  constructor(reader: SettingsReader, spot: Spot, entries: PlacedFields) {
    this.#reader = reader;
    this.spot = spot;
    this.#entries = entries;
  }

  at(name: string): Spot | null {
    const node = this.#entries.get(name);
    return node === undefined || node.value === null ? null : { path: [...this.spot.path, name], node };
  }

  /** What a field means; null if it is not there, or not right. */
  read<T>(name: string, read: (spot: Spot) => T | null): T | null {
    const spot = this.at(name);
    return spot === null ? null : read(spot);
  }

  /** The same of a field that must be there. */
  need<T>(name: string, read: (spot: Spot) => T | null): T | null {
    const spot = this.at(name);
    if (spot !== null) return read(spot);
    this.#reader.complain(this.spot, `expected ${name}`);
    return null;
  }
}
