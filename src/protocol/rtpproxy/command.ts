import type { Address } from '../../../model/kernel/index.js';

/** A classic control command, its grammar checked: what is left to say of it is whether the session agrees. */
export type RtpproxyCommand =
  | { readonly verb: 'version' }
  | { readonly verb: 'capability'; readonly date: string }
  | UpdateCommand
  | DeleteCommand
  | PlayCommand
  | StopPlayCommand
  | RecordCommand
  | CopyCommand
  | StopRecordCommand
  | QueryCommand
  | { readonly verb: 'info'; readonly load: boolean }
  | { readonly verb: 'statistics'; readonly verbose: boolean; readonly names: readonly string[] }
  | { readonly verb: 'deleteAll' };

/** The tag of who speaks, and of the other side where it is known. */
export type Tags = { readonly from: string; readonly to: string | null };

/** What every command that concerns one call has. */
type OfCall = { readonly call: string; readonly tags: Tags };

/** U (`update`, may make a session) and L (`lookup`, may not): a session description of the side `tags.from` passed by. */
export type UpdateCommand = OfCall &
  Description & {
    readonly verb: 'update' | 'lookup';
    /** Whom to tell when the session times out. Null: nobody (a U without it takes an earlier one back). */
    readonly notify: NotifyRequest | null;
    readonly subcommands: readonly Subcommand[];
  };

/** What U, L and the sub-command L say of a side: modifiers and address. */
export type Description = {
  /** Where that side receives. Null: none was given, or its length forbids to take it for one. */
  readonly remote: Address | null;
  /** The address was all zeros. */
  readonly held: boolean;
  readonly weak: boolean;
  /** Null: as configured. */
  readonly asymmetric: boolean | null;
  readonly codecs: readonly number[];
  /** `z`: packets of that side are made this long, milliseconds. Null: they are left as they are. */
  readonly resizeMs: number | null;
  /** `n`: give the leg another port pair even if it has one. */
  readonly newPort: boolean;
  /** `t` and `T`: how long the session lives without packets of its caller, of its callee, seconds. Null: as before. */
  readonly callerTtlSeconds: number | null;
  readonly calleeTtlSeconds: number | null;
  readonly network: NetworkChoice;
};

/** Which local address the legs get. */
export type NetworkChoice =
  | { readonly kind: 'default' }
  /**
   * `e` and `i`: the first letter says where the caller's leg stands, the second (null: not given) where the callee's does. `ipv6`: with `6`,
   * which counts where a network has addresses of both families.
   */
  | {
      readonly kind: 'bridge';
      readonly caller: 'internal' | 'external';
      readonly callee: 'internal' | 'external' | null;
      readonly ipv6?: true;
    }
  /** `l` with a numeric address. */
  | { readonly kind: 'address'; readonly host: string }
  /** `l{label}`, and `6` as above. */
  | { readonly kind: 'label'; readonly label: string; readonly ipv6?: true }
  /** `r`: the address from which the kernel would send to this numeric host. */
  | { readonly kind: 'towards'; readonly host: string }
  /** `6` alone. */
  | { readonly kind: 'ipv6' };

/** A notification that a U asks for. */
export type NotifyRequest = {
  /** As written: `unix:/path`, `/path`, `tcp:host:port`, `tcp:%%CC_SELF%%:port`, `xmlrpc:http://…`. */
  readonly socket: string;
  /** URL-decoded. Null where the client sent none (Kamailio 5.6). */
  readonly tag: string | null;
  /** In a form of Kamailio's that rtpproxy misreads: where it is not permitted, the call goes on without it. */
  readonly lenient: boolean;
};

/** What may follow `&&` after U, L and Q. */
export type Subcommand =
  | { readonly kind: 'module'; readonly module: number; readonly instance: number; readonly args: readonly string[] }
  | { readonly kind: 'delete'; readonly weak: boolean }
  /** `reverse`: of the other leg than the one the command describes. `ttl` seconds; `tos` 1…255. */
  | { readonly kind: 'set'; readonly reverse: boolean; readonly name: 'ttl' | 'tos'; readonly value: number }
  /** A lookup for the other leg; from then on "in" and "out" change places. */
  | { readonly kind: 'lookup'; readonly description: Description }
  /** Sends the media of another session into this one. */
  | { readonly kind: 'fork'; readonly call: string; readonly tags: Tags };

export type DeleteCommand = OfCall & { readonly verb: 'delete'; readonly weak: boolean };

/** `count`: how often, negative for ever, 0 stops. `codecs`: `session`, or payload types with commas between, not checked yet. */
export type PlayCommand = OfCall & {
  readonly verb: 'play';
  readonly prompt: string;
  readonly codecs: string;
  readonly count: number;
};
export type StopPlayCommand = OfCall & { readonly verb: 'stopPlay' };

/** `single`: both directions and RTCP in one file. */
export type RecordCommand = OfCall & { readonly verb: 'record'; readonly single: boolean };
/** `target`: `udp:host:port`, or a file name. `reportPort`: the answer names the port that is sent from. */
export type CopyCommand = OfCall & {
  readonly verb: 'copy';
  readonly target: string;
  readonly single: boolean;
  readonly reportPort: boolean;
};
export type StopRecordCommand = OfCall & { readonly verb: 'stopRecord'; readonly both: boolean };

export type QueryCommand = OfCall & {
  readonly verb: 'query';
  /** The modifiers as written: they are checked only once the session is found. */
  readonly modifiers: string;
  readonly names: readonly string[];
  readonly subcommands: readonly Subcommand[];
};

/** Counters that `Q` names. Integers (`ttl` in seconds); the last four with six decimals (seconds, then RTP timestamp units). */
export const QUERY_COUNTERS = [
  'ttl',
  'npkts_ina',
  'npkts_ino',
  'nrelayed',
  'ndropped',
  'rtpa_nsent',
  'rtpa_nrcvd',
  'rtpa_ndups',
  'rtpa_nlost',
  'rtpa_perrs',
  'longest_ipi',
  'rtpa_jlast',
  'rtpa_jmax',
  'rtpa_javg',
] as const;
export type QueryCounter = (typeof QUERY_COUNTERS)[number];

/** What `Q` answers when it is asked for no name. */
export const DEFAULT_QUERY_COUNTERS: readonly QueryCounter[] = ['ttl', 'npkts_ina', 'npkts_ino', 'nrelayed', 'ndropped'];
