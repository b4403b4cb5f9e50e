import type { RecordingForm } from '../../../model/session/recording.js';
import type { NetworkTable } from '../networks/table.js';
import type { Permitted } from '../notify/targets.js';

/** What of the configuration the carrying out of commands depends on. Plain data: it crosses threads. */
export type ControlSetting = {
  readonly networks: NetworkTable;
  /** Whether a side for which nothing is said is taken not to send from where it receives. */
  readonly asymmetric: boolean;
  /** How R and C record; null: they cannot. `all`: every session, without being asked. */
  readonly recording: { readonly form: RecordingForm; readonly all: boolean } | null;
  /** Where notifications may go. */
  readonly permitted: readonly Permitted[];
};
