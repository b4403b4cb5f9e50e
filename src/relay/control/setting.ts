import type { RecordingForm } from '../../../model/session/recording.js';
import type { NetworkTable } from '../networks/table.js';
import type { Permitted } from '../notify/targets.js';
import type { EventSettings, Limits } from '../settings/settings.js';

/** What of the configuration the carrying out of commands depends on. It may change while the relay runs. Plain data: it crosses threads. */
export type ControlSetting = {
  readonly networks: NetworkTable;
  /** Of the relay as a whole. */
  readonly limits: Limits;
  /** Whether a side for which nothing is said is taken not to send from where it receives. */
  readonly asymmetric: boolean;
  /** How R and C record; null: they cannot. `all`: every session, without being asked. */
  readonly recording: { readonly form: RecordingForm; readonly all: boolean } | null;
  /** Where notifications may go. */
  readonly permitted: readonly Permitted[];
  /** By which the relay knows its own mark in a session description again. */
  readonly loopId: string;
  readonly events: EventSettings;
  /** Who may give commands by the NG protocol: addresses and networks; empty: everybody who can. */
  readonly allow: readonly string[];
};
