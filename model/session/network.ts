/**
 * A local address that legs are bound to. `advertised`: what the other side is told instead, where a translator stands between (1:1 NAT).
 * Numeric hosts; `0.0.0.0` and `::` stand for every address of the host.
 */
export type Network = { readonly host: string; readonly advertised: string | null };

export const sameNetwork = (a: Network, b: Network): boolean => a.host === b.host && a.advertised === b.advertised;
