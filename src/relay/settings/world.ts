import type { Result } from '../../../model/kernel/index.js';
import type { ResolveHost } from '../networks/hosts.js';

/** A file that the settings name. */
export type NamedFile = {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
  /** Whether nobody but its owner and group can read it. */
  readonly isPrivate: boolean;
};

/** What the reading of settings needs of the world. */
export type SettingsWorld = {
  /** The settings file, as messages name it. */
  readonly file: string;
  /** Whether nobody but its owner and group can read it. */
  readonly isPrivate: boolean;
  /** The networks that the command line gives already. */
  readonly given: readonly string[];
  readonly resolve: ResolveHost;
  /** Why no media socket can stand on a numeric host, in words; null: one can. */
  readonly bindProblem: (host: string) => Promise<string | null>;
  /** A file, named from where the settings file stands; or in words why it cannot be read. */
  readonly readFile: (name: string) => Result<NamedFile, string>;
};
