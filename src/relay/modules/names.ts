import { ok, type Result, refuse } from '../../../model/kernel/index.js';

type Module = {
  /** The number by which the sub-command `M` names it. */
  readonly id: number;
  readonly available: boolean;
  /** It cannot be loaded by its name alone. */
  readonly needsConfiguration: boolean;
};

/** rtpproxy's modules. They are built in: what a path of theirs is good for is their name. */
export const MODULES = {
  acct_csv: { id: 1, available: true, needsConfiguration: false },
  acct_rtcp_hep: { id: 2, available: true, needsConfiguration: true },
  catch_dtmf: { id: 3, available: true, needsConfiguration: false },
  dtls_gw: { id: 4, available: false, needsConfiguration: false },
  ice_lite: { id: 5, available: false, needsConfiguration: false },
} as const satisfies Record<string, Module>;

type ModuleName = keyof typeof MODULES;
type AvailableModule = { [N in ModuleName]: (typeof MODULES)[N]['available'] extends true ? N : never }[ModuleName];

const NAMES = Object.keys(MODULES) as ModuleName[];
const isAvailable = (name: ModuleName): name is AvailableModule => MODULES[name].available;

/**
 * Which module a path or a name means: `/usr/lib/rtpproxy/rtpp_catch_dtmf.so`, `rtpp_catch_dtmf_debug.so`, `rtpp_catch_dtmf` and
 * `catch_dtmf` are the same; a file of that name need not exist. The error says what was given and what is there.
 */
export function findModule(path: string): Result<AvailableModule, string> {
  const name = path
    .replace(/^.*\//s, '')
    .replace(/\.so$/i, '')
    .replace(/^rtpp_/i, '')
    .replace(/_debug$/i, '')
    .toLowerCase();
  const found = NAMES.find((candidate) => candidate === name);
  const offer = `expected one of ${NAMES.filter(isAvailable).join(', ')}`;
  if (found === undefined) return refuse(`${path}: there is no such module; ${offer}`);
  return isAvailable(found) ? ok(found) : refuse(`${path}: the module ${found} is not available yet; ${offer}`);
}
