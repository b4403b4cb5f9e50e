import type { PortName } from './referenceRelay.js';

/** What the comparison must know of the relay under test. */
export type Latitude = {
  /** Ports that may be given out: even ones from `first` to `last`. */
  readonly first: number;
  readonly last: number;
  /** How many seconds a remaining time to live may have run on since the oracle's clock stood still. */
  readonly ttlToleranceS: number;
  /** How many seconds longer a session may live each time that its relay dies: it counts from the last thing it wrote. Left out: none. */
  readonly ttlGainS?: number;
};

/**
 * Compares replies with what the oracle says, which has names where the relay has ports. A name must stay with one port as long as it is
 * held, and no two names may share one.
 */
export class Agreement {
  readonly #latitude: Latitude;
  readonly #ports = new Map<string, number>();
  #deaths = 0;

  constructor(latitude: Latitude) {
    this.#latitude = latitude;
  }

  /** Something of the relay has died so many times. */
  takeDeaths(deaths: number): void {
    this.#deaths += deaths;
  }

  /** What is wrong with the reply, or null. `held`: the names that the oracle holds after it. */
  disagreement(expected: string, actual: string, held: ReadonlySet<PortName>): string | null {
    for (const name of this.#ports.keys()) if (!(held as ReadonlySet<string>).has(name)) this.#ports.delete(name);
    const wanted = expected.split(' ');
    const given = actual.split(' ');
    if (wanted.length !== given.length) return `expected ${expected}, got ${actual}`;
    for (let i = 0; i < wanted.length; i++) {
      const problem = this.#compare(wanted[i]!, given[i]!, held);
      if (problem !== null) return `${problem} (expected ${expected}, got ${actual})`;
    }
    return null;
  }

  #compare(wanted: string, given: string, held: ReadonlySet<string>): string | null {
    if (wanted.startsWith('port#')) return this.#comparePort(wanted, given, held);
    if (!wanted.startsWith('ttl~')) return wanted === given ? null : `${given} is not ${wanted}`;
    const ttl = Number(wanted.slice(4));
    const { ttlToleranceS, ttlGainS = 0 } = this.#latitude;
    const gainS = ttlGainS * this.#deaths;
    const isNear = /^\d+$/.test(given) && Number(given) <= ttl + gainS && Number(given) >= ttl - ttlToleranceS;
    return isNear ? null : `${given} seconds are left instead of ${ttl}`;
  }

  #comparePort(name: string, given: string, held: ReadonlySet<string>): string | null {
    const port = /^\d+$/.test(given) ? Number(given) : Number.NaN;
    const { first, last } = this.#latitude;
    if (!(port >= first && port <= last && port % 2 === 0)) return `${given} is no even port from ${first} to ${last}`;
    const known = this.#ports.get(name);
    if (known !== undefined) return known === port ? null : `${name} was ${known} before and is ${port} now`;
    for (const [other, known] of this.#ports) if (known === port) return `${port} is given to ${name} while ${other} holds it`;
    // A later part of the same command may have given it back already.
    if (held.has(name)) this.#ports.set(name, port);
    return null;
  }
}
