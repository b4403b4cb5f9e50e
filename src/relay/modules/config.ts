import { ok, type Result, refuse } from '../../../model/kernel/index.js';
import { findModule, MODULES } from './names.js';
import { parseUcl, type UclEntry, type UclValue } from './ucl.js';

/** The HOMER server that acct_rtcp_hep reports to. */
export type HepTarget = {
  /** Name or numeric address. */
  readonly host: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
  /** 0…2^32-1. */
  readonly captureId: number;
};

/** Which built-in modules are loaded, and how they are set. */
export type ModuleSettings = {
  /** How often catch_dtmf was loaded: the sub-command counts its instances from 1. */
  readonly catchDtmf: number;
  readonly acctCsv: boolean;
  readonly acctRtcpHep: HepTarget | null;
};

/** What rtpproxy's module sends to if a key is left out. */
const DEFAULT_TARGET: HepTarget = { host: '10.0.0.1', port: 9060, transport: 'udp', captureId: 101 };
const NO_MODULES: ModuleSettings = { catchDtmf: 0, acctCsv: false, acctRtcpHep: null };

/** Reads a value into the target, or says what was expected instead. */
type TargetKey = (value: UclValue, target: HepTarget) => Result<HepTarget, string>;

const TARGET_KEYS: Readonly<Record<string, TargetKey>> = {
  capt_host: (value, target) =>
    value.kind === 'text' && /^\S+$/.test(value.text)
      ? ok({ ...target, host: value.text })
      : refuse('expected a host name or address'),
  capt_port: (value, target) => withNumber(value, 1, 0xffff, (port) => ({ ...target, port })),
  capt_ptype: (value, target) => {
    const transport = value.kind === 'text' ? value.text.toLowerCase() : '';
    return transport === 'udp' || transport === 'tcp' ? ok({ ...target, transport }) : refuse('expected udp or tcp');
  },
  capt_id: (value, target) => withNumber(value, 0, 0xffff_ffff, (captureId) => ({ ...target, captureId })),
};

function withNumber(value: UclValue, min: number, max: number, set: (number: number) => HepTarget): Result<HepTarget, string> {
  const isNumber = value.kind === 'text' && !value.quoted && /^(?:\d+|0x[0-9a-f]+)$/i.test(value.text);
  const number = isNumber ? Number(value.text) : -1;
  return number >= min && number <= max
    ? ok(set(number))
    : refuse(`expected a whole number from ${min} to ${max}, without quotes`);
}

/**
 * The modules that the command line (`dso`: the values of --dso) and the configuration file (`configText`; null: none was given) load,
 * each time one instance more. The error is one line: it names the option or the line of the file, the value, and what was expected.
 */
export function combineModules(dso: readonly string[], configText: string | null): Result<ModuleSettings, string> {
  let settings = NO_MODULES;
  for (const path of dso) {
    const found = findModule(path);
    if (!found.ok) return refuse(`--dso ${found.error}`);
    if (MODULES[found.value].needsConfiguration) {
      return refuse(`--dso ${path}: ${found.value} must be told where to report: load it with a configuration file (--config)`);
    }
    settings = withModule(settings, found.value, null);
  }
  if (configText === null) return ok(settings);
  const file = parseUcl(configText);
  return file.ok ? readFile(file.value, settings) : refuse(file.error);
}

/**
 * How many instances of a module there are that a sub-command `M<module>:<instance>` may name. Of those here only catch_dtmf takes
 * sub-commands.
 */
export function moduleInstances(settings: ModuleSettings, moduleId: number): number {
  return moduleId === MODULES.catch_dtmf.id ? settings.catchDtmf : 0;
}

/** Sections other than `modules` are not ours. */
function readFile(entries: readonly UclEntry[], before: ModuleSettings): Result<ModuleSettings, string> {
  let settings = before;
  for (const { key, line, value } of entries) {
    if (key.startsWith('.')) return refuseAt(line, `${key}: macros are not supported`);
    if (key.toLowerCase() !== 'modules') continue;
    if (value.kind !== 'section') return refuseAt(line, `${key}: expected a section in braces`);
    for (const module of value.entries) {
      const next = readModule(module, settings);
      if (!next.ok) return next;
      settings = next.value;
    }
  }
  return ok(settings);
}

/** One module: the path behind `load` says which, and without it the key. */
function readModule({ key, line, value }: UclEntry, settings: ModuleSettings): Result<ModuleSettings, string> {
  if (value.kind !== 'section') return refuseAt(line, `${key}: expected a section in braces`);
  const load = value.entries.find((entry) => isKey(entry, 'load'));
  if (load !== undefined && (load.value.kind !== 'text' || load.value.text === '')) {
    return refuseAt(load.line, `${load.key}: expected the path of a module`);
  }
  const found = findModule(load?.value.kind === 'text' ? load.value.text : key);
  if (!found.ok) return refuseAt(load?.line ?? line, found.error);
  const isHep = found.value === 'acct_rtcp_hep';
  if (isHep && settings.acctRtcpHep !== null) return refuseAt(line, `${key}: acct_rtcp_hep is loaded a second time`);
  let target = DEFAULT_TARGET;
  for (const entry of value.entries) {
    if (isKey(entry, 'load')) continue;
    const read = isHep ? Object.entries(TARGET_KEYS).find(([name]) => isKey(entry, name))?.[1] : undefined;
    if (read === undefined) {
      const keys = ['load', ...(isHep ? Object.keys(TARGET_KEYS) : [])];
      return refuseAt(entry.line, `${entry.key}: no such key of ${found.value}; expected ${keys.join(', ')}`);
    }
    const next = read(entry.value, target);
    if (!next.ok) return refuseAt(entry.line, `${entry.key} ${shown(entry.value)}: ${next.error}`);
    target = next.value;
  }
  return ok(withModule(settings, found.value, target));
}

function withModule(
  settings: ModuleSettings,
  name: 'acct_csv' | 'acct_rtcp_hep' | 'catch_dtmf',
  target: HepTarget | null,
): ModuleSettings {
  switch (name) {
    case 'acct_csv':
      return { ...settings, acctCsv: true };
    case 'acct_rtcp_hep':
      return { ...settings, acctRtcpHep: target };
    case 'catch_dtmf':
      return { ...settings, catchDtmf: settings.catchDtmf + 1 };
  }
}

/** One line, whatever line ends a quoted key or path holds. */
const refuseAt = (line: number, problem: string) => refuse(`line ${line}: ${problem.replace(/\s+/g, ' ')}`);

const isKey = ({ key }: UclEntry, name: string): boolean => key.toLowerCase() === name;

/** A value as it is named in an error: one line. */
function shown(value: UclValue): string {
  if (value.kind !== 'text') return value.kind === 'list' ? '[…]' : '{…}';
  return value.quoted ? JSON.stringify(value.text) : value.text || '(nothing)';
}
