import { familyOf } from '../../model/kernel/index.js';
import type { ControlAddress } from '../relay/controlAddress.js';
import type { ModuleSettings } from '../relay/modules/config.js';
import type { NetworkTable } from '../relay/networks/table.js';
import type { NgAddress } from '../relay/ng/ngAddress.js';
import type { Permitted } from '../relay/notify/targets.js';
import type { PortRange } from '../relay/portalloc/portTable.js';
import type { LiveSettings } from './reload.js';

/** What is to be undone, in reverse order. */
export type Closing = ((leave: boolean) => Promise<void>)[];

/** The options, as far as they could not be checked one by one. */
export type Plan = {
  readonly control: readonly ControlAddress[];
  /** As they are at the start; `live` has those of now. */
  readonly networks: NetworkTable;
  readonly ng: readonly NgAddress[];
  readonly live: LiveSettings;
  readonly permitted: readonly Permitted[];
  readonly modules: ModuleSettings;
  readonly range: PortRange;
  readonly logFolder: string;
  /** By which this relay knows its own mark in a session description again. */
  readonly loopId: string;
};

export const hasIPv6 = ({ networks }: NetworkTable): boolean => networks.some(({ host }) => familyOf(host) === 'IPv6');
