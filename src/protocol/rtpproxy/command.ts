import type { Address } from '../../../model/kernel/index.js';

/** A classic control command, its grammar checked: what is left to say of it is whether the session agrees. */
export type RtpproxyCommand =
  | { readonly verb: 'version' }
  | { readonly verb: 'capability'; readonly date: string }
  | UpdateCommand
  | { readonly verb: 'delete'; readonly call: string; readonly tags: Tags; readonly weak: boolean }
  | {
      readonly verb: 'query';
      readonly call: string;
      readonly tags: Tags;
      /** The modifiers as written: they are checked only once the session is found. */
      readonly modifiers: string;
      readonly names: readonly string[];
    }
  | { readonly verb: 'info'; readonly load: boolean }
  | { readonly verb: 'deleteAll' };

/** The tag of who speaks, and of the other side where it is known. */
export type Tags = { readonly from: string; readonly to: string | null };

/** U (`update`, may make a session) and L (`lookup`, may not): a session description of the side `tags.from` passed by. */
export type UpdateCommand = {
  readonly verb: 'update' | 'lookup';
  readonly call: string;
  readonly tags: Tags;
  /** Where that side receives. Null: none was given, or its length forbids to take it for one. */
  readonly remote: Address | null;
  /** The address was all zeros. */
  readonly held: boolean;
  readonly weak: boolean;
  /** Null: as configured. */
  readonly asymmetric: boolean | null;
  readonly codecs: readonly number[];
};

/** Counters that `Q` names. Integers; `ttl` in seconds. */
export const QUERY_COUNTERS = ['ttl', 'npkts_ina', 'npkts_ino', 'nrelayed', 'ndropped'] as const;
export type QueryCounter = (typeof QUERY_COUNTERS)[number];
