import { type Address, type Family, familyOf, type UdpPort } from '../../../model/kernel/index.js';
import type { PortRange, PortTable } from './portTable.js';

/** Ports that are given out on one local address alone. Plain data. */
export type OwnRange = { readonly host: string; readonly range: PortRange };

/** The same with the memory that the `PortTable`s of all shards share. */
export type OwnPorts = OwnRange & { readonly memory: ArrayBufferLike };

/** Two that may share their memory. */
export const isSameOwn = (a: OwnRange, b: OwnRange): boolean =>
  a.host === b.host && a.range.first === b.range.first && a.range.pairs === b.range.pairs;

/** Makes the table of this shard for memory that all shards share. */
export type MakeTable = (range: PortRange, memory: ArrayBufferLike) => PortTable;

/**
 * Which table the port pairs of a leg come from: that of its address if it has ports of its own, else that of all addresses of its family. The
 * families do not disturb each other: a number may be given out in both.
 */
export class PortTables {
  readonly #byFamily: Readonly<Record<Family, PortTable>>;
  readonly #make: MakeTable | null;
  #own = new Map<string, { readonly ports: OwnRange; readonly table: PortTable }>();

  /** `make` null: no address has ports of its own. */
  constructor(byFamily: Readonly<Record<Family, PortTable>>, make: MakeTable | null = null, own: readonly OwnPorts[] = []) {
    this.#byFamily = byFamily;
    this.#make = make;
    this.change(own, []);
  }

  of(host: string): PortTable {
    // Nearly always there is none.
    const own = this.#own.size === 0 ? undefined : this.#own.get(host);
    return own?.table ?? this.#byFamily[familyOf(host)];
  }

  /** Whether a pair that is in use is one of those that its address has now; where not, it had others once, and they are not known. */
  knows({ host, port }: Address): boolean {
    return this.of(host).has(port);
  }

  /** See `PortTable.settle`. */
  settle(): void {
    for (const table of this.#all()) table.settle();
  }

  /**
   * Other addresses have ports of their own from now on. Pairs in use (`held`) stay in use: where their address has another table now, they are
   * held in that one. A pair that another shard has claimed there meanwhile cannot be bound by it as long as its sockets are open.
   */
  change(own: readonly OwnPorts[], held: Iterable<Address>): void {
    const before = this.#own;
    const after: typeof before = new Map();
    for (const ports of own) {
      const present = before.get(ports.host);
      if (present !== undefined && isSameOwn(present.ports, ports)) after.set(ports.host, present);
      else if (this.#make !== null) after.set(ports.host, { ports, table: this.#make(ports.range, ports.memory) });
    }
    const moving = [...held].map((address) => ({ address, from: this.of(address.host) }));
    this.#own = after;
    for (const { address, from } of moving) {
      const to = this.of(address.host);
      if (to === from) continue;
      to.take(address.port);
      from.release(address.port);
    }
    for (const [host, { table }] of before) if (after.get(host)?.table !== table) table.settle();
  }

  /** Frees whatever the shard held before it died, but for the pairs of these addresses. Answers how many those were. */
  releaseAllBut(held: Iterable<Address>): number {
    const kept = new Map<PortTable, Set<UdpPort>>();
    for (const { host, port } of held) {
      const table = this.of(host);
      const ports = kept.get(table) ?? new Set();
      kept.set(table, ports.add(port));
    }
    return this.#all().reduce((sum, table) => sum + table.releaseAllBut(kept.get(table) ?? new Set()), 0);
  }

  #all(): PortTable[] {
    return [this.#byFamily.IPv4, this.#byFamily.IPv6, ...[...this.#own.values()].map(({ table }) => table)];
  }
}
