import { familyOf } from '../../model/kernel/index.js';
import type { ControlAddress } from '../relay/controlAddress.js';
import type { ModuleSettings } from '../relay/modules/config.js';
import type { NetworkTable } from '../relay/networks/table.js';
import type { Permitted } from '../relay/notify/targets.js';
import type { PortRange } from '../relay/portalloc/portTable.js';

/** What is to be undone, in reverse order. */
export type Closing = ((leave: boolean) => Promise<void>)[];

/** The options, as far as they could not be checked one by one. */
export type Plan = {
  readonly control: readonly ControlAddress[];
  readonly networks: NetworkTable;
  readonly permitted: readonly Permitted[];
  readonly modules: ModuleSettings;
  readonly range: PortRange;
  readonly logFolder: string;
};

export const hasIPv6 = ({ networks }: NetworkTable): boolean => networks.some(({ host }) => familyOf(host) === 'IPv6');
