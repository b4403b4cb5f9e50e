/** Where a control command came from, as far as notifications may need it. Numeric IPv4; null for unix sockets, stdio and IPv6. */
export type Origin = {
  /** The client. */
  readonly host: string | null;
  /** The address of ours that it asked. */
  readonly local: string | null;
  /** For the event log: the control socket, the client and the cookie, three words; `-` for each that there is none of. */
  readonly from?: string;
};

/** A client that has no IPv4 address. */
export const LOCAL_ORIGIN: Origin = { host: null, local: null };
