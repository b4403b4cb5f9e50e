import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { NetworkChoice } from '../../protocol/rtpproxy/command.js';
import { ERROR_CODES as E, type ErrorCode } from '../../protocol/rtpproxy/errors.js';
import { defaultNetwork, type Network, type NetworkTable, networkOfFamily } from './table.js';

/** Where the two legs of a session are to stand. Null: the default network for a new session, else where the leg stands already. */
export type ChosenNetworks = { readonly caller: Network | null; readonly callee: Network | null };

/** Asks the kernel from which local address it would send to a numeric host. Null: there is no way to it. */
export type RouteTo = (host: string) => string | null;

/** The networks that the modifiers of a U or L ask for. Named in one word, they count for both legs. */
export function chooseNetworks(table: NetworkTable, choice: NetworkChoice, routeTo: RouteTo): Result<ChosenNetworks, ErrorCode> {
  switch (choice.kind) {
    case 'default':
      return ok({ caller: null, callee: null });
    case 'bridge': {
      const { bridge } = table;
      if (bridge === null) return refuse(choice.caller === 'internal' ? E.internalModifier : E.externalModifier);
      return ok({ caller: bridge[choice.caller], callee: choice.callee === null ? null : bridge[choice.callee] });
    }
    case 'address':
      return both(standingAt(table, choice.host));
    case 'label': {
      const network = table.networks.find(({ label }) => label === choice.label);
      return network === undefined ? refuse(E.noSuchLocal) : both(network);
    }
    case 'towards': {
      const host = routeTo(choice.host);
      return host === null ? refuse(E.noRoute) : both(standingAt(table, host));
    }
    case 'ipv6': {
      const network = networkOfFamily(table, 'IPv6');
      if (network === undefined) return refuse(E.noSuchFamily);
      return network === defaultNetwork(table) ? ok({ caller: null, callee: null }) : both(network);
    }
  }
}

const both = (network: Network): Result<ChosenNetworks, ErrorCode> => ok({ caller: network, callee: network });

/** A configured network is more than its address: it knows what to advertise. */
const standingAt = (table: NetworkTable, host: string): Network =>
  table.networks.find((network) => network.host === host) ?? { host, advertised: null, label: null };
