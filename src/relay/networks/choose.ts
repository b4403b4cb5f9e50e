import { type Family, ok, type Result, refuse } from '../../../model/kernel/index.js';
import type { NetworkChoice } from '../../protocol/rtpproxy/command.js';
import { ERROR_CODES as E, type ErrorCode } from '../../protocol/rtpproxy/errors.js';
import type { NamedNetwork } from '../settings/settings.js';
import {
  addressOf,
  defaultNetwork,
  type Network,
  type NetworkTable,
  networkCalled,
  networkOfEnd,
  networkOfFamily,
  ownFamily,
} from './table.js';

/** Where the two legs of a session are to stand. Null: the default network for a new session, else where the leg stands already. */
export type ChosenNetworks = { readonly caller: Network | null; readonly callee: Network | null };

/** Asks the kernel from which local address it would send to a numeric host. Null: there is no way to it. */
export type RouteTo = (host: string) => string | null;

/**
 * The networks that the modifiers of a U or L ask for. Named in one word, they count for both legs. Of several addresses of a network that one
 * is taken whose turn it is: `turn`, any whole number from 0, the same for all commands of a call.
 */
export function chooseNetworks(
  table: NetworkTable,
  choice: NetworkChoice,
  routeTo: RouteTo,
  turn = 0,
): Result<ChosenNetworks, ErrorCode> {
  switch (choice.kind) {
    case 'default':
      return ok({ caller: null, callee: null });
    case 'bridge': {
      const { bridge } = table;
      if (bridge === null) return refuse(choice.caller === 'internal' ? E.internalModifier : E.externalModifier);
      const end = (of: 'internal' | 'external'): Network => {
        const network = networkOfEnd(table, of);
        return network === undefined ? bridge[of] : standing(table, network, familyFor(choice, network), turn);
      };
      return ok({ caller: end(choice.caller), callee: choice.callee === null ? null : end(choice.callee) });
    }
    case 'address':
      return both(standingAt(table, choice.host));
    case 'label': {
      const network = networkCalled(table, choice.label);
      return network === undefined ? refuse(E.noSuchLocal) : both(standing(table, network, familyFor(choice, network), turn));
    }
    case 'towards': {
      const host = routeTo(choice.host);
      return host === null ? refuse(E.noRoute) : both(standingAt(table, host));
    }
    case 'ipv6': {
      const network = networkOfFamily(table, 'IPv6');
      if (network === undefined) return refuse(E.noSuchFamily);
      const chosen = standing(table, network, 'IPv6', turn);
      return chosen === defaultNetwork(table) ? ok({ caller: null, callee: null }) : both(chosen);
    }
  }
}

/** Where a leg of a new session stands for which nothing is asked. */
export function standardNetwork(table: NetworkTable, turn: number): Network {
  const network = networkCalled(table, table.standard);
  const first = defaultNetwork(table);
  return network === undefined ? first : standing(table, network, ownFamily(network), turn);
}

/** `6` chooses among the addresses of a network that has both families. */
const familyFor = ({ ipv6 = false }: { readonly ipv6?: boolean }, network: NamedNetwork): Family =>
  ipv6 && addressOf(network, 'IPv6', 0) !== undefined ? 'IPv6' : ownFamily(network);

const both = (network: Network): Result<ChosenNetworks, ErrorCode> => ok({ caller: network, callee: network });

function standing(table: NetworkTable, network: NamedNetwork, family: Family, turn: number): Network {
  const { host, advertised } = addressOf(network, family, turn) ?? network.addresses[0]!;
  const isThat = (other: Network): boolean => other.host === host && other.advertised === advertised;
  return table.networks.find(isThat) ?? { host, advertised, label: network.name };
}

/** A configured network is more than its address: it knows what to advertise. */
const standingAt = (table: NetworkTable, host: string): Network =>
  table.networks.find((network) => network.host === host) ?? { host, advertised: null, label: null };
