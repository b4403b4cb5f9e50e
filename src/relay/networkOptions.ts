import { type OptionRow, OURS } from './optionRow.js';

/** The rows of the option table that say where media is received. */
export const NETWORK_OPTIONS = {
  listen: {
    short: 'l',
    long: 'listen',
    value: 'ADDRESS',
    many: true,
    default: '*',
    help: 'IPv4 address of the media sockets, * for all: ADDRESS, INTERNAL/EXTERNAL or, repeatable, [LABEL@]ADDRESS[=ADVERTISED]',
    more: 'Every address after the first needs a label; one label may stand with an address of each family.',
    section: 'networks',
  },
  listen6: {
    short: '6',
    long: 'listen6',
    value: 'ADDRESS',
    many: true,
    default: 'none',
    help: 'the same for IPv6',
    section: 'networks',
  },
  network: {
    long: 'network',
    value: 'NAME=ADDRESS[!ADVERTISED]',
    many: true,
    default: 'none',
    help: 'a network by name, repeatable, with one or more addresses of either family, separated by commas',
    more: 'l{NAME} and the flags of NG choose it. With -l away, the first one is the default.',
    section: 'networks',
    programs: OURS,
  },
  advertise: {
    short: 'A',
    long: 'advertise',
    value: 'ADDRESS',
    default: 'where the sockets are bound',
    help: 'address to name in replies: ADDRESS, or INTERNAL/EXTERNAL of a bridge',
    section: 'networks',
  },
  portMin: {
    short: 'm',
    long: 'port-min',
    value: 'PORT',
    default: '35000',
    help: 'lowest media port',
    section: 'networks',
  },
  portMax: {
    short: 'M',
    long: 'port-max',
    value: 'PORT',
    default: '65000',
    help: 'highest media port',
    section: 'networks',
  },
  sequentialPorts: {
    short: 'b',
    long: 'sequential-ports',
    help: 'take ports in order instead of at random',
    section: 'networks',
  },
  noResolve: {
    long: 'no-resolve',
    help: 'take numeric addresses only, and never ask a name server',
    section: 'networks',
  },
} as const satisfies Record<string, OptionRow>;
