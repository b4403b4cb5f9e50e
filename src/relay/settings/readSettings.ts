import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { NO_LIMITS } from '../limits/admission.js';
import { NO_ACCESS_RULES, NO_EVENT_SETTINGS, readAccess, readEvents, readLimits } from './access.js';
import { readNetworks } from './networks.js';
import type { Placed } from './placed.js';
import { SettingsReader } from './reader.js';
import type { Settings } from './settings.js';
import type { SettingsWorld } from './world.js';

/** What holds where there is no settings file. */
export const DEFAULT_SETTINGS: Settings = {
  ...{ networks: [], bridge: null, standard: null },
  ...{ limits: NO_LIMITS, control: NO_ACCESS_RULES, events: NO_EVENT_SETTINGS },
};

/**
 * Makes settings of what stands in the file. Everything that is wrong is told at once, a line each: file, line, which setting, its value, and
 * what was expected. Of tokens and secrets nothing is shown.
 */
export async function readSettings(root: Placed, world: SettingsWorld): Promise<Result<Settings, readonly string[]>> {
  if (root.value === null) return ok(DEFAULT_SETTINGS); // Nothing but comments.
  const reader = new SettingsReader(world.file);
  const known = ['networks', 'default', 'bridge', 'limits', 'control', 'events'];
  const fields = reader.fields({ path: [], node: root }, known);
  if (fields === null) return refuse(reader.problems);
  const networks = await readNetworks(reader, fields, world);
  const settings: Settings = {
    ...networks,
    limits: fields.read('limits', (at) => readLimits(reader, at)) ?? NO_LIMITS,
    control: fields.read('control', (at) => readAccess(reader, at, world)) ?? NO_ACCESS_RULES,
    events: fields.read('events', (at) => readEvents(reader, at, world)) ?? NO_EVENT_SETTINGS,
  };
  return reader.problems.length > 0 ? refuse(reader.problems) : ok(settings);
}
