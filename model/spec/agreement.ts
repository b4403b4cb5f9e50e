import type { PortName } from './referenceRelay.js';

/** What the comparison must know of the relay under test. */
export type Latitude = {
  /** Ports that may be given out: even ones from `first` to `last`. */
  readonly first: number;
  readonly last: number;
  /** How many seconds a remaining time to live may have run on since the oracle's clock stood still. */
  readonly ttlToleranceS: number;
};

/**
 * Compares replies with what the oracle says, which has names where the relay has ports. A name must stay with one port as long as it is
 * held, and no two names may share one.
 */
export class Agreement {
  readonly #latitude: Latitude;
  readonly #ports = new Map<string, number>();

  constructor(latitude: Latitude) {
    this.#latitude = latitude;
  }

  /** What is wrong with the reply, or null. `held`: the names that the oracle holds after it. */
  disagreement(expected: string, actual: string, held: ReadonlySet<PortName>): string | null {
    for (const name of this.#ports.keys()) if (!(held as ReadonlySet<string>).has(name)) this.#ports.delete(name);
    const wanted = expected.split(' ');
    const given = actual.split(' ');
    if (wanted.length !== given.length) return `expected ${expected}, got ${actual}`;
    for (let i = 0; i < wanted.length; i++) {
      const problem = this.#compare(wanted[i]!, given[i]!);
      if (problem !== null) return `${problem} (expected ${expected}, got ${actual})`;
    }
    return null;
  }

  #compare(wanted: string, given: string): string | null {
    if (wanted.startsWith('port#')) return this.#comparePort(wanted, given);
    if (!wanted.startsWith('ttl~')) return wanted === given ? null : `${given} is not ${wanted}`;
    const ttl = Number(wanted.slice(4));
    const isNear = /^\d+$/.test(given) && Number(given) <= ttl && Number(given) >= ttl - this.#latitude.ttlToleranceS;
    return isNear ? null : `${given} seconds are left instead of ${ttl}`;
  }

  #comparePort(name: string, given: string): string | null {
    const port = /^\d+$/.test(given) ? Number(given) : Number.NaN;
    const { first, last } = this.#latitude;
    if (!(port >= first && port <= last && port % 2 === 0)) return `${given} is no even port from ${first} to ${last}`;
    const known = this.#ports.get(name);
    if (known !== undefined) return known === port ? null : `${name} was ${known} before and is ${port} now`;
    for (const [other, held] of this.#ports) if (held === port) return `${port} is given to ${name} while ${other} holds it`;
    this.#ports.set(name, port);
    return null;
  }
}
