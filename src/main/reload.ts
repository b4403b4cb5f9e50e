import { ok, type Result, refuse } from '../../model/kernel/index.js';
import { bindProblem, resolveHost } from '../io/localAddress.js';
import { readSettingsFile } from '../io/settings/settingsFile.js';
import type { Reloaded } from '../relay/admin/protocol.js';
import type { ResolveHost } from '../relay/networks/hosts.js';
import { mergeNetworks, type NetworkSources, namesGiven } from '../relay/networks/merge.js';
import { type GivenNetworks, parseNetworks } from '../relay/networks/parse.js';
import type { NetworkTable } from '../relay/networks/table.js';
import { parseNetworkOption } from '../relay/networks/written.js';
import type { RelayOptions } from '../relay/options.js';
import { describeChanges, type InForce } from '../relay/settings/changes.js';
import { DEFAULT_SETTINGS } from '../relay/settings/readSettings.js';
import type { NamedNetwork } from '../relay/settings/settings.js';

/** Is told of every reload, also where nothing in the file is different: certificates that it names may be. */
export type SettingsListener = (now: InForce) => void;

/** Says why settings cannot be put in force. */
export type SettingsCheck = (next: InForce) => Result<void, string>;

/** Looks whether the relay has room for what is configured. Answers what an operator should know, a line each. */
export type RoomCheck = (networks: NetworkTable) => Promise<readonly string[]>;

/** The networks of the command line, which stay as they are. */
type Given = Pick<NetworkSources, 'given' | 'named'>;

/** What the relay goes by, and goes by instead when the settings file is read again. */
export class LiveSettings {
  readonly #file: string | null;
  readonly #given: Given;
  readonly #resolve: ResolveHost;
  readonly #listeners: SettingsListener[] = [];
  readonly #checks: SettingsCheck[] = [];
  #now: InForce;
  #room: RoomCheck = async () => [];
  /** One reload after the other. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(file: string | null, given: Given, resolve: ResolveHost, now: InForce) {
    this.#file = file;
    this.#given = given;
    this.#resolve = resolve;
    this.#now = now;
  }

  /** Reads the networks of the options, and the settings file if there is one. Refuses with everything that is wrong, a line each. */
  static async open(options: RelayOptions): Promise<Result<LiveSettings, readonly string[]>> {
    const resolve: ResolveHost = (name, family) => resolveHost(name, family, options.resolve);
    const given = await readGiven(options, resolve);
    if (!given.ok) return refuse([given.error]);
    const now = await readInForce(options.settingsFile, given.value, resolve);
    return now.ok ? ok(new LiveSettings(options.settingsFile, given.value, resolve, now.value)) : now;
  }

  get now(): InForce {
    return this.#now;
  }

  /** `listener` is called after every reload, in the order of those who listen: media threads first, then whoever sends commands there. */
  onSettings(listener: SettingsListener): void {
    this.#listeners.push(listener);
  }

  /** `check` is asked before every reload: nothing is changed where it objects. */
  onCheck(check: SettingsCheck): void {
    this.#checks.push(check);
  }

  set room(check: RoomCheck) {
    this.#room = check;
  }

  /**
   * Reads the settings file again, and lets everybody go by it. Where something is wrong with it nothing is changed, and all of that is told.
   * `isCheck`: it is only told what would be different.
   */
  reload(isCheck: boolean): Promise<Reloaded> {
    const reloaded = this.#last.then(() => this.#reload(isCheck));
    this.#last = reloaded.catch(() => {});
    return reloaded;
  }

  async #reload(isCheck: boolean): Promise<Reloaded> {
    if (this.#file === null) return withProblems([WITHOUT_FILE]);
    const read = await readInForce(this.#file, this.#given, this.#resolve);
    if (!read.ok) return withProblems(read.error);
    const objections = this.#checks.flatMap((check) => {
      const checked = check(read.value);
      return checked.ok ? [] : [checked.error];
    });
    if (objections.length > 0) return withProblems(objections);
    const changes = describeChanges(this.#now, read.value);
    const notes = await this.#room(read.value.networks);
    if (isCheck) return { problems: [], changes, notes };
    this.#now = read.value;
    for (const listener of this.#listeners) listener(read.value);
    return { problems: [], changes, notes };
  }
}

const WITHOUT_FILE = 'there is no settings file: the relay was started without --settings';

const withProblems = (problems: readonly string[]): Reloaded => ({ problems, changes: [], notes: [] });

/** `-l`, `-6` and `-A`, which `*` stands for where there is nothing else either, and `--network`. */
async function readGiven(options: RelayOptions, resolve: ResolveHost): Promise<Result<Given, string>> {
  const named: NamedNetwork[] = [];
  for (const text of options.namedNetworks) {
    const network = await parseNetworkOption(text, resolve);
    if (!network.ok) return network;
    named.push(network.value);
  }
  let given: GivenNetworks | null = null;
  if (options.networks.length > 0 || options.advertise !== null) {
    const parsed = await parseNetworks(options.networks, options.advertise, resolve);
    if (!parsed.ok) return parsed;
    given = parsed.value;
  }
  for (const { host } of given?.networks ?? []) {
    const trouble = await bindProblem(host);
    if (trouble !== null) return refuse(`${host.includes(':') ? '-6' : '-l'} ${host}: ${trouble}`);
  }
  for (const { name, addresses } of named) {
    for (const { host } of addresses) {
      const trouble = await bindProblem(host);
      if (trouble !== null) return refuse(`--network ${name}=${host}: ${trouble}`);
    }
  }
  return ok({ given, named });
}

async function readInForce(
  file: string | null,
  sources: Given,
  resolve: ResolveHost,
): Promise<Result<InForce, readonly string[]>> {
  const world = { given: namesGiven(sources), resolve, bindProblem };
  const settings = file === null ? ok(DEFAULT_SETTINGS) : await readSettingsFile(file, world);
  if (!settings.ok) return settings;
  const { given, named } = sources;
  const isNone = given === null && named.length === 0 && settings.value.networks.length === 0;
  const everywhere = isNone ? await parseNetworks([], null, resolve) : ok(given);
  if (!everywhere.ok) return refuse([everywhere.error]);
  const networks = mergeNetworks({ given: everywhere.value, named, settings: settings.value });
  if (networks.ok) return ok({ settings: settings.value, networks: networks.value });
  return refuse([file === null ? networks.error : `${file}: ${networks.error}`]);
}
