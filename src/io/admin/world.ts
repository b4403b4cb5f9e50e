import type { Reloaded } from '../../relay/admin/protocol.js';
import type { AdminStatus } from '../../relay/admin/status.js';
import type { SnapshotRecord } from '../../relay/events/record.js';
import type { ToldStream } from '../../relay/events/told.js';

/** What the admin socket needs of the relay. */
export type AdminWorld = {
  /** Null: there is no event log. */
  readonly logFolder: string | null;
  /** The sessions of a Call-ID as they are now; none, if there is no such call. */
  readonly inspect: (call: string) => Promise<readonly SnapshotRecord[]>;
  readonly status: () => Promise<AdminStatus>;
  /** Reads the settings file again, or only looks what would change. */
  readonly reload: (isCheck: boolean) => Promise<Reloaded>;
  /** What happens from the subscription on, to one call or (null) at all. */
  readonly watch: (call: string | null) => ToldStream;
};
