import type { PortRange } from '../portalloc/portTable.js';

/** One local address of a network. */
export type NetworkAddress = {
  /** Numeric, without brackets; a wildcard stands for all addresses of its family. */
  readonly host: string;
  /** What session descriptions and replies name instead: numeric or a name. Null: the host itself. */
  readonly advertised: string | null;
};

/** What holds for legs in a network where nothing else is asked. */
export type NetworkPolicy = {
  /** `symmetric`: addresses are learned from packets; `asymmetric`: only signalled ones count. Null: as the relay has it. */
  readonly latching: 'symmetric' | 'asymmetric' | null;
  /** TOS byte of what is sent there, 0…255. Null: as the relay has it. */
  readonly tos: number | null;
};

/** Addresses by which the relay is reached from one side of it. */
export type NamedNetwork = {
  readonly name: string;
  /** Never empty; of each family the first that fits is taken, several of a family take turns. */
  readonly addresses: readonly NetworkAddress[];
  /** Null: the range of the relay. */
  readonly ports: PortRange | null;
  readonly policy: NetworkPolicy;
};

export type Limits = {
  /** Calls at the same time. Null: no limit. */
  readonly calls: number | null;
  /** New calls a second. */
  readonly callsPerSecond: number | null;
};

/** A client that shows this is called so. */
export type Token = { readonly name: string; readonly token: string };

/** Who may give commands over the NG listeners. Names of files are absolute. */
export type ControlAccess = {
  /** Addresses or networks (`192.0.2.0/24`) that may; empty: all that can reach the listener. */
  readonly allow: readonly string[];
  /** Empty: none is asked for. Asked for over TCP, HTTP and WebSocket. */
  readonly tokens: readonly Token[];
  readonly tls: { readonly certificate: string; readonly key: string; readonly clientCa: string | null } | null;
};

export type EventSettings = {
  /** What webhooks are signed with. Null: they are not signed. */
  readonly secret: string | null;
  /** Where the events of calls go whose controller did not say. */
  readonly ways: readonly string[];
  /** A side that was heard and then is silent for so long is told of. Null: never. */
  readonly silenceMs: number | null;
  /** How long an event waits for a controller that is not there. */
  readonly keepMs: number;
};

/** What the settings file says: everything in it may change while the relay runs, but what calls stand on. */
export type Settings = {
  /** In the order of the file. */
  readonly networks: readonly NamedNetwork[];
  /** Names of the networks that `i` and `e` of the classic protocol mean. */
  readonly bridge: { readonly internal: string; readonly external: string } | null;
  /** The network of legs for which none is named. Null: the first one. */
  readonly standard: string | null;
  readonly limits: Limits;
  readonly control: ControlAccess;
  readonly events: EventSettings;
};
